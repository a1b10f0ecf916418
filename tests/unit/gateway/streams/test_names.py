"""Names of streams: which exist, which could, which cannot."""

import pytest

from sunwise.exchange.gateway.streams.names import INTERVALS, StreamKind, parse_stream

KNOWN = {
    "btcusdt@trade": (StreamKind.TRADE, "", 0, False),
    "btcusdt@aggTrade": (StreamKind.AGGREGATE, "", 0, False),
    "btcusdt@bookTicker": (StreamKind.TOP, "", 0, False),
    "btcusdt@ticker": (StreamKind.TICKER, "", 0, False),
    "btcusdt@miniTicker": (StreamKind.MINI_TICKER, "", 0, False),
    "btcusdt@avgPrice": (StreamKind.AVERAGE_PRICE, "", 0, False),
    "btcusdt@depth": (StreamKind.DEPTH, "", 0, False),
    "btcusdt@depth@1000ms": (StreamKind.DEPTH, "", 0, False),
    "btcusdt@depth@100ms": (StreamKind.DEPTH, "", 0, True),
    "btcusdt@depth5": (StreamKind.PARTIAL_DEPTH, "", 5, False),
    "btcusdt@depth10@100ms": (StreamKind.PARTIAL_DEPTH, "", 10, True),
    "btcusdt@depth20@1000ms": (StreamKind.PARTIAL_DEPTH, "", 20, False),
} | {f"btcusdt@kline_{each}": (StreamKind.CANDLE, each, 0, False) for each in INTERVALS}


@pytest.mark.parametrize("name", KNOWN)
def test_each_stream_of_tier_one_has_its_name(name):
    stream = parse_stream(name)
    assert (stream.kind, stream.interval, stream.levels, stream.fast) == KNOWN[name]
    assert (stream.name, stream.symbol) == (name, "btcusdt")


def test_there_are_sixteen_intervals():
    assert len(INTERVALS) == 16


@pytest.mark.parametrize(
    "name",
    [
        "btcusdt@depth15", "btcusdt@depth5@250ms", "btcusdt@depth@", "btcusdt@kline_7m",
        "btcusdt@kline_1d@+08:00", "btcusdt@Trade", "BTCUSDT@trade", "btcusdt@nothing",
        "!ticker@arr", "!bookTicker", "!miniTicker", "btcusdt@ticker_1h", "!ticker_1h@arr",
    ],
)  # fmt: skip
def test_other_well_formed_names_are_streams_that_never_speak(name):
    stream = parse_stream(name)
    assert stream is None or stream.kind is StreamKind.NONE
    assert (stream is None) == name.endswith("@")


@pytest.mark.parametrize(
    "name",
    ["", "0", "btcusdt", "@trade", "a b@trade", "a@b@c@d", "a\n@trade", "!@arr", "a/b@trade", "x" * 41 + "@trade"],
)  # fmt: skip
def test_what_cannot_be_a_name_is_none(name):
    assert parse_stream(name) is None


@pytest.mark.parametrize(
    "name", ["!miniTicker@arr", "!miniTicker@arr@1000ms", "!miniTicker@arr@3000ms"]
)
def test_all_mini_tickers_is_a_stream_of_no_symbol(name):
    assert parse_stream(name).kind is StreamKind.ALL_MINI_TICKERS
