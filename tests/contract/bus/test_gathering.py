"""A connection that reads seldom: what came meanwhile is neither lost nor in the way of answers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sunwise.chassis.bus import Message
from sunwise.chassis.bus.nats import NatsBus
from tests.contract.bus.worlds import NatsWorld, eventually, patiently

GATHER_S = 1.0


async def echo(message: Message) -> bytes:
    return message.payload


class Paused:
    """A bus that has just read something and so leaves its socket alone for a second."""

    def __init__(self, folder: Path) -> None:
        self.world = NatsWorld(folder, gather_s=GATHER_S)
        self.got: list[bytes] = []

    async def open(self) -> None:
        await self.world.open()
        self.bus: NatsBus = await self.world.connect("server")
        self.asker: NatsBus = await self.world.connect("asker")
        await self.bus.subscribe("news.>", lambda message: self.got.append(message.payload))
        await asyncio.sleep(GATHER_S * 1.1)
        self.asker.publish("news.x", b"first")
        await eventually(lambda: self.got == [b"first"])


@pytest.fixture
async def paused(tmp_path: Path) -> AsyncIterator[Paused]:
    paused = Paused(tmp_path)
    await paused.open()
    yield paused
    await paused.world.close()


async def test_what_came_before_a_crash_is_read_after_the_pause(paused: Paused):
    sent = [b"%d" % i for i in range(100)]
    for each in sent:
        paused.asker.publish("news.x", each)
    await asyncio.sleep(GATHER_S / 4)
    assert paused.got == [b"first"]
    await paused.world.crash()
    await eventually(lambda: paused.got == [b"first", *sent])
    await paused.world.come_back()
    await patiently(lambda: paused.bus.serve("ask.server", echo))
    await patiently(lambda: paused.asker.request("ask.server", b""))
    paused.asker.publish("news.x", b"last")
    await eventually(lambda: paused.got[-1] == b"last")


async def test_a_subscription_is_confirmed_without_waiting_for_the_pause(paused: Paused):
    async with asyncio.timeout(GATHER_S / 2):
        await paused.bus.serve("ask.server", echo)


async def test_a_close_does_not_wait_for_the_pause(paused: Paused):
    async with asyncio.timeout(GATHER_S / 2):
        await paused.bus.close()


async def test_reading_never_pauses_in_the_middle_of_a_large_message(paused: Paused):
    large = bytes(range(256)) * 4000
    paused.asker.publish("news.x", large)
    async with asyncio.timeout(GATHER_S * 2):
        await eventually(lambda: len(paused.got) == 2)
    assert paused.got[1] == large
