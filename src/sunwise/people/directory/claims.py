"""What one source says about one object."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from sunwise.people.directory.objects import FIELDS, FLAGS, LISTS, NESTED, Key
from sunwise.people.directory.sources import Source

MAX_TEXT: Final = 500
MAX_LIST: Final = 5_000
Said = Mapping[str, Any]
"""Values by field: texts, lists of texts, true or false, or a table of its own. An empty text says
that there is none; a field that is missing or None is one about which the source says nothing."""


class BadClaim(ValueError):
    """Something is said that cannot be meant; the message says what and what to write instead."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a source says about an object, and where it says so."""

    key: Key
    said: Said
    place: str = ""
    """File and line, for whoever has to mend it."""
    places: Mapping[str, str] = {}
    """The same for single fields."""

    def place_of(self, field: str) -> str:
        """Where it says something about that field."""
        return self.places.get(field, self.place)


Claims = Mapping[Key, Mapping[Source, Said]]
"""All that is said, by object and source."""


def cleaned(claim: Claim) -> Said:
    """What it says in the one form in which it is kept: Unicode NFC, trimmed. Raises BadClaim."""
    said = {}
    for field, value in claim.said.items():
        if field not in FIELDS[claim.key.kind]:
            raise BadClaim(f"a {claim.key.kind} has no field {field!r}")
        if value is not None:
            said[field] = _cleaned_value(field, value)
    return said


def _cleaned_value(field: str, value: Any) -> Any:  # noqa: ANN401 - checked here
    if field in LISTS and not isinstance(value, str):
        if not isinstance(value, list | tuple):
            raise BadClaim(f"{field} must be a list, not {value!r:.80}")
        if len(value) > MAX_LIST:
            raise BadClaim(f"{field} has {len(value):,} entries: at most {MAX_LIST:,}")
        return [_cleaned_text(field, each) for each in value]
    if field in FLAGS:
        if not isinstance(value, bool):
            raise BadClaim(f"{field} must be true or false, not {value!r:.80}")
        return value
    if field in NESTED and isinstance(value, dict):
        return value  # what is in it is checked with the whole object
    return _cleaned_text(field, value)


def _cleaned_text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadClaim(f"{field} must be a text, not {value!r:.80}")
    text = unicodedata.normalize("NFC", value).strip()
    if len(text) > MAX_TEXT:
        raise BadClaim(f"{field} has {len(text):,} characters: at most {MAX_TEXT}")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise BadClaim(f"{field} holds a control character: write {field} on one line, as text")
    return text
