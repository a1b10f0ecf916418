"""Measures the bus over a real nats-server with synced streams. Run: python -m benchmarks.bus.run.

One process is both ends, on uvloop; CPU is that process's own, the server's comes on top.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from benchmarks.report import Figure, publish
from sunwise.chassis.bus import Bus, Message, RepublishFollower, StreamReader
from sunwise.chassis.bus.nats import NatsBus
from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.nats_server import (
    OPERATOR,
    Grant,
    NatsServerSettings,
    seed_path,
    start_nats_server,
)

_SMALL = bytes(256)
_BATCH = bytes(64 * 192)
_GRANTS = (
    Grant(user="gateway", publish=("cmd.0.g1", "ask.x"), read_streams=("CMD_0",)),
    Grant(
        user="engine",
        publish=("evt.0.g1",),
        subscribe=("out.0.g1",),
        serve=("ask.x",),
        read_streams=("CMD_0", "EVT_0"),
    ),
)


async def _timed(act: Callable[[], Awaitable[object]], count: int) -> list[float]:
    took = []
    for _ in range(count):
        start = time.perf_counter()
        await act()
        took.append((time.perf_counter() - start) * 1e3)
    return took


def _percentiles(name: str, took_ms: list[float]) -> list[Figure]:
    cuts = statistics.quantiles(took_ms, n=100)
    return [Figure(f"{name} p50", cuts[49], "ms"), Figure(f"{name} p99", cuts[98], "ms")]


async def _starts(folder: Path) -> list[Figure]:
    took = []
    for i in range(7):
        start = time.perf_counter()
        server = await start_nats_server(folder / str(i), _GRANTS, NatsServerSettings())
        took.append((time.perf_counter() - start) * 1e3)
        await server.stop()
    return [Figure("start, empty store", statistics.median(took), "ms")]


async def _appends(bus: Bus) -> list[Figure]:
    await _timed(lambda: bus.append("cmd.0.g1", _SMALL), 200)
    alone = await _timed(lambda: bus.append("cmd.0.g1", _SMALL), 2000)
    batch = await _timed(lambda: bus.append("cmd.0.g1", _BATCH), 1000)
    figures = _percentiles("append 256 B, one in flight", alone)
    figures += _percentiles("append 64 commands, one in flight", batch)
    for window in (16, 256):
        count = 20 * window if window > 100 else 150 * window
        start, cpu = time.perf_counter(), time.process_time()
        for _ in range(count // window):
            await asyncio.gather(*(bus.append("cmd.0.g1", _SMALL) for _ in range(window)))
        rate = count / (time.perf_counter() - start)
        figures.append(Figure(f"appends, {window} in flight", rate, "/s"))
    figures.append(Figure("CPU an append", (time.process_time() - cpu) / count * 1e6, "µs"))
    return figures


async def _reading(bus: Bus, stream: str) -> list[Figure]:
    last = (await bus.stream_info(stream)).last_seq
    handled = [0]

    async def count(batch) -> None:  # noqa: ANN001  (BatchHandler)
        handled[0] += len(batch)

    reader = StreamReader(bus, stream, count)
    start, cpu = time.perf_counter(), time.process_time()
    running = asyncio.create_task(reader.run())
    await reader.wait_for(last)
    took, used = time.perf_counter() - start, time.process_time() - cpu
    running.cancel()
    return [
        Figure("replay, messages", last / took, "/s"),
        Figure("replay, CPU a message", used / last * 1e6, "µs"),
    ]


async def _live(engine: Bus, gateway: Bus) -> list[Figure]:
    """From the append's call to the handler, by the reader and by the follower."""
    reader_at, follower_at = asyncio.Event(), asyncio.Event()

    async def on_read(_batch) -> None:  # noqa: ANN001  (BatchHandler)
        reader_at.set()

    async def on_followed(_batch) -> None:  # noqa: ANN001  (BatchHandler)
        follower_at.set()

    reader = StreamReader(engine, "CMD_0", on_read, after_seq=(await _last(engine, "CMD_0")))
    follower = RepublishFollower(
        engine, "EVT_0", on_followed, stored_subject="evt.0.g1", live_subject="out.0.g1"
    )
    running = [asyncio.create_task(part.run()) for part in (reader, follower)]
    await asyncio.sleep(0.2)

    async def one(bus: Bus, subject: str, seen: asyncio.Event) -> None:
        seen.clear()
        stored = bus.append(subject, _SMALL)
        await seen.wait()
        await stored

    read = await _timed(lambda: one(gateway, "cmd.0.g1", reader_at), 1500)
    followed = await _timed(lambda: one(engine, "evt.0.g1", follower_at), 1500)
    for task in running:
        task.cancel()
    return _percentiles("append to reader", read) + _percentiles("append to follower", followed)


async def _last(bus: Bus, stream: str) -> int:
    return (await bus.stream_info(stream)).last_seq


async def _requests(server: Bus, asker: Bus) -> list[Figure]:
    async def echo(message: Message) -> bytes:
        return message.payload

    await server.serve("ask.x", echo)
    figures = _percentiles("request", await _timed(lambda: asker.request("ask.x", _SMALL), 2000))
    start = time.perf_counter()
    for _ in range(100):
        await asyncio.gather(*(asker.request("ask.x", _SMALL) for _ in range(100)))
    figures.append(Figure("requests, 100 in flight", 10_000 / (time.perf_counter() - start), "/s"))
    return figures


async def _measure() -> list[Figure]:
    # Not the usual temporary folder: that may be memory, and syncing is what is measured.
    with tempfile.TemporaryDirectory(dir=Path.home()) as name:
        folder = Path(name)
        figures = await _starts(folder)
        server = await start_nats_server(folder / "nats", _GRANTS, NatsServerSettings())

        async def connect(user: str) -> NatsBus:
            return await connect_nats(server.url, user=user, seed=seed_path(server.keys, user))

        operator, gateway, engine = [await connect(u) for u in (OPERATOR, "gateway", "engine")]
        for spec in shard_streams("0"):
            await operator.ensure_stream(spec)
        figures += await _appends(gateway)
        figures += await _live(engine, gateway)
        figures += await _requests(engine, gateway)
        figures += await _reading(engine, "CMD_0")
        for bus in (operator, gateway, engine):
            await bus.close()
        await server.stop()
    return figures


if __name__ == "__main__":
    publish("bus", __doc__ or "", uvloop.run(_measure()))
