"""The public book: orders rest in it, leave it, and every change of a level has an update id."""

from typing import Any

from sunwise.exchange.engine.core.codes import ASK, BID, BUY, STOP_DOWN
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.layout import BOOKS_PER_SYMBOL
from sunwise.exchange.engine.core.levels import dequeue, enqueue


@kernel
def rest_order(state: Any, order_no: int) -> int:
    """Puts what is left of the order at the end of its price's queue; returns the update id."""
    order = state.orders[order_no]
    side = BID if order.side == BUY else ASK
    lots = order.qty_lots - order.executed_lots
    enqueue(state, order.symbol * BOOKS_PER_SYMBOL + side, order.price_ticks, order_no)
    state.levels[order.level].qty_lots += lots
    return next_update(state.symbols[order.symbol])


@kernel
def remove_order(state: Any, order_no: int) -> int:
    """Takes what is left of the order out of its book or its stop queue.

    Returns the update id; 0 when it stood among the stops, which are not public.
    """
    order = state.orders[order_no]
    level = state.levels[order.level]
    is_public = level.book & (BOOKS_PER_SYMBOL - 1) < STOP_DOWN
    level.qty_lots -= order.qty_lots - order.executed_lots
    dequeue(state, order_no)
    return next_update(state.symbols[order.symbol]) if is_public else 0


@kernel
def next_update(symbol: Any) -> int:
    """The update id of a change that is being made to one level of the public book."""
    symbol.last_update_id += 1
    return int(symbol.last_update_id)


@kernel
def opposite_book(state: Any, order: Any) -> Any:
    """The book that the order trades against."""
    return state.books[order.symbol * BOOKS_PER_SYMBOL + (ASK if order.side == BUY else BID)]


@kernel
def is_crossing(book: Any, side: int, ticks: int) -> bool:
    """Whether a limit of `ticks` reaches the best price of `book`. Never when it is empty."""
    return book.best_ticks <= ticks if side == BUY else book.best_ticks >= ticks
