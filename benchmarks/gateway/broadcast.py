"""Measures what a delivery of market data costs the gateway. Run: python -m benchmarks.gateway.broadcast.

Three processes: the WebSocket edge on uvloop behind a real nats-server, the readers, and the
publisher (this one). CPU is the edge's own, taken from its process; a delivery is one event that
one reader has received. Beside it stands the bare system call that no server can do without: the
same frame written to the same sockets in the same process. Latency is from the publisher's time in the event to the reader, sampled.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec
import picows
import uvloop

from benchmarks.gateway.processes import resident_bytes
from benchmarks.report import Figure, publish
from sunwise.chassis.bus import Bus
from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.log.catalog import Catalog
from sunwise.chassis.nats_server import Grant, NatsServerSettings, seed_path, start_nats_server
from sunwise.contracts.exchange.catalog import Asset, Symbol
from sunwise.contracts.exchange.market_data import DepthChanged, Feed, TradePrint, feed_subject
from sunwise.exchange.gateway.lines.frames import text_frame
from sunwise.exchange.gateway.streams.codecs import MICROSECOND_NS
from sunwise.exchange.gateway.streams.codecs import depth_update as depth_payload
from sunwise.exchange.gateway.streams.codecs import trade as trade_payload
from sunwise.exchange.gateway.streams.feeds import Feeds
from sunwise.exchange.gateway.streams.hub import StreamHub
from sunwise.exchange.gateway.streams.symbols import StreamNames
from sunwise.exchange.gateway.websocket.server import WebSocketServer, WebSocketSettings

_GRANTS: Final = (
    Grant(user="market", publish=("md.>",)),
    Grant(user="gateway", subscribe=("md.>",), publish=("query.>",)),
)
_SAMPLED: Final = 20  # readers whose latency is looked at
_LEVELS: Final = 12  # of each side in a depth update: the mean of the recorded BTCUSDT updates


@dataclass(frozen=True)
class Case:
    """Readers of one stream, and how often something is published."""

    name: str
    stream: str
    feed: str
    make: Callable[[int, int], Any]  # number and time, ns: the event
    readers: int
    per_second: int
    target: str = ""


def depth_update(number: int, time_ns: int) -> DepthChanged:
    bids = [(6_173_763 - i, (number * 7 + i) % 90_000) for i in range(_LEVELS)]
    asks = [(6_183_763 + i, (number * 5 + i) % 90_000) for i in range(_LEVELS)]
    return DepthChanged(
        symbol=0, first_update_id=10 * number, last_update_id=10 * number + 9, time_ns=time_ns,
        bids=bids, asks=asks,
    )  # fmt: skip


def trade(number: int, time_ns: int) -> TradePrint:
    return TradePrint(
        symbol=0, trade_id=number, price_ticks=6_183_763, qty_lots=2_000, quote_atoms=1,
        time_ns=time_ns, buyer_is_maker=True,
    )  # fmt: skip


CASES: Final = [
    Case("depth, 1,000 readers, 10/s", "btcusdt@depth@100ms", Feed.DEPTH, depth_update, 1_000, 10, "<= 8"),
    Case("trades, 1,000 readers, 50/s", "btcusdt@trade", Feed.TRADES, trade, 1_000, 50, "<= 8"),
    Case("trades, 100 readers, 1,000/s", "btcusdt@trade", Feed.TRADES, trade, 100, 1_000),
    Case("depth, 100 readers, 10/s", "btcusdt@depth@100ms", Feed.DEPTH, depth_update, 100, 10),
]  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """What one case showed."""

    deliveries: int
    expected: int
    cpu_s: float
    bare_us: float
    """CPU of one bare write of the same frame to the same sockets, µs."""
    resident_bytes: float
    """Memory that the edge took for each reader, before the first event."""
    latencies_ms: list[float]


@dataclass(frozen=True)
class Edge:
    """The process under test."""

    pipe: Pipe
    pid: int
    port: int


# --- the edge ---


def _edge(pipe: Pipe, folder: str, url: str) -> None:
    uvloop.run(_run_edge(pipe, Path(folder), url))


async def _run_edge(pipe: Pipe, folder: Path, url: str) -> None:
    bus = await connect_nats(url, user="gateway", seed=folder)
    clock = SystemClock()
    feeds = Feeds(bus)
    hub = StreamHub(bus, feeds, StreamNames(_catalog()), clock)
    server = WebSocketServer(WebSocketSettings(attempts=0), clock, hub, open_api=_no_api)
    await server.start()
    pipe.send(server.port)
    loop = asyncio.get_running_loop()
    while True:
        wish = await loop.run_in_executor(None, pipe.recv)
        if wish == "stop":
            break
        if wish == "cpu":
            pipe.send((time.process_time(), len(server.connections)))
        else:
            pipe.send(await _bare_writes(server, *wish))
    await server.close(notice_s=0.1)
    await hub.close()
    await feeds.close()
    await bus.close()


async def _bare_writes(server: WebSocketServer, frame: bytes, rounds: int, pause_s: float) -> float:
    """CPU seconds of writing the frame to every reader's socket by the bare system call."""
    sockets = [c.outbox.writer.get_extra_info("socket").fileno() for c in server.connections]  # type: ignore[attr-defined]
    used_s = 0.0
    for _ in range(rounds):
        before_s = time.process_time()
        for number in sockets:
            os.write(number, frame)
        used_s += time.process_time() - before_s
        await asyncio.sleep(pause_s)
    return used_s


