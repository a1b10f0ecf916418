"""Rotas counted again, quarter hour by quarter hour, by nothing that made or improved them.

Only `sunwise.daylight` is asked: what law says of the duties, and what hour it is on a clock.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from sunwise.daylight.night import night_slots
from sunwise.daylight.working_time import Breach, Duty, breaches
from sunwise.daylight.zones import NS_PER_MINUTE, local_days
from sunwise.people.rota.core.problem import Person, Problem, Rota, Shift, wanted_hours

_QUARTER_NS = 15 * NS_PER_MINUTE


class Verdict(NamedTuple):
    """What a rota is, in hours of one role."""

    wanted_h: float
    open_h: float
    """Wanted, and neither covered nor a declared gap."""
    declared_h: float
    night_h: float
    clock_bound_h: float
    """Nights that no rota avoids: fewer people than roles are in daylight and not on leave."""
    n_breaches: int
    """Of the law; on leave; in two roles at once; without the skills; never hired."""


def judge(problem: Problem, rota: Rota) -> Verdict:
    """The verdict on a rota."""
    wanted = _wanted(problem)
    covered = np.zeros_like(wanted)
    for each in rota.shifts:
        covered[problem.roles.index(each.role), _quarters(problem, each)] += 1
    declared = np.zeros_like(wanted)
    for gap in rota.gaps:
        declared[problem.roles.index(gap.role), _quarters(problem, gap)] += 1
    nights = {person.id: _night(person, problem) for person in problem.people}
    night = sum(
        int(nights[each.person][_quarters(problem, each)].sum())
        for each in rota.shifts
        if each.person in nights
    )
    twice = int((covered > 1).sum())
    return Verdict(
        wanted_h=float(wanted.sum()) / 4,
        open_h=float((wanted & (covered + declared == 0)).sum()) / 4,
        declared_h=float((wanted & (covered == 0) & (declared > 0)).sum()) / 4,
        night_h=night / 4,
        clock_bound_h=_clock_bound_h(problem, wanted),
        n_breaches=twice + _people_breaches(problem, rota),
    )


def _wanted(problem: Problem) -> np.ndarray:
    """(n_roles, n_quarters) int8: 1 where somebody is wanted."""
    hours = np.repeat(wanted_hours(problem), 4).astype(np.int8)
    return np.tile(hours, (len(problem.roles), 1))


def _quarters(problem: Problem, stretch: Sequence[Any]) -> slice:
    """Of the first two items: from and to, ns."""
    first, last = ((at - problem.start_ns) // _QUARTER_NS for at in stretch[:2])
    return slice(max(0, first), max(0, last))


def _night(person: Person, problem: Problem) -> np.ndarray:
    return night_slots(person.zone, problem.start_ns, problem.n_hours * 4, slot_minutes=15)


def _clock_bound_h(problem: Problem, wanted: np.ndarray) -> float:
    able = [person for person in problem.people if problem.skills <= person.skills]
    awake = sum(
        (~(_night(person, problem) | _away(person, problem))).astype(np.int16) for person in able
    )
    return float(np.maximum(0, wanted.sum(axis=0) - awake).sum()) / 4


def _away(person: Person, problem: Problem) -> np.ndarray:
    """(n_quarters,) bool: on leave, or closed."""
    n_quarters = problem.n_hours * 4
    leave = [(day - date(1970, 1, 1)).days for day in person.leave]
    days = local_days(person.zone, problem.start_ns, n_quarters, slot_minutes=15)
    away: np.ndarray = np.isin(days, leave)
    for window in person.closed:
        away[_quarters(problem, window)] = True
    return away


def _people_breaches(problem: Problem, rota: Rota) -> int:
    known = {person.id: person for person in problem.people}
    by_person: dict[str, list[Shift]] = defaultdict(list)
    for shift in rota.shifts:
        by_person[shift.person].append(shift)
    return sum(
        _person_breaches(known[name], shifts, problem) if name in known else len(shifts)
        for name, shifts in by_person.items()
    )


def _person_breaches(person: Person, shifts: list[Shift], problem: Problem) -> int:
    duties = [Duty(shift.start_ns, shift.end_ns) for shift in sorted(shifts)]
    everything = sorted([*duties, *person.held])
    at_once = sum(two.start_ns < one.end_ns for one, two in pairwise(everything))
    before = len(_law(person, list(person.held)))
    unable = 0 if problem.skills <= person.skills else len(shifts)
    away = _away(person, problem)
    on_leave = sum(bool(away[_quarters(problem, duty)].any()) for duty in duties)
    return at_once + unable + on_leave + len(_law(person, everything)) - before


def _law(person: Person, duties: list[Duty]) -> list[Breach]:
    return breaches(duties, person.rules, zone=person.zone, exemption=person.exemption)
