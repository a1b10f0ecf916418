"""The market data service on the bus: answers, feeds at their pace, candles in SQL, restarts."""

import asyncio
import random
import time
from itertools import product

import msgspec
import pytest

from sunwise.chassis.clock import AcceleratedClock
from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.market_data import (
    AggregateTrade,
    Candle,
    DepthChanged,
    Feed,
    GetAggregates,
    GetAveragePrice,
    GetCandles,
    GetDepth,
    GetTickers,
    GetTrades,
    Ticker,
    TopOfBook,
    TradePrint,
    feed_subject,
)
from sunwise.contracts.exchange.records import Side
from sunwise.exchange.market_data.intervals import NAMES
from sunwise.exchange.market_data.service import MarketDataService, MarketDataSettings
from tests.support.naive_market import naive_candles, naive_day
from tests.support.read_model_stage import Stage, eventually, running
from tests.support.toy_exchange import ToyExchange

RATE = 20  # exchange seconds in a second
KINDS = {
    Feed.DEPTH: DepthChanged, Feed.DEPTH_SLOW: DepthChanged, Feed.TOP: TopOfBook,
    Feed.TRADES: TradePrint, Feed.AGGREGATES: AggregateTrade, Feed.CANDLES: Candle,
    Feed.TICKER: Ticker,
}  # fmt: skip


@pytest.fixture
async def stage():
    stage = Stage()
    await stage.open()
    yield stage
    assert not stage.failures, stage.failures


@pytest.fixture
def start(stage, new_database, tmp_path):
    """Makes services that share a folder and a database."""
    database = new_database()

    def make() -> MarketDataService:
        return MarketDataService(
            stage.bus("market_data"),
            database,
            clock=AcceleratedClock(rate=RATE, origin_ns=0),
            folder=tmp_path / "checkpoints",
            settings=MarketDataSettings(),
        )

    return make


def opened(seed: int, n: int, **settings) -> tuple[ToyExchange, list]:
    toy = ToyExchange(random.Random(seed), n_symbols=1, **settings)
    messages = toy.open_market()
    for _ in range(n):
        messages += toy.batch(5) + toy.clock(toy.rng.randrange(10**7, 10**10))
    return toy, messages


def told(stage: Stage, feed: str, symbol: int = 0) -> list:
    messages = stage.told(feed_subject("0", symbol, feed), list[KINDS[feed]])
    return [event for events in messages for event in events]


def sides(toy: ToyExchange) -> tuple[list, list]:
    bids = sorted(toy.levels(0, Side.BUY).items(), reverse=True)
    return bids, sorted(toy.levels(0, Side.SELL).items())


async def check(stage: Stage, toy: ToyExchange) -> None:
    depth = await stage.ask("market", GetDepth(symbol=0, limit=5_000))
    assert (depth.bids, depth.asks, depth.last_update_id) == (*sides(toy), toy.update_id(0))
    trades = (await stage.ask("market", GetTrades(symbol=0, limit=1_000))).trades
    assert [t.trade_id for t in trades] == [t.trade_id for t in toy.trades][-1_000:]
    whole = (await stage.ask("market", GetAggregates(symbol=0, limit=1_000))).aggregates
    assert sum(a.last_trade_id - a.first_trade_id + 1 for a in whole) <= len(toy.trades)
    (ticker,) = (await stage.ask("market", GetTickers())).tickers
    assert ticker.trades == naive_day(toy.trades, toy.now_ns)[0][6]
    average = await stage.ask("market", GetAveragePrice(symbol=0))
    assert average.minutes == 5
    for interval in NAMES:
        query = GetCandles(symbol=0, interval=interval, limit=1_000)
        candles = (await stage.ask("market", query)).candles
        wanted = naive_candles(toy.trades, interval, toy.now_ns)[-1_000:]
        assert [(c.open_ns, c.open_ticks, c.close_ticks, c.trades) for c in candles] == [
            (row[0], row[1], row[4], row[7]) for row in wanted
        ]


async def test_every_question_is_answered_from_all_that_was_stored(stage, start):
    toy, messages = opened(1, 20)
    async with running(start()):
        await stage.store(messages)
        await check(stage, toy)
        await stage.store(toy.batch(9))
        await check(stage, toy)


async def test_a_restart_goes_on_from_its_checkpoint_and_its_stored_candles(stage, start):
    toy, messages = opened(2, 20)
    await stage.store(messages)
    for _ in range(3):
        async with running(start()):
            await check(stage, toy)
        await stage.store([*toy.batch(9), *toy.clock(61 * 10**9), *toy.batch(9)])
    async with running(start()):
        await check(stage, toy)


async def test_candles_of_another_log_are_dropped(new_database, tmp_path):
    database = new_database()
    for seed in (3, 4):
        stage = Stage(seed)
        await stage.open(created_after=seed)
        toy, messages = opened(seed, 10)
        await stage.store(messages)
        service = MarketDataService(
            stage.bus("market_data"), database, clock=AcceleratedClock(rate=RATE, origin_ns=0),
            folder=tmp_path, settings=MarketDataSettings(),
        )  # fmt: skip
        async with running(service):
            await check(stage, toy)
        assert not stage.failures


