"""`make bench-engine`: the core beside the same algorithm in C++ and beside PyPI's engines.

`python -m benchmarks.engine.run [--quick]`
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.compiler import CompilerMissing
from benchmarks.engine import flow as flows
from benchmarks.engine import peers
from benchmarks.engine.build import Baseline, build
from benchmarks.engine.flow import Flow
from benchmarks.engine.numba_core import NumbaCore
from benchmarks.engine.race import Lap, Makers, event_digest, race, trades_so_far
from benchmarks.engine.shape import Shape
from benchmarks.peer_packages import PeerMissing
from benchmarks.report import Figure, publish
from sunwise.contracts.exchange.log import MAX_BATCH_COMMANDS
from sunwise.contracts.exchange.records import CommandKind
from sunwise.exchange.engine.core import event_buffer, warm_up

CORE: Final = "core"
CPP: Final = "C++"
LARGEST: Final = 4096  # commands in a batch; the log's own largest is 256
ROUNDS: Final = 3
METHOD: Final = """
CPU time of the thread, best of 3 rounds, the engines in turns on the same commands in the same run,
each from a fresh state; setup (listing, funding, filling the books) is not timed. The machine is
shared and noisy: single numbers vary by 40 % and more, so read ratios side by side. `core` is the
Numba engine through its public door, Python's part of each batch included; `C++` is
baseline.cpp, g++ -O3 -march=native, looping over the batches natively. Both write the same 256-byte
events, byte for byte, which is checked first over the whole flow. Realistic: 4 symbols, 1,000
accounts, 40,000 resting orders, 60 % orders of every type and 40 % cancels, half of them by client
order id, with ids remembered for 24 h; prices off the touch by a power law. Sparse: 100,000 resting
orders, each on a level of its own, orders and cancels at random, no trades. Growth: the realistic
flow over 1,000 and 1,000,000 resting orders (100,000 with --quick), each engine by its own cost.
Memory: resident set of a fresh process that holds it all. Peers: a plain flow (limit, IOC, market,
cancel) from its first order on, one call of the peer per command, its commands prepared and its
answers counted outside of the clock; a slow peer is stopped after its seconds and compared as far as
it came. No peer knows balances, fees, filters or client order ids: each does less than the core.
"""


class Scale(NamedTuple):
    """How much is measured."""

    n_commands: int
    n_sparse: int
    n_plain: int
    large_book: int
    held: int  # open orders and accounts in the memory test
    peer_seconds: float


FULL: Final = Scale(1_000_000, 250_000, 200_000, 1_000_000, 1_000_000, 5.0)
QUICK: Final = Scale(100_000, 50_000, 20_000, 100_000, 1_000_000, 1.0)


def main() -> None:
    """Measures, prints the table and writes results/engine.json."""
    parser = argparse.ArgumentParser(description="The engine beside C++ and PyPI's engines.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the commands")
    scale = QUICK if parser.parse_args().quick else FULL
    warm_up(lambda name, *_: print(f"loading {name} ...", flush=True))
    not_measured: set[str] = set()
    makers = _makers(not_measured)
    figures = [
        *_batch_figures(makers, scale),
        *_sparse_figures(makers, scale),
        *_growth_figures(makers, scale),
        *_memory_figures(scale),
        *_peer_figures(makers, scale, not_measured),
    ]
    reasons = [f"Not measured: {reason}." for reason in sorted(not_measured)]
    print(*reasons, sep="\n")
    print(publish("engine", " ".join([METHOD, *reasons]), figures))


def _makers(not_measured: set[str]) -> Makers:
    makers: Makers = {CORE: NumbaCore}
    try:
        build()
    except CompilerMissing as missing:
        not_measured.add(str(missing))
    else:
        makers[CPP] = Baseline
    return makers


def _lap(made: tuple[Flow, Shape], batch_size: int, n_commands: int | None = None) -> Lap:
    flow, shape = made
    wanted = shape.n_commands if n_commands is None else n_commands
    return Lap(flow, shape.capacities(), batch_size, wanted, event_buffer(32 * LARGEST))


def _make(kind: str, shape: Shape) -> tuple[Flow, Shape]:
    print(f"making a {kind} flow of {shape.n_commands:,} commands ...", flush=True)
    out = event_buffer(32 * LARGEST)
    shape = shape._replace(is_sparse=kind == "sparse", is_plain=kind == "plain")
    engine = NumbaCore(shape.capacities())
    return getattr(flows, kind)(shape, engine, out), shape


def _batch_figures(makers: Makers, scale: Scale) -> Iterator[Figure]:
    made = _make("realistic", Shape(scale.n_commands))
    yield from _digest_figures("realistic", makers, _lap(made, LARGEST))
    limits = {1: scale.n_commands // 20, 16: scale.n_commands // 5}
    for size in (1, 16, MAX_BATCH_COMMANDS, LARGEST):
        lap = _lap(made, size, limits.get(size))
        ns = race(makers, lap, ROUNDS)
        yield Figure(f"batches of {size:,}: core", 1e9 / ns[CORE], "commands/s")
        if CPP in ns:
            yield Figure(f"batches of {size:,}: C++", 1e9 / ns[CPP], "commands/s")
        if size == LARGEST:
            yield from _cost_figures("realistic", ns)
        elif CPP in ns:
            yield Figure(f"batches of {size:,}: core / C++ CPU", ns[CORE] / ns[CPP], "x")


def _sparse_figures(makers: Makers, scale: Scale) -> Iterator[Figure]:
    made = _make("sparse", Shape(scale.n_sparse, n_resting=100_000))
    lap = _lap(made, LARGEST)
    yield from _digest_figures("sparse", makers, lap)
    yield from _cost_figures("sparse", race(makers, lap, ROUNDS))


def _cost_figures(name: str, ns: dict[str, float]) -> Iterator[Figure]:
    for engine, value in ns.items():
        yield Figure(f"{name} flow: {engine}", value, "CPU ns/command")
    if CPP in ns:
        ratio = ns[CORE] / ns[CPP]
        yield Figure(f"{name} flow: core / C++", ratio, "x", "<= 2.5")
        yield Figure(f"{name} flow: core / C++, stretch", ratio, "x", "<= 1.5")


def _digest_figures(name: str, makers: Makers, lap: Lap) -> Iterator[Figure]:
    digests = {engine: event_digest(make(lap.capacities), lap) for engine, make in makers.items()}
    print(f"event digest, {name} flow: {digests}", flush=True)
    if CPP in digests:
        differs = int(digests[CPP] != digests[CORE])
        yield Figure(f"{name} flow: event digests that differ from C++", differs, "digests", "== 0")


def _growth_figures(makers: Makers, scale: Scale) -> Iterator[Figure]:
    grown: dict[str, list[float]] = {name: [] for name in makers}
    for n_resting in (1_000, scale.large_book):
        made = _make("realistic", Shape(scale.n_sparse, n_resting=n_resting))
        ns = race(makers, _lap(made, LARGEST), ROUNDS)
        for name, value in ns.items():
            grown[name].append(value)
            yield Figure(f"{n_resting:,} resting: {name}", value, "CPU ns/command")
    growth = {name: large / small for name, (small, large) in grown.items()}
    for name, value in growth.items():
        yield Figure(f"growth from 1,000 to {scale.large_book:,} resting: {name}", value, "x")
    if CPP in growth:
        yield Figure("growth: core / C++", growth[CORE] / growth[CPP], "x", "<= 1.2")


def _memory_figures(scale: Scale) -> Iterator[Figure]:
    print("filling a process with accounts and orders ...", flush=True)
    counts = [str(scale.held), str(scale.held), "3"]
    command = [sys.executable, "-m", "benchmarks.engine.memory", *counts]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    seen = json.loads(ran.stdout)
    held = f"{scale.held:,} open orders, as many accounts with 3 assets"
    yield Figure("memory of an empty engine's process", seen["before_bytes"] / 1e9, "GB")
    yield Figure(f"memory with {held}", seen["after_bytes"] / 1e9, "GB", "<= 1")


def _peer_figures(makers: Makers, scale: Scale, not_measured: set[str]) -> Iterator[Figure]:
    flow, shape = _make("plain", Shape(scale.n_plain))
    lap = _lap((flow, shape), MAX_BATCH_COMMANDS)
    trades = _trades_by_order(lap)
    whole = lap._replace(flow=_orders_measured(flow), n_commands=len(flow.commands))
    best: dict[str, float] = {}
    reached: dict[str, peers.PeerRun] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flow"
        peers.write_flow(flow, path)
        for _ in range(ROUNDS):
            for name, ns in _our_turns(makers, whole).items():
                best[name] = min(best.get(name, ns), ns)
            for name in peers.names():
                try:
                    run = peers.run(name, path, scale.peer_seconds)
                except PeerMissing as missing:
                    not_measured.add(str(missing))
                    continue
                if run.cpu_us * 1000 < best.get(name, float("inf")):
                    best[name], reached[name] = run.cpu_us * 1000, run
    for name, ns in best.items():
        yield Figure(f"plain flow: {name}", ns / 1000, "CPU us/command")
    for name, run in reached.items():
        yield Figure(f"{name}: commands reached", run.commands, "commands")
        n_trades, lots = (int(column[run.commands - 1]) for column in trades)
        differs = abs(run.trades - n_trades) + abs(run.lots - lots)
        yield Figure(f"{name}: trades and lots off the core's", differs, "trades + lots")
    ours = best[_OURS_BY_256]
    pure = [best[name] for name in peers.PURE_PYTHON if name in best]
    if pure:
        yield Figure("fastest pure-Python peer / core", min(pure) / ours, "x", ">= 5")


_OURS_BY_256: Final = f"{CORE}, batches of {MAX_BATCH_COMMANDS}"


def _our_turns(makers: Makers, lap: Lap) -> dict[str, float]:
    ns = race(makers, lap, 1)
    alone = race({CORE: makers[CORE]}, lap._replace(batch_size=1), 1)
    named = {f"{name}, batches of {MAX_BATCH_COMMANDS}": value for name, value in ns.items()}
    return {**named, f"{CORE}, one command a batch": alone[CORE]}


def _orders_measured(flow: Flow) -> Flow:
    """The same flow, measured from its first order on, as the peers are."""
    kinds = flow.commands["kind"][flow.sections["first"]]
    first_orders = int(np.flatnonzero(kinds == CommandKind.PLACE)[0])
    return flow._replace(n_setup=first_orders)


def _trades_by_order(lap: Lap) -> tuple[np.ndarray, np.ndarray]:
    """Trades and lots of the core up to and with each order or cancel."""
    kind = lap.flow.commands["kind"]
    is_order = (kind == CommandKind.PLACE) | (kind == CommandKind.CANCEL)
    n_trades, lots = trades_so_far(NumbaCore(lap.capacities), lap)
    return n_trades[is_order], lots[is_order]


if __name__ == "__main__":
    main()
