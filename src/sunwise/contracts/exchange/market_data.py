"""Depth, trades, candles and tickers: what market data publishes and answers.

Prices are ticks, quantities lots, money atoms of the quote asset, times ns
since 1970. A feed of one symbol is published on `md.<shard>.<symbol>.<feed>`,
at most once; a reader that misses something sees it by the ids and asks again.
"""

from typing import Annotated

from msgspec import Meta, Struct

from sunwise.contracts.exchange.accounts import Index, Number, Position
from sunwise.contracts.exchange.history import Limit, Moment

Level = tuple[int, int]  # (price_ticks, qty_lots); 0 lots removes the level


class DepthChanged(Struct, frozen=True, kw_only=True, tag="depth"):
    """Levels that changed in one interval, with their absolute quantities.

    `first_update_id` of a message is `last_update_id` of the one before plus 1.
    Nothing is published in an interval without change.
    """

    symbol: int
    first_update_id: int
    last_update_id: int
    time_ns: int
    bids: list[Level]
    asks: list[Level]


class TopOfBook(Struct, frozen=True, kw_only=True, tag="top"):
    """Best bid and ask; ticks and lots are 0 on an empty side (Binance: bookTicker)."""

    symbol: int
    update_id: int
    bid: Level
    ask: Level
    time_ns: int


class TradePrint(Struct, frozen=True, kw_only=True, array_like=True, tag="trade"):
    """One trade."""

    symbol: int
    trade_id: int
    price_ticks: int
    qty_lots: int
    quote_atoms: int
    time_ns: int
    buyer_is_maker: bool


class AggregateTrade(Struct, frozen=True, kw_only=True, array_like=True, tag="aggregate"):
    """Trades of one taker order at one price."""

    symbol: int
    aggregate_id: int
    price_ticks: int
    qty_lots: int
    first_trade_id: int
    last_trade_id: int
    time_ns: int
    buyer_is_maker: bool


class Candle(Struct, frozen=True, kw_only=True, array_like=True, tag="candle"):
    """One candle. Without a trade: all four prices are the close before, the rest is 0."""

    symbol: int
    interval: str  # 1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M
    open_ns: int  # inclusive
    close_ns: int  # exclusive end less one millisecond, as Binance has it
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    qty_lots: int
    quote_atoms: int
    trades: int
    taker_buy_lots: int
    taker_buy_quote_atoms: int
    first_trade_id: int  # -1 without a trade
    last_trade_id: int  # -1 without a trade
    is_closed: bool


class Ticker(Struct, frozen=True, kw_only=True, array_like=True, tag="ticker"):
    """Statistics of a rolling window of 24 h, to the minute at its beginning.

    Without a trade in the window ids are -1, volumes 0 and all prices the last one; prices are 0
    before the first trade.
    """

    symbol: int
    open_ns: int
    close_ns: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    last_ticks: int
    last_lots: int
    previous_close_ticks: int  # last trade before the window, 0 for none
    qty_lots: int
    quote_atoms: int
    trades: int
    first_trade_id: int
    last_trade_id: int
    bid: Level
    ask: Level


MarketEvent = DepthChanged | TopOfBook | TradePrint | AggregateTrade | Candle | Ticker


class Feed:
    """Last tokens of market-data subjects."""

    DEPTH = "depth"  # list[DepthChanged] of at most one, every 100 ms
    DEPTH_SLOW = "depth1s"  # the same, every 1,000 ms
    TOP = "top"  # TopOfBook, coalesced for each tick of the service
    TRADES = "trades"  # list[TradePrint]
    AGGREGATES = "aggregates"  # list[AggregateTrade]
    CANDLES = "candles"  # list[Candle], all intervals that changed, at Binance's pace
    TICKER = "ticker"  # Ticker, each second when something changed


def feed_subject(shard: str, symbol: int, feed: str) -> str:
    """Where a feed is published; each message is a msgpack list of that feed's events."""
    return f"md.{shard}.{symbol}.{feed}"


