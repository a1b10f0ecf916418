"""Market events as the JSON payloads of Binance's streams.

Each function gives the UTF-8 bytes of one payload, fields in Binance's order, every decimal with
all decimals of its asset. `unit_ns` is the length of the unit of time fields: a millisecond, or a
microsecond for connections that asked for it. Golden samples: recorded frames of the spot market
(@depth, @trade, @bookTicker); documented examples for the rest (web-socket-streams.md, 2026-07-21).
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from sunwise.contracts.exchange.catalog import Asset, Symbol
from sunwise.contracts.exchange.market_data import (
    AggregateTrade,
    AveragePrice,
    Candle,
    DepthChanged,
    Level,
    Ticker,
    TopOfBook,
    TradePrint,
)
from sunwise.money.decimal_text import format_scaled

MILLISECOND_NS: Final = 1_000_000
MICROSECOND_NS: Final = 1_000
_PERCENT_DECIMALS: Final = 3


class SymbolText:
    """How one symbol's integers read on the wire: ticks and lots in, decimal text out."""

    __slots__ = (
        "_price_pattern",
        "_price_scale",
        "_qty_pattern",
        "base_atoms_per_lot",
        "base_scale",
        "index",
        "name",
        "price_atoms_per_tick",
        "price_decimals",
    )

    def __init__(self, symbol: Symbol, base: Asset, quote: Asset) -> None:
        self.index = symbol.index
        self.name = msgspec.json.encode(symbol.name).decode()[1:-1]  # escaped, once
        self.base_atoms_per_lot = symbol.base_atoms_per_lot
        self.base_scale = 10**base.decimals
        self.price_atoms_per_tick = symbol.price_atoms_per_tick
        self.price_decimals = quote.decimals
        self._price_scale = 10**quote.decimals
        self._price_pattern = _pattern(quote.decimals)
        self._qty_pattern = _pattern(base.decimals)

    def price(self, ticks: int) -> str:
        """A price, 0 or more."""
        whole, part = divmod(ticks * self.price_atoms_per_tick, self._price_scale)
        return self._price_pattern % (whole, part)

    def qty(self, lots: int) -> str:
        """A quantity of the base asset, 0 or more."""
        whole, part = divmod(lots * self.base_atoms_per_lot, self.base_scale)
        return self._qty_pattern % (whole, part)

    def quote(self, atoms: int) -> str:
        """An amount of the quote asset, 0 or more."""
        whole, part = divmod(atoms, self._price_scale)
        return self._price_pattern % (whole, part)

    def price_change(self, ticks: int) -> str:
        """A difference of prices, with its sign when negative."""
        return format_scaled(ticks * self.price_atoms_per_tick, self.price_decimals)

    def average_price(self, quote_atoms: int, lots: int) -> str:
        """Quote over base, rounded half up; zero when nothing traded."""
        if not lots:
            return self.quote(0)
        base_atoms = lots * self.base_atoms_per_lot
        return self.quote((2 * quote_atoms * self.base_scale + base_atoms) // (2 * base_atoms))


def _pattern(decimals: int) -> str:
    """For `pattern % (whole, part)`; twice as fast as slicing digits."""
    return f"%d.%0{decimals}d" if decimals else "%d%.0s"


def depth_update(text: SymbolText, event: DepthChanged, unit_ns: int) -> bytes:
    """`@depth`: levels that changed, with their absolute quantities."""
    return (
        f'{{"e":"depthUpdate","E":{event.time_ns // unit_ns},"s":"{text.name}",'
        f'"U":{event.first_update_id},"u":{event.last_update_id},'
        f'"b":[{_levels(text, event.bids)}],"a":[{_levels(text, event.asks)}]}}'
    ).encode()


def partial_depth(
    text: SymbolText, last_update_id: int, bids: Iterable[Level], asks: Iterable[Level]
) -> bytes:
    """`@depth5`, 10, 20: the best levels; neither event time nor symbol, as Binance has it."""
    return (
        f'{{"lastUpdateId":{last_update_id},'
        f'"bids":[{_levels(text, bids)}],"asks":[{_levels(text, asks)}]}}'
    ).encode()


def _levels(text: SymbolText, levels: Iterable[Level]) -> str:
    price, qty = text.price, text.qty
    return ",".join([f'["{price(ticks)}","{qty(lots)}"]' for ticks, lots in levels])


def trade(text: SymbolText, event: TradePrint, unit_ns: int) -> bytes:
    """`@trade`."""
    time = event.time_ns // unit_ns
    return (
        f'{{"e":"trade","E":{time},"s":"{text.name}","t":{event.trade_id},'
        f'"p":"{text.price(event.price_ticks)}","q":"{text.qty(event.qty_lots)}",'
        f'"T":{time},"m":{_bool(event.buyer_is_maker)},"M":true}}'
    ).encode()


def aggregate_trade(text: SymbolText, event: AggregateTrade, unit_ns: int) -> bytes:
    """`@aggTrade`."""
    time = event.time_ns // unit_ns
    return (
        f'{{"e":"aggTrade","E":{time},"s":"{text.name}","a":{event.aggregate_id},'
        f'"p":"{text.price(event.price_ticks)}","q":"{text.qty(event.qty_lots)}",'
        f'"f":{event.first_trade_id},"l":{event.last_trade_id},'
        f'"T":{time},"m":{_bool(event.buyer_is_maker)},"M":true}}'
    ).encode()


def book_ticker(text: SymbolText, event: TopOfBook, _unit_ns: int) -> bytes:
    """`@bookTicker`: without event type and times, as Binance has it."""
    return (
        f'{{"u":{event.update_id},"s":"{text.name}",'
        f'"b":"{text.price(event.bid[0])}","B":"{text.qty(event.bid[1])}",'
        f'"a":"{text.price(event.ask[0])}","A":"{text.qty(event.ask[1])}"}}'
    ).encode()


def kline(text: SymbolText, event: Candle, unit_ns: int, *, now_ns: int) -> bytes:
    """`@kline_<interval>`; the event time is the sender's, a candle carries none."""
    last_unit = MILLISECOND_NS // unit_ns - 1  # close_ns names a millisecond; Binance its last µs
    return (
        f'{{"e":"kline","E":{now_ns // unit_ns},"s":"{text.name}","k":{{'
        f'"t":{event.open_ns // unit_ns},"T":{event.close_ns // unit_ns + last_unit},'
        f'"s":"{text.name}","i":"{event.interval}",'
        f'"f":{event.first_trade_id},"L":{event.last_trade_id},'
        f'"o":"{text.price(event.open_ticks)}","c":"{text.price(event.close_ticks)}",'
        f'"h":"{text.price(event.high_ticks)}","l":"{text.price(event.low_ticks)}",'
        f'"v":"{text.qty(event.qty_lots)}","n":{event.trades},"x":{_bool(event.is_closed)},'
        f'"q":"{text.quote(event.quote_atoms)}","V":"{text.qty(event.taker_buy_lots)}",'
        f'"Q":"{text.quote(event.taker_buy_quote_atoms)}","B":"0"}}}}'
    ).encode()


def ticker(text: SymbolText, event: Ticker, unit_ns: int) -> bytes:
    """`@ticker`: statistics of the last 24 hours."""
    close = event.close_ns // unit_ns
    change = event.last_ticks - event.open_ticks
    return (
        f'{{"e":"24hrTicker","E":{close},"s":"{text.name}",'
        f'"p":"{text.price_change(change)}","P":"{_percent(change, event.open_ticks)}",'
        f'"w":"{text.average_price(event.quote_atoms, event.qty_lots)}",'
        f'"x":"{text.price(event.previous_close_ticks)}","c":"{text.price(event.last_ticks)}",'
        f'"Q":"{text.qty(event.last_lots)}",'
        f'"b":"{text.price(event.bid[0])}","B":"{text.qty(event.bid[1])}",'
        f'"a":"{text.price(event.ask[0])}","A":"{text.qty(event.ask[1])}",'
        f'"o":"{text.price(event.open_ticks)}","h":"{text.price(event.high_ticks)}",'
        f'"l":"{text.price(event.low_ticks)}","v":"{text.qty(event.qty_lots)}",'
        f'"q":"{text.quote(event.quote_atoms)}","O":{event.open_ns // unit_ns},"C":{close},'
        f'"F":{event.first_trade_id},"L":{event.last_trade_id},"n":{event.trades}}}'
    ).encode()


def mini_ticker(text: SymbolText, event: Ticker, unit_ns: int) -> bytes:
    """`@miniTicker`, and one entry of `!miniTicker@arr`."""
    return (
        f'{{"e":"24hrMiniTicker","E":{event.close_ns // unit_ns},"s":"{text.name}",'
        f'"c":"{text.price(event.last_ticks)}","o":"{text.price(event.open_ticks)}",'
        f'"h":"{text.price(event.high_ticks)}","l":"{text.price(event.low_ticks)}",'
        f'"v":"{text.qty(event.qty_lots)}","q":"{text.quote(event.quote_atoms)}"}}'
    ).encode()


def average_price(text: SymbolText, answer: AveragePrice, unit_ns: int, *, now_ns: int) -> bytes:
    """`@avgPrice`; the last price when nothing traded within the interval."""
    price = text.price(answer.last_ticks)
    if answer.lots:
        atoms = answer.tick_lots * text.price_atoms_per_tick
        price = text.quote((2 * atoms + answer.lots) // (2 * answer.lots))
    return (
        f'{{"e":"avgPrice","E":{now_ns // unit_ns},"s":"{text.name}","i":"{answer.minutes}m",'
        f'"w":"{price}","T":{answer.close_ns // unit_ns}}}'
    ).encode()


def server_shutdown(unit_ns: int, *, now_ns: int) -> bytes:
    """The notice that a connection is about to end."""
    return b'{"e":"serverShutdown","E":%d}' % (now_ns // unit_ns)


def _percent(change: int, start: int) -> str:
    """The change in percent of the start, three decimals, rounded half away from zero."""
    if not start:
        return format_scaled(0, _PERCENT_DECIMALS)
    thousandths = (2 * abs(change) * 100_000 + start) // (2 * start)
    return format_scaled(thousandths if change >= 0 else -thousandths, _PERCENT_DECIMALS)


def _bool(value: bool) -> str:  # noqa: FBT001 - JSON's word for its only argument
    return "true" if value else "false"
