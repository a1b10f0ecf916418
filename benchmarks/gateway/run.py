"""Durable orders a second and their latency, beside the peer's own gateway: `make bench-gateway`.

Every order counted was answered 200 after its event was on disk. Latency is the
client's: closed loop from sending, open loop from the time the order was due.
Server, load and (in its turn) the peer share the same cores in the same run, so
ratios say more than times.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.gateway import ceiling, exchange, load, peer, websocket_load
from benchmarks.gateway.load import Outcome
from benchmarks.gateway.orders import Stock, peer_requests, rest_requests, websocket_messages
from benchmarks.gateway.processes import cpu_seconds
from benchmarks.peer_packages import PeerMissing
from benchmarks.report import Figure, publish

_METHOD: Final = """
Limit orders, a tenth crossing, signed (HMAC) and funded here, neither at the peer; one symbol.
Closed loop: that many requests in flight. Poisson: arrivals at a fixed rate, latency from the due
time. Every counted order was answered 200 after its event was synced. CPU is the kernel's account
of each process over the run, and until the read models have applied everything. Load generator and
servers share the machine's cores; requests are made and signed before a cell. The ceiling is
benchmarks/gateway/ceiling.py: the same requests to a hand-written protocol that stores nothing,
once as fast as it can and once at the rate that our gateway had with 64 in flight (a server that is
never idle wakes nobody, and a system call that wakes nobody is cheaper). The gateway has a process
of its own, as in production; `sunwise up` shares it with the read models.
"""
_WARM_UP_S: Final = 2.0
_IN_FLIGHT: Final = (1, 16, 64, 1_000)
_RATES: Final = (0.25, 0.5, 0.75)
_STOCK_PER_S: Final = 25_000  # requests made before a cell, for each second of it
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


Cell = Callable[[], Awaitable[Outcome]]


async def measure(measured: Measured, name: str, pids: dict[str, int], cell: Cell) -> None:
    """Run one cell, note its outcome and the CPU that each process used for an order."""
    before = {who: cpu_seconds(pid) for who, pid in pids.items()}
    outcome = await cell()
    if "models" in pids:
        measured.lag_s[name] = await _until_idle(pids["models"])
    done = max(1, len(outcome.latencies_ns))
    measured.outcomes[name] = outcome
    measured.cpu_us[name] = {
        who: (cpu_seconds(pid) - before[who]) / done * 1e6 for who, pid in pids.items()
    }
    _say(name, outcome, measured.cpu_us[name])


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
        rest = Stock(rest_requests("127.0.0.1", under_test.credentials, seed=1))
        messages = Stock(websocket_messages(under_test.credentials, seed=3))
        await load.closed_loop(under_test.rest, rest.__next__, in_flight=64, seconds=_WARM_UP_S)
        for n in _IN_FLIGHT:
            cell = _closed(under_test.rest, rest, n, seconds)
            await measure(measured, f"REST closed {n}", under_test.pids, cell)
        for n in _IN_FLIGHT:
            cell = _ws_closed(under_test.ws_api_url, messages, n, seconds)
            await measure(measured, f"WS closed {n}", under_test.pids, cell)
        for share in _RATES:
            rate = share * measured.capacity("REST")
            cell = _open(under_test.rest, rest, rate, seconds)
            await measure(measured, f"REST Poisson {share:.0%}", under_test.pids, cell)
            rate = share * measured.capacity("WS")
            cell = _ws_open(under_test.ws_api_url, messages, rate, seconds)
            await measure(measured, f"WS Poisson {share:.0%}", under_test.pids, cell)
        with ceiling.running(under_test.credentials) as (address, pid):
            cell = _closed(address, rest, 64, seconds)
            await measure(measured, "ceiling closed 64", {"ceiling": pid}, cell)
            rate = measured.outcomes["REST closed 64"].per_second
            cell = _open(address, rest, rate, seconds)
            await measure(measured, "ceiling at the rate of REST closed 64", {"ceiling": pid}, cell)
    return measured


async def measure_worst_case(folder: Path, seconds: float, measured: Measured) -> None:
    """The same with one command a message: no group commit at all."""
    async with exchange.running(folder, max_batch_commands=1) as under_test:
        rest = Stock(rest_requests("127.0.0.1", under_test.credentials, seed=2))
        await load.closed_loop(under_test.rest, rest.__next__, in_flight=64, seconds=_WARM_UP_S)
        for n in (1, 64):
            cell = _closed(under_test.rest, rest, n, seconds)
            name = f"REST one command a message {n}"
            await measure(measured, name, under_test.pids, cell)


async def measure_peer(folder: Path, seconds: float) -> Measured:
    """The peer's gateway under the same flow."""
    measured = Measured()
    with peer.running(folder) as (address, pid):
        requests = Stock(peer_requests("127.0.0.1", seed=1))
        await load.closed_loop(address, requests.__next__, in_flight=64, seconds=_WARM_UP_S)
        for n in (1, 16, 64):
            cell = _closed(address, requests, n, seconds)
            await measure(measured, f"peer closed {n}", {"peer": pid}, cell)
    return measured


