"""The edge over a real nats-server with the permissions that it has in production."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.nats_server import Grant, NatsServerSettings, seed_path, start_nats_server
from sunwise.contracts.exchange.market_data import Feed, GetDepth
from sunwise.exchange.gateway.calls.limits import LimitSettings
from sunwise.exchange.gateway.lines.connection import LineSettings
from sunwise.exchange.gateway.websocket.server import WebSocketSettings
from tests.contract.streams.test_user_data import new, subscribed
from tests.contract.streams.venue import (
    Edge,
    Publisher,
    answer,
    ask,
    book,
    change,
    listed,
    trade,
)

QUIET = "/ws-api/v3?returnRateLimits=false"
GRANTS = (
    Grant(user="market", publish=("md.>", "user.>"), serve=("query.market.*",)),
    Grant(user="gateway", subscribe=("md.>", "user.>"), publish=("query.>",)),
)


class Venue:
    """A nats-server that can be killed and come back at the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0

    async def come_back(self) -> None:
        settings = NatsServerSettings(port=self.port)
        self.server = await start_nats_server(self.folder, GRANTS, settings)
        self.port = self.server.port

    async def connect(self, user: str):
        seed = seed_path(self.server.keys, user)
        return await connect_nats(self.server.url, user=user, seed=seed)


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[Venue, Edge, Publisher]]:
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: failures.append(what))
    venue = Venue(folder)
    await venue.come_back()
    gateway, market = await venue.connect("gateway"), await venue.connect("market")
    publisher = Publisher(market)
    await publisher.open()
    settings = WebSocketSettings(line=LineSettings(messages_per_s=1_000))
    edge = Edge(gateway, listed(), settings, LimitSettings())
    await edge.server.start()
    try:
        yield venue, edge, publisher
    finally:
        await edge.close()
        await gateway.close()
        await market.close()
        await venue.server.stop()
    assert not failures, failures


async def test_market_and_user_streams_flow_over_nats(tmp_path):
    async with running(tmp_path) as (_, edge, market):
        market.answers[GetDepth] = lambda _: book(40, [(100, 1)], [(101, 1)])
        async with edge.connect("/ws/btcusdt@trade") as streams, edge.connect(QUIET) as api:
            await ask(streams, "LIST_SUBSCRIPTIONS")
            await ask(streams, "SUBSCRIBE", "btcusdt@depth")
            await subscribed(edge, api)
            market.publish(Feed.TRADES, trade(1))
            market.publish(Feed.DEPTH_SLOW, change(1, 2, [(5, 1)], []))
            market.tell(9, new(1), seq=1)
            assert {(await answer(streams))["e"] for _ in range(2)} == {"trade", "depthUpdate"}
            assert (await answer(api))["event"]["I"] == 1
            both = [await ask(streams, "SUBSCRIBE", "btcusdt@depth5"), await answer(streams)]
            [shown] = [each for each in both if "id" not in each]  # the book may come first
            assert shown["lastUpdateId"] == 40


async def test_after_an_outage_feeds_go_on_and_user_streams_begin_anew(tmp_path):
    async with (
        running(tmp_path) as (venue, edge, market),
        edge.connect("/ws/btcusdt@trade") as streams,
        edge.connect(QUIET) as api,
    ):
        await ask(streams, "LIST_SUBSCRIPTIONS")
        await subscribed(edge, api)
        venue.server.kill()
        await venue.come_back()
        assert (await answer(api, 10))["event"]["e"] == "eventStreamTerminated"
        await asyncio.wait_for(api.wait_closed(), 5)
        await until_flowing(streams, market)
        async with edge.connect(QUIET) as again:
            await subscribed(edge, again)
            market.tell(9, new(5), seq=9)
            assert (await answer(again))["event"]["I"] == 5


async def until_flowing(streams, market: Publisher) -> None:
    """Returns once a trade comes through: both ends have to find the server again."""
    async with asyncio.timeout(10):
        while True:
            market.publish(Feed.TRADES, trade(7))
            with contextlib.suppress(TimeoutError):
                assert (await answer(streams, 0.1))["t"] == 7
                return
