"""Hours of night against the burden of whoever bears most: what fairness costs, point by point.

Each point is the fairest rota that was found with at most so many hours of night, and with no more
gaps than the plan. The company chooses; the default has the fewest nights, because nobody is woken to
make a figure even.
"""

from typing import Final

import msgspec

from sunwise.people.rota.core.burden import PRICES, QUARTERS_PER_HOUR, Prices
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.costs import CostTable
from sunwise.people.rota.core.cp_sat import solver_of
from sunwise.people.rota.core.model import Model
from sunwise.people.rota.core.patterns import Pattern, slots
from sunwise.people.rota.core.planning import Plan
from sunwise.people.rota.core.problem import Problem, Rota
from sunwise.people.rota.core.ranking import ranked
from sunwise.people.rota.core.roles import Crew, with_roles
from sunwise.people.rota.core.stats import Stats, stats

DEFAULT_REASON: Final = (
    "the fewest hours of night that law and leave allow, give or take 2 %; among those the fairest"
)


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One rota of the front."""

    allowed_night_h: float
    rota: Rota
    stats: Stats
    default: str = ""
    """Why it is the default; empty for all others."""


def front(
    problem: Problem,
    plan: Plan,
    *,
    steps: int = 5,
    nights_h: tuple[float, ...] = (),
    seconds: float = 1.0,
    prices: Prices = PRICES,
) -> list[Point]:
    """The points that no other one beats, fewest nights first: that is the default, mostly the plan.

    `steps` allowances between the plan's nights and those of the fairest rota, and the allowances
    `nights_h` besides. Cost: about `seconds` for each of them and pattern; two patterns are tried.
    """
    own = stats(problem, plan.rota, prices)
    table = CostTable(problem, prices)
    search = [_Fairest(problem, pattern, table) for pattern in _patterns(problem, plan, table)]
    start = Point(allowed_night_h=own.night_h, rota=plan.rota, stats=own)
    fairest = _best(problem, search, None, own, seconds=seconds, prices=prices)
    found = [start] if fairest is None else [start, fairest]
    limit_h = own.wanted_h if fairest is None else fairest.stats.night_h
    inner = {own.night_h + (limit_h - own.night_h) * step / steps for step in range(1, steps)}
    for allowed_h in sorted(inner | set(nights_h)):
        if allowed_h > own.night_h:
            point = _best(problem, search, allowed_h, own, seconds=seconds, prices=prices)
            found += [] if point is None else [point]
    return _undominated(found)


def _patterns(problem: Problem, plan: Plan, table: CostTable) -> list[Pattern]:
    """The plan's own, and the one on which burden can be spread best."""
    evenest = min(ranked(problem, table), key=lambda entry: (entry.worst, entry))
    return list(dict.fromkeys([plan.pattern, evenest.pattern]))


class _Fairest:
    """The fairest rotas on one pattern."""

    def __init__(self, problem: Problem, pattern: Pattern, table: CostTable) -> None:
        self._problem = problem
        self._slots = slots(problem, pattern)
        self._table = table
        self._last: Crew = {}

    def within(self, gap_quarters: int, night_quarters: int | None, seconds: float) -> Rota | None:
        """None when none was found in time, or the judge refuses it."""
        model = Model(self._problem, self._slots, self._table)
        model.hint(self._last)
        model.cp.add(model.gap_quarters() <= gap_quarters)
        if night_quarters is not None:
            model.cp.add(model.night_quarters() <= night_quarters)
        model.cp.minimize(model.unfairness())
        solver = solver_of(seconds)
        if solver.status_name(solver.solve(model.cp)) not in ("OPTIMAL", "FEASIBLE"):
            return None
        self._last = model.crew(solver)
        rota = with_roles(self._last, self._problem.fixed)
        return None if check(self._problem, rota) else rota


def _best(
    problem: Problem,
    search: list[_Fairest],
    allowed_h: float | None,
    own: Stats,
    *,
    seconds: float,
    prices: Prices,
) -> Point | None:
    gap = round(own.gap_h * QUARTERS_PER_HOUR)
    night = None if allowed_h is None else int(allowed_h * QUARTERS_PER_HOUR)
    rotas = [each.within(gap, night, seconds) for each in search]
    points = [
        Point(
            allowed_night_h=own.wanted_h if allowed_h is None else allowed_h,
            rota=rota,
            stats=stats(problem, rota, prices),
        )
        for rota in rotas
        if rota is not None
    ]
    return min(points, key=lambda point: (point.stats.worst_burden, point.stats.gini), default=None)


def _undominated(points: list[Point]) -> list[Point]:
    """The first is marked as the default."""
    found: list[Point] = []
    for point in sorted(
        points, key=lambda p: (p.stats.night_h, p.stats.worst_burden, p.stats.gini)
    ):
        beaten = any(
            each.stats.worst_burden <= point.stats.worst_burden
            and each.stats.gini <= point.stats.gini
            for each in found
        )
        if not beaten:
            found.append(point)
    return [msgspec.structs.replace(found[0], default=DEFAULT_REASON), *found[1:]]
