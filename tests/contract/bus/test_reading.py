import asyncio

import pytest

from sunwise.chassis.bus import Bus, NotPermitted, StreamMissing, StreamReader
from tests.contract.bus.worlds import Listening, World, patiently


async def fill(bus: Bus, subjects: list[str]) -> None:
    await asyncio.gather(*(bus.append(s, b"%d" % i) for i, s in enumerate(subjects, 1)))


async def test_a_stream_tells_its_identity_and_extent(world: World):
    engine = await world.connect("engine")
    empty = await engine.stream_info("EVT_0")
    assert (empty.name, empty.first_seq, empty.last_seq, empty.messages) == ("EVT_0", 0, 0, 0)
    await fill(engine, ["evt.0.a", "evt.0.b"])
    info = await engine.stream_info("EVT_0")
    assert (info.first_seq, info.last_seq, info.messages) == (1, 2, 2)
    assert info.created_ns == empty.created_ns
    assert info.bytes > 0


async def test_what_is_not_stored_reads_as_none(world: World):
    engine = await world.connect("engine")
    assert await engine.read("EVT_0", 1) is None
    assert await engine.read_last("EVT_0") is None
    assert await engine.read_next("EVT_0", 1, "evt.0.a") is None
    await fill(engine, ["evt.0.a"])
    assert await engine.read("EVT_0", 2) is None
    assert await engine.read_last("EVT_0", "evt.0.b") is None
    assert await engine.read_next("EVT_0", 2) is None


async def test_last_and_next_go_by_subject(world: World):
    engine = await world.connect("engine")
    await fill(engine, ["evt.0.a", "evt.0.b", "evt.0.a", "evt.0.c", "evt.0.b"])

    async def seqs() -> list[int | None]:
        found = [
            await engine.read_last("EVT_0"),
            await engine.read_last("EVT_0", "evt.0.a"),
            await engine.read_last("EVT_0", "evt.0.*"),
            await engine.read_next("EVT_0", 2, "evt.0.a"),
            await engine.read_next("EVT_0", 3, "evt.0.a"),
            await engine.read_next("EVT_0", 3, "evt.0.b"),
            await engine.read_next("EVT_0", 4),
        ]
        return [message.seq if message else None for message in found]

    assert await seqs() == [5, 3, 5, 3, 3, 5, 4]


async def test_a_missing_stream_and_a_forbidden_one_are_told_apart(world: World):
    asker = await world.connect("asker")
    with pytest.raises(StreamMissing):
        await asker.stream_info("GONE")
    with pytest.raises(StreamMissing):
        await asker.read("GONE", 1)
    for refused in (
        asker.stream_info("EVT_0"),
        asker.read("EVT_0", 1),
        asker.read_last("EVT_0"),
        asker.deliver("EVT_0", after_seq=0, sink=None),  # type: ignore[arg-type]
    ):
        with pytest.raises(NotPermitted):
            await refused


class Collected:
    """A reader's handler that keeps what it gets."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.payloads: list[bytes] = []

    async def take(self, batch) -> None:
        self.seqs.extend(message.seq for message in batch)
        self.payloads.extend(message.payload for message in batch)


async def test_a_reader_gets_every_message_once_in_order(world: World):
    engine = await world.connect("engine")
    await fill(engine, ["evt.0.a", "evt.0.b"] * 700)
    got = Collected()
    reader = StreamReader(await world.connect("engine"), "EVT_0", got.take)
    running = asyncio.create_task(reader.run())
    await reader.barrier()
    assert got.seqs == list(range(1, 1401))
    assert got.payloads == [b"%d" % seq for seq in got.seqs]
    seq = await engine.append("evt.0.c", b"live")
    await reader.wait_for(seq)
    assert got.payloads[-1] == b"live"
    assert reader.position == seq == 1401
    running.cancel()


async def test_a_reader_starts_after_its_position(world: World):
    engine = await world.connect("engine")
    await fill(engine, ["evt.0.a"] * 20)
    created_ns = (await engine.stream_info("EVT_0")).created_ns
    got = Collected()
    reader = StreamReader(engine, "EVT_0", got.take, after_seq=15, created_ns=created_ns)
    running = asyncio.create_task(reader.run())
    await reader.barrier()
    assert got.seqs == [16, 17, 18, 19, 20]
    running.cancel()


async def test_a_reader_resumes_without_gap_or_repeat_after_a_crash(world: World):
    engine = await world.connect("engine")
    got = Collected()
    reader = StreamReader(await world.connect("engine"), "EVT_0", got.take)
    running = asyncio.create_task(reader.run())
    last = 0
    for _ in range(3):
        for _ in range(50):
            last = await engine.append("evt.0.a", b"x")
        await world.crash()
        await asyncio.sleep(0.05)
        await world.come_back()
        assert (await patiently(lambda: engine.stream_info("EVT_0"))).last_seq >= last
    last = await engine.append("evt.0.a", b"x")
    async with asyncio.timeout(10):
        await reader.wait_for(last)
    assert got.seqs == list(range(1, last + 1))
    running.cancel()


async def test_a_handlers_error_ends_the_reader_and_whoever_waits_for_it(world: World):
    engine = await world.connect("engine")

    async def burst(batch) -> None:
        raise ZeroDivisionError

    reader = StreamReader(engine, "EVT_0", burst)
    running = asyncio.create_task(reader.run())
    waiting = asyncio.create_task(reader.wait_for(1))
    await engine.append("evt.0.a", b"x")
    with pytest.raises(ZeroDivisionError):
        await running
    with pytest.raises(ZeroDivisionError):
        await waiting
    with pytest.raises(ZeroDivisionError):
        await reader.wait_for(5)


async def test_a_slow_handler_loses_nothing(world: World):
    engine = await world.connect("engine")
    got = Collected()

    async def slow(batch) -> None:
        await asyncio.sleep(0.01)
        await got.take(batch)

    reader = StreamReader(await world.connect("engine"), "EVT_0", slow)
    running = asyncio.create_task(reader.run())
    payload = bytes(20_000)
    await asyncio.gather(*(engine.append("evt.0.a", payload) for _ in range(2000)))
    async with asyncio.timeout(20):
        await reader.wait_for(2000)
    assert got.seqs == list(range(1, 2001))
    running.cancel()


async def test_a_reader_that_ended_is_not_told_of_the_connection(world: World):
    engine = await world.connect("engine")
    got = Collected()
    listening = Listening(engine)
    for _ in range(3):
        reader = StreamReader(engine, "EVT_0", got.take)
        running = asyncio.create_task(reader.run())
        await asyncio.sleep(0.02)
        assert listening.count == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert listening.count == 0
