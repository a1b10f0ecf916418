"""One object out of what several sources say about it: each field from the one believed most."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from sunwise.people.directory.claims import Said
from sunwise.people.directory.objects import FIELDS, REQUIRED, TYPES, Key, Thing, default
from sunwise.people.directory.sources import Source, precedence


class Merged(NamedTuple):
    """The object, or why there is none."""

    thing: Thing | None
    missing: tuple[str, ...] = ()
    """Required fields about which nobody says anything."""
    fault: str = ""
    """What is said that the contract does not allow."""


def merge(key: Key, said: Mapping[Source, Said]) -> Merged:
    """What is believed of the object."""
    values: dict[str, Any] = {"id": key.id}
    for field in FIELDS[key.kind]:
        source = believed(key, field, said)
        if source is not None:
            value = said[source][field]
            values[field] = _nothing(key, field) if value == "" else value
    missing = tuple(sorted(REQUIRED[key.kind] - values.keys()))
    missing += tuple(sorted(f for f in REQUIRED[key.kind] & values.keys() if values[f] == ""))
    if missing:
        return Merged(None, missing)
    try:
        return Merged(msgspec.convert(values, TYPES[key.kind]))
    except msgspec.ValidationError as fault:
        return Merged(None, fault=str(fault))


def believed(key: Key, field: str, said: Mapping[Source, Said]) -> Source | None:
    """Whose word about the field holds; None if nobody says anything about it."""
    if len(said) == 1:
        (source,) = said
        return source if field in said[source] else None
    for source in precedence()[key.kind, field]:
        if field in said.get(source, ()):
            return source
    return None


def _nothing(key: Key, field: str) -> Any:  # noqa: ANN401 - the field's own default
    return "" if field in REQUIRED[key.kind] else default(key.kind, field)
