"""Endpoints of market data. Nothing is kept here: every answer comes from the market data service."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final

from msgspec import Struct

from sunwise.chassis.clock import Clock
from sunwise.contracts.exchange.market_data import (
    Aggregates,
    AveragePrice,
    Candle,
    Candles,
    Depth,
    GetAggregates,
    GetAveragePrice,
    GetCandles,
    GetDepth,
    GetTickers,
    GetTrades,
    Ticker,
    Tickers,
    Trades,
)
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.calls.parameters import (
    Id,
    IntegerRule,
    Interval,
    StatusName,
    SymbolListRule,
    SymbolName,
    SymbolNames,
    TickerType,
    Time,
    Zone,
)
from sunwise.exchange.gateway.calls.registry import Call, Endpoint
from sunwise.exchange.gateway.endpoints.read_models import ReadModels
from sunwise.exchange.gateway.endpoints.trading import unit_ns
from sunwise.exchange.gateway.wire import market_codecs
from sunwise.exchange.gateway.wire.listings import Listing, Listings

_MINUTE_NS: Final = 60_000_000_000
_HOUR_NS: Final = 60 * _MINUTE_NS
_DAY_NS: Final = 24 * _HOUR_NS
_MILLISECOND_NS: Final = 1_000_000
_DEPTH_WEIGHTS: Final = ((100, 5), (500, 25), (1_000, 50))
_DEEPEST_WEIGHT: Final = 250
_MAX_WINDOW_SYMBOLS: Final = 100
_MAX_CANDLES: Final = 1_000

Limit = Annotated[int, IntegerRule(least=1, cap=1_000)]
DepthLimit = Annotated[int, IntegerRule(least=1, cap=5_000)]
FewSymbols = Annotated[tuple[str, ...], SymbolListRule(_MAX_WINDOW_SYMBOLS)]


class WindowRule:
    """1m to 59m, 1h to 23h, 1d to 7d; gives minutes."""

    schema: Final = {"type": "string", "examples": ["15m", "4h", "1d"]}
    _window: Final = re.compile(r"([1-9][0-9]?)([mhd])", re.ASCII)
    _units: Final = {"m": (1, 59), "h": (60, 23), "d": (1_440, 7)}

    def read(self, name: str, text: str) -> int:
        """The window in minutes."""
        found = self._window.fullmatch(text)
        if found is None:
            raise errors.invalid(name)
        minutes, most = self._units[found[2]]
        if int(found[1]) > most:
            raise errors.invalid(name)
        return int(found[1]) * minutes


class DepthParams(Struct, rename="camel", frozen=True):
    """Parameters of GET depth."""

    symbol: SymbolName
    limit: DepthLimit = 100
    symbol_status: StatusName | None = None


class TradesParams(Struct, rename="camel", frozen=True):
    """Parameters of GET trades."""

    symbol: SymbolName
    limit: Limit = 500


class HistoricalTradesParams(Struct, rename="camel", frozen=True):
    """Parameters of GET historicalTrades."""

    symbol: SymbolName
    limit: Limit = 500
    from_id: Id | None = None


class AggTradesParams(Struct, rename="camel", frozen=True):
    """Parameters of GET aggTrades."""

    symbol: SymbolName
    from_id: Id | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit = 500


class KlinesParams(Struct, rename="camel", frozen=True):
    """Parameters of GET klines and uiKlines."""

    symbol: SymbolName
    interval: Interval
    start_time: Time | None = None
    end_time: Time | None = None
    time_zone: Zone = 0
    limit: Limit = 500


class SymbolParams(Struct, rename="camel", frozen=True):
    """Just a symbol."""

    symbol: SymbolName


class TickerParams(Struct, rename="camel", frozen=True):
    """Parameters of GET ticker/24hr."""

    symbol: SymbolName | None = None
    symbols: SymbolNames | None = None
    type: TickerType = "FULL"
    symbol_status: StatusName | None = None


class PriceParams(Struct, rename="camel", frozen=True):
    """Parameters of GET ticker/price and ticker/bookTicker."""

    symbol: SymbolName | None = None
    symbols: SymbolNames | None = None
    symbol_status: StatusName | None = None


class DayParams(Struct, rename="camel", frozen=True):
    """Parameters of GET ticker/tradingDay."""

    symbol: SymbolName | None = None
    symbols: FewSymbols | None = None
    time_zone: Zone = 0
    type: TickerType = "FULL"
    symbol_status: StatusName | None = None


class WindowParams(Struct, rename="camel", frozen=True):
    """Parameters of GET ticker."""

    symbol: SymbolName | None = None
    symbols: FewSymbols | None = None
    window_size: Annotated[int, WindowRule()] = 1_440
    type: TickerType = "FULL"
    symbol_status: StatusName | None = None


def depth_weight(params: DepthParams) -> int:
    """By the number of levels asked for."""
    for levels, weight in _DEPTH_WEIGHTS:
        if params.limit <= levels:
            return weight
    return _DEEPEST_WEIGHT


def ticker_weight(params: TickerParams) -> int:
    """By the number of symbols; all of them weigh as much as a hundred."""
    if params.symbol is not None:
        return 2
    count = len(params.symbols) if params.symbols else 101
    return 2 if count <= 20 else 40 if count <= 100 else 80


def price_weight(params: PriceParams) -> int:
    """One symbol or more."""
    return 2 if params.symbol is not None else 4


def window_weight(params: DayParams | WindowParams) -> int:
    """4 for each symbol, at most 200."""
    return min(200, 4 * len(params.symbols or (1,)))


class Market:
    """Asks market data and writes its answers as Binance does."""

    def __init__(self, listings: Listings, read_models: ReadModels, clock: Clock) -> None:
        self._listings = listings
        self._read_models = read_models
        self._clock = clock

    def endpoints(self) -> Iterable[Endpoint]:
        """Depth, trades, klines, tickers; all of them public."""
        rows = (
            # path, WebSocket method, parameters, weight, handler, summary
            ("depth", "depth", DepthParams, depth_weight, self.depth, "Order book"),
            ("trades", "trades.recent", TradesParams, 25, self.trades, "Recent trades"),
            ("historicalTrades", "trades.historical", HistoricalTradesParams, 25,
             self.historical_trades, "Older trades"),
            ("aggTrades", "trades.aggregate", AggTradesParams, 4, self.agg_trades,
             "Trades of one taker order at one price"),
            ("klines", "klines", KlinesParams, 2, self.klines, "Candles"),
            ("uiKlines", "uiKlines", KlinesParams, 2, self.klines, "Candles for charts"),
            ("avgPrice", "avgPrice", SymbolParams, 2, self.average_price, "Average price"),
            ("ticker/24hr", "ticker.24hr", TickerParams, ticker_weight, self.ticker_24h,
             "Statistics of the last 24 hours"),
            ("ticker/price", "ticker.price", PriceParams, price_weight, self.ticker_price,
             "Last prices"),
            ("ticker/bookTicker", "ticker.book", PriceParams, price_weight, self.book_ticker,
             "Best bids and asks"),
            ("ticker/tradingDay", "ticker.tradingDay", DayParams, window_weight,
             self.ticker_day, "Statistics of the day"),
            ("ticker", "ticker", WindowParams, window_weight, self.ticker_window,
             "Statistics of a rolling window"),
        )  # fmt: skip
        for path, ws_method, params, weight, handler, summary in rows:
            yield Endpoint(
                name=ws_method.replace(".", "_"),
                summary=summary,
                method="GET",
                path=f"/api/v3/{path}",
                ws_method=ws_method,
                params=params,
                weight=weight,
                handler=handler,
            )

    # ---- book and trades ----

    async def depth(self, _call: Call, params: DepthParams) -> bytes:
        """The best levels of both sides."""
        listing = self._one(params.symbol, params.symbol_status)
        query = GetDepth(symbol=listing.symbol.index, limit=params.limit)
        return market_codecs.depth(listing, await self._read_models.market(query, Depth))

    async def trades(self, call: Call, params: TradesParams) -> bytes:
        """The newest trades."""
        return await self._trades(call, params.symbol, params.limit, from_id=None)

    async def historical_trades(self, call: Call, params: HistoricalTradesParams) -> bytes:
        """Trades from an id on, or the newest."""
        return await self._trades(call, params.symbol, params.limit, from_id=params.from_id)

    async def _trades(self, call: Call, symbol: str, limit: int, *, from_id: int | None) -> bytes:
        listing = self._listings.named(symbol)
        query = GetTrades(symbol=listing.symbol.index, limit=limit, from_trade_id=from_id)
        found = await self._read_models.market(query, Trades)
        return market_codecs.trades(listing, found.trades, unit_ns(call))

    async def agg_trades(self, call: Call, params: AggTradesParams) -> bytes:
        """Aggregate trades from an id on, of a time, or the newest."""
        listing = self._listings.named(params.symbol)
        check_order(params.start_time, params.end_time)
        timed = params.start_time is not None or params.end_time is not None
        if params.from_id is not None and timed:
            raise errors.bad_combination()
        query = GetAggregates(
            symbol=listing.symbol.index,
            limit=params.limit,
            from_id=params.from_id,
            start_ns=params.start_time,
            end_ns=params.end_time,
        )
        found = await self._read_models.market(query, Aggregates)
        return market_codecs.aggregates(listing, found.aggregates, unit_ns(call))

    # ---- candles ----

    async def klines(self, call: Call, params: KlinesParams) -> bytes:
        """Candles of a time, or the newest."""
        listing = self._listings.named(params.symbol)
        check_order(params.start_time, params.end_time)
        candles = await self._candles(
            listing,
            params.interval,
            start_ns=params.start_time,
            end_ns=params.end_time,
            limit=params.limit,
            zone=params.time_zone,
        )
        return market_codecs.klines(listing, candles, unit_ns(call))

    async def _candles(
        self,
        listing: Listing,
        interval: str,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        limit: int = _MAX_CANDLES,
        zone: int = 0,
    ) -> list[Candle]:
        query = GetCandles(
            symbol=listing.symbol.index,
            interval=interval,
            limit=limit,
            start_ns=start_ns,
            end_ns=end_ns,
            offset_ns=-zone * _MINUTE_NS,  # a day that begins early in the east begins before UTC's
        )
        return (await self._read_models.market(query, Candles)).candles

    async def average_price(self, call: Call, params: SymbolParams) -> bytes:
        """The average that the filters use."""
        listing = self._listings.named(params.symbol)
        query = GetAveragePrice(symbol=listing.symbol.index)
        answer = await self._read_models.market(query, AveragePrice)
        return market_codecs.average_price(listing, answer, unit_ns(call))

    # ---- tickers ----

    async def ticker_24h(self, call: Call, params: TickerParams) -> bytes:
        """The last 24 hours of one, some or all symbols."""
        unit = unit_ns(call)
        shape = market_codecs.ticker_24h if params.type == "FULL" else market_codecs.ticker_mini
        return await self._tickers(params, lambda listing, row: shape(listing, row, unit))

    async def ticker_price(self, _call: Call, params: PriceParams) -> bytes:
        """Last prices of one, some or all symbols."""
        return await self._tickers(params, market_codecs.ticker_price)

    async def book_ticker(self, _call: Call, params: PriceParams) -> bytes:
        """Best bids and asks of one, some or all symbols."""
        return await self._tickers(params, market_codecs.book_ticker)

    async def _tickers(
        self, params: TickerParams | PriceParams, shape: Callable[[Listing, Ticker], str]
    ) -> bytes:
        chosen = self._chosen(params.symbol, params.symbols, params.symbol_status)
        query = GetTickers(symbols=[listing.symbol.index for listing in chosen])
        found = (await self._read_models.market(query, Tickers)).tickers if chosen else []
        rows = {row.symbol: row for row in found}
        known = [each for each in chosen if each.symbol.index in rows]
        if params.symbol and not known:
            raise errors.internal()  # listed here a moment before market data knows of it
        shown = [shape(each, rows[each.symbol.index]) for each in known]
        return shown[0].encode() if params.symbol else f"[{','.join(shown)}]".encode()

    async def ticker_day(self, call: Call, params: DayParams) -> bytes:
        """The day so far, in the client's zone."""
        zone_ns = params.time_zone * _MINUTE_NS
        open_ns = (self._clock.now_ns() + zone_ns) // _DAY_NS * _DAY_NS - zone_ns
        close_ns = open_ns + _DAY_NS - _MILLISECOND_NS

        async def of_day(listing: Listing) -> Ticker:
            candles = await self._candles(
                listing, "1d", start_ns=open_ns, limit=1, zone=params.time_zone
            )
            return market_codecs.merged(
                listing.symbol.index, candles, open_ns=open_ns, close_ns=close_ns
            )

        return await self._windows(call, params, of_day)

    async def ticker_window(self, call: Call, params: WindowParams) -> bytes:
        """A window that ends now and opens on a whole minute."""
        now_ns = self._clock.now_ns()
        open_ns = (now_ns - params.window_size * _MINUTE_NS) // _MINUTE_NS * _MINUTE_NS
        hour_ns = min(-(-open_ns // _HOUR_NS) * _HOUR_NS, now_ns)

        async def of_window(listing: Listing) -> Ticker:
            candles = []
            if open_ns < hour_ns:
                candles += await self._candles(listing, "1m", start_ns=open_ns, end_ns=hour_ns - 1)
            candles += await self._candles(listing, "1h", start_ns=hour_ns, end_ns=now_ns)
            return market_codecs.merged(
                listing.symbol.index, candles, open_ns=open_ns, close_ns=now_ns
            )

        return await self._windows(call, params, of_window)

    async def _windows(
        self,
        call: Call,
        params: DayParams | WindowParams,
        of: Callable[[Listing], Any],
    ) -> bytes:
        if params.symbol is None and params.symbols is None:
            raise errors.missing_either("symbol", "symbols")
        shape = market_codecs.ticker_full if params.type == "FULL" else market_codecs.ticker_mini
        unit = unit_ns(call)
        chosen = self._chosen(params.symbol, params.symbols, params.symbol_status)
        shown = [shape(listing, await of(listing), unit) for listing in chosen]
        return shown[0].encode() if params.symbol else f"[{','.join(shown)}]".encode()

    # ---- symbols ----

    def _one(self, name: str, status: int | None) -> Listing:
        listing = self._listings.named(name)
        if status is not None and status != listing.symbol.status:
            raise errors.status_mismatch()
        return listing

    def _chosen(
        self, symbol: str | None, symbols: tuple[str, ...] | None, status: int | None
    ) -> list[Listing]:
        """One, some or all; a status that does not match refuses one and leaves out of some."""
        if symbol is not None:
            if symbols is not None:
                raise errors.bad_combination()
            return [self._one(symbol, status)]
        some = list(self._listings) if symbols is None else map(self._listings.named, symbols)
        return [each for each in some if status in (None, each.symbol.status)]


def check_order(start_ns: int | None, end_ns: int | None) -> None:
    """Raises ApiError -1102 when the end is before the start, as Binance does."""
    if start_ns is not None and end_ns is not None and end_ns < start_ns:
        raise errors.missing("endTime")
