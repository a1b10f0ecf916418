"""A stream that lost messages or is another one: a reader stops with a named error, always."""

import asyncio
from collections.abc import Callable

import pytest

from sunwise.chassis.bus import (
    RepublishFollower,
    StreamHole,
    StreamReader,
    StreamReplaced,
    StreamWentBack,
)
from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.simulated_loop import run_simulated

EVENTS = shard_streams("0")[1]


async def ignore(batch) -> None:
    pass


def make_reader(bus: SimulatedBus, **start) -> StreamReader:
    return StreamReader(bus, "EVT_0", ignore, **start)


def make_follower(bus: SimulatedBus, **start) -> RepublishFollower:
    return RepublishFollower(
        bus, "EVT_0", ignore, stored_subject="evt.0.g1", live_subject="out.0.g1", **start
    )


def lose_tail(server: SimulatedServer) -> None:
    server.stream("EVT_0").truncate(50)


def lose_and_rewrite_tail(server: SimulatedServer) -> None:
    stream = server.stream("EVT_0")
    old = list(stream.after(50))
    stream.truncate(50)
    for message in old:
        stream.store(
            type(message)(0, message.subject, b"new " + message.payload),  # type: ignore[arg-type]
            expected=None,
        )


def replace(server: SimulatedServer) -> None:
    old = list(server.stream("EVT_0").after(0))
    stream = server.make_stream(EVENTS)
    for message in old:
        stream.store(message, expected=None)  # type: ignore[arg-type]


def restart_with(server: SimulatedServer, damage: Callable[[SimulatedServer], None]) -> None:
    server.kill()
    damage(server)
    server.start()


@pytest.mark.parametrize("make", [make_reader, make_follower])
@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lose_tail, StreamWentBack),
        (lose_and_rewrite_tail, StreamWentBack),
        (replace, StreamReplaced),
    ],
)
def test_damage_below_the_position_ends_the_reader(make, damage, error):
    async def main() -> None:
        server = SimulatedServer(seed=1)
        server.make_stream(EVENTS)
        bus, engine = (SimulatedBus(server, user=u) for u in "ab")
        for i in range(100):
            await engine.append("evt.0.g1", b"%d" % i)
        running = asyncio.create_task(make(bus).run())
        await asyncio.sleep(5)
        restart_with(server, damage)
        with pytest.raises(error):
            await running

    run_simulated(main)


@pytest.mark.parametrize("make", [make_reader, make_follower])
def test_damage_while_the_reader_was_off_is_noticed_at_its_start(make):
    async def main() -> None:
        server = SimulatedServer(seed=1)
        server.make_stream(EVENTS)
        bus = SimulatedBus(server, user="a")
        for i in range(100):
            await bus.append("evt.0.g1", b"%d" % i)
        created_ns = (await bus.stream_info("EVT_0")).created_ns
        with pytest.raises(StreamWentBack):
            await make(bus, after_seq=101, created_ns=created_ns).run()
        with pytest.raises(StreamReplaced):
            await make(bus, after_seq=10, created_ns=created_ns + 1).run()

    run_simulated(main)


@pytest.mark.parametrize("hole", [(1, 3), (40, 40), (60, 99)])
def test_a_hole_ahead_is_refused_and_not_skipped(hole):
    async def main() -> None:
        server = SimulatedServer(seed=1)
        server.make_stream(EVENTS)
        bus = SimulatedBus(server, user="a")
        for i in range(100):
            await bus.append("evt.0.g1", b"%d" % i)
        server.stream("EVT_0").punch(*hole)
        reader = make_reader(bus)
        with pytest.raises(StreamHole) as caught:
            await reader.run()
        assert (caught.value.after_seq, caught.value.next_seq) == (hole[0] - 1, hole[1] + 1)
        assert reader.position == hole[0] - 1

    run_simulated(main)


def test_a_silent_delivery_is_renewed_after_the_silence_limit():
    async def main() -> None:
        server = SimulatedServer(seed=1)
        server.make_stream(EVENTS)
        bus, engine = (SimulatedBus(server, user=u) for u in "ab")
        reader = make_reader(bus)
        running = asyncio.create_task(reader.run())
        await asyncio.sleep(5)
        bus.silence_deliveries()
        seq = await engine.append("evt.0.g1", b"x")
        async with asyncio.timeout(2.6):
            await reader.wait_for(seq)
        running.cancel()

    run_simulated(main)
