"""What the planning process is asked, and what it answers."""

from collections.abc import Callable
from typing import Final

import msgspec

from sunwise.chassis.clock import Clock
from sunwise.people.rota.core.explain import Explanation, Missing, explain, missing
from sunwise.people.rota.core.front import Point, front
from sunwise.people.rota.core.planning import EFFORT, Effort, plan
from sunwise.people.rota.core.problem import Problem, Rota
from sunwise.people.rota.core.replan import replan
from sunwise.people.rota.core.stats import stats
from sunwise.people.rota.kept import Figures, FrontPoint
from sunwise.people.rota.turns import Piece

FRONT_STEPS: Final = 3
FRONT_S: Final = 0.5
"""For each point and pattern; deterministic."""


EXPLAIN_S: Final = 45.0
MISSING_S: Final = 30.0
"""After so long no further step is begun; one takes some seconds. See `Explained`."""
_NS: Final = 1_000_000_000


class PlanJob(msgspec.Struct, frozen=True, kw_only=True, tag="plan"):
    """A rota for a window."""

    problem: Problem
    effort: Effort = EFFORT
    with_front: bool = True


class Planned(msgspec.Struct, frozen=True, kw_only=True, tag="planned"):
    """The rota, and what it is like."""

    rota: Rota
    figures: Figures


class ReplanJob(msgspec.Struct, frozen=True, kw_only=True, tag="replan"):
    """A published rota for things as they are now, with the fewest changes."""

    problem: Problem
    present: Rota
    now_ns: int


class Mended(msgspec.Struct, frozen=True, kw_only=True, tag="mended"):
    """What would change."""

    changes: tuple[Piece, ...]
    n_forced: int
    optimal: bool


class ExplainJob(msgspec.Struct, frozen=True, kw_only=True, tag="explain"):
    """Why a window cannot be covered."""

    problem: Problem


class Explained(msgspec.Struct, frozen=True, kw_only=True, tag="explained"):
    """The smallest set of rules that conflict, what each would buy, and who is missing."""

    explanation: Explanation | None
    """None: there need not be a gap."""
    missing: Missing | None
    seconds: float = 0.0
    """After how long that was said."""


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """It cannot be planned as asked; `why` says what to change."""

    why: str


Job = PlanJob | ReplanJob | ExplainJob
Answer = Planned | Mended | Explained | Failed


def work(job: Job, clock: Clock) -> Answer:
    """The answer to one job; it takes seconds, and an explanation up to one and a half minutes."""
    match job:
        case PlanJob():
            return _plan(job)
        case ReplanJob():
            return _replan(job)
        case ExplainJob():
            return _explain(job, clock)


def _plan(job: PlanJob) -> Planned:
    found = plan(job.problem, effort=job.effort)
    points = front(job.problem, found, steps=FRONT_STEPS, seconds=FRONT_S) if job.with_front else ()
    own = stats(job.problem, found.rota)
    figures = Figures(
        by=found.by,
        pattern=found.pattern,
        bounds=found.bounds,
        gap_h=own.gap_h,
        night_h=own.night_h,
        holiday_h=own.holiday_h,
        worst_burden=own.worst_burden,
        gini=own.gini,
        longest_h=own.longest_h,
        front=tuple(map(_point, points)),
    )
    return Planned(rota=found.rota, figures=figures)


def _point(point: Point) -> FrontPoint:
    return FrontPoint(
        night_h=point.stats.night_h,
        worst_burden=point.stats.worst_burden,
        gini=point.stats.gini,
        default=point.default,
        rota=point.rota,
    )


def _replan(job: ReplanJob) -> Mended:
    found = replan(job.problem, job.present, job.now_ns)
    return Mended(
        changes=tuple(Piece(*change[:5]) for change in found.changes),
        n_forced=found.n_forced,
        optimal=found.optimal,
    )


def _explain(job: ExplainJob, clock: Clock) -> Explained:
    began_ns = clock.monotonic_ns()
    explanation = explain(job.problem, _within(EXPLAIN_S, clock))
    found = None
    if explanation is not None:
        found = missing(job.problem, is_time_left=_within(MISSING_S, clock))
    seconds = (clock.monotonic_ns() - began_ns) / _NS
    return Explained(explanation=explanation, missing=found, seconds=round(seconds, 1))


def _within(seconds: float, clock: Clock) -> Callable[[], bool]:
    until_ns = clock.monotonic_ns() + int(seconds * _NS)
    return lambda: clock.monotonic_ns() < until_ns
