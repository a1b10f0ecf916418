"""Trades, aggregates, candles and tickers against naive recomputation from all trades."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sunwise.contracts.exchange.market_data import (
    Feed,
    GetAggregates,
    GetAveragePrice,
    GetCandles,
    GetTickers,
    GetTrades,
)
from sunwise.exchange.market_data import candle_query
from sunwise.exchange.market_data.answers import answer
from sunwise.exchange.market_data.bars import BarRow
from sunwise.exchange.market_data.intervals import NAMES
from sunwise.exchange.market_data.model import Kept, MarketData
from tests.support.naive_market import naive_average, naive_candles, naive_day, open_ns
from tests.support.toy_exchange import ToyExchange

SEEDS = st.integers(0, 2**32)
HOUR_NS = 3600 * 10**9
STEPS_NS = {
    "1s": (10**8, 10**10), "1m": (10**9, 5 * 10**10), "3m": (10**9, 10**11),
    "5m": (10**10, 10**11), "15m": (10**10, 10**12), "30m": (10**11, 10**12),
    "1h": (10**11, HOUR_NS), "2h": (10**11, HOUR_NS), "4h": (10**12, 3 * HOUR_NS),
    "6h": (10**12, 4 * HOUR_NS), "8h": (10**12, 5 * HOUR_NS), "12h": (HOUR_NS, 9 * HOUR_NS),
    "1d": (HOUR_NS, 15 * HOUR_NS), "3d": (HOUR_NS, 50 * HOUR_NS), "1w": (HOUR_NS, 90 * HOUR_NS),
    "1M": (24 * HOUR_NS, 400 * HOUR_NS),
}  # fmt: skip


class Rows:
    """A store of closed candles in a dict."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, str, int], BarRow] = {}

    def take_from(self, model: MarketData) -> None:
        for symbol, interval, row in model.closed_rows:
            assert (symbol, interval, row[0]) not in self.rows
            self.rows[symbol, interval, row[0]] = row
        model.forget_stored(len(model.closed_rows))

    def read(self, wanted) -> list[BarRow]:
        of_source = sorted(
            row
            for (symbol, interval, _), row in self.rows.items()
            if (symbol, interval) == (wanted.symbol, wanted.source)
        )
        before = [row for row in of_source if row[0] < wanted.begin_ns][-1:]
        return before + [row for row in of_source if wanted.begin_ns <= row[0] < wanted.end_ns]


def ask(model: MarketData, store: Rows, query: GetCandles) -> list:
    market = model.markets[query.symbol]
    wanted = candle_query.wanted_candles(model, market, query)
    if not wanted.opens_ns:
        return []
    if wanted.source == "1s":
        return candle_query.filled_candles(wanted, candle_query.seconds_of(market, wanted))
    return candle_query.filled_candles(wanted, store.read(wanted))


def flat(candle) -> tuple:
    return (
        candle.open_ns, candle.open_ticks, candle.high_ticks, candle.low_ticks,
        candle.close_ticks, candle.qty_lots, candle.quote_atoms, candle.trades,
        candle.taker_buy_lots, candle.taker_buy_quote_atoms, candle.first_trade_id,
        candle.last_trade_id,
    )  # fmt: skip


def market_flow(rng: random.Random, step_ns: tuple[int, int], n: int = 40):
    """A toy exchange of one symbol whose clock makes steps of random length."""
    toy, model = ToyExchange(rng, n_symbols=1), MarketData()
    for message in toy.open_market():
        model.apply(message)
    for _ in range(n):
        messages = toy.batch(3) if rng.random() < 0.6 else toy.clock(rng.randrange(*step_ns))
        for message in messages:
            model.apply(message)
        yield toy, model


@given(SEEDS, st.sampled_from(NAMES))
def test_candles_of_every_interval_are_those_of_the_list_of_trades(seed, interval):
    rng, store = random.Random(seed), Rows()
    for toy, model in market_flow(rng, STEPS_NS[interval]):  # noqa: B007
        if rng.random() < 0.3:
            store.take_from(model)
    wanted = naive_candles(toy.trades, interval, toy.now_ns)
    shown = ask(model, store, GetCandles(symbol=0, interval=interval, limit=1_000))
    assert [flat(candle) for candle in shown] == wanted[-1_000:]
    for candle, following in pairwise(shown):
        assert candle.close_ns == following.open_ns - 10**6
        assert candle.is_closed
    if shown:
        assert not shown[-1].is_closed


@given(SEEDS, st.sampled_from(["1m", "15m", "1h", "4h", "1d", "1w", "1M"]),
       st.sampled_from([-12 * 60, -150, 60, 330, 480, 765, 840]))  # fmt: skip
