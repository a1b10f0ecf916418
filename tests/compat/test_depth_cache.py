"""Unmodified python-binance's depth cache stays equal to the book through a hard flow.

A cache that sees a hole in the update ids takes a new snapshot and says nothing, so that the
snapshots are counted: one is all that a run without a hole needs.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import random
import time
from collections import Counter
from decimal import Decimal

import pytest
import websockets

from sunwise.cli.launched import LaunchedExchange

pytestmark = [
    pytest.mark.compat,
    pytest.mark.filterwarnings("ignore"),  # the library's own
]

SPEED = 20
SYMBOL = "BTCUSDT"
N_ACCOUNTS = 5
MAX_OPEN = 400  # of all makers; 200 an account is the symbol's limit
BURST = 250
N_CHECKS = 10
SETTLE_S = 30.0
NOT_OPEN_ANY_MORE = -2011


@pytest.fixture
def fast_exchange(compiled_engine, tmp_path):
    options = ["--no-liquidity", "--speed", str(SPEED), "--symbols", SYMBOL]
    limits_off = {"SUNWISE_GATEWAY_LIMITS_ENABLED": "false"}
    with LaunchedExchange.start(
        tmp_path / "data", options=options, environment=limits_off
    ) as running:
        yield running


class Trader:
    """Signed requests, many under way at once, over one connection to the WebSocket API."""

    def __init__(self, connection):
        self._connection = connection
        self._ids = itertools.count()

    async def many(self, requests):
        """The answers to these (method, key, parameters), in their order."""
        [now] = await self._answers([("time", {})])
        stamp = {"timestamp": now["result"]["serverTime"], "recvWindow": 60_000}
        return await self._answers(
            [(method, signed(key, {**asked, **stamp})) for method, key, asked in requests]
        )

    async def _answers(self, messages):
        first = next(self._ids)
        numbers = [first, *itertools.islice(self._ids, len(messages) - 1)]
        for number, (method, params) in zip(numbers, messages, strict=True):
            await self._connection.send(
                json.dumps({"id": number, "method": method, "params": params})
            )
        answers = {}
        while len(answers) < len(messages):
            answer = json.loads(await self._connection.recv())
            answers[answer["id"]] = answer
        return [answers[number] for number in numbers]


def signed(key, params):
    params = {**params, "apiKey": key.api_key}
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    digest = hmac.digest(key.api_secret.encode(), payload.encode(), hashlib.sha256)
    return {**params, "signature": digest.hex()}


class Flow:
    """Orders and cancels, from a seed: nearly every one of them changes a level of the book."""

    def __init__(self, keys, seed):
        *self._makers, self._taker = keys
        self._random = random.Random(seed)
        self._open = []
        self._names = (f"flow-{n}" for n in itertools.count())

    def burst(self):
        return [self._next() for _ in range(BURST)]

    def _next(self):
        dice = self._random.random()
        if dice < 0.04:
            return self._crossing()
        if len(self._open) == MAX_OPEN or (self._open and dice < 0.5):
            return self._cancel()
        return self._resting()

    def _resting(self):
        name = next(self._names)
        owner = self._random.choice(self._makers)
        self._open.append((owner, name))
        side = self._random.choice(["BUY", "SELL"])
        away = self._random.randint(1, 50_000)  # cents
        price = Decimal(6_000_000 + (away if side == "SELL" else -away)) / 100
        return self._order(owner, side, "GTC", price, newClientOrderId=name)

    def _crossing(self):
        side = self._random.choice(["BUY", "SELL"])
        price = Decimal(60_100 if side == "BUY" else 59_900)
        return self._order(self._taker, side, "IOC", price)

    def _cancel(self):
        at = self._random.randrange(len(self._open))
        owner, name = self._open[at]
        self._open[at] = self._open[-1]
        self._open.pop()
        return "order.cancel", owner, {"symbol": SYMBOL, "origClientOrderId": name}

    def _order(self, owner, side, duration, price, **more):
        quantity = Decimal(self._random.randint(10, 500)) / 10_000
        terms = {"symbol": SYMBOL, "side": side, "type": "LIMIT", "timeInForce": duration}
        return (
            "order.place",
            owner,
            {**terms, "price": f"{price}", "quantity": f"{quantity}", **more},
        )


def watched_cache(client):
    """python-binance's own cache, with a count of the level changes and snapshots it took."""
    from binance import DepthCacheManager

    class WatchedCache(DepthCacheManager):
        n_changes = 0
        n_snapshots = 0

        async def _init_cache(self):
            self.n_snapshots += 1
            await super()._init_cache()

        async def _process_depth_message(self, msg):
            self.n_changes += len(msg["b"]) + len(msg["a"])
            return await super()._process_depth_message(msg)

    return WatchedCache(client, SYMBOL, limit=5_000, conv_type=Decimal, ws_interval=100)


