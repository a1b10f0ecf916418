"""Stops: orders that wait, with their money locked, until the last trade reaches their price.

STOP_LOSS_LIMIT to buy and TAKE_PROFIT_LIMIT to sell wait for the price to rise
(book STOP_UP), the other two for it to fall (STOP_DOWN).

When a trade crosses waiting stops, the symbol joins a queue. Before each command
at most MAX_TRIGGERS stops are triggered: the symbol at the head gives its most
crossed one (rising first, then falling; at one price the oldest) and goes to the
end. The range of prices traded meanwhile is kept, so that a stop that was crossed
is triggered even if the price has come back. While a symbol is in the queue, that
range also decides whether a new stop would trigger at once.
"""

from typing import Any

from sunwise.exchange.engine.core.codes import BUY, STOP_DOWN, STOP_LOSS_LIMIT, STOP_UP, TRADING
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.layout import BOOKS_PER_SYMBOL
from sunwise.exchange.engine.core.levels import enqueue

# Values of `is_triggering`.
IN_QUEUE = 1
WAITS_FOR_TRADING = 2


@kernel
def stop_book(command: Any) -> int:
    """STOP_UP or STOP_DOWN, by type and side."""
    return (
        STOP_UP if (command.order_type == STOP_LOSS_LIMIT) == (command.side == BUY) else STOP_DOWN
    )


@kernel
def would_trigger(symbol: Any, command: Any) -> bool:
    """Whether the stop price is reached already. Before the first trade none is."""
    if symbol.last_price_ticks == 0:
        return False
    low = symbol.trigger_low_ticks if symbol.is_triggering else symbol.last_price_ticks
    high = symbol.trigger_high_ticks if symbol.is_triggering else symbol.last_price_ticks
    if stop_book(command) == STOP_UP:
        return high >= command.stop_ticks
    return low <= command.stop_ticks


@kernel
def wait_for_trigger(state: Any, order_no: int) -> None:
    """Puts the stop into its queue, and keeps room on the book for the time when it triggers."""
    order = state.orders[order_no]
    symbol = state.symbols[order.symbol]
    place = order.symbol * BOOKS_PER_SYMBOL + stop_book(order)
    enqueue(state, place, order.stop_ticks, order_no)
    state.levels[order.level].qty_lots += order.qty_lots
    _reserve(state, symbol, 1)


@kernel
def stop_leaves(state: Any, symbol: Any) -> None:
    """A stop has been taken from its queue: the room that was kept for it is free."""
    _reserve(state, symbol, -1)


@kernel
def _reserve(state: Any, symbol: Any, orders: int) -> None:
    control = state.control[0]
    control.reserved_levels += orders
    control.reserved_nodes += orders * (symbol.top_shift // 6)


@kernel
def note_trade_price(state: Any, symbol_no: int, ticks: int) -> None:
    """The last price is now `ticks`: queues the symbol when stops are crossed."""
    symbol = state.symbols[symbol_no]
    symbol.last_price_ticks = ticks
    if symbol.is_triggering:
        symbol.trigger_low_ticks = min(symbol.trigger_low_ticks, ticks)
        symbol.trigger_high_ticks = max(symbol.trigger_high_ticks, ticks)
        return
    up = state.books[symbol_no * BOOKS_PER_SYMBOL + STOP_UP].best_ticks
    down = state.books[symbol_no * BOOKS_PER_SYMBOL + STOP_DOWN].best_ticks
    if up <= ticks or down >= ticks:
        symbol.trigger_low_ticks = ticks
        symbol.trigger_high_ticks = ticks
        _join_queue(state, symbol_no)


@kernel
def resume_triggers(state: Any, symbol_no: int) -> None:
    """A symbol trades again: stops that were crossed before it was halted get their turn."""
    if state.symbols[symbol_no].is_triggering == WAITS_FOR_TRADING:
        _join_queue(state, symbol_no)


@kernel
def next_triggered(state: Any) -> int:
    """The stop that is to be triggered now; 0 when the symbol at the head has none.

    The symbol goes to the end of the queue, or out of it when nothing more is
    crossed, or when it does not trade: it then comes back with `resume_triggers`.
    """
    symbol_no = _leave_queue(state)
    symbol = state.symbols[symbol_no]
    if symbol.status != TRADING:
        symbol.is_triggering = WAITS_FOR_TRADING
        return 0
    up = state.books[symbol_no * BOOKS_PER_SYMBOL + STOP_UP]
    down = state.books[symbol_no * BOOKS_PER_SYMBOL + STOP_DOWN]
    if up.best_ticks <= symbol.trigger_high_ticks:
        level_no = up.best_level
    elif down.best_ticks >= symbol.trigger_low_ticks:
        level_no = down.best_level
    else:
        symbol.is_triggering = 0
        return 0
    _join_queue(state, symbol_no)
    return int(state.levels[level_no].first)


@kernel
def _join_queue(state: Any, symbol_no: int) -> None:
    control = state.control[0]
    symbol = state.symbols[symbol_no]
    symbol.is_triggering = IN_QUEUE
    symbol.trigger_next = 0
    if control.trigger_last:
        state.symbols[control.trigger_last - 1].trigger_next = symbol_no + 1
    else:
        control.trigger_first = symbol_no + 1
    control.trigger_last = symbol_no + 1


@kernel
def _leave_queue(state: Any) -> int:
    """Takes the symbol at the head out of the queue."""
    control = state.control[0]
    symbol_no = int(control.trigger_first) - 1
    control.trigger_first = state.symbols[symbol_no].trigger_next
    if control.trigger_first == 0:
        control.trigger_last = 0
    return symbol_no
