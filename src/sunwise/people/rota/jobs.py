"""What the planning process is asked, and what it answers."""

import msgspec

from sunwise.people.rota.bounds import Bounds
from sunwise.people.rota.kept import Figures, FrontPoint
from sunwise.people.rota.problem import Problem, Rota
from sunwise.people.rota.solve import EFFORT, Effort, plan
from sunwise.people.rota.stats import Stats, stats


class PlanJob(msgspec.Struct, frozen=True, kw_only=True, tag="plan"):
    """A rota for a window."""

    problem: Problem
    effort: Effort = EFFORT
    with_front: bool = True


class Planned(msgspec.Struct, frozen=True, kw_only=True, tag="planned"):
    """The rota, and what it is like."""

    rota: Rota
    figures: Figures


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """It cannot be planned as asked; `why` says what to change."""

    why: str


Job = PlanJob
Answer = Planned | Failed


def work(job: Job) -> Answer:
    """The answer to one job; it takes seconds."""
    return _plan(job)


def _plan(job: PlanJob) -> Planned:
    found = plan(job.problem, effort=job.effort)
    own = stats(job.problem, found.rota)
    figures = _figures(own, by=found.by, bounds=found.bounds)
    return Planned(rota=found.rota, figures=msgspec.structs.replace(figures, pattern=found.pattern))


def _figures(
    own: Stats, *, by: str, bounds: Bounds | None, front: tuple[FrontPoint, ...] = ()
) -> Figures:
    return Figures(
        by=by,
        bounds=bounds,
        gap_h=own.gap_h,
        night_h=own.night_h,
        holiday_h=own.holiday_h,
        worst_burden=own.worst_burden,
        gini=own.gini,
        longest_h=own.longest_h,
        front=front,
    )
