"""The four kinds of object in the directory, and the fields that something can be said about."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from msgspec import NODEFAULT
from msgspec.structs import fields

from sunwise.contracts.people.directory import Hub, Person, Service, Team

Thing = Person | Team | Hub | Service


class Kind(StrEnum):
    """What an object is."""

    PERSON = "person"
    TEAM = "team"
    HUB = "hub"
    SERVICE = "service"


class Key(NamedTuple):
    """Which object."""

    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


TYPES: Final[Mapping[Kind, type[Thing]]] = MappingProxyType(
    {Kind.PERSON: Person, Kind.TEAM: Team, Kind.HUB: Hub, Kind.SERVICE: Service}
)
FIELDS: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {kind: tuple(f.name for f in fields(type_) if f.name != "id") for kind, type_ in TYPES.items()}
)
REQUIRED: Final[Mapping[Kind, frozenset[str]]] = MappingProxyType(
    {
        kind: frozenset(
            f.name
            for f in fields(type_)
            if f.name != "id" and f.default is NODEFAULT and f.default_factory is NODEFAULT
        )
        for kind, type_ in TYPES.items()
    }
)
"""Without these it is not known well enough to be in a snapshot."""

LISTS: Final = frozenset({"languages", "skills", "handles", "members", "activities"})
"""Fields that are a tuple of texts."""
NESTED: Final = frozenset({"hours", "emergency", "exempt"})
"""Fields that are an object of their own."""
FLAGS: Final = frozenset({"active"})
"""Fields that are true or false; all others are a text."""


_DEFAULTS: Final = {
    (kind, f.name): f.default for kind, type_ in TYPES.items() for f in fields(type_)
}


def default(kind: Kind, field: str) -> Any:  # noqa: ANN401 - whatever the field's type is
    """What holds when nobody says anything about an optional field."""
    return _DEFAULTS[kind, field]