# ---- queries: request subject `query.market.<shard>`, one tagged union ----


class GetDepth(Struct, frozen=True, kw_only=True, tag="depth"):
    """Ask for the best `limit` levels of each side; answered by Depth."""

    symbol: Index
    limit: Annotated[int, Meta(ge=1, le=5_000)] = 100


class GetTrades(Struct, frozen=True, kw_only=True, tag="trades"):
    """Ask for the newest trades, or those from an id on, oldest first; answered by Trades.

    Only the newest trades of a symbol are kept: an id before them gives the oldest that are.
    """

    symbol: Index
    limit: Limit = 500
    from_trade_id: Number | None = None


class GetAggregates(Struct, frozen=True, kw_only=True, tag="aggregates"):
    """Ask for aggregate trades; answered by Aggregates, oldest first.

    By id from there on, or those of [start_ns, end_ns]: the first ones with `start_ns`, else the
    newest. Not both. Only the newest aggregates of a symbol are kept.
    """

    symbol: Index
    limit: Limit = 500
    from_id: Number | None = None
    start_ns: Moment | None = None
    end_ns: Moment | None = None


class GetCandles(Struct, frozen=True, kw_only=True, tag="candles"):
    """Ask for candles that open within [start_ns, end_ns]; answered by Candles.

    The first `limit` of them with `start_ns`, else the newest. They begin with the symbol's first
    trade and end with the one at work; those of a second are kept for about 20 minutes of trading.
    """

    symbol: Index
    interval: str
    limit: Limit = 500
    start_ns: Moment | None = None
    end_ns: Moment | None = None
    # A time zone's distance east of UTC, whole minutes: candles begin at its own midnight.
    offset_ns: Annotated[int, Meta(ge=-14 * 3600 * 10**9, le=14 * 3600 * 10**9)] = 0


class GetTickers(Struct, frozen=True, kw_only=True, tag="tickers"):
    """Ask for 24 h statistics, last price and top of book; answered by Tickers."""

    symbols: list[Index] | None = None  # every symbol when None


class GetAveragePrice(Struct, frozen=True, kw_only=True, tag="average"):
    """Ask for the average price that filters use; answered by AveragePrice."""

    symbol: Index


MarketQuery = GetDepth | GetTrades | GetAggregates | GetCandles | GetTickers | GetAveragePrice


class Depth(Struct, frozen=True, kw_only=True, tag="depth"):
    """Answer to GetDepth; bids descend, asks ascend."""

    position: Position
    symbol: int
    last_update_id: int
    bids: list[Level]
    asks: list[Level]


class Trades(Struct, frozen=True, kw_only=True, tag="trades"):
    """Answer to GetTrades."""

    position: Position
    trades: list[TradePrint]


class Aggregates(Struct, frozen=True, kw_only=True, tag="aggregates"):
    """Answer to GetAggregates."""

    position: Position
    aggregates: list[AggregateTrade]


class Candles(Struct, frozen=True, kw_only=True, tag="candles"):
    """Answer to GetCandles, oldest first."""

    position: Position
    candles: list[Candle]


class Tickers(Struct, frozen=True, kw_only=True, tag="tickers"):
    """Answer to GetTickers."""

    position: Position
    tickers: list[Ticker]


class AveragePrice(Struct, frozen=True, kw_only=True, tag="average"):
    """Answer to GetAveragePrice: quote atoms per whole unit of base would not be exact, so a fraction."""

    position: Position
    symbol: int
    minutes: int
    tick_lots: int  # sum of price_ticks * qty_lots
    lots: int  # sum of qty_lots; 0 when nothing traded
    last_ticks: int
    close_ns: int  # log time of the last trade; 0 before the first


MarketReply = Depth | Trades | Aggregates | Candles | Tickers | AveragePrice


def query_subject(shard: str) -> str:
    """Where market data listens."""
    return f"query.market.{shard}"
