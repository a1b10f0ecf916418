"""Market data as REST and the WebSocket API show it; fields in Binance's order.

`unit_ns` is the length of a unit of time fields. Shapes: rest-api.md, "Market Data endpoints".
"""

from collections.abc import Iterable
from typing import Final

from sunwise.contracts.exchange.market_data import (
    AggregateTrade,
    AveragePrice,
    Candle,
    Depth,
    Level,
    Ticker,
    TradePrint,
)
from sunwise.exchange.gateway.streams.codecs import MILLISECOND_NS, SymbolText
from sunwise.exchange.gateway.wire.listings import Listing
from sunwise.money.decimal_text import format_scaled

_PERCENT_DECIMALS: Final = 3


def depth(listing: Listing, answer: Depth) -> bytes:
    """The book: exactly three fields, as clients count on."""
    text = listing.text
    return (
        f'{{"lastUpdateId":{answer.last_update_id},"bids":[{_levels(text, answer.bids)}],'
        f'"asks":[{_levels(text, answer.asks)}]}}'
    ).encode()


def trades(listing: Listing, prints: Iterable[TradePrint], unit_ns: int) -> bytes:
    """Trades, oldest first."""
    text = listing.text
    rows = [
        f'{{"id":{row.trade_id},"price":"{text.price(row.price_ticks)}",'
        f'"qty":"{text.qty(row.qty_lots)}","quoteQty":"{text.quote(row.quote_atoms)}",'
        f'"time":{row.time_ns // unit_ns},"isBuyerMaker":{_bool(row.buyer_is_maker)},'
        '"isBestMatch":true}'
        for row in prints
    ]
    return _array(rows)


def aggregates(listing: Listing, found: Iterable[AggregateTrade], unit_ns: int) -> bytes:
    """Aggregate trades, oldest first."""
    text = listing.text
    rows = [
        f'{{"a":{row.aggregate_id},"p":"{text.price(row.price_ticks)}",'
        f'"q":"{text.qty(row.qty_lots)}","f":{row.first_trade_id},"l":{row.last_trade_id},'
        f'"T":{row.time_ns // unit_ns},"m":{_bool(row.buyer_is_maker)},"M":true}}'
        for row in found
    ]
    return _array(rows)


def klines(listing: Listing, candles: Iterable[Candle], unit_ns: int) -> bytes:
    """Candles as arrays of twelve."""
    text = listing.text
    rows = [
        f"[{row.open_ns // unit_ns},"
        f'"{text.price(row.open_ticks)}","{text.price(row.high_ticks)}",'
        f'"{text.price(row.low_ticks)}","{text.price(row.close_ticks)}",'
        f'"{text.qty(row.qty_lots)}",{_close_time(row.close_ns, unit_ns)},'
        f'"{text.quote(row.quote_atoms)}",{row.trades},"{text.qty(row.taker_buy_lots)}",'
        f'"{text.quote(row.taker_buy_quote_atoms)}","0"]'
        for row in candles
    ]
    return _array(rows)


