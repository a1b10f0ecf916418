"""Durable orders a second and their latency, beside the peer's own gateway: `make bench-gateway`.

Every order counted was answered 200 after its event was on disk. Latency is the
client's: closed loop from sending, open loop from the time the order was due.
Server, load and (in its turn) the peer share the same cores in the same run, so
ratios say more than times.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.compiler import CompilerMissing
from benchmarks.gateway import ceiling, exchange, load, peer
from benchmarks.gateway.load import Closed, Door, Outcome, Pace, Poisson, percentile_ms
from benchmarks.gateway.orders import peer_requests
from benchmarks.gateway.processes import cpu_seconds
from benchmarks.peer_packages import PeerMissing
from benchmarks.report import Figure, publish

_METHOD: Final = """
Limit orders, a tenth crossing, signed (HMAC) and funded here, neither at the peer; one symbol.
Closed loop: that many requests in flight. Poisson: arrivals at a fixed rate. Latency counts from
the time a request was due, waiting for a free connection included (at most 256 over HTTP, 16
WebSockets). Every counted order was answered 200 after its event was synced. CPU is the kernel's
account of each process over the run, and until the read models have applied everything. The load
generator (benchmarks/gateway/load.cpp, one thread, the same for every server; requests are made
and signed before a cell) shares the machine's cores with the servers; "noticed late" is how long
after its time it first saw that a request was due, and is part of the latencies. The ceiling is
benchmarks/gateway/ceiling.py: the same requests to a hand-written protocol that stores nothing,
once as fast as it can and once at the rate that our gateway had with 64 in flight (a server that is
never idle wakes nobody, and a system call that wakes nobody is cheaper). The gateway has a process
of its own, as in production; `sunwise up` shares it with the read models.
"""
_WARM_UP_S: Final = 2.0
_IN_FLIGHT: Final = (1, 16, 64, 1_000)
_RATES: Final = (0.25, 0.5, 0.75)
_CEILING_PER_S: Final = 100_000  # requests prepared for each second of the ceiling
_PACED_CEILING: Final = "ceiling at the rate of REST closed 64"
_NOTED_US: Final = 25.2  # CPU of one order in the hand-written gateway, on the machine of the notes
_IDLE: Final = 0.05  # of a core: what read models use when there is nothing to apply


@dataclass
class Measured:
    """What was seen of one server, by the name of the cell."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    cpu_us: dict[str, dict[str, float]] = field(default_factory=dict)  # an order, by process
    lag_s: dict[str, float] = field(default_factory=dict)  # until read models had caught up

    def capacity(self, door: str) -> float:
        """The most orders a second that this door took in any closed loop."""
        names = [name for name in self.outcomes if name.startswith(f"{door} closed")]
        return max(self.outcomes[name].per_second for name in names)


async def measure(
    measured: Measured, name: str, pids: dict[str, int], *, door: Door, pace: Pace
) -> None:
    """Run one cell, note its outcome and the CPU that each process used for an order."""
    prepared = await load.prepare(door, pace, seed=len(measured.outcomes) + 1)
    before = {who: cpu_seconds(pid) for who, pid in pids.items()}
    outcome = await prepared.run()
    if "models" in pids:
        measured.lag_s[name] = await _until_idle(pids["models"])
    used_s = {who: cpu_seconds(pid) - before[who] for who, pid in pids.items()}
    used_s["load"] = outcome.cpu_s
    done = max(1, len(outcome.latencies_ns))
    measured.outcomes[name] = outcome
    measured.cpu_us[name] = {who: cpu_s / done * 1e6 for who, cpu_s in used_s.items()}
    _say(name, outcome, measured.cpu_us[name])


async def _warm_up(door: Door) -> None:
    await (await load.prepare(door, Closed(64, _WARM_UP_S), seed=0)).run()


async def _until_idle(pid: int, *, step_s: float = 0.2) -> float:
    """How long the process went on working, s."""
    began_s = time.monotonic()
    while True:
        before_s = cpu_seconds(pid)
        await asyncio.sleep(step_s)
        if cpu_seconds(pid) - before_s <= max(_IDLE * step_s, 0.01):
            return time.monotonic() - began_s - step_s


async def measure_ours(folder: Path, seconds: float) -> Measured:
    """REST and the WebSocket API of this exchange, closed and open loop."""
    measured = Measured()
    async with exchange.running(folder) as under_test:
        doors = {"REST": under_test.rest, "WS": under_test.websocket_api}
        await _warm_up(under_test.rest)
        for kind, door in doors.items():
            for n in _IN_FLIGHT:
                name = f"{kind} closed {n}"
                pace = Closed(n, seconds)
                await measure(measured, name, under_test.pids, door=door, pace=pace)
        for share in _RATES:
            for kind, door in doors.items():
                name = f"{kind} Poisson {share:.0%}"
                arrivals = Poisson(share * measured.capacity(kind), seconds)
                await measure(measured, name, under_test.pids, door=door, pace=arrivals)
        await _measure_ceiling(under_test, seconds, measured)
    return measured


async def _measure_ceiling(
    under_test: exchange.UnderTest, seconds: float, measured: Measured
) -> None:
    with ceiling.running(under_test.credentials) as (address, pid):
        door = replace(under_test.rest, address=address)
        paces: dict[str, Pace] = {
            "ceiling closed 64": Closed(64, seconds, most_per_s=_CEILING_PER_S),
            _PACED_CEILING: Poisson(measured.outcomes["REST closed 64"].per_second, seconds),
        }
        for name, pace in paces.items():
            await measure(measured, name, {"ceiling": pid}, door=door, pace=pace)


