"""The venue's filters on prices, quantities and values.

Binance's own order, which is also the order of the reject codes: PRICE_FILTER,
LOT_SIZE, MARKET_LOT_SIZE, NOTIONAL, PERCENT_PRICE_BY_SIDE, MAX_NUM_ORDERS.
Source: Binance spot API documentation, filters.md.
"""

from typing import Any

from sunwise.exchange.engine.core.averages import average_price
from sunwise.exchange.engine.core.codes import BUY, MARKET, STOP_LOSS_LIMIT
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.millionths import share_rounded_down, share_rounded_up
from sunwise.exchange.engine.core.rejects import (
    LOT_SIZE,
    MARKET_LOT_SIZE,
    MAX_NOTIONAL,
    MIN_NOTIONAL,
    NONE,
    PERCENT_PRICE_BY_SIDE,
    PRICE_FILTER,
)

_MIN_TO_MARKET = 1  # bits of notional_flags
_MAX_TO_MARKET = 2


@kernel
def filter_order(state: Any, command: Any) -> int:
    """The first filter that the order fails, but for MAX_NUM_ORDERS; NONE when it passes."""
    symbol = state.symbols[command.symbol]
    is_market = command.order_type == MARKET
    if not is_market and not _is_price(symbol, command.price_ticks):
        return PRICE_FILTER
    is_stop = command.order_type >= STOP_LOSS_LIMIT
    if is_stop and not _is_price(symbol, command.stop_ticks):
        return PRICE_FILTER
    if command.quote_atoms == 0:  # not by quote
        lots = command.qty_lots
        if lots < symbol.min_qty_lots or lots > symbol.max_qty_lots:
            return LOT_SIZE
        if is_market and (lots < symbol.market_min_qty_lots or lots > symbol.market_max_qty_lots):
            return MARKET_LOT_SIZE
    if is_market:
        return _filter_market_value(state, command)
    atoms = command.price_ticks * command.qty_lots * symbol.quote_atoms_per_tick_lot
    if atoms < symbol.min_notional_atoms:
        return MIN_NOTIONAL
    if symbol.max_notional_atoms and atoms > symbol.max_notional_atoms:
        return MAX_NOTIONAL
    return _filter_distance(state, command)


@kernel
def _is_price(symbol: Any, ticks: int) -> bool:
    return symbol.min_price_ticks <= ticks <= symbol.max_price_ticks


@kernel
def _filter_market_value(state: Any, command: Any) -> int:
    """NOTIONAL of a MARKET order: its quoteOrderQty, or its quantity at the average price."""
    symbol = state.symbols[command.symbol]
    flags = symbol.notional_flags
    if flags == 0:
        return NONE
    atoms = command.quote_atoms
    if atoms == 0:
        average = average_price(state, command.symbol)
        if average == 0:
            return NONE
        atoms = average * command.qty_lots * symbol.quote_atoms_per_tick_lot
    if flags & _MIN_TO_MARKET and atoms < symbol.min_notional_atoms:
        return MIN_NOTIONAL
    is_bounded = flags & _MAX_TO_MARKET and symbol.max_notional_atoms
    if is_bounded and atoms > symbol.max_notional_atoms:
        return MAX_NOTIONAL
    return NONE


@kernel
def _filter_distance(state: Any, command: Any) -> int:
    """PERCENT_PRICE_BY_SIDE: how far a limit price may stand from the average price."""
    symbol = state.symbols[command.symbol]
    is_buy = command.side == BUY
    up = symbol.bid_multiplier_up_ppm if is_buy else symbol.ask_multiplier_up_ppm
    down = symbol.bid_multiplier_down_ppm if is_buy else symbol.ask_multiplier_down_ppm
    if up == 0 and down == 0:
        return NONE
    average = average_price(state, command.symbol)
    if average == 0:
        return NONE
    if up and command.price_ticks > share_rounded_down(average, up):
        return PERCENT_PRICE_BY_SIDE
    if command.price_ticks < share_rounded_up(average, down):
        return PERCENT_PRICE_BY_SIDE
    return NONE