def _no_api(_connection: object, _target: object) -> NoReturn:
    raise AssertionError("this benchmark reads streams only")


def _catalog() -> Catalog:
    catalog = Catalog()
    catalog.assets = [Asset(index=i, name=n, decimals=8) for i, n in enumerate(("BTC", "USDT"))]
    terms = dict.fromkeys(Symbol.__struct_fields__, 0) | {
        "name": "BTCUSDT", "quote_asset": 1, "base_atoms_per_lot": 1_000,
        "price_atoms_per_tick": 1_000_000, "quote_atoms_per_tick_lot": 10,
    }  # fmt: skip
    catalog.symbols = [Symbol(**terms)]  # type: ignore[arg-type]
    catalog.version = 1
    return catalog


# --- the readers ---


class Reader(picows.WSListener):
    """Counts what it gets; a sampled one looks at the time in it."""

    def __init__(self, tally: "Tally", *, sampled: bool) -> None:
        self._tally = tally
        self._sampled = sampled

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """One event, or a ping."""
        if frame.msg_type == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
            return
        self._tally.deliveries += 1
        if self._sampled:
            text = frame.get_payload_as_bytes()
            at = text.index(b'"E":') + 4
            self._tally.latencies_ms.append(time.time_ns() / 1e6 - int(text[at : at + 16]) / 1e3)


@dataclass
class Tally:
    """What all readers of this process have seen."""

    deliveries: int
    latencies_ms: list[float]


def _readers(pipe: Pipe, port: int, stream: str, count: int) -> None:
    uvloop.run(_run_readers(pipe, port, stream, count))


async def _run_readers(pipe: Pipe, port: int, stream: str, count: int) -> None:
    tally = Tally(0, [])
    url = f"ws://127.0.0.1:{port}/ws/{stream}?timeUnit=microsecond"
    transports = []
    for number in range(count):
        sampled = number % max(1, count // _SAMPLED) == 0
        transport, _ = await picows.ws_connect(lambda s=sampled: Reader(tally, sampled=s), url)  # type: ignore[misc]
        transports.append(transport)
    pipe.send("ready")
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, pipe.recv)
    pipe.send((tally.deliveries, tally.latencies_ms))
    await loop.run_in_executor(None, pipe.recv)
    for transport in transports:
        transport.disconnect()


# --- the publisher ---


