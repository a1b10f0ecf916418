"""What an order does once it works: trade, and then rest, expire, or be done.

GTC rests with what is left; IOC expires with it; FOK trades whole or not at all.
MARKET never rests. Nothing may rest crossed: what the fill cap cut off expires.
"""

from typing import Any

from sunwise.exchange.engine.core.balances import release
from sunwise.exchange.engine.core.book import remove_order, rest_order
from sunwise.exchange.engine.core.codes import (
    EXPIRED,
    FILL_OR_KILL,
    FOK,
    FROM_TRIGGER,
    GTC,
    IMMEDIATE_OR_CANCEL,
    ON_BOOK,
    RESTED,
    TRIGGERED,
    WORKING,
)
from sunwise.exchange.engine.core.events import tell_order
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.matching import can_fill, is_done, match
from sunwise.exchange.engine.core.open_orders import (
    close_order,
    given_balance,
    locked_atoms,
    open_order,
)
from sunwise.exchange.engine.core.stops import next_triggered, stop_leaves


@kernel
def work(state: Any, order_no: int, out: Any) -> None:
    """Lets an accepted order that stands in no queue trade, and rest or end."""
    order = state.orders[order_no]
    if order.time_in_force == FOK and not can_fill(state, order_no):
        reason = FILL_OR_KILL
    else:
        reason = match(state, order_no, out)
    if is_done(order):
        close_order(state, order_no)
    elif reason:
        _expire(state, order_no, reason, out)
    elif order.time_in_force == GTC:
        _rest(state, order_no, out)
    else:
        _expire(state, order_no, IMMEDIATE_OR_CANCEL, out)


@kernel
def trigger_next(state: Any, out: Any) -> None:
    """Triggers the stop whose turn it is, if any: it works from now on."""
    order_no = next_triggered(state)
    if order_no == 0:
        return
    control = state.control[0]
    order = state.orders[order_no]
    remove_order(state, order_no)
    stop_leaves(state, state.symbols[order.symbol])
    order.working_ns = control.now_ns
    control.cause_flag = FROM_TRIGGER
    event = tell_order(state, out, order)
    event.kind = TRIGGERED
    event.flag_bits |= WORKING
    work(state, order_no, out)
    control.cause_flag = 0


@kernel
def _rest(state: Any, order_no: int, out: Any) -> None:
    """What is left enters the book; one event says so, as ACCEPTED or TRIGGERED could not."""
    order = state.orders[order_no]
    if order.account_symbol == 0:
        open_order(state, order_no)
    update_id = rest_order(state, order_no)
    event = tell_order(state, out, order)
    event.kind = RESTED
    event.flag_bits |= ON_BOOK | WORKING
    event.update_id = update_id


@kernel
def _expire(state: Any, order_no: int, reason: int, out: Any) -> None:
    """What is left of a taker ends, and what it still locks is free."""
    order = state.orders[order_no]
    release(given_balance(state, order), locked_atoms(state.symbols[order.symbol], order))
    event = tell_order(state, out, order)
    event.kind = EXPIRED
    event.flag_bits |= WORKING
    event.reject = reason
    close_order(state, order_no)
