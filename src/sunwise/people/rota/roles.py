"""Who of the people on duty in a slot has which role, and the rota that follows."""

from collections.abc import Mapping, Sequence

from sunwise.contracts.people.directory import Role
from sunwise.people.rota.patterns import Slot
from sunwise.people.rota.problem import Gap, Rota, Shift

Crew = Mapping[Slot, Sequence[str]]
"""The people on duty in each slot, at most as many as it needs, best placed first."""


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
