"""`python -m benchmarks.people.duty`: what an answer to "who is on duty?" costs, and a restart.

600 services with two roles and 28 days in blocks of 8 hours: 100,800 slots. Questions are asked of
services, roles and times at random, while changes come in at 50 a second.
"""

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path

from benchmarks.report import Figure, publish
from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.duty import DutyBoard, DutyFile
from sunwise.contracts.people.directory import Role
from tests.support.toy_rota import HOUR, ToyRota, company

_SERVICES, _DAYS = 600, 28
_ROLES = list(Role)


async def measure(folder: Path, *, questions: int, seed: int) -> list[Figure]:
    clock, rng = SystemClock(), random.Random(seed)
    from_ns = clock.now_ns() - 24 * HOUR
    rota = ToyRota(clock, company(services=_SERVICES, days=_DAYS, from_ns=from_ns))
    n_slots = len(rota.slots)
    server = SimulatedServer(seed=seed)
    await rota.serve(SimulatedBus(server, user="rota"))
    reader = SimulatedBus(server, user="reader")
    started_s = time.perf_counter()
    board = await DutyBoard.open(reader, clock=clock, file=DutyFile(folder))
    while board.is_stale:  # noqa: ASYNC110 - what is watched sets no event
        await asyncio.sleep(0.001)
    read_s = time.perf_counter() - started_s
    spans_ns = await _ask(board, rota, questions=questions, rng=rng)
    await board.close()
    started_s = time.perf_counter()
    again = await DutyBoard.open(reader, clock=clock, file=DutyFile(folder))
    restart_s = time.perf_counter() - started_s
    await again.close()
    return [
        Figure("slots", n_slots, "slots"),
        *_quantiles(spans_ns),
        Figure("whole table read over the bus in memory", read_s * 1e3, "ms"),
        Figure("restart: first answer from the file", restart_s * 1e3, "ms"),
        Figure("file", _bytes_in(folder) / 1e6, "MB"),
    ]


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


async def _ask(board: DutyBoard, rota: ToyRota, *, questions: int, rng: random.Random) -> list[int]:
    """How long each question took, ns; a change comes in after every hundred or so."""
    spans: list[int] = []
    span_ns = _DAYS * 24 * HOUR
    for number in range(questions):
        service, role = f"s{rng.randrange(_SERVICES)}", rng.choice(_ROLES)
        t_ns = rota.from_ns + rng.randrange(span_ns)
        started_ns = time.perf_counter_ns()
        answer = board.duty(service, role, t_ns)
        spans.append(time.perf_counter_ns() - started_ns)
        assert answer.person is not None
        if number % 100 == 0:
            rota.version += 1
            rota.tell(_taken_over(rota, rng))
            await asyncio.sleep(0)
    return sorted(spans)


def _taken_over(rota: ToyRota, rng: random.Random):  # noqa: ANN202 - a slot of the rota
    old = rng.choice(rota.slots)
    return type(old)(
        service=old.service,
        role=old.role,
        person="zoe",
        since_ns=old.since_ns,
        until_ns=old.until_ns,
        actual=True,
    )


def _quantiles(spans_ns: list[int]) -> list[Figure]:
    last = len(spans_ns) - 1
    rows = [("p50", 0.5, ""), ("p99", 0.99, "<= 1000"), ("p99.99", 0.9999, ""), ("longest", 1, "")]
    return [
        Figure(f"answer {name}", spans_ns[int(q * last)] / 1e3, "us", target)
        for name, q, target in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = measure(Path(folder), questions=arguments.questions, seed=arguments.seed)
        publish("duty", __doc__ or "", asyncio.run(work))


if __name__ == "__main__":
    main()
