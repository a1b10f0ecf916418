"""The rota of one unit: no gap that can be filled, then the fewest nights, then fair and steady.

1. The patterns are ranked by what no rota on them can beat, and the best few solved for gaps and
   nights, each from a greedy rota on it, until none that is left can be much better.
2. Where one can be, handoffs may change from day to day (`weaving`), from the best of those rotas and
   of some round robins on.
3. On the winner, with its gaps kept and its nights but for GIVE_BACK: the burden of whoever bears
   most, of all above the mean, and the streaks begun.

One thread, fixed seed, deterministic time: equal problems give equal rotas. What comes out has passed
`check` and is never worse than greedy or a round robin, kept where the solver finds nothing better.
"""

import math
from typing import Final

import msgspec
from ortools.sat.python import cp_model

from sunwise.people.rota.core.any_hours import any_floor, any_night
from sunwise.people.rota.core.bounds import Bounds, proven
from sunwise.people.rota.core.burden import PRICES, QUARTERS_PER_HOUR, Prices
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.costs import CostTable
from sunwise.people.rota.core.cp_sat import solver_of
from sunwise.people.rota.core.greedy import greedy_crew
from sunwise.people.rota.core.model import Model
from sunwise.people.rota.core.patterns import Pattern, Slot, slots
from sunwise.people.rota.core.problem import Problem, Rota, checked, wanted_hours
from sunwise.people.rota.core.ranking import Ranked, gap_weight, ranked
from sunwise.people.rota.core.roles import Crew, overlaps, rota_of
from sunwise.people.rota.core.round_robins import ROUND_ROBINS
from sunwise.people.rota.core.stats import stats
from sunwise.people.rota.core.weaving import Weaving, crew_of, handoff_hours, slots_of

