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
from sunwise.people.rota.burden import QUARTERS_PER_HOUR
from sunwise.people.rota.costs import Costs, CostTable
from sunwise.people.rota.patterns import Slot, demand
from sunwise.people.rota.problem import HOURS_PER_DAY, Person, Problem
from sunwise.people.rota.ranking import DAYS_PER_WEEK, gap_weight, limits

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
    hours = list(_hours(problem))
    if not hours:
        return 0
    costs = table.of(hours)
    solver = pywraplp.Solver.CreateSolver("GLOP")
    value = solver.Sum([])
    terms: list[list[tuple[pywraplp.Variable, _Kind]]] = [[] for _ in problem.able()]
    for kind in _kinds(costs, hours):
        place, count = kind.places[0], len(kind.places)
        parts = [solver.NumVar(0, count * kind.need, "")]
        value += parts[0] * float(gap_weight(problem) * QUARTERS_PER_HOUR)
        for number in np.flatnonzero(costs.free[:, place]):
            parts.append(solver.NumVar(0, count, ""))
            terms[number].append((parts[-1], kind))
            value += parts[-1] * float(costs.night[number, place])
        solver.Add(solver.Sum(parts) == count * kind.need)
    for limit in limits(problem):
        own = [
            hours_ * limit.counts
            for hours_, kind in terms[limit.number]
            if limit.is_whole or kind.week // limit.weeks == limit.place
        ]
        solver.Add(solver.Sum(own) <= limit.limit_h)
    for person, own_terms in zip(problem.able(), terms, strict=True):
        by_clock: dict[int, list[pywraplp.Variable]] = defaultdict(list)
        for hours_, kind in own_terms:
            by_clock[kind.clock_h].append(hours_)
        for same in by_clock.values():
            solver.Add(solver.Sum(same) <= problem.days - _days_off(person, problem.days))
    solver.Minimize(value)
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return 0
    found = float(solver.Objective().Value())
    return max(0, math.ceil(found * (1 - _PRECISION) - _PRECISION))


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
