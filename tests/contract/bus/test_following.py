import asyncio

import pytest

from sunwise.chassis.bus import Bus, RepublishFollower
from tests.contract.bus.worlds import Listening, World, patiently


def follow(bus: Bus, handler, **start) -> RepublishFollower:
    return RepublishFollower(
        bus, "EVT_0", handler, stored_subject="evt.0.g1", live_subject="out.0.g1", **start
    )


class Collected:
    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.subjects: set[str] = set()

    async def take(self, batch) -> None:
        self.seqs.extend(message.seq for message in batch)
        self.subjects.update(message.subject for message in batch)


async def append_mixed(bus: Bus, count: int) -> list[int]:
    """Appends for two writers by turns; returns the sequences of g1."""
    futures = [bus.append(f"evt.0.g{1 + i % 2}", b"%d" % i) for i in range(count)]
    return (await asyncio.gather(*futures))[::2]


async def test_a_follower_gets_its_writers_messages_once_in_order(world: World):
    engine = await world.connect("engine")
    before = await append_mixed(engine, 40)
    got = Collected()
    follower = follow(await world.connect("engine"), got.take)
    running = asyncio.create_task(follower.run())
    await follower.wait_for(before[-1])
    after = await append_mixed(engine, 400)
    await follower.wait_for(after[-1])
    assert got.seqs == before + after
    assert got.subjects == {"evt.0.g1"}
    running.cancel()


async def test_a_follower_starts_after_its_position(world: World):
    engine = await world.connect("engine")
    before = await append_mixed(engine, 20)
    got = Collected()
    follower = follow(engine, got.take, after_seq=before[6])
    running = asyncio.create_task(follower.run())
    await follower.wait_for(before[-1])
    assert got.seqs == before[7:]
    running.cancel()


async def test_a_follower_fills_what_was_stored_while_it_was_away(world: World):
    engine = await world.connect("engine")
    got = Collected()
    follower = follow(await world.connect("engine"), got.take)
    running = asyncio.create_task(follower.run())
    stored: list[int] = []
    for _ in range(3):
        stored += await patiently(lambda: append_mixed(engine, 60))
        await world.crash()
        await asyncio.sleep(0.05)
        await world.come_back()
        other = await world.connect("engine")
        stored += await append_mixed(other, 2)
    async with asyncio.timeout(10):
        await follower.wait_for(stored[-1])
    assert got.seqs == stored
    running.cancel()


async def test_a_followers_check_finds_a_last_message_without_a_copy(world: World):
    engine = await world.connect("engine")
    got = Collected()
    # It listens where no copy ever appears: only checks can find anything.
    follower = RepublishFollower(
        engine, "EVT_0", got.take, stored_subject="evt.0.g1", live_subject="out.0.nobody"
    )
    running = asyncio.create_task(follower.run())
    await asyncio.sleep(0.05)
    seq = await engine.append("evt.0.g1", b"x")
    follower.check()
    async with asyncio.timeout(0.5):
        await follower.wait_for(seq)
    unasked = await engine.append("evt.0.g1", b"y")
    async with asyncio.timeout(3):
        await follower.wait_for(unasked)
    assert got.seqs == [seq, unasked]
    running.cancel()


async def test_a_handlers_error_ends_the_follower(world: World):
    engine = await world.connect("engine")

    async def burst(batch) -> None:
        raise ZeroDivisionError

    follower = follow(engine, burst)
    running = asyncio.create_task(follower.run())
    await engine.append("evt.0.g1", b"x")
    with pytest.raises(ZeroDivisionError):
        await running


async def test_headers_that_a_writer_stored_do_not_pass_for_the_servers(world: World):
    engine = await world.connect("engine")
    got = Collected()
    follower = follow(await world.connect("engine"), got.take)
    running = asyncio.create_task(follower.run())
    await asyncio.sleep(0.02)
    forged = {"Nats-Sequence": "99", "Nats-Last-Sequence": "98", "Nats-Subject": "evt.0.g9"}
    seqs = [await engine.append("evt.0.g1", b"x", headers=forged) for _ in range(3)]
    async with asyncio.timeout(5):
        await follower.wait_for(seqs[-1])
    assert got.seqs == seqs == [1, 2, 3]
    stored = await engine.read("EVT_0", 2)
    assert stored is not None
    assert (stored.seq, stored.subject) == (2, "evt.0.g1")
    running.cancel()


async def test_a_follower_that_ended_is_not_told_of_the_connection(world: World):
    engine = await world.connect("engine")
    got = Collected()
    listening = Listening(engine)
    for _ in range(3):
        follower = follow(engine, got.take)
        running = asyncio.create_task(follower.run())
        await asyncio.sleep(0.02)
        assert listening.count == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert listening.count == 0