async def _measure(case: Case, bus: Bus, seconds: float, *, edge: "Edge") -> Seen:
    ours, theirs = _SPAWN.Pipe()
    readers = _SPAWN.Process(target=_readers, args=(theirs, edge.port, case.stream, case.readers))
    resident = resident_bytes(edge.pid)
    readers.start()
    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(None, ours.recv) == "ready"
    await asyncio.sleep(0.5)
    resident = resident_bytes(edge.pid) - resident
    edge.pipe.send("cpu")
    before, _ = await loop.run_in_executor(None, edge.pipe.recv)
    count = await _publish(case, bus, seconds)
    await asyncio.sleep(0.5)
    edge.pipe.send("cpu")
    after, connections = await loop.run_in_executor(None, edge.pipe.recv)
    assert connections == case.readers, f"{case.readers - connections} readers were lost"
    ours.send("count")
    deliveries, latencies_ms = await loop.run_in_executor(None, ours.recv)
    rounds = max(10, case.per_second)
    edge.pipe.send((text_frame(_payload(case)), rounds, 1 / case.per_second))
    bare_s = await loop.run_in_executor(None, edge.pipe.recv)
    ours.send("stop")
    await loop.run_in_executor(None, readers.join)
    return Seen(
        deliveries, count * case.readers, after - before,
        bare_s / rounds / case.readers * 1e6, resident / case.readers, latencies_ms,
    )  # fmt: skip


def _payload(case: Case) -> bytes:
    symbols = StreamNames(_catalog())
    encode = depth_payload if case.make is depth_update else trade_payload
    return encode(symbols.symbol(0), case.make(1, time.time_ns()), MICROSECOND_NS)


async def _publish(case: Case, bus: Bus, seconds: float) -> int:
    """Publishes at even times for that long; how many."""
    subject = feed_subject("0", 0, case.feed)
    encode = msgspec.msgpack.Encoder().encode
    count = int(case.per_second * seconds)
    begin = time.perf_counter()
    for number in range(count):
        due = begin + number / case.per_second
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        bus.publish(subject, encode([case.make(number, time.time_ns())]))
    return count


_SPAWN: Final = multiprocessing.get_context("spawn")


async def _run(seconds: float, repeats: int) -> list[Figure]:
    figures = []
    with tempfile.TemporaryDirectory() as name:
        server = await start_nats_server(Path(name), _GRANTS, NatsServerSettings())
        bus = await connect_nats(server.url, user="market", seed=seed_path(server.keys, "market"))
        pipe, theirs = _SPAWN.Pipe()
        seed = str(seed_path(server.keys, "gateway"))
        process = _SPAWN.Process(target=_edge, args=(theirs, seed, server.url))
        process.start()
        port = await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        edge = Edge(pipe, process.pid or 0, port)
        for case in CASES:
            seen = [await _measure(case, bus, seconds, edge=edge) for _ in range(repeats)]
            if case is CASES[0]:
                memory = seen[0].resident_bytes / 1_024
                figures.append(Figure("memory of the edge for a connection", memory, "KiB"))
            figures += _figures(case, seen)
        pipe.send("stop")
        process.join()
        await bus.close()
        await server.stop()
    return figures


def _figures(case: Case, seen: list[Seen]) -> list[Figure]:
    costs = [each.cpu_s / each.deliveries * 1e6 for each in seen]
    latencies = sorted(ms for each in seen for ms in each.latencies_ms)
    cuts = statistics.quantiles(latencies, n=100)
    lost = sum(each.expected - each.deliveries for each in seen)
    return [
        Figure(f"{case.name}: CPU a delivery", min(costs), "µs", case.target),
        Figure(f"{case.name}: bare write() of the same frame", min(e.bare_us for e in seen), "µs"),
        Figure(f"{case.name}: CPU a delivery, median", statistics.median(costs), "µs"),
        Figure(f"{case.name}: latency p50", cuts[49], "ms"),
        Figure(f"{case.name}: latency p99", cuts[98], "ms"),
        Figure(f"{case.name}: deliveries lost", lost, "events", "== 0"),
    ]


def main() -> None:
    """Measure every case and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8_192)), hard))
    figures = uvloop.run(_run(options.seconds, options.repeats))
    method = f"""
        {(__doc__ or "").strip()} {options.seconds:g} s a run, best and median of
        {options.repeats} runs; load average {os.getloadavg()[0]:.1f} at the end.
    """
    publish("broadcast", method, figures)


if __name__ == "__main__":
    main()