def levels(rows):
    return [[Decimal(price), Decimal(quantity)] for price, quantity in rows]


async def settled_book(client, cache):
    """The exchange's book, once the cache has come to the same update."""
    until = time.monotonic() + SETTLE_S
    while True:
        book = await client.get_order_book(symbol=SYMBOL, limit=5_000)
        if book["lastUpdateId"] == cache._last_update_id:
            return book
        assert time.monotonic() < until, (book["lastUpdateId"], cache._last_update_id)
        await asyncio.sleep(0.05)


async def levels_of_open_orders(trader, keys):
    """What the accounts' open orders add up to: bids and asks, best first."""
    asked = {"symbol": SYMBOL}
    sides = {"BUY": Counter(), "SELL": Counter()}
    for answer in await trader.many([("openOrders.status", key, asked) for key in keys]):
        for order in answer["result"]:
            left = Decimal(order["origQty"]) - Decimal(order["executedQty"])
            sides[order["side"]][Decimal(order["price"])] += left
    bids, asks = ([list(level) for level in sorted(side.items())] for side in sides.values())
    return bids[::-1], asks


async def drive(trader, flow):
    """One burst, answered to the last."""
    for request, answer in zip(burst := flow.burst(), await trader.many(burst), strict=True):
        if answer["status"] != 200:
            assert request[0] == "order.cancel", (request, answer)
            assert answer["error"]["code"] == NOT_OPEN_ANY_MORE, answer


async def check(client, cache, trader, keys):
    """The cache, the book of the API and the open orders tell of the same levels."""
    book = await settled_book(client, cache)
    by_orders = await levels_of_open_orders(trader, keys)
    while (levels(book["bids"]), levels(book["asks"])) != by_orders:
        newer = await settled_book(client, cache)
        assert newer["lastUpdateId"] != book["lastUpdateId"], "the book is not the open orders"
        book = newer
    assert any(by_orders), "the test has a subject; a side may be empty for once"
    seen = cache.get_depth_cache()
    for kind, cached, true in zip(
        ("bids", "asks"), (seen.get_bids(), seen.get_asks()), by_orders, strict=True
    ):
        wrong = [pair for pair in itertools.zip_longest(cached, true) if pair[0] != pair[1]]
        assert not wrong, (
            f"{kind}: {len(wrong)} levels differ, the first (cached, true): {wrong[0]}"
        )
    assert cache.n_snapshots == 1


async def follow(exchange, *, n_changes, seed):
    """Drives the book until the cache has received that many level changes; the seconds taken."""
    from sunwise.cli.client_config import client_lines

    pytest.importorskip("binance")
    names: dict = {}
    exec(client_lines("python-binance", exchange.running), names)
    names["client"].close_connection()
    funds = {"USDT": "100000000", "BTC": "10000"}
    keys = [exchange.new_account(funds) for _ in range(N_ACCOUNTS)]
    print(f"seed {seed}")
    flow = Flow(keys, seed)
    client = await names["AsyncClient"].create()
    try:
        async with websockets.connect(f"{exchange.ws_url}/ws-api/v3") as connection:
            trader = Trader(connection)
            await drive(trader, flow)
            await asyncio.sleep(0.5)  # what came before the snapshot is out
            async with watched_cache(client) as cache:
                began_s = time.monotonic()
                async with asyncio.TaskGroup() as group:
                    listening = group.create_task(listen(cache))
                    for part in range(1, N_CHECKS + 1):
                        while cache.n_changes < n_changes * part // N_CHECKS:
                            await drive(trader, flow)
                        await check(client, cache, trader, keys)
                    listening.cancel()  # before its socket is closed: it would spin
                took_s = time.monotonic() - began_s
                print(f"{cache.n_changes:,} level changes in {took_s:.1f} s")
    finally:
        await client.close_connection()


async def listen(cache):
    while True:
        await cache.recv()


@pytest.mark.timeout(240)
async def test_the_cache_equals_the_book(fast_exchange):
    await follow(fast_exchange, n_changes=3_000, seed=random.randrange(2**32))


@pytest.mark.slow
@pytest.mark.timeout(1_200)
async def test_the_cache_equals_the_book_through_100_000_changes(fast_exchange):
    await follow(fast_exchange, n_changes=100_000, seed=random.randrange(2**32))
