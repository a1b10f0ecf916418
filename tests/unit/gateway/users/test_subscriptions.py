"""Subscriptions of one connection: their ids, their bounds, and what waits until they are known."""

import asyncio
import json

import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.errors import Retryable
from sunwise.contracts.exchange.accounts import FundsMoved, Position
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.streams.codecs import MILLISECOND_NS
from sunwise.exchange.gateway.streams.feeds import Feeds
from sunwise.exchange.gateway.streams.symbols import StreamNames
from sunwise.exchange.gateway.users import subscriptions
from sunwise.exchange.gateway.users.codecs import UserCodec
from sunwise.exchange.gateway.users.streams import UserStreams
from sunwise.exchange.gateway.users.subscriptions import UserSubscriptions
from tests.contract.streams.venue import Publisher, listed


class Connection:
    """Subscriptions on a simulated bus, and the frames that they push."""

    def __init__(self) -> None:
        world = SimulatedServer(seed=1)
        bus = SimulatedBus(world, user="gateway")
        self.feeds = Feeds(bus)
        clock = SystemClock()
        codec = UserCodec(StreamNames(listed()))
        self.stored = Position(command_seq=0)
        self.reads = asyncio.Event()
        self.reads.set()
        streams = UserStreams(bus, self.feeds, codec, clock, stored=self._stored_position)
        self.frames: list[bytes] = []
        self.accounts = Publisher(SimulatedBus(world, user="accounts"))
        self.subscriptions = UserSubscriptions(
            streams, self, MILLISECOND_NS, lost=lambda: self.frames.append(b"lost")
        )

    async def _stored_position(self) -> Position:
        await self.reads.wait()
        if self.stored is None:
            self.stored = Position(command_seq=2)
            raise Retryable("the bus is away", after_s=0.01)
        return self.stored

    def push(self, frame: bytes) -> None:
        self.frames.append(frame)

    async def tell(self, account: int, seq: int) -> None:
        self.accounts.tell(account, FundsMoved(asset=0, amount_atoms=seq), seq=seq)
        await asyncio.sleep(0.01)


async def test_events_wait_until_the_client_knows_the_subscription():
    connection = Connection()
    subscription, opened = connection.subscriptions.open(9, of_session=False)
    await opened
    await connection.tell(9, seq=1)
    await connection.tell(9, seq=2)
    assert connection.frames == []
    subscription.announce()
    assert len(connection.frames) == 2
    await connection.tell(9, seq=3)
    assert len(connection.frames) == 3
    connection.subscriptions.close()
    await connection.feeds.close()


async def test_events_wait_until_it_is_known_where_a_subscription_begins():
    connection = Connection()
    connection.stored = None
    connection.reads.clear()
    subscription, opened = connection.subscriptions.open(9, of_session=False)
    subscription.announce()
    await asyncio.sleep(0.01)
    for seq in (1, 2, 3):
        await connection.tell(9, seq=seq)
    assert connection.frames == []
    assert not opened.done()
    connection.reads.set()
    await opened
    await connection.tell(9, seq=4)
    deltas = [json.loads(frame[2:])["event"]["d"] for frame in connection.frames]
    assert deltas == ["0.00000003", "0.00000004"]
    connection.subscriptions.close()
    await connection.feeds.close()


async def test_what_has_waited_is_not_told_to_who_has_left():
    connection = Connection()
    connection.reads.clear()
    subscription, opened = connection.subscriptions.open(9, of_session=False)
    subscription.announce()
    await asyncio.sleep(0.01)
    await connection.tell(9, seq=1)
    connection.subscriptions.end(subscription.number)
    connection.reads.set()
    await asyncio.wait_for(opened, 5)
    assert connection.frames == []
    await connection.feeds.close()


async def test_a_connection_has_so_many_subscriptions_at_a_time_and_in_its_life(monkeypatch):
    monkeypatch.setattr(subscriptions, "MAX_ACTIVE", 3)
    monkeypatch.setattr(subscriptions, "MAX_IDS", 4)
    connection = Connection()
    opened = [connection.subscriptions.open(account, of_session=False)[0] for account in range(3)]
    with pytest.raises(ApiError) as refused:
        connection.subscriptions.open(3, of_session=False)
    assert refused.value.code == -1191
    for account in (3, 4):
        connection.subscriptions.end(opened.pop().number)
        opened.append(connection.subscriptions.open(account, of_session=False)[0])
    connection.subscriptions.end(opened.pop().number)
    with pytest.raises(ApiError) as refused:
        connection.subscriptions.open(5, of_session=False)
    assert refused.value.code == -2042
    connection.subscriptions.close()
    await connection.feeds.close()
    assert connection.feeds.subjects == []
