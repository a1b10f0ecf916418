"""A rota whose handoffs may change from day to day, improved one stretch after the other.

One pattern for the whole window is easy to remember and quick to solve, and where people are scarce it
is too stiff: a gap stays because its hours fit nobody's rest. So the duties that begin within a week are
taken out, all others stay, and the solver fills what is open with duties that begin and end at any of
some handoff hours. What comes out is kept if it is better. The next week overlaps the one before it.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from ortools.sat.python import cp_model

from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.burden import QUARTER_NS
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.costs import CostTable
from sunwise.people.rota.core.cp_sat import deterministic_s, solver_of
from sunwise.people.rota.core.model import Model
from sunwise.people.rota.core.patterns import LONGEST_H, SHORTEST_H, Pattern, Slot, demand
from sunwise.people.rota.core.problem import HOURS_PER_DAY, Problem, Rota, Shift, Window, overlap
from sunwise.people.rota.core.ranking import gap_weight
from sunwise.people.rota.core.roles import woven

DAY_NS: Final = HOURS_PER_DAY * NS_PER_HOUR
STRETCH_DAYS: Final = 7
STEP_DAYS: Final = 3
MOST_HOURS: Final = 10
EACH_S: Final = 2.0
"""For one stretch; deterministic."""
VARIABLES_A_S: Final = 2_000
"""So many are made in a second, about."""


class Value(NamedTuple):
    """What is to be made small."""

    gap_quarters: int
    night_quarters: int


def handoff_hours(patterns: Sequence[Pattern], most: int = MOST_HOURS) -> frozenset[int]:
    """The hours of the day (from the window's start) at which the first of those patterns hand over."""
    found: frozenset[int] = frozenset()
    for pattern in patterns:
        more = found | {block.start_h % HOURS_PER_DAY for block in pattern}
        if found and len(more) > most:
            break
        found = more
    return found


class Weaving:
    """One rota while it is improved."""

    def __init__(
        self, problem: Problem, table: CostTable, rota: Rota, hours: frozenset[int]
    ) -> None:
        self.rota = rota
        self._problem = problem
        self._table = table
        self._hours = hours
        self._weight = gap_weight(problem)
        self._people = {person.id: number for number, person in enumerate(problem.able())}
        self.value = self._value_of(rota)

    def improve(self, seconds: float, floor: int) -> None:
        """Stretch by stretch, the worst first, until none gets better or nothing can be."""
        tried: set[int] = set()
        while seconds > 0 and self._total(self.value) > floor:
            left = [day for day in self._days() if day not in tried and self._cost(day)]
            if not left:
                return
            day = max(left, key=lambda each: (self._cost(each), -each))
            before = self.value
            seconds -= self._solve(day, min(EACH_S, seconds))
            if self.value < before:
                tried = set()
            tried.add(day)

    def _days(self) -> range:
        return range(-1, self._problem.days - STRETCH_DAYS + STEP_DAYS, STEP_DAYS)

    def _cost(self, day: int) -> int:
        stretch = self._stretch(day)
        inside = Rota(
            shifts=tuple(each for each in self.rota.shifts if _begins(each, stretch)),
            gaps=tuple(each for each in self.rota.gaps if overlap(each[:2], stretch)),
        )
        return self._total(self._value_of(inside))

    def _stretch(self, day: int) -> Window:
        start_ns = self._problem.start_ns + day * DAY_NS
        return Window(start_ns, start_ns + STRETCH_DAYS * DAY_NS)

    def _solve(self, day: int, seconds: float) -> float:
        """What it took; the rota is better after, or what it was."""
        stretch = self._stretch(day)
        moved = [each for each in self.rota.shifts if _begins(each, stretch)]
        moved = [each for each in moved if each not in self._problem.fixed]
        kept = tuple(each for each in self.rota.shifts if each not in moved)
        part = msgspec.structs.replace(self._problem, fixed=kept)
        own = {self._hour(at_ns) for each in self.rota.shifts for at_ns in each[:2]}
        model = Model(part, free_slots(part, sorted(self._hours | own)), self._table, is_woven=True)
        model.hint(crew_of(model.slots, moved))
        value = model.gap_quarters() * self._weight + model.night_quarters()
        model.cp.minimize(value)
        solver = solver_of(seconds)
        if solver.solve(model.cp) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            self._keep(woven(model.crew(solver), kept))
        return max(deterministic_s(solver), len(model.taken) / VARIABLES_A_S)

    def _keep(self, rota: Rota) -> None:
        value = self._value_of(rota)
        if value < self.value and not check(self._problem, rota):
            self.rota, self.value = rota, value

    def _hour(self, at_ns: int) -> int:
        return (at_ns - self._problem.start_ns) // NS_PER_HOUR % HOURS_PER_DAY

    def _total(self, value: Value) -> int:
        return self._weight * value.gap_quarters + value.night_quarters

    def _value_of(self, rota: Rota) -> Value:
        gaps = sum((gap.end_ns - gap.start_ns) // QUARTER_NS for gap in rota.gaps)
        if not rota.shifts:
            return Value(gaps, 0)
        night = self._table.of([Slot(*each[:2], 0, 0, ()) for each in rota.shifts]).night
        numbers = [self._people[each.person] for each in rota.shifts]
        return Value(gaps, int(night[numbers, np.arange(len(numbers))].sum()))


def free_slots(problem: Problem, hours: Sequence[int]) -> tuple[Slot, ...]:
    """All that lasts SHORTEST_H to LONGEST_H between two of those hours, cut to what is wanted."""
    stretches = demand(problem)
    found: dict[tuple[int, int], Slot] = {}
    for day, start_h, window in _windows(problem, hours):
        for start_ns, end_ns, roles in stretches:
            if overlap((start_ns, end_ns), window):
                cut = (max(start_ns, window.start_ns), min(end_ns, window.end_ns))
                found.setdefault(cut, Slot(*cut, start_h, day, roles))
    return tuple(sorted(found.values()))


def _windows(problem: Problem, hours: Sequence[int]) -> Iterator[tuple[int, int, Window]]:
    for day in range(-1, problem.days):
        for start_h in hours:
            begin_ns = problem.start_ns + (day * HOURS_PER_DAY + start_h) * NS_PER_HOUR
            for end_h in hours:
                length_h = (end_h - start_h) % HOURS_PER_DAY
                if SHORTEST_H <= length_h <= LONGEST_H:
                    yield day, start_h, Window(begin_ns, begin_ns + length_h * NS_PER_HOUR)


def slots_of(problem: Problem, rota: Rota) -> tuple[Slot, ...]:
    """The stretches in which the rota has one person or a gap, but for what is fixed."""
    stretches = demand(problem)
    found: dict[tuple[int, int], Slot] = {}
    pieces = [each[:2] for each in rota.shifts if each not in problem.fixed]
    for start_ns, end_ns in [*pieces, *(gap[:2] for gap in rota.gaps)]:
        roles = next(each[2] for each in stretches if each[0] <= start_ns < each[1])
        day, ns = divmod(start_ns - problem.start_ns, DAY_NS)
        found[start_ns, end_ns] = Slot(start_ns, end_ns, ns // NS_PER_HOUR, day, roles)
    return tuple(sorted(found.values()))


def crew_of(slots: Sequence[Slot], shifts: Sequence[Shift]) -> dict[Slot, list[str]]:
    """Who of those shifts has which of the slots; what fits none is left out."""
    by_window = {slot[:2]: slot for slot in slots}
    crew: dict[Slot, list[str]] = {slot: [] for slot in slots}
    for shift in shifts:
        slot = by_window.get(shift[:2])
        if slot is not None:
            crew[slot].append(shift.person)
    return crew


def _begins(shift: Shift, stretch: Window) -> bool:
    return stretch.start_ns <= shift.start_ns < stretch.end_ns