async def measure_worst_case(folder: Path, seconds: float, measured: Measured) -> None:
    """The same with one command a message: no group commit at all."""
    async with exchange.running(folder, max_batch_commands=1) as under_test:
        await _warm_up(under_test.rest)
        for n in (1, 64):
            name = f"REST one command a message {n}"
            pace = Closed(n, seconds)
            await measure(measured, name, under_test.pids, door=under_test.rest, pace=pace)


async def measure_peer(folder: Path, seconds: float) -> Measured:
    """The peer's gateway under the same flow."""
    measured = Measured()
    with peer.running(folder) as (address, pid):
        door = Door(address, peer_requests)
        await _warm_up(door)
        for n in (1, 16, 64):
            pace = Closed(n, seconds)
            await measure(measured, f"peer closed {n}", {"peer": pid}, door=door, pace=pace)
    return measured


def _say(name: str, outcome: Outcome, cpu_us: dict[str, float]) -> None:
    times = " ".join(f"{outcome.percentile_ms(p):8.2f}" for p in (0.5, 0.99, 0.999))
    cpu = " ".join(f"{who} {us:.0f}" for who, us in cpu_us.items())
    print(f"{name:32} {outcome.per_second:8.0f}/s  p50 p99 p99.9 ms {times}  us CPU: {cpu}")
    if outcome.refused:
        print(f"  refused {outcome.refused}: {outcome.refusal!r}")
    if outcome.ran_out:
        print(f"  ended after {outcome.wall_s:.1f} s: all prepared requests were sent")


def figures(ours: Measured, other: Measured | None) -> list[Figure]:
    """Every cell as figures, then the targets."""
    rows = []
    for measured in filter(None, (ours, other)):
        for name, outcome in measured.outcomes.items():
            rows.append(Figure(f"{name}: accepted", outcome.per_second, "orders/s"))
            rows.extend(
                Figure(f"{name}: p{share * 100:g}", outcome.percentile_ms(share), "ms")
                for share in (0.5, 0.99, 0.999)
            )
            rows.append(Figure(f"{name}: refused", outcome.refused, "orders", "== 0"))
            rows.extend(
                Figure(f"{name}: CPU of {who}", us, "us an order")
                for who, us in measured.cpu_us[name].items()
            )
            if outcome.noticed_ns:
                noticed_ms = percentile_ms(outcome.noticed_ns, 0.99)
                rows.append(Figure(f"{name}: noticed late by the load, p99", noticed_ms, "ms"))
            if name in measured.lag_s:
                lag_s = measured.lag_s[name]
                rows.append(Figure(f"{name}: read models caught up after", lag_s, "s"))
    return rows + _targets(ours, other)


def _targets(ours: Measured, other: Measured | None) -> list[Figure]:
    half = ours.outcomes["REST Poisson 50%"].percentile_ms(0.99)
    half_ws = ours.outcomes["WS Poisson 50%"].percentile_ms(0.99)
    gateway_us = ours.cpu_us["REST closed 64"]["gateway"]
    paced_us = ours.cpu_us[_PACED_CEILING]["ceiling"]
    busy_us = ours.cpu_us["ceiling closed 64"]["ceiling"]
    busiest = ours.outcomes["REST closed 64"]
    load_share = busiest.cpu_s / busiest.wall_s / (os.cpu_count() or 1)
    rows = [
        Figure("p99 at half of capacity, REST", half, "ms", "< 10"),
        Figure("p99 at half of capacity, WS", half_ws, "ms", "< 10"),
        Figure("CPU of the gateway, to the notes' ceiling", gateway_us / _NOTED_US, "x", "<= 2"),
        Figure(
            "CPU of the gateway, to the ceiling at its rate", gateway_us / paced_us, "x", "<= 2"
        ),
        Figure("CPU of the gateway, to the ceiling when busy", gateway_us / busy_us, "x"),
        Figure("CPU of the load, of all cores, REST closed 64", 100 * load_share, "%"),
    ]
    if other is None:
        return rows
    orders = _ratio(ours, other, "closed 64", lambda outcome: outcome.per_second)
    p50 = _ratio(ours, other, "closed 1", lambda outcome: outcome.percentile_ms(0.5))
    return [
        *rows,
        Figure("orders/s at 64 clients beside the peer", orders, "x", ">= 5"),
        Figure("p50 with one in flight beside the peer", p50, "x", "<= 1.5"),
    ]


def _ratio(ours: Measured, other: Measured, cell: str, of: Callable[[Outcome], float]) -> float:
    return of(ours.outcomes[f"REST {cell}"]) / of(other.outcomes[f"peer {cell}"])


async def run(seconds: float) -> list[Figure]:
    """Peer, ours, worst case, one after the other on the same machine."""
    folder = Path(tempfile.mkdtemp(prefix="bench-gateway-"))
    try:
        other = await _peer_or_reason(folder / "peer", seconds)
        ours = await measure_ours(folder / "ours", seconds)
        await measure_worst_case(folder / "worst", seconds, ours)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return figures(ours, other)


async def _peer_or_reason(folder: Path, seconds: float) -> Measured | None:
    try:
        return await measure_peer(folder, seconds)
    except PeerMissing as reason:
        print(f"Without the peer: {reason}")
        return None


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each cell")
    arguments = parser.parse_args()
    try:
        load.build()
    except CompilerMissing as missing:
        sys.exit(str(missing))
    publish("gateway", _METHOD, uvloop.run(run(arguments.seconds)))


if __name__ == "__main__":
    main()
