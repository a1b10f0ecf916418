"""Names of market streams: what `btcusdt@depth20@100ms` asks for.

Binance tells a name that cannot be one (refused) from one that merely does not exist (accepted,
and silent for ever); so does this. Symbols are lower case in names; `BTCUSDT@trade` does not exist.
"""

import re
from enum import Enum
from typing import Final, NamedTuple

INTERVALS: Final = (
    "1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h",
    "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M",
)  # fmt: skip
_NAME: Final = re.compile(r"[^\s@!#/?&\x00-\x1f\x7f]{1,40}(@[A-Za-z0-9_+:.-]{1,24}){1,2}")
_ALL: Final = re.compile(r"![A-Za-z0-9_]{1,24}(@[A-Za-z0-9_+:.-]{1,24}){0,2}")
_ALL_MINI_TICKERS: Final = re.compile(r"!miniTicker@arr(@1000ms|@3000ms)?")  # python-binance's pace
_PACES: Final = {"": False, "@1000ms": False, "@100ms": True}


class StreamKind(Enum):
    """The families of market streams that exist here."""

    DEPTH = "depthUpdate"
    PARTIAL_DEPTH = "partial depth"
    TRADE = "trade"
    AGGREGATE = "aggTrade"
    TOP = "bookTicker"
    CANDLE = "kline"
    TICKER = "24hrTicker"
    MINI_TICKER = "24hrMiniTicker"
    ALL_MINI_TICKERS = "24hrMiniTicker of all"
    AVERAGE_PRICE = "avgPrice"
    NONE = "well-formed, but no stream of this exchange"


class Stream(NamedTuple):
    """A stream as asked for."""

    name: str
    kind: StreamKind
    symbol: str = ""  # lower case; empty for streams of all symbols
    interval: str = ""  # CANDLE
    levels: int = 0  # PARTIAL_DEPTH: 5, 10 or 20 a side
    fast: bool = False  # DEPTH, PARTIAL_DEPTH: every 100 ms instead of every 1,000 ms


_PLAIN: Final = {
    "trade": StreamKind.TRADE,
    "aggTrade": StreamKind.AGGREGATE,
    "bookTicker": StreamKind.TOP,
    "ticker": StreamKind.TICKER,
    "miniTicker": StreamKind.MINI_TICKER,
    "avgPrice": StreamKind.AVERAGE_PRICE,
}
_DEPTH: Final = re.compile(r"depth(5|10|20|)(@1000ms|@100ms|)")


def parse_stream(name: str) -> Stream | None:
    """What the name asks for; None when it cannot be the name of a stream."""
    if _ALL_MINI_TICKERS.fullmatch(name):
        return Stream(name, StreamKind.ALL_MINI_TICKERS)
    if _ALL.fullmatch(name):
        return Stream(name, StreamKind.NONE)
    if not _NAME.fullmatch(name):
        return None
    symbol, _, what = name.partition("@")
    if symbol != symbol.lower():
        return Stream(name, StreamKind.NONE)
    return _stream_of_symbol(name, symbol, what)


def _stream_of_symbol(name: str, symbol: str, what: str) -> Stream:
    if kind := _PLAIN.get(what):
        return Stream(name, kind, symbol)
    if depth := _DEPTH.fullmatch(what):
        levels, pace = depth.groups()
        kind = StreamKind.PARTIAL_DEPTH if levels else StreamKind.DEPTH
        return Stream(name, kind, symbol, levels=int(levels or 0), fast=_PACES[pace])
    if what.startswith("kline_") and what[6:] in INTERVALS:
        return Stream(name, StreamKind.CANDLE, symbol, interval=what[6:])
    return Stream(name, StreamKind.NONE, symbol)
