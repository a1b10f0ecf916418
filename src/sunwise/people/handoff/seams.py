"""Where duty changes hands: seams of the rota, the same for all services that change together."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from sunwise.contracts.people.directory import Id, Role
from sunwise.contracts.people.duty import DutySlot


class Seam(Struct, frozen=True, kw_only=True):
    """One person's duty ends and another's begins."""

    services: tuple[Id, ...]
    """Sorted."""
    role: Role
    outgoing: Id
    incoming: Id
    since_ns: int
    """When the outgoing's shift began."""
    outgoing_until_ns: int
    """When it ends by plan; before `at_ns` where nobody is on duty between the two."""
    at_ns: int
    """When the incoming's begins."""
    until_ns: int
    """When that ends."""

    @property
    def id(self) -> str:
        """The same whoever is planned: of the services, the role and the time."""
        text = f"{self.role.value} {self.at_ns} {' '.join(self.services)}"
        return hashlib.sha256(text.encode()).hexdigest()[:20]


class TwoOnDuty(NamedTuple):
    """A table that names two people for the same duty at the same time: nobody can accept it.

    Whom, the rota shows; the log does not, because nobody can be erased from it.
    """

    service: Id
    role: Role
    at_ns: int


def seams_of(slots: Iterable[DutySlot]) -> tuple[list[Seam], list[TwoOnDuty]]:
    """The seams in order of time, and where the table contradicts itself.

    A service with a contradiction has no seams: the others go on.
    """
    single: list[Seam] = []
    wrong: list[TwoOnDuty] = []
    ordered = sorted(slots, key=lambda slot: (slot.service, slot.role, slot.since_ns))
    for _, group in groupby(ordered, key=lambda slot: (slot.service, slot.role)):
        shifts = list(shifts_of(slot for slot in group if slot.person is not None))
        overlaps = [
            TwoOnDuty(before.service, before.role, after.since_ns)
            for before, after in pairwise(shifts)
            if after.since_ns < before.until_ns
        ]
        wrong += overlaps
        if not overlaps:
            single += [
                _seam(before, after)
                for before, after in pairwise(shifts)
                if before.person != after.person
            ]
    return _together(single), wrong


def shifts_of(slots: Iterable[DutySlot]) -> Iterator[DutySlot]:
    """The slots of one duty, which are in order of time; those of one person that touch as one."""
    held: DutySlot | None = None
    for slot in slots:
        if held is not None and held.person == slot.person and slot.since_ns <= held.until_ns:
            held = replace(held, until_ns=max(held.until_ns, slot.until_ns))
            continue
        if held is not None:
            yield held
        held = slot
    if held is not None:
        yield held


def _seam(before: DutySlot, after: DutySlot) -> Seam:
    assert before.person is not None and after.person is not None, "gaps are left out"  # noqa: PT018
    return Seam(
        services=(before.service,),
        role=before.role,
        outgoing=before.person,
        incoming=after.person,
        since_ns=before.since_ns,
        outgoing_until_ns=before.until_ns,
        at_ns=after.since_ns,
        until_ns=after.until_ns,
    )


def _together(single: list[Seam]) -> list[Seam]:
    """One seam for all services that change hands in the same way, since the first shift of them."""
    grouped: dict[Seam, list[Seam]] = {}
    for seam in single:
        grouped.setdefault(replace(seam, services=(), since_ns=0), []).append(seam)
    found = [
        replace(
            alike,
            services=tuple(sorted(seam.services[0] for seam in seams)),
            since_ns=min(seam.since_ns for seam in seams),
        )
        for alike, seams in grouped.items()
    ]
    return sorted(found, key=lambda seam: (seam.at_ns, seam.role, seam.services))
