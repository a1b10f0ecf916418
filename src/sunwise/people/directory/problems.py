"""What speaks against a state of the directory."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from sunwise.contracts.people.directory import Hub, Person, Service, Team
from sunwise.people.directory.objects import Key, Kind, Thing


class Rule(StrEnum):
    """What was not kept."""

    MALFORMED = "malformed"  # a value that the contract does not allow
    INCOMPLETE = "incomplete"  # something that must be known is not said by any source
    DANGLING = "dangling"  # a reference to nothing
    DUPLICATE = "duplicate"  # the same person or name twice
    ZONE = "zone"  # not in the time zone database (any more)
    INACTIVE = "inactive"  # a duty of somebody who has left
    LEADING = "leading"  # lead and deputy: who may be which
    CAPACITY = "capacity"  # a tier that the team cannot carry lawfully
    LEAVE = "leave"  # days off that overlap, or of nobody


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, and what to do about it."""

    rule: Rule
    kind: Kind
    id: str
    text: str
    field: str = ""
    place: str = ""
    """File and line, when it came with an import."""
    weight: int = 1
    """How bad: a change may lessen what is wrong already, never worsen it."""

    @property
    def key(self) -> Key:
        """Of what."""
        return Key(self.kind, self.id)


class View(NamedTuple):
    """The objects that are known well enough, by id."""

    people: dict[str, Person]
    teams: dict[str, Team]
    hubs: dict[str, Hub]
    services: dict[str, Service]
    waiting: frozenset[Key] = frozenset()
    """Objects that somebody names but about which too little is said: nobody sees them yet."""

    def of(self, kind: Kind) -> Mapping[str, Thing]:
        """All of one kind."""
        tables: dict[Kind, Mapping[str, Thing]] = {
            Kind.PERSON: self.people,
            Kind.TEAM: self.teams,
            Kind.HUB: self.hubs,
            Kind.SERVICE: self.services,
        }
        return tables[kind]

    def is_known(self, kind: Kind, id_: str) -> bool:
        """Whether a reference to it leads somewhere, or soon will."""
        return id_ in self.of(kind) or Key(kind, id_) in self.waiting


Problems = Iterator[Problem]
