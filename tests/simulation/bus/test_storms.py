"""Seeded storms: cuts, kills, silence, drops and delays, days of them in seconds."""

import asyncio
import random

import pytest

from sunwise.chassis.bus import (
    AppendOutcomeUnknown,
    RepublishFollower,
    StreamFull,
    StreamReader,
    WrongLastSequence,
)
from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import Faults, SimulatedServer
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.errors import Retryable
from sunwise.chassis.simulated_loop import run_simulated

STORM = Faults(
    delay_s=(0.0, 0.02), sync_s=(0.0, 0.01), drop_live=0.1, drop_ack=0.02, drop_delivery=0.05
)
SEEDS = range(12)


def storm(seed: int, *, faults: Faults = STORM) -> SimulatedServer:
    print(f"seed {seed}")
    server = SimulatedServer(seed=seed)
    for spec in shard_streams("0"):
        server.make_stream(spec)
    server.faults = faults
    return server


async def make_trouble(server: SimulatedServer, buses: list[SimulatedBus], *, times: int) -> None:
    rng = random.Random(server.rng.random())
    for _ in range(times):
        await asyncio.sleep(rng.uniform(0.1, 3))
        kind = rng.choice(["cut", "kill", "silence", "full"])
        bus = rng.choice(buses)
        if kind == "cut":
            bus.cut()
        elif kind == "silence":
            bus.silence_deliveries()
        elif kind == "full":
            await _full_for_a_while(server, rng)
        else:
            server.kill()
            await asyncio.sleep(rng.uniform(0, 1))
            server.start()


async def _full_for_a_while(server: SimulatedServer, rng: random.Random) -> None:
    for stream in server.streams.values():
        stream.refusing = True
    await asyncio.sleep(rng.uniform(0, 1))
    for stream in server.streams.values():
        stream.refusing = False


class Writer:
    """Appends numbered messages until told to stop, and knows which were acknowledged."""

    def __init__(self, bus: SimulatedBus, subject: str) -> None:
        self.bus = bus
        self.subject = subject
        self.acknowledged: dict[int, bytes] = {}
        self.sent = 0

    async def run(self) -> None:
        while True:
            self.sent += 1
            payload = f"{self.subject} {self.sent}".encode()
            try:
                self.acknowledged[await self.bus.append(self.subject, payload)] = payload
            except Retryable as error:
                await asyncio.sleep(min(error.after_s, 0.2))


@pytest.mark.parametrize("seed", SEEDS)
def test_readers_and_followers_get_everything_once_in_order(seed: int):
    async def main() -> None:
        server = storm(seed)
        buses = [SimulatedBus(server, user=f"u{i}") for i in range(4)]
        writers = [Writer(buses[i], f"evt.0.g{i + 1}") for i in range(2)]
        read: list[tuple[int, bytes]] = []
        followed: list[tuple[int, bytes]] = []

        async def on_read(batch) -> None:
            read.extend((m.seq, m.payload) for m in batch)

        async def on_followed(batch) -> None:
            followed.extend((m.seq, m.payload) for m in batch)

        reader = StreamReader(buses[2], "EVT_0", on_read)
        follower = RepublishFollower(
            buses[3], "EVT_0", on_followed, stored_subject="evt.0.g1", live_subject="out.0.g1"
        )
        tasks = [asyncio.create_task(r.run()) for r in (reader, follower)]
        writing = [asyncio.create_task(w.run()) for w in writers]
        await make_trouble(server, buses, times=25)
        for task in writing:
            task.cancel()
        await asyncio.sleep(20)  # longer than any acknowledgement, silence or check
        stored = [(m.seq, m.payload) for m in server.stream("EVT_0").after(0)]
        assert len(stored) > 200
        assert read == stored
        assert followed == [(s, p) for s, p in stored if p.startswith(b"evt.0.g1 ")]
        acknowledged = writers[0].acknowledged | writers[1].acknowledged
        assert acknowledged.items() <= dict(stored).items()
        for task in tasks:
            task.cancel()

    run_simulated(main)


@pytest.mark.parametrize("seed", SEEDS)
def test_racing_replicas_store_one_history(seed: int):
    """Each replica appends the same numbers, fenced; whoever loses reads and compares."""

    async def replica(bus: SimulatedBus, count: int) -> None:
        last = 0
        while last < count:
            try:
                await bus.append("evt.0.g1", b"%d" % (last + 1), expected_last_seq=last)
                last += 1
            except WrongLastSequence as error:
                if error.last_seq <= last:
                    pytest.fail(f"{last} was stored, but the stream is at {error.last_seq}")
                stored = await patient_read(bus, last + 1)
                assert stored == b"%d" % (last + 1)
                last += 1
            except (AppendOutcomeUnknown, StreamFull, Retryable) as error:
                await asyncio.sleep(min(error.after_s, 0.2))

    async def patient_read(bus: SimulatedBus, seq: int) -> bytes:
        while True:
            try:
                message = await bus.read("EVT_0", seq)
            except Retryable:
                await asyncio.sleep(0.05)
                continue
            assert message is not None
            return message.payload

    async def main() -> None:
        server = storm(seed)
        buses = [SimulatedBus(server, user=f"r{i}") for i in range(2)]
        trouble = asyncio.create_task(make_trouble(server, buses, times=500))
        await asyncio.gather(*(replica(bus, 300) for bus in buses))
        trouble.cancel()
        stored = [m.payload for m in server.stream("EVT_0").after(0)]
        assert stored == [b"%d" % i for i in range(1, 301)]

    run_simulated(main)


def test_the_same_seed_gives_the_same_history():
    def history(seed: int) -> list[tuple[int, bytes]]:
        async def main() -> list[tuple[int, bytes]]:
            server = storm(seed)
            buses = [SimulatedBus(server, user=f"u{i}") for i in range(2)]
            writing = [
                asyncio.create_task(Writer(bus, f"cmd.0.w{i}").run()) for i, bus in enumerate(buses)
            ]
            await make_trouble(server, buses, times=10)
            for task in writing:
                task.cancel()
            await asyncio.sleep(10)
            return [(m.seq, m.payload) for m in server.stream("CMD_0").after(0)]

        return run_simulated(main)

    assert history(5) == history(5)
    assert history(5) != history(6)
