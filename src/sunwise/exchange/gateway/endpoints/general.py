"""Endpoints that say what this exchange is: ping, time, exchangeInfo."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from sunwise.chassis.clock import Clock
from sunwise.contracts.exchange.records import SymbolStatus
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.calls.limits import RequestLimits
from sunwise.exchange.gateway.calls.parameters import (
    Flag,
    StatusName,
    SymbolName,
    SymbolNames,
    Words,
)
from sunwise.exchange.gateway.calls.registry import Call, Endpoint, NoParameters
from sunwise.exchange.gateway.endpoints.trading import unit_ns
from sunwise.exchange.gateway.wire.commissions import rate
from sunwise.exchange.gateway.wire.listings import Listing, Listings, json_text

_SPOT: Final = "SPOT"
_SETS: Final = f'[["{_SPOT}"]]'
_ORDER_TYPES: Final = '["LIMIT","LIMIT_MAKER","MARKET","STOP_LOSS_LIMIT","TAKE_PROFIT_LIMIT"]'
_FLAGS: Final = (
    '"icebergAllowed":false,"ocoAllowed":false,"otoAllowed":false,"opoAllowed":false,'
    '"quoteOrderQtyMarketAllowed":true,"allowTrailingStop":false,"cancelReplaceAllowed":false,'
    '"amendAllowed":false,"pegInstructionsAllowed":false,"isSpotTradingAllowed":true,'
    '"isMarginTradingAllowed":false'
)
_STP: Final = (
    '"defaultSelfTradePreventionMode":"NONE",'
    '"allowedSelfTradePreventionModes":["NONE","EXPIRE_TAKER","EXPIRE_MAKER","EXPIRE_BOTH"]'
)
_MIN_TO_MARKET: Final = 1
_MAX_TO_MARKET: Final = 2


class ExchangeInfo(Struct, rename="camel", frozen=True):
    """Parameters of GET exchangeInfo."""

    symbol: SymbolName | None = None
    symbols: SymbolNames | None = None
    permissions: Words | None = None
    show_permission_sets: Flag = True
    symbol_status: StatusName | None = None


class General:
    """What can be asked of the exchange as a whole."""

    def __init__(self, listings: Listings, limits: RequestLimits, clock: Clock) -> None:
        self._listings = listings
        self._clock = clock
        self._rate_limits = msgspec.json.encode(list(limits.describe())).decode()
        self._shown: dict[tuple[int, bool], str] = {}
        self._version = -1

    def endpoints(self) -> Iterable[Endpoint]:
        """Ping, time, exchangeInfo."""
        yield Endpoint(
            name="ping",
            summary="Test connectivity",
            method="GET",
            path="/api/v3/ping",
            ws_method="ping",
            handler=self.ping,
        )
        yield Endpoint(
            name="time",
            summary="Check server time",
            method="GET",
            path="/api/v3/time",
            ws_method="time",
            handler=self.time,
        )
        yield Endpoint(
            name="exchange_info",
            summary="Exchange information: symbols, filters, limits",
            method="GET",
            path="/api/v3/exchangeInfo",
            ws_method="exchangeInfo",
            params=ExchangeInfo,
            weight=20,
            handler=self.exchange_info,
        )

    def ping(self, _call: Call, _params: NoParameters) -> bytes:
        """Nothing, at once."""
        return b"{}"

    def time(self, call: Call, _params: NoParameters) -> bytes:
        """The exchange's time."""
        return b'{"serverTime":%d}' % (self._clock.now_ns() // unit_ns(call))

    def exchange_info(self, call: Call, params: ExchangeInfo) -> bytes:
        """What is listed, under which terms."""
        shown = ",".join(
            self._symbol(listing, with_sets=params.show_permission_sets)
            for listing in self._chosen(params)
        )
        return (
            f'{{"timezone":"UTC","serverTime":{self._clock.now_ns() // unit_ns(call)},'
            f'"rateLimits":{self._rate_limits},"exchangeFilters":[],"symbols":[{shown}]}}'
        ).encode()

    def _chosen(self, params: ExchangeInfo) -> Iterator[Listing]:
        named = params.symbol is not None or params.symbols is not None
        if params.symbol is not None and params.symbols is not None:
            raise errors.bad_combination()
        if named and (params.permissions is not None or params.symbol_status is not None):
            raise errors.bad_combination()
        if params.symbol is not None:
            yield self._listings.named(params.symbol)
        elif params.symbols is not None:
            for name in params.symbols:
                yield self._listings.named(name)
        elif params.permissions is None or _SPOT in params.permissions:
            for listing in self._listings:
                if params.symbol_status in (None, listing.symbol.status):
                    yield listing

    def _symbol(self, listing: Listing, *, with_sets: bool) -> str:
        """The symbol's entry, kept until something is listed or changes."""
        if self._version != self._listings.version:
            self._shown.clear()
            self._version = self._listings.version
        key = (listing.symbol.index, with_sets)
        shown = self._shown.get(key)
        if shown is None:
            shown = self._shown[key] = described(listing, with_sets=with_sets)
        return shown


def described(listing: Listing, *, with_sets: bool) -> str:
    """A symbol as exchangeInfo shows it; PRICE_FILTER first, as some clients take filters[0]."""
    base, quote = listing.base.decimals, listing.quote.decimals
    return (
        f'{{"symbol":{json_text(listing.symbol.name)},'
        f'"status":"{SymbolStatus(listing.symbol.status).name}",'
        f'"baseAsset":{listing.base_text},"baseAssetPrecision":{base},'
        f'"quoteAsset":{listing.quote_text},"quotePrecision":{quote},'
        f'"quoteAssetPrecision":{quote},"baseCommissionPrecision":{base},'
        f'"quoteCommissionPrecision":{quote},"orderTypes":{_ORDER_TYPES},{_FLAGS},'
        f'"filters":[{",".join(_filters(listing))}],"permissions":[],'
        f'"permissionSets":{_SETS if with_sets else "[]"},{_STP}}}'
    )


def _filters(listing: Listing) -> Iterator[str]:
    """The symbol's filters in the order in which the engine applies them."""
    terms, text = listing.symbol, listing.text
    yield (
        f'{{"filterType":"PRICE_FILTER","minPrice":"{text.price(terms.min_price_ticks)}",'
        f'"maxPrice":"{text.price(terms.max_price_ticks)}","tickSize":"{text.price(1)}"}}'
    )
    yield (
        f'{{"filterType":"LOT_SIZE","minQty":"{text.qty(terms.min_qty_lots)}",'
        f'"maxQty":"{text.qty(terms.max_qty_lots)}","stepSize":"{text.qty(1)}"}}'
    )
    yield (
        f'{{"filterType":"MARKET_LOT_SIZE","minQty":"{text.qty(terms.market_min_qty_lots)}",'
        f'"maxQty":"{text.qty(terms.market_max_qty_lots)}","stepSize":"{text.qty(1)}"}}'
    )
    yield from _value_filters(listing)
    yield f'{{"filterType":"MAX_NUM_ORDERS","maxNumOrders":{terms.max_num_orders}}}'


def _value_filters(listing: Listing) -> Iterator[str]:
    terms, text = listing.symbol, listing.text
    if terms.min_notional_atoms or terms.max_notional_atoms:
        most = terms.max_notional_atoms or 2**63 - 1
        yield (
            f'{{"filterType":"NOTIONAL","minNotional":"{text.quote(terms.min_notional_atoms)}",'
            f'"applyMinToMarket":{_bool(terms.notional_flags & _MIN_TO_MARKET)},'
            f'"maxNotional":"{text.quote(most)}",'
            f'"applyMaxToMarket":{_bool(terms.notional_flags & _MAX_TO_MARKET)},'
            f'"avgPriceMins":{terms.avg_price_mins}}}'
        )
    if terms.bid_multiplier_up_ppm or terms.ask_multiplier_up_ppm:
        yield (
            '{"filterType":"PERCENT_PRICE_BY_SIDE",'
            f'"bidMultiplierUp":"{_multiplier(terms.bid_multiplier_up_ppm)}",'
            f'"bidMultiplierDown":"{_multiplier(terms.bid_multiplier_down_ppm)}",'
            f'"askMultiplierUp":"{_multiplier(terms.ask_multiplier_up_ppm)}",'
            f'"askMultiplierDown":"{_multiplier(terms.ask_multiplier_down_ppm)}",'
            f'"avgPriceMins":{terms.avg_price_mins}}}'
        )


def _multiplier(ppm: int) -> str:
    """Without the zeros at its end, as Binance writes them: 1.2, 5, 0.8."""
    return rate(ppm).rstrip("0").rstrip(".")


def _bool(flag: int) -> str:
    return "true" if flag else "false"