async def test_depth_feeds_tile_across_restarts_and_rebuild_the_book(stage, start):
    toy, messages = opened(5, 0)
    await stage.store(messages)
    for _ in range(3):
        async with running(start()):
            for _ in range(10):
                await stage.store(toy.batch(3))
                await asyncio.sleep(0.01)
            await eventually(lambda: newest_id(stage) == toy.update_id(0))
        await stage.store(toy.batch(3))
    async with running(start()):
        await eventually(lambda: newest_id(stage) == toy.update_id(0))
        for feed in (Feed.DEPTH, Feed.DEPTH_SLOW):
            events = told(stage, feed)
            book: tuple[dict, dict] = ({}, {})
            last_id = events[0].first_update_id - 1
            for event in events:
                assert event.first_update_id == last_id + 1
                last_id = event.last_update_id
                book[0].update(event.bids)
                book[1].update(event.asks)
            assert last_id == toy.update_id(0)
            left = [{p: lots for p, lots in side.items() if lots} for side in book]
            assert (sorted(left[0].items(), reverse=True), sorted(left[1].items())) == sides(toy)


def newest_id(stage: Stage) -> int:
    slow = told(stage, Feed.DEPTH_SLOW)
    return slow[-1].last_update_id if slow else 0


def closed_seconds(stage: Stage) -> list[Candle]:
    return [c for c in told(stage, Feed.CANDLES) if c.is_closed and c.interval == "1s"]


def newest_top(stage: Stage) -> tuple:
    top = told(stage, Feed.TOP)[-1]
    return top.bid, top.ask


async def test_trades_tops_candles_and_tickers_are_told(stage, start):
    toy, messages = opened(6, 0)
    async with running(start()):
        await stage.store(messages)
        for _ in range(30):
            await stage.store([*toy.batch(3), *toy.clock(10**9)])
        n_trades = len(toy.trades)
        await eventually(lambda: len(told(stage, Feed.TRADES)) == n_trades)
        await eventually(lambda: len(told(stage, Feed.TICKER)) > 0)
        wanted = naive_candles(toy.trades, "1s", toy.now_ns)[:-1]
        await eventually(lambda: len(closed_seconds(stage)) == len(wanted))
        assert [(c.open_ns, c.trades) for c in closed_seconds(stage)] == [
            (row[0], row[7]) for row in wanted
        ]
        best = tuple((side or [(0, 0)])[0] for side in sides(toy))
        await eventually(lambda: newest_top(stage) == best)
        aggregates = told(stage, Feed.AGGREGATES)
        assert [a.aggregate_id for a in aggregates] == list(range(1, len(aggregates) + 1))


async def test_a_candle_is_never_seen_empty_while_it_is_being_stored(stage, start):
    toy, messages = opened(7, 30)
    await stage.store(messages)
    service, shown = start(), {}
    storing, add = service.settle, service._candles.add

    def add_slowly(rows) -> None:
        time.sleep(0.01)
        add(rows)

    async def ask_while_storing() -> None:
        query = GetCandles(symbol=0, interval="1m", limit=1_000)
        answer = asyncio.create_task(service._answer(query))
        await storing()
        for candle in (await answer).candles:
            assert candle.trades >= shown.get(candle.open_ns, 0), "a candle lost trades"
            shown[candle.open_ns] = candle.trades

    service.settle, service._candles.add = ask_while_storing, add_slowly
    async with running(service):
        for _ in range(20):
            await stage.store([*toy.batch(4), *toy.clock(20 * 10**9)])
        await check(stage, toy)
    assert len(shown) > 5


@pytest.mark.parametrize(
    "question",
    [
        b"\x00",
        msgspec.msgpack.encode({"type": "depth"}),
        msgspec.msgpack.encode({"type": "depth", "symbol": 0, "limit": 0}),
        msgspec.msgpack.encode({"type": "depth", "symbol": 0, "limit": 5_001}),
        msgspec.msgpack.encode({"type": "depth", "symbol": 99}),
        msgspec.msgpack.encode({"type": "trades", "symbol": 0, "limit": 1_001}),
        msgspec.msgpack.encode({"type": "candles", "symbol": 0, "interval": "7m"}),
        msgspec.msgpack.encode({"type": "candles", "symbol": 0, "interval": "1m", "offset_ns": 5}),
        msgspec.msgpack.encode({"type": "candles", "symbol": 0, "interval": "1m", "start_ns": 2**64 - 1}),
        msgspec.msgpack.encode({"type": "aggregates", "symbol": 0, "from_id": 1, "start_ns": 1}),
        msgspec.msgpack.encode({"type": "tickers", "symbols": [0, 50]}),
    ],
)  # fmt: skip
async def test_a_malformed_question_is_refused_and_hurts_nobody(stage, start, question):
    toy, messages = opened(8, 3)
    await stage.store(messages)
    async with running(start()):
        with pytest.raises(Permanent):
            await stage.ask_raw("market", question)
        depth = await stage.ask("market", GetDepth(symbol=0))
        assert depth.last_update_id == toy.update_id(0)


ENDS = [None, -(2**63), 0, 2**63 - 1]


async def test_times_at_the_ends_of_all_time_are_answered(stage, start):
    _, messages = opened(9, 3)
    await stage.store(messages)
    async with running(start()):
        for interval, start_ns, end_ns in product(["1s", "1w", "1M"], ENDS, ENDS):
            query = GetCandles(symbol=0, interval=interval, start_ns=start_ns, end_ns=end_ns)
            candles = (await stage.ask("market", query)).candles
            is_all = start_ns in (None, 0, -(2**63)) and end_ns in (None, 2**63 - 1)
            assert bool(candles) == is_all
