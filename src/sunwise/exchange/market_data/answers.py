"""Answers to queries that memory holds the answer to, out of the model as it stands."""

from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.market_data import (
    Aggregates,
    AveragePrice,
    Depth,
    GetAggregates,
    GetAveragePrice,
    GetDepth,
    GetTickers,
    GetTrades,
    Tickers,
    Trades,
)
from sunwise.exchange.market_data.market import Market
from sunwise.exchange.market_data.model import MarketData
from sunwise.exchange.market_data.tape import aggregate_trade, trade_print

MemoryQuery = GetDepth | GetTrades | GetAggregates | GetTickers | GetAveragePrice
MemoryReply = Depth | Trades | Aggregates | Tickers | AveragePrice


def answer(model: MarketData, query: MemoryQuery) -> MemoryReply:
    """What the query asks for, at the model's position. Raises Permanent: it cannot be answered."""
    if isinstance(query, GetDepth):
        return _depth(model, query)
    if isinstance(query, GetTrades):
        return _trades(model, query)
    if isinstance(query, GetAggregates):
        return _aggregates(model, query)
    if isinstance(query, GetTickers):
        return _tickers(model, query)
    return _average(model, query)


def market_of(model: MarketData, symbol: int) -> Market:
    """The symbol's market. Raises Permanent when nothing is listed under this index."""
    if not 0 <= symbol < len(model.markets):
        raise Permanent(f"no symbol is listed under index {symbol}")
    return model.markets[symbol]


def _depth(model: MarketData, query: GetDepth) -> Depth:
    book = market_of(model, query.symbol).book
    return Depth(
        position=model.position,
        symbol=query.symbol,
        last_update_id=book.update_id,
        bids=book.bids.top(query.limit),
        asks=book.asks.top(query.limit),
    )


def _trades(model: MarketData, query: GetTrades) -> Trades:
    tape = market_of(model, query.symbol).tape
    rows = tape.trades_from(query.from_trade_id, query.limit)
    return Trades(position=model.position, trades=[trade_print(query.symbol, row) for row in rows])


def _aggregates(model: MarketData, query: GetAggregates) -> Aggregates:
    tape = market_of(model, query.symbol).tape
    if query.from_id is not None and (query.start_ns is not None or query.end_ns is not None):
        raise Permanent("GetAggregates takes an id or times, not both")
    if query.start_ns is None and query.end_ns is None:
        rows = tape.aggregates_from(query.from_id, query.limit)
    else:
        rows = tape.aggregates_between(query.start_ns, query.end_ns, query.limit)
    return Aggregates(
        position=model.position, aggregates=[aggregate_trade(query.symbol, row) for row in rows]
    )


def _tickers(model: MarketData, query: GetTickers) -> Tickers:
    if query.symbols is None:
        markets = model.markets
    else:
        markets = [market_of(model, symbol) for symbol in query.symbols]
    return Tickers(
        position=model.position, tickers=[market.ticker(model.time_ns) for market in markets]
    )


def _average(model: MarketData, query: GetAveragePrice) -> AveragePrice:
    market = market_of(model, query.symbol)
    tick_lots, lots = market.average_sums(model.time_ns)
    newest = market.tape.newest
    return AveragePrice(
        position=model.position,
        symbol=query.symbol,
        minutes=market.avg_price_mins,
        tick_lots=tick_lots,
        lots=lots,
        last_ticks=market.candles.last_ticks,
        close_ns=newest[4] if newest else 0,
    )
