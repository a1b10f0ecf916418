"""Every way to plan, on every unit of a company, in as many processes as there are cores."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final, NamedTuple

import msgspec

from benchmarks.rota.judge import Verdict, judge
from benchmarks.rota.mending import Choices, Mended, choices, mended
from sunwise.daylight.working_time import Duty
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.bounds import Bounds
from sunwise.people.rota.core.greedy import greedy
from sunwise.people.rota.core.planning import Plan, plan
from sunwise.people.rota.core.problem import Problem, Rota
from sunwise.people.rota.core.round_robins import ROUND_ROBINS
from sunwise.people.rota.core.stats import Stats, stats

SUNWISE: Final = "Sunwise"
GREEDY: Final = "Sunwise, greedy only"
ROUND_ROBIN: Final = "three windows, repaired"
TELL_S: Final = 20.0
WAYS: Final = (SUNWISE, GREEDY, *ROUND_ROBINS)


class Measured(NamedTuple):
    """One unit planned in one way."""

    unit: str
    way: str
    verdict: Verdict
    stats: Stats
    cpu_s: float
    held_h: float = 0.0
    """What its people had in other units by then, in this way of planning."""
    bounds: Bounds | None = None
    """Sunwise's own."""
    mended: Mended | None = None
    choices: Choices | None = None

    @property
    def rank(self) -> tuple[float, float, float]:
        """The smallest is the best: gaps, nights, the worst-off person's burden."""
        return self.stats.gap_h, self.stats.night_h, self.stats.worst_burden


def measure(groups: Sequence[list[Problem]], *, thorough: bool) -> list[Measured]:
    """Every unit in every way, the problems of a group one after the other.

    `thorough` with fronts and re-plans, which take several times as long.
    """
    workers = min(os.cpu_count() or 1, len(groups))
    largest_first = sorted(groups, key=len, reverse=True)
    measured = partial(measure_group, thorough=thorough)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(_told(pool.map(measured, largest_first), sum(map(len, groups))))


def _told(found: Iterable[list[Measured]], n_units: int) -> Iterator[Measured]:
    """All of them; a line from time to time says how far it is."""
    began = told = time.monotonic()
    done = 0
    for group in found:
        yield from group
        done += sum(each.way == SUNWISE for each in group)
        if time.monotonic() - told >= TELL_S:
            told = time.monotonic()
            print(f"  {done} of {n_units} units in {(told - began) / 60:.1f} min", flush=True)


def measure_group(group: list[Problem], *, thorough: bool) -> list[Measured]:
    """Units that share people: each way keeps what it has given them before."""
    rivals = [
        _measured(way, *turn)
        for way, rival in ROUND_ROBINS.items()
        for turn in _in_turn(group, rival)
    ]
    robins = {each.unit: each.stats for each in rivals if each.way == ROUND_ROBIN}
    return [*_sunwise(group, robins if thorough else {}), *rivals]


def _sunwise(group: list[Problem], robins: Mapping[str, Stats]) -> Iterator[Measured]:
    """The plan, and greedy at the same place in the same turn; more where a rival is given."""
    plans: list[Plan] = []

    def planned(problem: Problem) -> Rota:
        plans.append(plan(problem))
        return plans[-1].rota

    for problem, rota, cpu_s in _in_turn(group, planned):
        own = plans[-1]
        found = _measured(SUNWISE, problem, rota, cpu_s)._replace(bounds=own.bounds)
        if problem.unit in robins:
            found = found._replace(
                mended=mended(problem, rota), choices=choices(problem, own, robins[problem.unit])
            )
        yield found
        began = time.process_time()
        at_once = greedy(problem, own.pattern)
        yield _measured(GREEDY, problem, at_once, time.process_time() - began)


def _in_turn(
    group: list[Problem], way: Callable[[Problem], Rota]
) -> Iterator[tuple[Problem, Rota, float]]:
    """Each problem with what its people hold by then, its rota, and the CPU seconds it took."""
    held: dict[str, tuple[Duty, ...]] = defaultdict(tuple)
    for bare in group:
        people = tuple(
            msgspec.structs.replace(person, held=person.held + held[person.id])
            for person in bare.people
        )
        problem = msgspec.structs.replace(bare, people=people)
        began = time.process_time()
        rota = way(problem)
        yield problem, rota, time.process_time() - began
        for shift in rota.shifts:
            held[shift.person] += (Duty(shift.start_ns, shift.end_ns),)


def _measured(way: str, problem: Problem, rota: Rota, cpu_s: float) -> Measured:
    held_ns = sum(end_ns - start_ns for each in problem.people for start_ns, end_ns in each.held)
    verdict, figures = judge(problem, rota), stats(problem, rota)
    return Measured(problem.unit, way, verdict, figures, cpu_s, held_h=held_ns / NS_PER_HOUR)