def test_candles_of_a_time_zone_begin_at_its_own_midnight(seed, interval, offset_minutes):
    rng, store = random.Random(seed), Rows()
    for toy, model in market_flow(rng, STEPS_NS[interval], n=25):  # noqa: B007
        store.take_from(model)
    wanted = naive_candles(toy.trades, interval, toy.now_ns, offset_minutes)
    query = GetCandles(
        symbol=0, interval=interval, limit=1_000, offset_ns=offset_minutes * 60 * 10**9
    )
    assert [flat(candle) for candle in ask(model, store, query)] == wanted[-1_000:]


@given(SEEDS, st.data())
def test_a_query_for_candles_by_time_gets_those_that_open_within_it(seed, data):
    rng, store = random.Random(seed), Rows()
    for toy, model in market_flow(rng, STEPS_NS["1m"], n=25):  # noqa: B007
        pass
    wanted = naive_candles(toy.trades, "1m", toy.now_ns)
    begin, end = toy.now_ns - 30 * 60 * 10**9, toy.now_ns + 10**11
    moments = st.none() | st.integers(begin, end)
    start_ns, end_ns = data.draw(moments), data.draw(moments)
    limit = data.draw(st.integers(1, 9))
    query = GetCandles(symbol=0, interval="1m", limit=limit, start_ns=start_ns, end_ns=end_ns)
    within = [
        row for row in wanted
        if (start_ns is None or row[0] >= start_ns) and (end_ns is None or row[0] <= end_ns)
    ]  # fmt: skip
    expected = within[-limit:] if start_ns is None else within[:limit]
    assert [flat(candle) for candle in ask(model, store, query)] == expected


@given(SEEDS, st.sampled_from(["1s", "1m", "5m", "1h"]))
def test_the_stream_closes_every_candle_once_in_order_and_empty_ones_too(seed, interval):
    rng = random.Random(seed)
    closed, live = [], []
    for toy, model in market_flow(rng, STEPS_NS[interval]):  # noqa: B007
        told = model.feeds.take_live(model.time_ns)
        if rng.random() < 0.5:
            told += model.feeds.take_candles(model.clock, longer=rng.random() < 0.5)
        for publication in told:
            if publication.feed == Feed.CANDLES:
                mine = [c for c in publication.events if c.interval == interval]
                closed += [flat(c) for c in mine if c.is_closed]
                live += [(flat(c), len(closed)) for c in mine if not c.is_closed]
    told = model.feeds.take_live(model.time_ns)
    wanted = naive_candles(toy.trades, interval, toy.now_ns)
    assert closed == wanted[:-1]
    for candle, n_closed in live:
        assert candle[0] == wanted[n_closed][0]
        assert candle[7] > 0


@given(SEEDS)
def test_tickers_are_those_of_the_last_day_of_trades(seed):
    rng = random.Random(seed)
    for toy, model in market_flow(rng, (10**9, 8 * HOUR_NS)):
        (ticker,) = answer(model, GetTickers()).tickers
        candle, previous = naive_day(toy.trades, toy.now_ns)
        last = toy.trades[-1].price if toy.trades else 0
        shown = (
            ticker.open_ticks, ticker.high_ticks, ticker.low_ticks, ticker.last_ticks,
            ticker.qty_lots, ticker.quote_atoms, ticker.trades, ticker.first_trade_id,
            ticker.last_trade_id, ticker.previous_close_ticks,
        )  # fmt: skip
        assert shown == (*candle[:7], *candle[9:], previous)
        assert ticker.last_ticks == last
        assert ticker.close_ns - ticker.open_ns == 24 * HOUR_NS
        if ticker.trades:
            assert ticker.last_trade_id - ticker.first_trade_id + 1 == ticker.trades


@given(SEEDS)
def test_a_ticker_is_told_when_its_day_has_changed(seed):
    rng = random.Random(seed)
    shown = None
    for toy, model in market_flow(rng, (10**9, 8 * HOUR_NS)):  # noqa: B007
        model.feeds.take_live(model.time_ns)
        for publication in model.feeds.take_tickers(model.time_ns):
            (shown,) = publication.events
        (now,) = answer(model, GetTickers(symbols=[0])).tickers
        if shown is not None:
            assert day_of(shown) == day_of(now)


def day_of(ticker) -> tuple:
    return (
        ticker.open_ticks, ticker.high_ticks, ticker.low_ticks, ticker.last_ticks,
        ticker.qty_lots, ticker.trades, ticker.previous_close_ticks, ticker.bid, ticker.ask,
    )  # fmt: skip


