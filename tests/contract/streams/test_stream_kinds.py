"""Every stream of tier one, from the event on the bus to the client."""

import asyncio

import pytest

from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.market_data import (
    AggregateTrade,
    AveragePrice,
    Candle,
    Feed,
    GetAveragePrice,
    GetDepth,
    Ticker,
    TopOfBook,
)
from sunwise.exchange.gateway.streams.names import INTERVALS
from tests.contract.streams.venue import (
    T_NS,
    answer,
    ask,
    book,
    change,
    running_edge,
    silent,
    trade,
)

AGGREGATE = AggregateTrade(
    symbol=0, aggregate_id=3, price_ticks=1, qty_lots=2, first_trade_id=4, last_trade_id=6,
    time_ns=T_NS, buyer_is_maker=False,
)  # fmt: skip
TOP = TopOfBook(symbol=0, update_id=9, bid=(1, 2), ask=(3, 4), time_ns=T_NS)


def ticker(symbol: int = 0, last: int = 5) -> Ticker:
    return Ticker(
        symbol=symbol, open_ns=0, close_ns=T_NS, open_ticks=4, high_ticks=6, low_ticks=3,
        last_ticks=last, last_lots=1, previous_close_ticks=4, qty_lots=10, quote_atoms=100, trades=2,
        first_trade_id=1, last_trade_id=2, bid=(4, 1), ask=(6, 1),
    )  # fmt: skip


def candle(interval: str) -> Candle:
    return Candle(
        symbol=0, interval=interval, open_ns=T_NS, close_ns=T_NS + 59_999 * 10**6, open_ticks=1,
        high_ticks=1, low_ticks=1, close_ticks=1, qty_lots=0, quote_atoms=0, trades=0,
        taker_buy_lots=0, taker_buy_quote_atoms=0, first_trade_id=-1, last_trade_id=-1, is_closed=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stream", "feed", "event", "kind"),
    [
        ("trade", Feed.TRADES, trade(1), "trade"),
        ("aggTrade", Feed.AGGREGATES, AGGREGATE, "aggTrade"),
        ("bookTicker", Feed.TOP, TOP, None),
        ("depth", Feed.DEPTH_SLOW, change(1, 2, [(1, 1)], []), "depthUpdate"),
        ("depth@1000ms", Feed.DEPTH_SLOW, change(1, 2, [(1, 1)], []), "depthUpdate"),
        ("depth@100ms", Feed.DEPTH, change(1, 2, [(1, 1)], []), "depthUpdate"),
        ("ticker", Feed.TICKER, ticker(), "24hrTicker"),
        ("miniTicker", Feed.TICKER, ticker(), "24hrMiniTicker"),
        *((f"kline_{each}", Feed.CANDLES, candle(each), "kline") for each in INTERVALS),
    ],
)
async def test_an_event_of_its_feed_comes_through(stream, feed, event, kind):
    async with running_edge() as (edge, market), edge.connect(f"/ws/btcusdt@{stream}") as client:
        await ask(client, "LIST_SUBSCRIPTIONS")
        market.publish(feed, event)
        told = await answer(client)
        assert told.get("e") == kind
        assert told["s"] == "BTCUSDT"


async def test_a_candle_goes_to_its_own_interval_only():
    async with running_edge() as (edge, market), edge.connect("/ws/btcusdt@kline_1m") as client:
        await ask(client, "LIST_SUBSCRIPTIONS")
        market.publish(Feed.CANDLES, *(candle(each) for each in INTERVALS))
        assert (await answer(client))["k"]["i"] == "1m"
        assert await silent(client)


@pytest.mark.parametrize("levels", [5, 10, 20])
async def test_slow_partial_depth_moves_with_the_slow_feed(levels):
    async with running_edge() as (edge, market):
        market.answers[GetDepth] = lambda _: book(40, [(100, 1)], [(101, 1)])
        async with edge.connect(f"/ws/btcusdt@depth{levels}") as client:
            assert (await answer(client))["lastUpdateId"] == 40
            market.publish(Feed.DEPTH, change(41, 42, [(99, 1)], []))
            assert await silent(client)
            market.publish(Feed.DEPTH_SLOW, change(41, 42, [(99, 1)], []))
            assert (await answer(client))["lastUpdateId"] == 42
            market.publish(Feed.DEPTH_SLOW, change(41, 42, [(99, 1)], []))
            assert await silent(client)  # nothing has changed


async def test_all_mini_tickers_come_as_one_array_of_those_that_changed():
    async with running_edge() as (edge, market), edge.connect("/ws/!miniTicker@arr") as client:
        await ask(client, "LIST_SUBSCRIPTIONS")
        market.publish(Feed.TICKER, ticker(0, last=5))
        market.publish(Feed.TICKER, ticker(2))
        market.publish(Feed.TICKER, ticker(0, last=6))
        market.publish(Feed.TICKER, ticker(7))  # listed a moment ago, not known here yet
        told = await answer(client)
        assert [(each["s"], each["c"]) for each in told] == [
            ("BTCUSDT", "0.06000000"),
            ("测试USDT", "0.05000000"),
        ]


async def test_the_average_price_is_asked_for_and_sent_when_it_changes():
    async with running_edge() as (edge, market), edge.connect("/ws") as client:
        answers = [100, 100, 200]

        def average(_: GetAveragePrice) -> AveragePrice:
            ticks = answers.pop(0) if len(answers) > 1 else answers[0]
            return AveragePrice(
                position=Position(command_seq=1), symbol=0, minutes=5, tick_lots=ticks, lots=1,
                last_ticks=ticks, close_ns=T_NS,
            )  # fmt: skip

        market.answers[GetAveragePrice] = average
        await ask(client, "SUBSCRIBE", "btcusdt@avgPrice")
        assert [(await answer(client))["w"] for _ in range(2)] == ["1.00000000", "2.00000000"]
        await ask(client, "UNSUBSCRIBE", "btcusdt@avgPrice")
        asked = len(market.asked)
        await asyncio.sleep(1.2)
        assert len(market.asked) <= asked + 1
