"""Which handoff patterns deserve the solver's time, each with a bound on any rota on it.

A small LP a pattern: on how many days of each week each person takes each block, under the weekly
rules alone. Whatever obeys all rules obeys these, so its value is a lower bound of the value of
every lawful rota on that pattern.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from ortools.linear_solver import pywraplp

from sunwise.daylight.working_time import WorkingTime
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.burden import QUARTER_NS, QUARTERS_PER_HOUR
from sunwise.people.rota.core.costs import Costs, CostTable
from sunwise.people.rota.core.patterns import MOST_BLOCKS, Pattern, Slot, patterns, slots
from sunwise.people.rota.core.problem import HOURS_PER_DAY, Person, Problem, Window

DAYS_PER_WEEK: Final = 7
WEEK_NS: Final = DAYS_PER_WEEK * HOURS_PER_DAY * NS_PER_HOUR
ENOUGH: Final = 4
_PRECISION: Final = 1e-6  # of the LP; the value of a rota is a whole number


class Ranked(NamedTuple):
    """A pattern; the smallest is the best."""

    floor: int
    """No lawful rota on it has a lower `value`."""
    worst: float
    """Points of whoever bears most, in the relaxation: a hint, no bound. Infinite if not asked."""
    pattern: Pattern


class Limit(NamedTuple):
    """So many counted hours somebody may still have in a span of weeks."""

    number: int
    """Of the person, in the order of `Problem.able`."""
    weeks: int
    place: int
    """Of the span among those of so many weeks."""
    limit_h: float
    counts: float
    """The part of an hour of duty that counts."""
    span: Window
    is_whole: bool
    """Whether the span holds the whole window."""


class _Class(NamedTuple):
    """Slots of one week that are alike for everybody."""

    week: int
    column: int
    need: int
    quarters: int
    places: tuple[int, ...]


def gap_weight(problem: Problem) -> int:
    """What a quarter of a declared gap counts, in quarters of night: more than all there can be."""
    return problem.n_hours * QUARTERS_PER_HOUR * len(problem.roles) + 1


def ranked(problem: Problem, table: CostTable) -> list[Ranked]:
    """All patterns, the best first; exactly ranked are those that matter."""
    rough = sorted(
        (_rough_floor(problem, table, pattern), pattern) for pattern in patterns(problem)
    )
    found: list[Ranked] = []
    for number, (floor, pattern) in enumerate(rough):
        if len(found) >= ENOUGH and floor >= found[ENOUGH - 1].floor:
            rest = [Ranked(floor, math.inf, pattern) for floor, pattern in rough[number:]]
            return found + rest
        found.append(relaxed(problem, table, pattern))
        found.sort()
    return found


def _rough_floor(problem: Problem, table: CostTable, pattern: Pattern) -> int:
    """As if everybody could be on duty every day."""
    wanted = slots(problem, pattern)
    if not wanted:
        return 0
    costs = table.of(wanted)
    gap = gap_weight(problem)
    found = 0
    nights = np.sort(np.where(costs.free, costs.night, np.iinfo(np.int32).max), axis=0)
    for place, slot in enumerate(wanted):
        cheapest = nights[: slot.need, place]
        here = [int(night) for night in cheapest if night <= slot.quarters]
        found += sum(here) + gap * slot.quarters * (slot.need - len(here))
    return found


def relaxed(problem: Problem, table: CostTable, pattern: Pattern) -> Ranked:
    """The pattern with its floor."""
    wanted = slots(problem, pattern)
    if not wanted:
        return Ranked(0, 0, pattern)
    lp = _Relaxation(problem, table.of(wanted), wanted)
    floor = lp.minimise_value()
    return Ranked(floor, lp.minimise_worst(floor), pattern)


def floor_of(problem: Problem, table: CostTable, pattern: Pattern) -> int:
    """No lawful rota on that pattern has a lower `value`."""
    wanted = slots(problem, pattern)
    return _Relaxation(problem, table.of(wanted), wanted).minimise_value() if wanted else 0


Terms = list[tuple[pywraplp.Variable, _Class]]
Weighted = Iterable[tuple[pywraplp.Variable, float]]


class _Relaxation:
    """Days by person and class of slots."""

    def __init__(self, problem: Problem, costs: Costs, wanted: Sequence[Slot]) -> None:
        self._problem = problem
        self._costs = costs
        self._people = problem.able()
        self._slots = wanted
        first_ns = min((slot.start_ns for slot in wanted if slot.day >= 0), default=None)
        self._limits: dict[int, list[Limit]] = defaultdict(list)
        for limit in limits(problem, first_ns):
            self._limits[limit.number].append(limit)
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        self._terms: list[Terms] = [[] for _ in self._people]
        self._value: list[tuple[pywraplp.Variable, float]] = []
        for alike in _classes(costs, wanted):
            self._cover(alike)
        for number, person in enumerate(self._people):
            self._limit(number, person, self._terms[number])

    def minimise_value(self) -> int:
        self._minimise(self._value)
        if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
            return 0
        found = float(self._solver.Objective().Value())
        return max(0, math.ceil(found * (1 - _PRECISION) - _PRECISION))

    def minimise_worst(self, floor: int) -> float:
        self._at_most(floor * (1 + _PRECISION) + _PRECISION, self._value)
        worst = self._solver.NumVar(0, self._solver.infinity(), "")
        for number, person in enumerate(self._people):
            borne = [
                (days, float(self._costs.price[number, alike.places[0]]))
                for days, alike in self._terms[number]
            ]
            self._at_most(-person.carried, [(worst, -1.0), *borne])
        self._minimise([(worst, 1.0)])
        if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
            return float("inf")
        return round(float(worst.solution_value()), 3)

    def _cover(self, alike: _Class) -> None:
        place, count = alike.places[0], len(alike.places)
        gap = self._solver.NumVar(0, count * alike.need, "")
        parts = [gap]
        self._value.append((gap, float(gap_weight(self._problem) * alike.quarters)))
        for number in np.flatnonzero(self._costs.free[:, place]):
            days = self._solver.NumVar(0, count, "")
            parts.append(days)
            self._terms[number].append((days, alike))
            self._value.append((days, float(self._costs.night[number, place])))
        need = float(count * alike.need)
        self._row(need, need, [(part, 1.0) for part in parts])

    def _limit(self, number: int, person: Person, terms: Terms) -> None:
        """A pattern's 7 days are 168 hours from its first block on: one window of the rules."""
        law = person.law
        blocks: dict[tuple[int, int], list[pywraplp.Variable]] = defaultdict(list)
        weeks: dict[int, list[pywraplp.Variable]] = defaultdict(list)
        for days, alike in terms:
            if alike.week >= 0:
                blocks[alike.week, alike.column].append(days)
                weeks[alike.week].append(days)
        self._limit_hours(number, terms)
        for own in blocks.values():
            self._at_most(_most_duties(DAYS_PER_WEEK, law, 1), [(days, 1.0) for days in own])
        a_day = self._most_a_day(law)
        for first, last in combinations(range(max(weeks, default=0) + 2), 2):
            span = [(days, 1.0) for week in range(first, last) for days in weeks[week]]
            local_days = (last - first) * DAYS_PER_WEEK + 1  # blocks begin on two local days
            self._at_most(_most_duties(local_days, law, a_day), span)

    def _most_a_day(self, law: WorkingTime) -> int:
        """How many duties one person could begin within 24 hours, for their rest alone."""
        rest_ns = law.daily_rest_h * NS_PER_HOUR
        most = 1
        for number, first in enumerate(self._slots[: 2 * MOST_BLOCKS]):
            count, free_ns = 1, first.end_ns + rest_ns
            for slot in self._slots[number:]:
                if slot.start_ns >= first.start_ns + HOURS_PER_DAY * NS_PER_HOUR:
                    break
                if slot.start_ns >= free_ns:
                    count, free_ns = count + 1, slot.end_ns + rest_ns
            most = max(most, count)
        return most

    def _limit_hours(self, number: int, terms: Terms) -> None:
        """In each span of so many weeks; a span that holds the whole window holds its edges too."""
        for limit in self._limits[number]:
            own = [
                (days, alike.quarters * limit.counts)
                for days, alike in terms
                if limit.is_whole or (alike.week >= 0 and alike.week // limit.weeks == limit.place)
            ]
            self._at_most(limit.limit_h * QUARTERS_PER_HOUR, own)

    def _minimise(self, value: Weighted) -> None:
        objective = self._solver.Objective()
        objective.Clear()
        for variable, weight in value:
            objective.SetCoefficient(variable, weight)
        objective.SetMinimization()

    def _at_most(self, most: float, terms: Weighted) -> None:
        self._row(-self._solver.infinity(), most, terms)

    def _row(self, least: float, most: float, terms: Weighted) -> None:
        """Set by hand: the solver's own expressions take three times as long."""
        row = self._solver.Constraint(least, most)
        for variable, factor in terms:
            row.SetCoefficient(variable, factor)


def limits(problem: Problem, first_ns: int | None = None) -> list[Limit]:
    """The limits of everybody's hours in spans of full weeks that begin at `first_ns`."""
    from_ns = problem.start_ns if first_ns is None else first_ns
    found = []
    for number, person in enumerate(problem.able()):
        law = person.law
        for limit_h, weeks in ((law.week_limit_h, 1), (law.weekly_cap_h, law.reference_weeks)):
            is_whole = weeks * DAYS_PER_WEEK >= problem.days
            count = 1 if is_whole else -(-problem.days // (weeks * DAYS_PER_WEEK))
            for place in range(count):
                start_ns = problem.start_ns if is_whole else from_ns + place * weeks * WEEK_NS
                span = Window(start_ns, start_ns + weeks * WEEK_NS)
                held_h = _held_quarters(person, problem, span) / QUARTERS_PER_HOUR
                left_h = max(0.0, limit_h * weeks - held_h * law.standby_counts)
                found.append(
                    Limit(number, weeks, place, left_h, law.standby_counts, span, is_whole)
                )
    return found


def _held_quarters(person: Person, problem: Problem, span: Window) -> float:
    """What is theirs already in that span."""
    fixed = [each[:2] for each in problem.fixed if each.person == person.id]
    return sum(
        max(0, min(end_ns, span.end_ns) - max(start_ns, span.start_ns)) / QUARTER_NS
        for start_ns, end_ns in (*person.held, *fixed)
    )


def _most_duties(days: int, law: WorkingTime, a_day: int) -> int:
    """How many may begin within so many local days, one after the other."""
    most = law.max_days_in_row
    if days <= most:
        return days * a_day
    whole, rest = divmod(days, most + 1)
    return whole * most + min(rest * a_day, most)


def _classes(costs: Costs, wanted: Sequence[Slot]) -> Iterator[_Class]:
    alike: dict[tuple[int, int, int, int, bytes], list[int]] = defaultdict(list)
    for place, slot in enumerate(wanted):
        week = slot.day // DAYS_PER_WEEK  # what begins before the window is in no week of it
        facts = costs.night[:, place].tobytes() + costs.free[:, place].tobytes()
        alike[week, slot.column, slot.need, slot.quarters, facts].append(place)
    for (week, column, need, length, _), places in alike.items():
        yield _Class(week, column, need, length, tuple(places))
