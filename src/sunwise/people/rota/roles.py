"""Who of the people on duty in a slot has which role, and the rota that follows."""

from collections.abc import Mapping, Sequence

from sunwise.contracts.people.directory import Role
from sunwise.people.rota.patterns import Slot
from sunwise.people.rota.problem import Gap, Problem, Rota, Shift, overlap

Crew = Mapping[Slot, Sequence[str]]
"""The people on duty in each slot, at most as many as it needs, best placed first."""


def with_roles(problem: Problem, crew: Crew) -> Rota:
    """The rota of that crew: a streak keeps its role, and a slot with one person has its primary.

    What nobody holds is a declared gap.
    """
    shifts: list[Shift] = list(problem.fixed)
    gaps: list[Gap] = []
    before: dict[tuple[int, str], Role] = {}  # by column and person: yesterday's role
    for slot in sorted(crew):
        free = _free_roles(problem, slot)
        held = _roles(crew[slot], free, {p: r for (c, p), r in before.items() if c == slot.column})
        before = {key: role for key, role in before.items() if key[0] != slot.column}
        for person, role in held.items():
            before[slot.column, person] = role
            shifts.append(Shift(slot.start_ns, slot.end_ns, role, person))
        missing = [role for role in free if role not in held.values()]
        gaps += [Gap(slot.start_ns, slot.end_ns, role) for role in missing]
    return Rota(shifts=tuple(sorted(shifts)), gaps=tuple(sorted(gaps)))


def _free_roles(problem: Problem, slot: Slot) -> list[Role]:
    taken = {each.role for each in problem.fixed if overlap(each[:2], slot[:2])}
    return [role for role in problem.roles if role not in taken]


def _roles(
    people: Sequence[str], free: Sequence[Role], before: Mapping[str, Role]
) -> dict[str, Role]:
    """The more important roles are never the missing ones."""
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
