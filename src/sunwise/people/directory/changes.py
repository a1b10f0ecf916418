"""What differs between two states of an object, field by field."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from sunwise.people.directory.claims import Said
from sunwise.people.directory.merging import believed
from sunwise.people.directory.objects import FIELDS, Key, Kind, Thing, default
from sunwise.people.directory.sources import Source


class Verb(StrEnum):
    """What happens to the object."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field of one object becomes another."""

    verb: Verb
    kind: Kind
    id: str
    field: str
    old: Any = None
    new: Any = None
    source: str = ""
    """Whose word it is from now on."""


class Overruled(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is said but not believed, because another source stands before."""

    kind: Kind
    id: str
    field: str
    value: Any
    source: str
    by: str


def differences(
    key: Key, before: Thing | None, after: Thing | None, said: Mapping[Source, Said]
) -> Iterator[Change]:
    """Every field that changes; for an object that comes or goes, those that are not default."""
    verb = Verb.CHANGED if before and after else Verb.ADDED if after else Verb.REMOVED
    for field in FIELDS[key.kind]:
        nothing = default(key.kind, field)
        old = getattr(before, field, nothing)
        new = getattr(after, field, nothing)
        if old == new:
            continue
        source = believed(key, field, said)
        yield Change(
            verb=verb,
            kind=key.kind,
            id=key.id,
            field=field,
            old=_plain(old) if before else None,
            new=_plain(new) if after else None,
            source=source or "",
        )


def overruled(key: Key, said: Mapping[Source, Said], source: Source) -> Iterator[Overruled]:
    """What the source says about the object in vain."""
    for field, value in said.get(source, {}).items():
        by = believed(key, field, said)
        if by is not None and by is not source and said[by][field] != value:
            yield Overruled(
                kind=key.kind, id=key.id, field=field, value=value, source=source, by=by
            )


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field of any type
    return None if value is msgspec.NODEFAULT else msgspec.to_builtins(value)