GIVE_BACK: Final = 0.02
NEAR: Final = 0.0025
"""Of the hours wanted: so little more night than can be proven is not searched for."""
POINTS_PER_STREAK: Final = 8
"""Taking over from yesterday's person costs as much as two hours of duty by day."""
HALF: Final = 0.5  # bounds of whole numbers, told as floats


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How long may be searched; a unit of deterministic time is about a CPU second."""

    nights: float = 2.0
    """For each pattern."""
    fairness: float = 1.0
    patterns: int = 2
    """How many are solved at most."""
    weaving: float = 2.5
    """For handoffs that change from day to day, where one pattern is not the best there can be."""
    gaps: float = 30.0
    """For the same, in addition, while there is a gap that may be avoidable."""


EFFORT: Final = Effort()


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """What the solver said."""

    name: str
    status: str
    """OPTIMAL, FEASIBLE, UNKNOWN."""
    value: float
    bound: float
    pattern: Pattern


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A rota, how it was found, and what no rota could do better."""

    rota: Rota
    pattern: Pattern
    """Most of its handoffs are there; where people are scarce some are not, see `weaving`."""
    by: str
    """`solver`; `greedy` or `round robin` where that was not beaten."""
    bounds: Bounds
    phases: tuple[Phase, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A rota that passed the judge, and its place in the order of rotas: the smallest is best."""

    rank: tuple[int, int, float]
    """Gap quarters, night quarters, points of whoever bears most."""
    rota: Rota
    crew: Crew
    slots: tuple[Slot, ...]
    pattern: Pattern
    by: str


def plan(problem: Problem, *, effort: Effort = EFFORT, prices: Prices = PRICES) -> Plan:
    """The rota. Raises BadProblem, UnknownZone.

    Cost: about 2 to 5 CPU seconds for 10 people, one role and 28 days.
    """
    search = Search(checked(problem), effort, prices)
    nights = search.woven(search.seeded(search.nights()))
    best = search.fairness(nights)
    return Plan(
        rota=best.rota,
        pattern=best.pattern,
        by=best.by,
        bounds=search.bounds(nights, best),
        phases=tuple(search.phases),
    )


class Search:
    """One search for a rota, phase by phase."""

    def __init__(self, problem: Problem, effort: Effort, prices: Prices) -> None:
        self.problem = problem
        self.phases: list[Phase] = []
        self._effort = effort
        self._prices = prices
        self._table = CostTable(problem, prices)
        self._weight = gap_weight(problem)
        self._near = int(
            NEAR * wanted_hours(problem).sum() * len(problem.roles) * QUARTERS_PER_HOUR
        )
        self._ranked = ranked(problem, self._table)
        self._greedy: Outcome | None = None
        self._models: dict[tuple[Slot, ...], Model] = {}

    def nights(self) -> Outcome:
        """The fewest gaps, then the fewest hours of night."""
        best: Outcome | None = None
        left = list(self._ranked)
        for _ in range(min(self._effort.patterns, len(left))):
            if best is not None and self._is_near(best, min(left).floor):
                break
            entry = min(left, key=self._promise if best is None or not best.rank[0] else self._room)
            left.remove(entry)
            found = self._nights_on(entry)
            best = found if best is None else min(best, found, key=lambda each: each.rank)
        assert best is not None, "there is always a pattern"
        return best

    def seeded(self, best: Outcome) -> Outcome:
        """That, or a round robin that is better."""
        if self.problem.fixed:
            return best
        robins = [
            self._as_is(robin(self.problem), best.pattern, "round robin")
            for robin in ROUND_ROBINS.values()
        ]
        return min((best, *robins), key=lambda each: each.rank[:2])

    def woven(self, best: Outcome) -> Outcome:
        """That, or better with handoffs that change from day to day."""
        floor = min(self._ranked).floor
        if self._is_near(best, floor):
            return best
        hours = handoff_hours([entry.pattern for entry in self._ranked])
        weaving = Weaving(self.problem, self._table, best.rota, hours)
        gapless = max(floor, self._weight - 1)
        weaving.improve(self._effort.gaps, gapless)
        weaving.improve(self._effort.weaving, floor + self._near)
        if weaving.rota == best.rota:
            return best
        return self._as_is(weaving.rota, best.pattern, "solver")

    def _as_is(self, rota: Rota, pattern: Pattern, by: str) -> Outcome:
        wanted = slots_of(self.problem, rota)
        crew = crew_of(wanted, rota.shifts)
        return Outcome(
            rank=self._rank(rota), rota=rota, crew=crew, slots=wanted, pattern=pattern, by=by
        )

    def fairness(self, nights: Outcome) -> Outcome:
        """As many gaps and hardly more nights, borne more evenly, in longer streaks."""
        model = self._models.get(nights.slots) or Model(
            self.problem, nights.slots, self._table, is_woven=overlaps(nights.slots)
        )
        model.hint(nights.crew)
        model.cp.add(model.gap_quarters() <= nights.rank[0])
        model.cp.add(model.night_quarters() <= self._allowed_night(nights))
        model.cp.minimize(model.unfairness() + model.streaks() * POINTS_PER_STREAK)
        solver = self._solve("fairness", model, nights.pattern, self._effort.fairness)
        found = None if solver is None else self._judged(model, solver, nights.pattern)
        best = nights if found is None or found.rank[2] > nights.rank[2] else found
        assert self._greedy is not None, "every pattern was seeded"
        return min(best, self._greedy, key=lambda each: each.rank)

    def bounds(self, nights: Outcome, best: Outcome) -> Bounds:
        """What was proven on the way."""
        proven_on = {phase.pattern: phase.bound for phase in self.phases if phase.name == "nights"}
        floor = min(
            max(entry.floor, math.ceil(proven_on.get(entry.pattern, 0) - HALF))
            for entry in self._ranked
        )
        least_night = 0
        if best.rank[0] or not set(best.slots) <= set(slots(self.problem, best.pattern)):
            floor = min(floor, any_floor(self.problem, self._table))
            least_night = any_night(self.problem, self._table, best.rank[0])
        return proven(
            self.problem,
            floor=floor,
            least_night=least_night,
            weight=self._weight,
            found=best.rank[:2],
            solved=nights.rank[:2],
        )

    def _promise(self, entry: Ranked) -> tuple[int, float]:
        return entry.floor, entry.worst

    def _room(self, entry: Ranked) -> tuple[int, int, int]:
        """Where gaps are hard to avoid: few long blocks leave the most days off."""
        return entry.floor // self._weight, len(entry.pattern), entry.floor

    def _nights_on(self, entry: Ranked) -> Outcome:
        wanted = slots(self.problem, entry.pattern)
        at_once = greedy_crew(self.problem, wanted, self._prices)
        seed = self._outcome(at_once, wanted, entry.pattern, "greedy")
        assert seed is not None, "greedy breaks no rule"
        if self._greedy is None or seed.rank < self._greedy.rank:
            self._greedy = seed
        model = self._models[wanted] = Model(self.problem, wanted, self._table)
        model.hint(seed.crew)
        model.cp.minimize(model.gap_quarters() * self._weight + model.night_quarters())
        solver = self._solve("nights", model, entry.pattern, self._effort.nights)
        found = None if solver is None else self._judged(model, solver, entry.pattern)
        return seed if found is None else min(seed, found, key=lambda each: each.rank)

    def _allowed_night(self, nights: Outcome) -> int:
        """What greedy does without is not given back."""
        gap, night, _ = nights.rank
        allowed = int(night * (1 + GIVE_BACK))
        if self._greedy is not None and self._greedy.rank[0] == gap:
            allowed = min(allowed, max(night, self._greedy.rank[1]))
        return allowed

    def _is_near(self, outcome: Outcome, floor: int) -> bool:
        """Whether a better one is not worth the search."""
        return self._value(outcome) <= floor + self._near

    def _value(self, outcome: Outcome) -> int:
        gap, night, _ = outcome.rank
        return self._weight * gap + night

    def _solve(
        self, name: str, model: Model, pattern: Pattern, seconds: float
    ) -> cp_model.CpSolver | None:
        solver = solver_of(seconds)
        status = solver.solve(model.cp)
        found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        self.phases.append(
            Phase(
                name=name,
                status=solver.status_name(status),
                value=solver.objective_value if found else math.inf,
                bound=solver.best_objective_bound if found else 0.0,
                pattern=pattern,
            )
        )
        return solver if found else None

    def _judged(self, model: Model, solver: cp_model.CpSolver, pattern: Pattern) -> Outcome | None:
        return self._outcome(model.crew(solver), model.slots, pattern, "solver")

    def _outcome(
        self, crew: Crew, wanted: tuple[Slot, ...], pattern: Pattern, by: str
    ) -> Outcome | None:
        """None for a rota that the judge refuses."""
        rota = rota_of(crew, self.problem.fixed)
        if check(self.problem, rota):
            return None
        return Outcome(
            rank=self._rank(rota), rota=rota, crew=crew, slots=wanted, pattern=pattern, by=by
        )

    def _rank(self, rota: Rota) -> tuple[int, int, float]:
        figures = stats(self.problem, rota, self._prices)
        gap, night = (round(h * QUARTERS_PER_HOUR) for h in (figures.gap_h, figures.night_h))
        return gap, night, figures.worst_burden