def _closed(address: tuple[str, int], requests: Stock[bytes], n: int, seconds: float) -> Cell:
    def cell() -> Awaitable[Outcome]:
        requests.fill(int(_STOCK_PER_S * seconds))
        return load.closed_loop(address, requests.__next__, in_flight=n, seconds=seconds)

    return cell


def _open(address: tuple[str, int], requests: Stock[bytes], rate: float, seconds: float) -> Cell:
    def cell() -> Awaitable[Outcome]:
        requests.fill(int(1.1 * rate * seconds))
        return load.open_loop(address, requests.__next__, per_second=rate, seconds=seconds)

    return cell


def _ws_closed(url: str, messages: Stock[tuple[int, bytes]], n: int, seconds: float) -> Cell:
    def cell() -> Awaitable[Outcome]:
        messages.fill(int(_STOCK_PER_S * seconds))
        return websocket_load.closed_loop(url, messages.__next__, in_flight=n, seconds=seconds)

    return cell


def _ws_open(url: str, messages: Stock[tuple[int, bytes]], rate: float, seconds: float) -> Cell:
    def cell() -> Awaitable[Outcome]:
        messages.fill(int(1.1 * rate * seconds))
        return websocket_load.open_loop(url, messages.__next__, per_second=rate, seconds=seconds)

    return cell


def _say(name: str, outcome: Outcome, cpu_us: dict[str, float]) -> None:
    times = " ".join(f"{outcome.percentile_ms(p):8.2f}" for p in (0.5, 0.99, 0.999))
    cpu = " ".join(f"{who} {us:.0f}" for who, us in cpu_us.items())
    print(f"{name:32} {outcome.per_second:8.0f}/s  p50 p99 p99.9 ms {times}  us CPU: {cpu}")
    if outcome.refused:
        print(f"  refused {outcome.refused}: {outcome.first_refusal!r}")


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
            if name in measured.lag_s:
                lag_s = measured.lag_s[name]
                rows.append(Figure(f"{name}: read models caught up after", lag_s, "s"))
    return rows + _targets(ours, other)


def _targets(ours: Measured, other: Measured | None) -> list[Figure]:
    half = ours.outcomes["REST Poisson 50%"].percentile_ms(0.99)
    half_ws = ours.outcomes["WS Poisson 50%"].percentile_ms(0.99)
    gateway_us = ours.cpu_us["REST closed 64"]["gateway"]
    paced_us = ours.cpu_us["ceiling at the rate of REST closed 64"]["ceiling"]
    busy_us = ours.cpu_us["ceiling closed 64"]["ceiling"]
    rows = [
        Figure("p99 at half of capacity, REST", half, "ms", "< 10"),
        Figure("p99 at half of capacity, WS", half_ws, "ms", "< 10"),
        Figure("CPU of the gateway, to the notes' ceiling", gateway_us / _NOTED_US, "x", "<= 2"),
        Figure(
            "CPU of the gateway, to the ceiling at its rate", gateway_us / paced_us, "x", "<= 2"
        ),
        Figure("CPU of the gateway, to the ceiling when busy", gateway_us / busy_us, "x"),
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
    publish("gateway", _METHOD, uvloop.run(run(arguments.seconds)))


if __name__ == "__main__":
    main()
