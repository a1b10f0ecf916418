"""An incident, whole, as JSON that anybody can check without this program."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from sunwise.people.incidents.lifecycle import Held
from sunwise.people.incidents.store import Review
from sunwise.people.incidents.timeline import Entry

_FORMAT: Final = "sunwise-incident-1"
_encode: Final = msgspec.json.Encoder(order="sorted").encode


def export(held: Held, entries: Sequence[Entry], review: Review) -> bytes:
    """The incident, its timeline with its chain, and its review. Pseudonyms stay pseudonyms."""
    return _encode(
        {
            "format": _FORMAT,
            "incident": held.incident,
            "timeline": [_entry(entry) for entry in entries],
            "review": {
                "version": review.version,
                "state": review.state,
                "findings": review.text,
                "draft": review.draft,
            },
        }
    )


def read_timeline(exported: bytes) -> list[Entry]:
    """The entries of an export, to be verified. Raises msgspec.ValidationError."""
    content: dict[str, Any] = msgspec.json.decode(exported)
    entries = [
        {**entry, **{name: _bytes(entry[name]) for name in ("salt", "digest", "chain")}}
        for entry in content["timeline"]
    ]
    return msgspec.convert(entries, list[Entry])


def _entry(entry: Entry) -> dict[str, Any]:
    shown = msgspec.to_builtins(entry, builtin_types=(bytes,))
    named: dict[str, Any] = dict(shown)
    for name in ("salt", "digest", "chain"):
        named[name] = named[name].hex() if named[name] is not None else None
    return named


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
