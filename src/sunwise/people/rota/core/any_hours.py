"""What no rota could do better, at whatever full hours it hands over.

A small LP: how many hours of each kind each person has, under their limits of hours and their weekly
rest alone, as if duty could be handed on every hour. Weaker than the floor of a pattern and true of
every rota, so it is the bound of those that hand over at other hours from day to day.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from ortools.linear_solver import pywraplp

from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.burden import QUARTERS_PER_HOUR
from sunwise.people.rota.core.costs import Costs, CostTable
from sunwise.people.rota.core.patterns import Slot, demand
from sunwise.people.rota.core.problem import HOURS_PER_DAY, Person, Problem
from sunwise.people.rota.core.ranking import DAYS_PER_WEEK, gap_weight, limits

_PRECISION: Final = 1e-6


class _Kind(NamedTuple):
    """Hours that are alike for everybody."""

    week: int
    clock_h: int
    """Of the day, from the window's start."""
    need: int
    places: tuple[int, ...]


def any_floor(problem: Problem, table: CostTable) -> int:
    """No lawful rota has a lower `value`."""
    lp = _Hours(problem, table)
    return lp.least(lp.gap * float(gap_weight(problem)) + lp.night)


def any_night(problem: Problem, table: CostTable, gap_quarters: int) -> int:
    """No lawful rota with at most so much gap has fewer quarters of night."""
    lp = _Hours(problem, table)
    lp.allow(gap_quarters)
    return lp.least(lp.night)


class _Hours:
    """The LP; gap and night are in quarters of an hour."""

    def __init__(self, problem: Problem, table: CostTable) -> None:
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        self._terms: list[list[tuple[pywraplp.Variable, _Kind]]] = [[] for _ in problem.able()]
        self.gap = self._solver.Sum([])
        self.night = self._solver.Sum([])
        hours = list(_hours(problem))
        costs = table.of(hours)
        for kind in _kinds(costs, hours):
            self._cover(kind, costs)
        self._limit_hours(problem)
        for person, terms in zip(problem.able(), self._terms, strict=True):
            self._rest(problem.days - _days_off(person, problem.days), terms)

    def allow(self, gap_quarters: int) -> None:
        """No more gap than that."""
        self._solver.Add(self.gap <= gap_quarters * (1 + _PRECISION) + _PRECISION)

    def least(self, value: pywraplp.Variable) -> int:
        """The least that a whole number can be."""
        self._solver.Minimize(value)
        if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
            return 0
        found = float(self._solver.Objective().Value())
        return max(0, math.ceil(found * (1 - _PRECISION) - _PRECISION))

    def _cover(self, kind: _Kind, costs: Costs) -> None:
        place, count = kind.places[0], len(kind.places)
        nobody = self._solver.NumVar(0, count * kind.need, "")
        self.gap += nobody * QUARTERS_PER_HOUR
        parts = [nobody]
        for number in np.flatnonzero(costs.free[:, place]):
            spent = self._solver.NumVar(0, count, "")
            parts.append(spent)
            self._terms[number].append((spent, kind))
            self.night += spent * float(costs.night[number, place])
        self._solver.Add(self._solver.Sum(parts) == count * kind.need)

    def _limit_hours(self, problem: Problem) -> None:
        for limit in limits(problem):
            own = [
                spent * limit.counts
                for spent, kind in self._terms[limit.number]
                if limit.is_whole or kind.week // limit.weeks == limit.place
            ]
            self._solver.Add(self._solver.Sum(own) <= limit.limit_h)

    def _rest(self, most_days: int, terms: list[tuple[pywraplp.Variable, _Kind]]) -> None:
        by_clock: dict[int, list[pywraplp.Variable]] = defaultdict(list)
        for spent, kind in terms:
            by_clock[kind.clock_h].append(spent)
        for same in by_clock.values():
            self._solver.Add(self._solver.Sum(same) <= most_days)


def _days_off(person: Person, days: int) -> int:
    """On how many of the days a given hour is inside of a weekly rest, at least.

    A rest ends at most 7 days after the one before it; the first may have begun before the window.
    """
    if person.law.weekly_rest_h < HOURS_PER_DAY:
        return 0
    return max(0, days // DAYS_PER_WEEK - 1)


def _hours(problem: Problem) -> Iterator[Slot]:
    """Each full hour in which somebody is wanted."""
    for start_ns, end_ns, roles in demand(problem):
        for at_ns in range(start_ns, end_ns, NS_PER_HOUR):
            hour = (at_ns - problem.start_ns) // NS_PER_HOUR
            day, clock_h = divmod(hour, HOURS_PER_DAY)
            yield Slot(at_ns, at_ns + NS_PER_HOUR, clock_h, day, roles)


def _kinds(costs: Costs, hours: list[Slot]) -> Iterator[_Kind]:
    alike: dict[tuple[int, int, int, bytes], list[int]] = defaultdict(list)
    for place, hour in enumerate(hours):
        facts = costs.night[:, place].tobytes() + costs.free[:, place].tobytes()
        alike[hour.day // DAYS_PER_WEEK, hour.column, hour.need, facts].append(place)
    for (week, clock_h, need, _), places in alike.items():
        yield _Kind(week, clock_h, need, tuple(places))
