"""The records that say what happened: each is zeroed before it is filled, so no stale byte gets out."""

from typing import Any

from sunwise.exchange.engine.core.client_ids import is_ascii, name_of, target_of
from sunwise.exchange.engine.core.codes import (
    BUYER_IS_MAKER,
    CANCEL_ALL,
    PLACE,
    REJECTED,
    SELL,
    WAS_BY_QUOTE,
)
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.layout import EVENT_WORDS
from sunwise.exchange.engine.core.open_orders import given_balance


@kernel
def new_event(state: Any, out: Any) -> Any:
    """The next event, all zero but its cause; the caller sets its kind."""
    control = state.control[0]
    event = out[control.n_events]
    control.n_events += 1
    for word in range(EVENT_WORDS):
        event.words[word] = 0
    event.flag_bits = control.cause_flag
    event.command_index = control.command_index
    return event


@kernel
def tell_order(state: Any, out: Any, order: Any) -> Any:
    """An event about the order as it stands now; the caller adds kind, flags, reason, update id."""
    event = new_event(state, out)
    balance = given_balance(state, order)
    if order.by_quote:
        event.flag_bits |= WAS_BY_QUOTE
        event.quote_atoms = order.quote_atoms
    else:
        event.stop_ticks = order.stop_ticks
    event.symbol = order.symbol
    event.side = order.side
    event.order_type = order.order_type
    event.time_in_force = order.time_in_force
    event.stp = order.stp
    event.account = order.account
    event.order_id = order.order_id
    event.price_ticks = order.price_ticks
    event.qty_lots = order.qty_lots
    event.executed_lots = order.executed_lots
    event.executed_quote_atoms = order.executed_quote_atoms
    event.free_atoms = balance.free_atoms
    event.locked_atoms = balance.locked_atoms
    event.accepted_ns = order.accepted_ns
    event.working_ns = order.working_ns
    event.strategy_id = order.strategy_id
    event.strategy_type = order.strategy_type
    _tell_name(event, name_of(state.client_ids[order.client_id]))
    return event


@kernel
def tell_match(state: Any, out: Any, taker: Any, maker: Any) -> Any:
    """TRADE or PREVENTED with both sides as they stand now; the caller adds kind and what matched."""
    event = new_event(state, out)
    if taker.side == SELL:
        event.flag_bits |= BUYER_IS_MAKER
    event.trade_symbol = taker.symbol
    event.trade_taker_account = taker.account
    event.trade_taker_order_id = taker.order_id
    event.trade_maker_account = maker.account
    event.trade_maker_order_id = maker.order_id
    event.trade_price_ticks = maker.price_ticks
    event.trade_taker_executed_lots = taker.executed_lots
    event.trade_taker_executed_quote_atoms = taker.executed_quote_atoms
    event.trade_maker_executed_lots = maker.executed_lots
    event.trade_maker_executed_quote_atoms = maker.executed_quote_atoms
    taker_base = state.balances[taker.base_balance]
    taker_quote = state.balances[taker.quote_balance]
    maker_base = state.balances[maker.base_balance]
    maker_quote = state.balances[maker.quote_balance]
    event.trade_taker_base_free_atoms = taker_base.free_atoms
    event.trade_taker_base_locked_atoms = taker_base.locked_atoms
    event.trade_taker_quote_free_atoms = taker_quote.free_atoms
    event.trade_taker_quote_locked_atoms = taker_quote.locked_atoms
    event.trade_maker_base_free_atoms = maker_base.free_atoms
    event.trade_maker_base_locked_atoms = maker_base.locked_atoms
    event.trade_maker_quote_free_atoms = maker_quote.free_atoms
    event.trade_maker_quote_locked_atoms = maker_quote.locked_atoms
    return event


@kernel
def tell_refusal(state: Any, out: Any, command: Any, code: int) -> None:
    """REJECTED: what was asked for as far as an order's fields go, and the code."""
    event = new_event(state, out)
    event.kind = REJECTED
    event.reject = code
    if command.kind == 0 or command.kind > CANCEL_ALL:
        return
    event.symbol = command.symbol
    event.account = command.account
    name = name_of(command) if command.kind == PLACE else target_of(command)
    if is_ascii(name):  # else no reader of the log could read it
        _tell_name(event, name)
    if command.kind != PLACE:
        if is_ascii(name_of(command)):
            tell_request(event, command)
        return
    event.side = command.side
    event.order_type = command.order_type
    event.time_in_force = command.time_in_force
    event.stp = command.stp
    event.price_ticks = command.price_ticks
    event.qty_lots = command.qty_lots
    event.quote_atoms = command.quote_atoms
    event.stop_ticks = command.stop_ticks
    event.strategy_id = command.strategy_id
    event.strategy_type = command.strategy_type


@kernel
def _tell_name(event: Any, name: Any) -> None:
    event.client_id_0 = name[0]
    event.client_id_1 = name[1]
    event.client_id_2 = name[2]
    event.client_id_3 = name[3]
    event.client_id_4 = name[4]


@kernel
def tell_request(event: Any, command: Any) -> None:
    """The id of the request itself, in the event that answers a cancel."""
    name = name_of(command)
    event.request_client_id_0 = name[0]
    event.request_client_id_1 = name[1]
    event.request_client_id_2 = name[2]
    event.request_client_id_3 = name[3]
    event.request_client_id_4 = name[4]