@given(SEEDS)
def test_the_average_price_is_over_the_buckets_that_the_filters_use(seed):
    rng = random.Random(seed)
    for toy, model in market_flow(rng, (10**8, 10**11)):
        reply = answer(model, GetAveragePrice(symbol=0))
        assert (reply.tick_lots, reply.lots) == naive_average(toy.trades, 5, toy.now_ns)
        assert reply.last_ticks == (toy.trades[-1].price if toy.trades else 0)


@given(SEEDS)
def test_trades_are_printed_once_and_aggregates_tile_them(seed):
    rng = random.Random(seed)
    toy, model = ToyExchange(rng), MarketData(Kept(trades=10_000, aggregates=10_000))
    prints, whole = [], []
    messages = toy.open_market()
    for _ in range(40):
        messages += toy.batch(rng.randrange(1, 8))
    for message in messages:
        model.apply(message)
        if rng.random() < 0.5:
            for publication in model.feeds.take_live(model.time_ns):
                if publication.feed == Feed.TRADES:
                    prints += publication.events
                elif publication.feed == Feed.AGGREGATES:
                    whole += publication.events
    for publication in model.feeds.take_live(model.time_ns):
        {Feed.TRADES: prints, Feed.AGGREGATES: whole}.get(publication.feed, []).extend(
            publication.events
        )
    for symbol in range(toy.n_symbols):
        trades = [trade for trade in toy.trades if trade.symbol == symbol]
        mine = [p for p in prints if p.symbol == symbol]
        assert [
            (p.trade_id, p.price_ticks, p.qty_lots, p.quote_atoms, p.time_ns, p.buyer_is_maker)
            for p in mine
        ] == [(t.trade_id, t.price, t.qty, t.quote, t.time_ns, t.maker.side == 0) for t in trades]
        assert mine == answer(model, GetTrades(symbol=symbol, limit=1_000)).trades[-len(mine) :]
        assert [a for a in whole if a.symbol == symbol] == (
            answer(model, GetAggregates(symbol=symbol, limit=1_000)).aggregates
        )
        assert naive_aggregates(trades) == [
            (a.aggregate_id, a.price_ticks, a.qty_lots, a.first_trade_id, a.last_trade_id)
            for a in whole if a.symbol == symbol
        ]  # fmt: skip


def naive_aggregates(trades: list) -> list[tuple]:
    """One for each run of trades of one taker at one price."""
    runs: list[list] = []
    for trade in trades:
        if runs and (runs[-1][-1].taker, runs[-1][-1].price) == (trade.taker, trade.price):
            runs[-1].append(trade)
        else:
            runs.append([trade])
    return [
        (i, run[0].price, sum(t.qty for t in run), run[0].trade_id, run[-1].trade_id)
        for i, run in enumerate(runs, start=1)
    ]


@given(SEEDS, st.data())
def test_the_tape_answers_from_an_id_from_a_time_and_from_its_end(seed, data):
    rng = random.Random(seed)
    toy, model = ToyExchange(rng, n_symbols=1), MarketData(Kept(trades=20, aggregates=20))
    for message in [*toy.open_market(), *(m for _ in range(30) for m in toy.batch(4))]:
        model.apply(message)
    limit = data.draw(st.integers(1, 30))
    kept = [t.trade_id for t in toy.trades][-20:]
    ids = data.draw(st.none() | st.integers(0, len(toy.trades) + 2))
    reply = answer(model, GetTrades(symbol=0, limit=limit, from_trade_id=ids))
    expected = kept[-limit:] if ids is None else [i for i in kept if i >= ids][:limit]
    assert [p.trade_id for p in reply.trades] == expected
    rows = answer(model, GetAggregates(symbol=0, limit=1_000)).aggregates
    times = st.none() | st.integers(toy.trades[0].time_ns - 5 if toy.trades else 0, toy.now_ns + 5)
    start_ns, end_ns = data.draw(times), data.draw(times)
    query = GetAggregates(symbol=0, limit=limit, start_ns=start_ns, end_ns=end_ns)
    within = [
        a for a in rows
        if (start_ns is None or a.time_ns >= start_ns) and (end_ns is None or a.time_ns <= end_ns)
    ]  # fmt: skip
    expected = within[-limit:] if start_ns is None else within[:limit]
    assert answer(model, query).aggregates == expected


def test_weeks_begin_on_monday_and_months_on_the_first():
    assert open_ns("1w", 0) == -3 * 24 * HOUR_NS
