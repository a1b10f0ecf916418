"""What no rota could do better: by the clock alone, and under all hard rules.

The clock bound counts the hours in which too few owners have daylight, as if one person could be on
duty whenever awake. The proven bound of a rota with one handoff pattern is the solver's, under every hard
rule, over every pattern of `patterns`. Of a rota that hands over at other hours from day to day, or leaves
a gap that other hours might close, it is the weaker one of `any_hours`, which holds for all rotas.
"""

import msgspec
import numpy as np

from sunwise.contracts.people.directory import Role
from sunwise.people.rota.core.burden import QUARTERS_PER_HOUR, quarters
from sunwise.people.rota.core.costs import away_quarters
from sunwise.people.rota.core.problem import Problem, absences, wanted_hours


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """In hours of one role, over the window."""

    clock_h: dict[Role, float]
    """Of the first role: nobody who could be on duty has daylight; of the second: not two."""
    gap_h: float
    """Proven, all roles together: so much nobody may lawfully do."""
    night_h: float
    """Proven, all roles together, for a rota with no more gaps than the one at hand."""
    optimal: bool
    """Whether the rota at hand was found to reach both."""


def clock_bound(problem: Problem) -> dict[Role, float]:
    """Hours by role."""
    awake = np.zeros(problem.n_hours * QUARTERS_PER_HOUR, np.int32)
    for person in problem.able():
        away = away_quarters(absences(person, problem), problem)
        awake += ~quarters(person, problem).night & ~away
    wanted = np.repeat(wanted_hours(problem), QUARTERS_PER_HOUR)
    return {
        role: float((wanted & (awake < place)).sum()) / QUARTERS_PER_HOUR
        for place, role in enumerate(problem.roles, 1)
    }


def proven(
    problem: Problem,
    *,
    floor: int,
    least_night: int,
    weight: int,
    found: tuple[int, int],
    solved: tuple[int, int],
) -> Bounds:
    """Bounds from the least `value` that any rota can have.

    `least_night` are the quarters of night that no rota with as much gap as this goes below, `found`
    those of gap and of night of the rota at hand, `solved` those of the rota with the fewest of them
    that was found on the way.
    """
    gap_quarters = min(floor // weight, found[0])
    night_quarters = max(least_night, floor - weight * found[0])
    return Bounds(
        clock_h=clock_bound(problem),
        gap_h=gap_quarters / QUARTERS_PER_HOUR,
        night_h=night_quarters / QUARTERS_PER_HOUR,
        optimal=weight * solved[0] + solved[1] <= floor,
    )
