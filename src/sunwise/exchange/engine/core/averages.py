"""The average price that two filters need: volume-weighted over the last minutes of log time.

Trades are summed in buckets of ten seconds; the window is the last
`avg_price_mins` x 6 buckets, the one at work included. Without a trade in the
window, and with `avg_price_mins` of 0, the average is the last price; before the
first trade there is none (0) and what needs it is not tested.

Sums are kept in two words, so that no volume overflows them: a value v adds
v >> 31 to the upper and the rest to the lower. A window may hold 2**31 trades.
Source: Binance spot API documentation, filters.md (avgPriceMins).
"""

from typing import Any

from sunwise.exchange.engine.core.codes import BUCKETS_PER_MINUTE
from sunwise.exchange.engine.core.jit import highest_bit, kernel
from sunwise.exchange.engine.core.layout import AVERAGE_RING

_HALF = 31
_LOW = 2**31 - 1


@kernel
def add_to_average(state: Any, symbol_no: int, ticks: int, lots: int) -> None:
    """Counts a trade of the present bucket."""
    symbol = state.symbols[symbol_no]
    if symbol.avg_price_mins == 0:
        return
    _advance(state, symbol_no)
    bucket = state.buckets[symbol_no * AVERAGE_RING + symbol.average_bucket % AVERAGE_RING]
    notional = ticks * lots
    bucket.lots_high += lots >> _HALF
    bucket.lots_low += lots & _LOW
    bucket.notional_high += notional >> _HALF
    bucket.notional_low += notional & _LOW
    symbol.window_lots_high += lots >> _HALF
    symbol.window_lots_low += lots & _LOW
    symbol.window_notional_high += notional >> _HALF
    symbol.window_notional_low += notional & _LOW
    symbol.average_ticks = 0


@kernel
def average_price(state: Any, symbol_no: int) -> int:
    """The average price in ticks, rounded down; 0 before the first trade."""
    symbol = state.symbols[symbol_no]
    if symbol.avg_price_mins == 0:
        return int(symbol.last_price_ticks)
    _advance(state, symbol_no)
    if symbol.average_ticks == 0:
        symbol.average_ticks = _window_average(symbol)
    return int(symbol.average_ticks)


@kernel
def _window_average(symbol: Any) -> int:
    """Window notional over window lots; exact while the notional is under 2**62.

    Beyond that both are halved together until the notional fits: as no price
    reaches 2**42 ticks, the lots keep 20 bits and the average six digits.
    """
    lots_high = symbol.window_lots_high + (symbol.window_lots_low >> _HALF)
    lots_low = symbol.window_lots_low & _LOW
    notional_high = symbol.window_notional_high + (symbol.window_notional_low >> _HALF)
    notional_low = symbol.window_notional_low & _LOW
    if lots_high == 0 and lots_low == 0:
        return int(symbol.last_price_ticks)
    excess = max(highest_bit(notional_high | 1) - (_HALF - 1), 0)
    notional = _upper_part(notional_high, notional_low, excess)
    return notional // max(_upper_part(lots_high, lots_low, excess), 1)


@kernel
def _upper_part(high: int, low: int, drop: int) -> int:
    """(high x 2**31 + low) >> drop, for a `drop` of 0 to 31."""
    return high << (_HALF - drop) | low >> drop


@kernel
def _advance(state: Any, symbol_no: int) -> None:
    """Moves the window to the present bucket, dropping what has left it. At most 30 steps."""
    symbol = state.symbols[symbol_no]
    now = state.control[0].average_bucket
    if symbol.average_bucket == now:
        return
    length = symbol.avg_price_mins * BUCKETS_PER_MINUTE
    first = symbol.average_bucket + 1
    for newest in range(first, min(now, symbol.average_bucket + length) + 1):
        _drop(symbol, state.buckets[symbol_no * AVERAGE_RING + (newest - length) % AVERAGE_RING])
    symbol.average_bucket = now
    symbol.average_ticks = 0


@kernel
def _drop(symbol: Any, bucket: Any) -> None:
    symbol.window_lots_high -= bucket.lots_high
    symbol.window_lots_low -= bucket.lots_low
    symbol.window_notional_high -= bucket.notional_high
    symbol.window_notional_low -= bucket.notional_low
    bucket.lots_high = 0
    bucket.lots_low = 0
    bucket.notional_high = 0
    bucket.notional_low = 0
