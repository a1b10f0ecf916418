"""CANCEL and CANCEL_ALL: open orders end, and what they locked is free."""

from typing import Any

from sunwise.exchange.engine.core import rejects
from sunwise.exchange.engine.core.balances import release
from sunwise.exchange.engine.core.book import remove_order
from sunwise.exchange.engine.core.client_ids import find_client_id, is_ascii, name_of, target_of
from sunwise.exchange.engine.core.codes import (
    ALL_SYMBOLS,
    BY_CLIENT_ID,
    CANCELED,
    FIRST_CLIENT_ACCOUNT,
    HALT,
    MAX_CANCELS,
    MORE,
    ON_BOOK,
    ONLY_NEW,
    ONLY_PARTIALLY_FILLED,
    RESTRICTIONS,
    WORKING,
)
from sunwise.exchange.engine.core.events import tell_order, tell_refusal, tell_request
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.open_orders import (
    close_order,
    find_account_symbol,
    find_order,
    given_balance,
    locked_atoms,
)
from sunwise.exchange.engine.core.stops import stop_leaves


@kernel
def cancel(state: Any, command: Any, out: Any) -> None:
    """Ends one open order of the account, named by its id or by its client order id."""
    code = _check_cancel(state, command, BY_CLIENT_ID | RESTRICTIONS)
    order_no = 0
    if code == rejects.NONE:
        order_no = _find_target(state, command)
        code = _check_target(state, command, order_no)
    if code != rejects.NONE:
        tell_refusal(state, out, command, code)
        return
    _end_order(state, order_no, command, out)


@kernel
def cancel_all(state: Any, command: Any, out: Any) -> None:
    """Ends the account's open orders of one symbol or of all, oldest first, at most MAX_CANCELS.

    Over all symbols those that are halted are passed over.
    """
    code = _check_cancel(state, command, ALL_SYMBOLS)
    if code != rejects.NONE:
        tell_refusal(state, out, command, code)
        return
    is_all = command.flag_bits == ALL_SYMBOLS
    held_no = _first_list(state, command, is_all)
    if held_no == 0:
        tell_refusal(state, out, command, rejects.UNKNOWN_ORDER)
        return
    for done in range(MAX_CANCELS):
        held = state.account_symbols[held_no]
        order_no = int(held.first)
        if held.count == 1:  # the list goes with its last order
            held_no = _next_list(state, int(held.next)) if is_all else 0
        event = _end_order(state, order_no, command, out)
        if held_no == 0:
            return
        if done == MAX_CANCELS - 1:
            event.flag_bits |= MORE


@kernel
def _check_cancel(state: Any, command: Any, known_flags: int) -> int:
    """Fields, time, account and symbol, in the order of the reject codes."""
    control = state.control[0]
    is_all = command.flag_bits == ALL_SYMBOLS
    if command.flag_bits | known_flags != known_flags or command.expires_ns < 0:
        return rejects.BAD_FIELD
    if command.flag_bits & RESTRICTIONS == RESTRICTIONS:
        return rejects.BAD_FIELD
    if not (is_ascii(name_of(command)) and is_ascii(target_of(command))):
        return rejects.BAD_FIELD
    if 0 < command.expires_ns < control.now_ns:
        return rejects.EXPIRED_COMMAND
    if command.account < FIRST_CLIENT_ACCOUNT or command.account >= control.n_accounts:
        return rejects.UNKNOWN_ACCOUNT
    if is_all:
        return rejects.NONE
    if command.symbol < 0 or command.symbol >= control.n_symbols:
        return rejects.UNKNOWN_SYMBOL
    if state.symbols[command.symbol].status == HALT:
        return rejects.SYMBOL_HALTED
    return rejects.NONE


@kernel
def _find_target(state: Any, command: Any) -> int:
    """Place of the open order that a CANCEL names, if it is the account's own; else 0."""
    if command.flag_bits & BY_CLIENT_ID:
        known_no = find_client_id(state, command, target_of(command), True)
        return int(state.client_ids[known_no].order)
    order_no = find_order(state, command.symbol, command.order_id)
    return order_no if state.orders[order_no].account == command.account else 0


@kernel
def _check_target(state: Any, command: Any, order_no: int) -> int:
    """Whether the order is there, and in the state that the CANCEL is for.

    Binance's rule goes by order status (REST API, "Regarding cancelRestrictions"); a stop that
    waits is NEW, too.
    """
    if order_no == 0:
        return rejects.UNKNOWN_ORDER
    is_new = state.orders[order_no].executed_lots == 0
    if command.flag_bits & (ONLY_PARTIALLY_FILLED if is_new else ONLY_NEW):
        return rejects.CANCEL_RESTRICTED
    return rejects.NONE


@kernel
def _first_list(state: Any, command: Any, is_all: bool) -> int:
    """The account's first list of open orders that may be canceled; 0 when there is none."""
    if is_all:
        return _next_list(state, int(state.accounts[command.account].first_symbol))
    return find_account_symbol(state, command.account, command.symbol)


@kernel
def _next_list(state: Any, held_no: int) -> int:
    """This list or the next one behind it whose symbol is not halted; 0 when there is none."""
    while held_no and state.symbols[state.account_symbols[held_no].symbol].status == HALT:
        held_no = int(state.account_symbols[held_no].next)
    return held_no


@kernel
def _end_order(state: Any, order_no: int, command: Any, out: Any) -> Any:
    """Takes an open order out of its queue, frees its money and tells so; returns the event."""
    order = state.orders[order_no]
    symbol = state.symbols[order.symbol]
    release(given_balance(state, order), locked_atoms(symbol, order))
    update_id = remove_order(state, order_no)
    event = tell_order(state, out, order)
    event.kind = CANCELED
    tell_request(event, command)
    if update_id:
        event.flag_bits |= ON_BOOK | WORKING
        event.update_id = update_id
    else:
        stop_leaves(state, symbol)
    close_order(state, order_no)
    return event
