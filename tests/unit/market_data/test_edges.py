"""What happens at the edges: leaps of time, sums without bound, missing changes, kept rows."""

import pytest

from sunwise.contracts.exchange.log import (
    CLOCK_WRITER,
    FIRST_GATEWAY_WRITER,
    GENESIS_CHAIN,
    BatchFlag,
    EventMessage,
)
from sunwise.contracts.exchange.market_data import Feed, GetCandles, GetTickers
from sunwise.contracts.exchange.records import EventFlag, EventKind, Side
from sunwise.exchange.market_data.answers import answer
from sunwise.exchange.market_data.candle_query import wanted_candles
from sunwise.exchange.market_data.model import MarketData
from sunwise.exchange.market_data.rows import LARGEST, Rows
from tests.support.event_rows import ALICE, BOB, listed_symbol, order_event, trade

SECOND_NS = 10**9
START_NS = 1_709_251_200 * SECOND_NS


class Log:
    """Feeds a model by hand."""

    def __init__(self) -> None:
        self.model = MarketData()
        self._seq = self._trade_id = self._update_id = 0
        self.say(0, listed_symbol(0), writer=CLOCK_WRITER)

    def say(self, time_ns: int, *records: bytes, writer: int = FIRST_GATEWAY_WRITER) -> None:
        self._seq += 1
        place = (self._seq, 0, BatchFlag.LAST, writer, 1, self._seq, time_ns)
        message = EventMessage(*place, GENESIS_CHAIN, GENESIS_CHAIN, b"".join(records))
        self.model.apply(message)

    def trade_at(self, time_ns: int, *, price: int = 100, lots: int = 1) -> None:
        """A sell order rests and is bought at once."""
        self._trade_id += 1
        self._update_id += 2
        rests = order_event(
            EventKind.ACCEPTED, account=BOB, order_id=self._trade_id, side=Side.SELL,
            price_ticks=price, qty_lots=lots, flags=EventFlag.ON_BOOK,
            update_id=self._update_id - 1,
        )  # fmt: skip
        buys = trade(
            ALICE, 10**6 + self._trade_id, BOB, self._trade_id, lots=lots, price=price,
            trade_id=self._trade_id, update_id=self._update_id,
        )  # fmt: skip
        self.say(time_ns, rests, buys)


def closed(log: Log, interval: str) -> list:
    return [
        candle
        for publication in log.model.feeds.take_live(log.model.time_ns)
        if publication.feed == Feed.CANDLES
        for candle in publication.events
        if candle.interval == interval
    ]


def test_a_leap_of_log_time_tells_the_candle_it_closed_and_the_newest_hundred_empty_ones():
    log = Log()
    log.trade_at(START_NS)
    log.say(START_NS + 3600 * SECOND_NS, writer=CLOCK_WRITER)
    seconds = closed(log, "1s")
    assert len(seconds) == 101
    assert seconds[0].trades == 1
    assert seconds[1].open_ns == START_NS + 3500 * SECOND_NS
    assert {candle.close_ticks for candle in seconds} == {100}


def test_a_leap_from_1970_is_no_harder_than_another():
    log = Log()
    log.trade_at(0)
    log.say(START_NS, writer=CLOCK_WRITER)
    assert len(closed(log, "1s")) == 101
    (ticker,) = answer(log.model, GetTickers()).tickers
    assert (ticker.trades, ticker.last_ticks, ticker.open_ticks) == (0, 100, 100)


def test_empty_clock_messages_close_candles():
    log = Log()
    log.trade_at(START_NS)
    for tenth in range(1, 31):
        log.say(START_NS + tenth * SECOND_NS // 10, writer=CLOCK_WRITER)
    seconds = closed(log, "1s")
    assert [candle.trades for candle in seconds] == [1, 0, 0]
    assert all(candle.is_closed for candle in seconds)


def test_a_symbol_that_never_traded_has_no_candles():
    log = Log()
    for second in range(200):
        log.say(START_NS + second * SECOND_NS, writer=CLOCK_WRITER)
    assert closed(log, "1s") == []
    query = GetCandles(symbol=0, interval="1m")
    assert wanted_candles(log.model, log.model.markets[0], query).opens_ns == []
    (ticker,) = answer(log.model, GetTickers()).tickers
    assert (ticker.first_trade_id, ticker.last_ticks) == (-1, 0)


def test_sums_beyond_int64_are_shown_as_the_largest():
    log = Log()
    for _ in range(3):
        log.trade_at(START_NS, price=1, lots=2**62)
    log.say(START_NS + 61 * SECOND_NS, writer=CLOCK_WRITER)
    (ticker,) = answer(log.model, GetTickers()).tickers
    assert (ticker.qty_lots, ticker.quote_atoms) == (LARGEST, LARGEST)
    assert all(row.row[5] <= LARGEST for row in log.model.closed_rows)


def test_a_missing_change_of_the_book_stops_the_model():
    log = Log()
    log.trade_at(START_NS)
    log._update_id += 1
    with pytest.raises(AssertionError, match="a change of the book is missing"):
        log.trade_at(START_NS)


def test_a_missing_trade_stops_the_model():
    log = Log()
    log.trade_at(START_NS)
    log._trade_id += 1
    with pytest.raises(AssertionError, match="a trade is missing"):
        log.trade_at(START_NS)


def test_seconds_beyond_those_kept_are_gone_and_the_rest_is_whole():
    log = Log()
    for second in range(1_500):
        log.trade_at(START_NS + second * SECOND_NS, price=100 + second)
    query = GetCandles(symbol=0, interval="1s", limit=1_000, start_ns=START_NS)
    wanted = wanted_candles(log.model, log.model.markets[0], query)
    oldest_kept = 1_500 - 1 - 1_200  # the one at work is not among the kept
    assert wanted.opens_ns[0] == START_NS + oldest_kept * SECOND_NS
    assert len(wanted.opens_ns) == 1_000


def test_rows_keep_the_newest_and_find_by_key():
    rows = Rows(2, limit=5)
    for number in range(1_000):
        rows.append((number, -number))
    assert list(rows) == [(n, -n) for n in range(995, 1_000)]
    assert (rows[0], rows[-1]) == ((995, -995), (999, -999))
    assert [rows.find(key) for key in (0, 995, 997, 999, 1_000)] == [0, 0, 2, 4, 5]
    again = Rows(2, limit=5)
    again.load_bytes(rows.to_bytes())
    assert list(again) == list(rows)
    with pytest.raises(ValueError, match="are not rows"):
        again.load_bytes(bytes(8))
