"""Who of the people on duty in a slot has which role, and the rota that follows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from sunwise.contracts.people.directory import Role
from sunwise.people.rota.core.patterns import Slot
from sunwise.people.rota.core.problem import Gap, Rota, Shift, Window, overlap

_NOBODY: Final = ""

Crew = Mapping[Slot, Sequence[str]]
"""The people on duty in each slot, at most as many as it needs, best placed first."""


def rota_of(crew: Crew, fixed: Sequence[Shift]) -> Rota:
    """The rota of that crew, whether or not its slots overlap."""
    return woven(crew, fixed) if overlaps(crew) else with_roles(crew, fixed)


def overlaps(slots: Iterable[Slot]) -> bool:
    """Whether any two of them do."""
    return any(after.start_ns < before.end_ns for before, after in pairwise(sorted(slots)))


def with_roles(crew: Crew, fixed: Sequence[Shift]) -> Rota:
    """The rota of that crew and the fixed shifts.

    A streak keeps its role, the most important role is never the missing one, and what nobody holds
    is a declared gap.
    """
    shifts: list[Shift] = list(fixed)
    gaps: list[Gap] = []
    before: dict[tuple[int, str], Role] = {}  # by column and person: yesterday's role
    for slot in sorted(crew):
        yesterday = {who: role for (column, who), role in before.items() if column == slot.column}
        held = assigned(crew[slot], slot.roles, yesterday)
        before = {key: role for key, role in before.items() if key[0] != slot.column}
        for person, role in held.items():
            before[slot.column, person] = role
            shifts.append(Shift(slot.start_ns, slot.end_ns, role, person))
        missing = [role for role in slot.roles if role not in held.values()]
        gaps += [Gap(slot.start_ns, slot.end_ns, role) for role in missing]
    return Rota(shifts=tuple(sorted(shifts)), gaps=tuple(sorted(gaps)))


def woven(crew: Crew, fixed: Sequence[Shift]) -> Rota:
    """The rota of a crew whose slots may overlap: more of them over an instant are more people.

    Whoever goes on keeps the role they have, and whoever comes back gets the one they had last, as
    far as `assigned` lets them.
    """
    pieces: list[Shift] = []
    last: dict[str, Role] = {}
    on_duty: set[str] = set()
    for window, over in _over_each_stretch(crew):
        people = [who for slot in over for who in crew[slot]]
        people.sort(key=lambda who: who not in on_duty)
        roles = over[0].roles
        held = assigned(people, roles, last)
        on_duty = set(people)
        last |= held
        pieces += [Shift(*window, role, who) for who, role in held.items()]
        pieces += [Shift(*window, role, _NOBODY) for role in roles if role not in held.values()]
    joined = _joined(pieces)
    gaps = [Gap(*each[:3]) for each in joined if each.person == _NOBODY]
    shifts = [each for each in joined if each.person != _NOBODY]
    return Rota(shifts=tuple(sorted((*fixed, *shifts))), gaps=tuple(sorted(gaps)))


def _over_each_stretch(slots: Iterable[Slot]) -> Iterator[tuple[Window, list[Slot]]]:
    """Each stretch in which no slot begins or ends, and the slots over it, in order of time."""
    ordered = sorted(slots)
    edges = sorted({at_ns for slot in ordered for at_ns in slot[:2]})
    for window in map(Window, edges, edges[1:]):
        over = [slot for slot in ordered if overlap(slot[:2], window)]
        if over:
            yield window, over


def _joined(pieces: Iterable[Shift]) -> list[Shift]:
    """Those of one person and role that touch, as one."""
    found: dict[tuple[int, Role, str], Shift] = {}  # by until when who has it
    for piece in pieces:
        before = found.pop((piece.start_ns, piece.role, piece.person), piece)
        found[piece.end_ns, piece.role, piece.person] = before._replace(end_ns=piece.end_ns)
    return list(found.values())


def assigned(
    people: Sequence[str], free: Sequence[Role], before: Mapping[str, Role]
) -> dict[str, Role]:
    """Role by person: whoever had one before keeps it, if it is not less important than a missing one."""
    open_roles = list(free[: len(people)])
    held: dict[str, Role] = {}
    for person in people:
        if before.get(person) in open_roles:
            held[person] = before[person]
            open_roles.remove(before[person])
    for person in people:
        if person not in held:
            held[person] = open_roles.pop(0)
    return held
