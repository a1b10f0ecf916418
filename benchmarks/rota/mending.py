"""What a plan costs to change, and what fairness could be had for more nights."""

import time
from collections import defaultdict
from datetime import timedelta
from typing import Final, NamedTuple

import msgspec

from benchmarks.rota.judge import judge
from sunwise.daylight.zones import NS_PER_HOUR, instant
from sunwise.people.rota.core.front import front
from sunwise.people.rota.core.planning import Plan
from sunwise.people.rota.core.problem import Problem, Rota
from sunwise.people.rota.core.replan import replan
from sunwise.people.rota.core.stats import Stats
from sunwise.people.rota.jobs import FRONT_S, FRONT_STEPS

AWAY_FROM_DAY: Final = 7
AWAY_DAYS: Final = 5


class Mended(NamedTuple):
    """The rota after whoever works most was away for five days of the second week, at a day's notice."""

    n_forced: int
    """Shifts that they could not hold any more."""
    n_changed: int
    """Shifts and gaps of the rota before that are not the same in the rota after."""
    cpu_s: float
    n_breaches: int
    more_gap_h: float
    is_proven: bool
    """Whether fewer changes are proven to leave more gaps."""


class Choices(NamedTuple):
    """What the front holds, beside the round robin."""

    n_points: int
    least_night_h: float
    rival_night_h: float
    least_gini: float
    rival_gini: float
    cpu_s: float


def mended(problem: Problem, rota: Rota) -> Mended | None:
    """The busiest away; None where nobody has anything to do in those days."""
    hours: dict[str, int] = defaultdict(int)
    for shift in rota.shifts:
        hours[shift.person] += shift.end_ns - shift.start_ns
    if not hours:
        return None
    busiest = max(sorted(hours), key=hours.__getitem__)
    first = instant(problem.start_ns).date() + timedelta(days=AWAY_FROM_DAY)
    away = frozenset(first + timedelta(days=day) for day in range(AWAY_DAYS))
    people = tuple(
        msgspec.structs.replace(person, leave=person.leave | away)
        if person.id == busiest
        else person
        for person in problem.people
    )
    changed = msgspec.structs.replace(problem, people=people)
    n_forced = judge(changed, rota).n_breaches
    if n_forced == 0:
        return None
    now_ns = problem.start_ns + (AWAY_FROM_DAY - 1) * 24 * NS_PER_HOUR
    began = time.process_time()
    made = replan(changed, rota, now_ns)
    found = made.rota
    cpu_s = time.process_time() - began
    verdict = judge(changed, found)
    return Mended(
        n_forced=n_forced,
        n_changed=len({*rota.shifts, *rota.gaps} - {*found.shifts, *found.gaps}),
        cpu_s=cpu_s,
        n_breaches=verdict.n_breaches,
        more_gap_h=verdict.declared_h + verdict.open_h - judge(changed, rota).declared_h,
        is_proven=made.optimal,
    )


def choices(problem: Problem, plan: Plan, rival: Stats) -> Choices:
    """The front, with the rival's nights and half of them among the allowances."""
    began = time.process_time()
    points = front(
        problem,
        plan,
        steps=FRONT_STEPS,
        seconds=FRONT_S,
        nights_h=(rival.night_h / 2, rival.night_h),
    )
    cpu_s = time.process_time() - began
    return Choices(
        n_points=len(points),
        least_night_h=min(judge(problem, point.rota).night_h for point in points),
        rival_night_h=rival.night_h,
        least_gini=min(point.stats.gini for point in points),
        rival_gini=rival.gini,
        cpu_s=cpu_s,
    )
