"""People as the pages may show them, and how far the rota behind a page can be trusted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from sunwise.contracts.people.directory import Id, Person, Snapshot
from sunwise.contracts.people.duty import DutySlot
from sunwise.daylight.zones import NS_PER_HOUR

BACK_NS: Final = 7 * 24 * NS_PER_HOUR
AHEAD_NS: Final = 14 * 24 * NS_PER_HOUR
"""Slots between so long before and so long after now are asked for."""


class Board(Protocol):
    """What the pages ask of the duty board."""

    @property
    def version(self) -> int:
        """Of the rota; -1: nothing was ever heard."""

    @property
    def as_of_ns(self) -> int:
        """When the rota said so last."""

    @property
    def is_stale(self) -> bool:
        """Whether the rota was not heard for a while."""

    def slots(self, from_ns: int, until_ns: int) -> Iterable[DutySlot]:
        """All that touch this time, in no order."""


@dataclass(frozen=True)
class Seen:
    """A person: no more than their name and the zone that they declared."""

    id: str
    name: str
    zone: str


@dataclass(frozen=True)
class Reader(Seen):
    """Who reads a page, and what time it is for this server: a device's clock may be wrong."""

    now_ns: int


@dataclass(frozen=True)
class DutyState:
    """Which rota the page shows, and whether it may be old."""

    version: int
    """-1: none was ever heard."""
    as_of_ns: int
    is_stale: bool
    is_planned: bool
    """Whether any duty is known around now, for whatever service."""


class People:
    """Finds the people of a snapshot, whether they still work here or not."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._people: dict[Id, Person] = {person.id: person for person in snapshot.people}

    def seen(self, person: Id) -> Seen:
        """The person; by their id alone when the directory does not know them any more."""
        found = self._people.get(person)
        if found is None:
            return Seen(id=person, name=person, zone="UTC")
        return Seen(id=found.id, name=found.name, zone=found.zone)

    def seen_or_none(self, person: Id | None) -> Seen | None:
        """The person, when there is one."""
        return None if person is None else self.seen(person)


@dataclass(frozen=True)
class Names:
    """What some people and services are called; unknown services are left out."""

    people: list[Seen]
    services: dict[str, str]


def names_of(snapshot: Snapshot, people: Iterable[Id], services: Iterable[Id]) -> Names:
    """The names of these."""
    known = People(snapshot)
    called = {service.id: service.name for service in snapshot.services}
    return Names(
        people=[known.seen(person) for person in people],
        services={each: called[each] for each in services if each in called},
    )


def duty_state(board: Board, now_ns: int) -> DutyState:
    """Which rota the board has."""
    return DutyState(
        version=board.version,
        as_of_ns=board.as_of_ns,
        is_stale=board.is_stale,
        is_planned=any(True for _ in board.slots(now_ns - BACK_NS, now_ns + AHEAD_NS)),
    )


def teams_of(snapshot: Snapshot, person: Id) -> frozenset[Id]:
    """The teams that the person is a member or the lead of."""
    return frozenset(
        team.id for team in snapshot.teams if person in team.members or person == team.lead
    )
