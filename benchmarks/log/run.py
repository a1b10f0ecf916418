"""What a message costs in the engine service, and how fast a log is replayed."""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.log.shard import GATEWAY, SHARD, Shard, fill_commands, order_records, setup_batches
from benchmarks.report import Figure, publish
from sunwise.chassis.bus import Bus, StoredMessage
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.log import LogWriter
from sunwise.contracts.exchange.log import Batch, command_subject, encode_batch
from sunwise.exchange.engine.core import Core, warm_up
from sunwise.exchange.engine.loop import EngineLoop

SIZES = (1, 16, 256)
METHOD = """
One machine, one nats-server with sync_interval always, one engine process (uvloop), one symbol,
100 accounts, limit orders around one price, half of them IOC. 'loop': CPU of EngineLoop.take alone,
no I/O. 'first pass': the engine reads a stored CMD and appends all its events, synced. 'replay': a new
engine process reads the same CMD and compares every message with EVT. 'live': closed loop through
LogWriter in one process. CPU from /proc or getrusage; wall time of the same interval. Medians where
several runs are named. Seeded.
"""


def measure_loop(per_batch: int, *, n_commands: int) -> float:
    """CPU of EngineLoop.take, µs a message."""
    rng = random.Random(1)
    loop = EngineLoop(Core.create(), shard=SHARD)
    messages = [
        StoredMessage(seq, command_subject(SHARD, writer), payload)
        for seq, (writer, payload) in enumerate(setup_batches(), 1)
    ]
    first = len(messages)
    for number in range(1, n_commands // per_batch + 1):
        records = b"".join(order_records(rng, per_batch))
        payload = encode_batch(Batch(GATEWAY, 1, number, 0, records))
        messages.append(StoredMessage(first + number, command_subject(SHARD, GATEWAY), payload))
    for message in messages[:first]:
        loop.take(message)
    began_s = time.process_time()
    for message in messages[first:]:
        loop.take(message)
    return (time.process_time() - began_s) / (len(messages) - first) * 1e6


async def measure_stored(per_batch: int, *, n_batches: int) -> list[Figure]:
    """The first pass over a stored CMD, then a replay of it."""
    with tempfile.TemporaryDirectory() as folder:
        shard = Shard(Path(folder))
        await shard.open()
        try:
            bus = await shard.connect("writer")
            await fill_commands(bus, random.Random(2), n_batches=n_batches, per_batch=per_batch)
            figures = []
            for phase in ("first pass", "replay"):
                before_s = await shard.start_engine(phase.replace(" ", "-"))
                began_s = time.perf_counter()
                after_s = await shard.told("ready")
                wall_s = time.perf_counter() - began_s
                await shard.stop_engine()
                name = f"{phase}, {per_batch} commands a message"
                figures += [
                    Figure(f"{name}: speed", n_batches / wall_s, "messages/s"),
                    Figure(f"{name}: speed", n_batches * per_batch / wall_s, "commands/s"),
                    Figure(
                        f"{name}: engine CPU", (after_s - before_s) / n_batches * 1e6, "µs/message"
                    ),
                ]
        finally:
            await shard.close()
    return figures


async def measure_live(in_flight: int, *, seconds: float) -> list[Figure]:
    """Closed loop through LogWriter and one engine, to the stored event."""
    with tempfile.TemporaryDirectory() as folder:
        shard = Shard(Path(folder))
        await shard.open()
        try:
            bus = await shard.connect("writer")
            for writer, payload in setup_batches():
                await bus.append(command_subject(SHARD, writer), payload)
            await shard.start_engine("live")
            await shard.told("ready")
            writer = await LogWriter.open(bus, shard=SHARD, writer=GATEWAY, clock=SystemClock())
            records = order_records(random.Random(3), 50_000)
            latencies: list[float] = []
            await _lanes(writer, records, in_flight, latencies, seconds=0.5)
            latencies.clear()
            engine_s, own_s, seq = shard.engine_cpu_s(), time.process_time(), await _last(bus)
            wall_s = await _lanes(writer, records, in_flight, latencies, seconds=seconds)
            engine_s, own_s = shard.engine_cpu_s() - engine_s, time.process_time() - own_s
            n_messages = await _last(bus) - seq
            await writer.close()
            await shard.stop_engine()
        finally:
            await shard.close()
    latencies.sort()
    n = len(latencies)
    name = f"live, {in_flight} in flight"
    return [
        Figure(f"{name}: answered", n / wall_s, "commands/s"),
        Figure(f"{name}: commands a message", n / n_messages, ""),
        Figure(f"{name}: latency p50", statistics.median(latencies) * 1e3, "ms"),
        Figure(f"{name}: latency p99", latencies[int(n * 0.99)] * 1e3, "ms"),
        Figure(f"{name}: engine CPU", engine_s / n_messages * 1e6, "µs/message"),
        Figure(f"{name}: writer CPU", own_s / n * 1e6, "µs/command"),
    ]


async def _last(bus: Bus) -> int:
    return int((await bus.stream_info("CMD_0")).last_seq)


async def _lanes(
    writer: LogWriter,
    records: list[bytes],
    in_flight: int,
    latencies: list[float],
    *,
    seconds: float,
) -> float:
    """Submits from so many lanes at once; the time that passed, s."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    until_s = began_s + seconds
    feed = iter(records * 20)

    async def lane() -> None:
        while loop.time() < until_s:
            sent_s = loop.time()
            await writer.submit(next(feed))
            latencies.append(loop.time() - sent_s)

    await asyncio.gather(*(lane() for _ in range(in_flight)))
    return loop.time() - began_s


async def measure(seconds: float) -> list[Figure]:
    """All figures; `seconds` for each live measurement."""
    figures = [
        Figure(
            f"loop, {size} commands a message",
            measure_loop(size, n_commands=max(20_000, 100 * size)),
            "µs/message",
        )
        for size in SIZES
    ]
    for size in SIZES:
        n_batches = max(200, 20_000 // size)
        figures += await measure_stored(size, n_batches=n_batches)
    for in_flight in (1, 16, 256):
        figures += await measure_live(in_flight, seconds=seconds)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each live measurement")
    arguments = parser.parse_args()
    warm_up()
    publish("log", METHOD, asyncio.run(measure(arguments.seconds)))


if __name__ == "__main__":
    main()
