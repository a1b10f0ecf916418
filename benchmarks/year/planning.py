"""The rotas of the whole time, window after window, as the rota service would plan them.

Each window is planned with the duties and the burden of those before it. Units that share people are
planned one after the other, others beside each other. A rota is kept under `build/`, by a digest of its
problem and of the code that made it, so that what was planned once is read the next time.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from importlib import metadata, resources
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.year.company import Setting, directory, groups_of
from sunwise.people.rota.core.planning import Effort, plan
from sunwise.people.rota.core.problem import Problem, Rota
from sunwise.people.rota.core.round_robins import three_windows
from sunwise.people.rota.core.stats import burdens
from sunwise.people.rota.kept import Unit
from sunwise.people.rota.turns import Turn, turns_of
from sunwise.people.rota.units import Ground, Span, problem_of

EFFORT: Final = Effort(nights=0.3, fairness=0.2, patterns=1, weaving=0.2, gaps=0.2)
"""About half a CPU second for the solver, beside one or two for ranking the patterns, in each unit and window."""
SUNWISE: Final = "Sunwise"
ROBIN: Final = "three windows, repaired"
Turns = dict[str, dict[int, tuple[Turn, ...]]]
"""By unit and start of the window."""
_KEPT: Final = Path(__file__).resolve().parents[2] / "build" / "year"
_CODE: Final = (
    "any_hours", "bounds", "burden", "costs", "cover", "greedy", "law", "law_rows", "model",
    "cp_sat", "patterns", "planning", "problem", "ranking", "roles", "round_robins", "stats", "weaving",
)  # fmt: skip
_WAYS: Final[dict[str, Callable[[Problem], Rota]]] = {
    SUNWISE: lambda problem: plan(problem, effort=EFFORT).rota,
    ROBIN: three_windows,
}
_encode: Final = msgspec.msgpack.Encoder(order="deterministic").encode
_decode: Final = msgspec.msgpack.Decoder(Rota).decode


def planned(setting: Setting, way: str = SUNWISE) -> Turns:
    """The turns of every unit in every window. Cost: about 2 CPU s a unit and window, once."""
    groups = groups_of(directory(setting))
    work = partial(_group, setting, way)
    found: Turns = {}
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for turns in pool.map(work, groups):
            found |= turns
    return found


def unit_problem(unit: Unit, ground: Ground, window: tuple[int, int]) -> Problem:
    """The unit's problem in a window, which may be cut short."""
    start_ns, days = window
    return msgspec.structs.replace(problem_of(unit, ground, Span(window_ns=start_ns)), days=days)


def _group(setting: Setting, way: str, units: list[Unit]) -> Turns:
    """All windows of these units."""
    snapshot = directory(setting)
    held: dict[str, tuple[tuple[str, int, Turn], ...]] = defaultdict(tuple)
    carried: dict[str, float] = defaultdict(float)
    found: Turns = defaultdict(dict)
    for window in setting.windows():
        borne: dict[str, float] = defaultdict(float)
        points = {person: round(value) for person, value in carried.items()}
        for unit in units:
            ground = Ground(snapshot=snapshot, turns=held, carried=points)
            problem = unit_problem(unit, ground, window)
            rota = _rota(problem, way)
            turns = found[unit.id][window[0]] = turns_of(rota)
            for turn in turns:
                if turn.person is not None:
                    held[turn.person] += ((unit.id, window[0], turn),)
            for person, value in burdens(problem, rota).items():
                borne[person] += value - points.get(person, 0)
        for person, value in borne.items():
            carried[person] += value
    return dict(found)


def _rota(problem: Problem, way: str) -> Rota:
    digest = hashlib.sha256(_encode([problem, way, EFFORT, _code()])).hexdigest()
    path = _KEPT / digest[:2] / f"{digest[2:34]}.msgpack"
    if path.exists():
        return _decode(path.read_bytes())
    rota = _WAYS[way](problem)
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(f".{os.getpid()}")
    whole.write_bytes(_encode(rota))
    whole.replace(path)
    return rota


@lru_cache(maxsize=1)
def _code() -> str:
    """What stands for the code that plans."""
    return _digest(_sources()) + metadata.version("ortools")


def _sources() -> Iterator[bytes]:
    folder = resources.files("sunwise.people.rota.core")
    for name in _CODE:
        yield folder.joinpath(f"{name}.py").read_bytes()


def _digest(parts: Iterable[bytes]) -> str:
    content = hashlib.sha256()
    for part in parts:
        content.update(part)
    return content.hexdigest()