def average_price(listing: Listing, answer: AveragePrice, unit_ns: int) -> bytes:
    """The volume-weighted average of the filters' minutes; the last price when nothing traded."""
    text = listing.text
    price = text.price(answer.last_ticks)
    if answer.lots:
        atoms = answer.tick_lots * text.price_atoms_per_tick
        price = text.quote((2 * atoms + answer.lots) // (2 * answer.lots))
    return (
        f'{{"mins":{answer.minutes},"price":"{price}","closeTime":{answer.close_ns // unit_ns}}}'
    ).encode()


def ticker_24h(listing: Listing, row: Ticker, unit_ns: int) -> str:
    """The last 24 hours in full."""
    text = listing.text
    return (
        f'{{"symbol":"{text.name}",{_changes(text, row)}'
        f'"prevClosePrice":"{text.price(row.previous_close_ticks)}",'
        f'"lastPrice":"{text.price(row.last_ticks)}","lastQty":"{text.qty(row.last_lots)}",'
        f'{_top(text, row)},"openPrice":"{text.price(row.open_ticks)}",'
        f'"highPrice":"{text.price(row.high_ticks)}","lowPrice":"{text.price(row.low_ticks)}",'
        f"{_totals(text, row, unit_ns)}}}"
    )


def ticker_full(listing: Listing, row: Ticker, unit_ns: int) -> str:
    """A window of any length in full: what a day or a rolling window shows."""
    text = listing.text
    return (
        f'{{"symbol":"{text.name}",{_changes(text, row)}'
        f'"openPrice":"{text.price(row.open_ticks)}","highPrice":"{text.price(row.high_ticks)}",'
        f'"lowPrice":"{text.price(row.low_ticks)}","lastPrice":"{text.price(row.last_ticks)}",'
        f"{_totals(text, row, unit_ns)}}}"
    )


def ticker_mini(listing: Listing, row: Ticker, unit_ns: int) -> str:
    """A window of any length without what can be computed."""
    text = listing.text
    return (
        f'{{"symbol":"{text.name}",'
        f'"openPrice":"{text.price(row.open_ticks)}","highPrice":"{text.price(row.high_ticks)}",'
        f'"lowPrice":"{text.price(row.low_ticks)}","lastPrice":"{text.price(row.last_ticks)}",'
        f"{_totals(text, row, unit_ns)}}}"
    )


def ticker_price(listing: Listing, row: Ticker) -> str:
    """The last price."""
    text = listing.text
    return f'{{"symbol":"{text.name}","price":"{text.price(row.last_ticks)}"}}'


def book_ticker(listing: Listing, row: Ticker) -> str:
    """The best bid and ask."""
    text = listing.text
    return f'{{"symbol":"{text.name}",{_top(text, row)}}}'


def merged(symbol: int, candles: list[Candle], *, open_ns: int, close_ns: int) -> Ticker:
    """What these candles, oldest first, say of the whole window; zeros when there are none."""
    traded = [candle for candle in candles if candle.trades] or candles[-1:]
    first, last = (traded[0], traded[-1]) if traded else (None, None)
    return Ticker(
        symbol=symbol,
        open_ns=open_ns,
        close_ns=close_ns,
        open_ticks=first.open_ticks if first else 0,
        high_ticks=max((candle.high_ticks for candle in traded), default=0),
        low_ticks=min((candle.low_ticks for candle in traded), default=0),
        last_ticks=last.close_ticks if last else 0,
        last_lots=0,
        previous_close_ticks=0,
        qty_lots=sum(candle.qty_lots for candle in traded),
        quote_atoms=sum(candle.quote_atoms for candle in traded),
        trades=sum(candle.trades for candle in traded),
        first_trade_id=first.first_trade_id if first else -1,
        last_trade_id=last.last_trade_id if last else -1,
        bid=(0, 0),
        ask=(0, 0),
    )


def _changes(text: SymbolText, row: Ticker) -> str:
    change = row.last_ticks - row.open_ticks
    return (
        f'"priceChange":"{text.price_change(change)}",'
        f'"priceChangePercent":"{_percent(change, row.open_ticks)}",'
        f'"weightedAvgPrice":"{text.average_price(row.quote_atoms, row.qty_lots)}",'
    )


def _top(text: SymbolText, row: Ticker) -> str:
    return (
        f'"bidPrice":"{text.price(row.bid[0])}","bidQty":"{text.qty(row.bid[1])}",'
        f'"askPrice":"{text.price(row.ask[0])}","askQty":"{text.qty(row.ask[1])}"'
    )


def _totals(text: SymbolText, row: Ticker, unit_ns: int) -> str:
    return (
        f'"volume":"{text.qty(row.qty_lots)}","quoteVolume":"{text.quote(row.quote_atoms)}",'
        f'"openTime":{row.open_ns // unit_ns},"closeTime":{row.close_ns // unit_ns},'
        f'"firstId":{row.first_trade_id},"lastId":{row.last_trade_id},"count":{row.trades}'
    )


def _close_time(close_ns: int, unit_ns: int) -> int:
    """The last unit of the candle: `close_ns` names its last millisecond."""
    return close_ns // unit_ns + MILLISECOND_NS // unit_ns - 1


def _percent(change: int, start: int) -> str:
    """The change in percent of the start, three decimals, rounded half away from zero."""
    if not start:
        return format_scaled(0, _PERCENT_DECIMALS)
    thousandths = (2 * abs(change) * 100_000 + start) // (2 * start)
    return format_scaled(thousandths if change >= 0 else -thousandths, _PERCENT_DECIMALS)


def _levels(text: SymbolText, levels: Iterable[Level]) -> str:
    price, qty = text.price, text.qty
    return ",".join([f'["{price(ticks)}","{qty(lots)}"]' for ticks, lots in levels])


def _array(rows: list[str]) -> bytes:
    return f"[{','.join(rows)}]".encode()


def _bool(value: bool) -> str:  # noqa: FBT001 - JSON's word for its only argument
    return "true" if value else "false"
