"""Open orders: found by their id, listed by account and symbol, oldest first.

An order is open while it rests on the book or waits as a stop. A taker that
never rests has a place among the orders but is in none of these tables.
"""

from typing import Any, NamedTuple

from sunwise.exchange.engine.core.balances import find_balance
from sunwise.exchange.engine.core.client_ids import end_client_id, index_client_id
from sunwise.exchange.engine.core.codes import BUY, MARKET
from sunwise.exchange.engine.core.indexes import insert, order_hash, pair_hash, remove
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.layout import POOL_ACCOUNT_SYMBOLS, POOL_ORDERS
from sunwise.exchange.engine.core.pools import give_back, take

_LOW = 2**32 - 1


class Owner(NamedTuple):
    """Places of what an ordering account already has; 0 for what it has not."""

    account_symbol: int
    base_balance: int
    quote_balance: int


@kernel
def find_owner(state: Any, command: Any) -> Owner:
    """The account's open orders of the symbol and its two balances, as far as there are any."""
    held_no = find_account_symbol(state, command.account, command.symbol)
    if held_no:
        held = state.account_symbols[held_no]
        return Owner(held_no, int(held.base_balance), int(held.quote_balance))
    symbol = state.symbols[command.symbol]
    base_no = find_balance(state, command.account, symbol.base_asset)
    quote_no = find_balance(state, command.account, symbol.quote_asset)
    return Owner(0, base_no, quote_no)


@kernel
def find_order(state: Any, symbol: int, order_id: int) -> int:
    """Place of the open order of this id; 0 when there is none."""
    table = state.order_index
    mask = len(table) - 1
    key_hash = order_hash(state.control[0], symbol, order_id)
    slot = key_hash & mask
    entry = table[slot]
    while entry:
        if (entry >> 32) & _LOW == key_hash:
            place = int(entry & _LOW)
            order = state.orders[place]
            if order.order_id == order_id and order.symbol == symbol:
                return place
        slot = (slot + 1) & mask
        entry = table[slot]
    return 0


@kernel
def find_account_symbol(state: Any, account: int, symbol: int) -> int:
    """Place of the account's list of open orders of the symbol; 0 when it has none open."""
    table = state.account_symbol_index
    mask = len(table) - 1
    key_hash = pair_hash(state.control[0], account, symbol)
    slot = key_hash & mask
    entry = table[slot]
    while entry:
        if (entry >> 32) & _LOW == key_hash:
            place = int(entry & _LOW)
            held = state.account_symbols[place]
            if held.account == account and held.symbol == symbol:
                return place
        slot = (slot + 1) & mask
        entry = table[slot]
    return 0


@kernel
def open_order(state: Any, order_no: int) -> None:
    """The order can be found, listed and canceled from now on."""
    order = state.orders[order_no]
    insert(state.order_index, order_hash(state.control[0], order.symbol, order.order_id), order_no)
    index_client_id(state, order.client_id)
    held_no = find_account_symbol(state, order.account, order.symbol)
    if held_no == 0:
        held_no = _add_account_symbol(state, order)
    held = state.account_symbols[held_no]
    order.account_symbol = held_no
    order.list_next = 0
    order.list_prev = held.last
    if held.last:
        state.orders[held.last].list_next = order_no
    else:
        held.first = order_no
    held.last = order_no
    held.count += 1


@kernel
def close_order(state: Any, order_no: int) -> None:
    """Ends the order, open or not: nobody finds it again and its place is free."""
    order = state.orders[order_no]
    was_open = order.account_symbol != 0
    if was_open:
        key_hash = order_hash(state.control[0], order.symbol, order.order_id)
        remove(state.order_index, key_hash, order_no)
        _leave_list(state, order)
    end_client_id(state, order.client_id, was_open)
    order.order_id = 0
    give_back(state.pools[POOL_ORDERS], state.orders, order_no)


@kernel
def remaining_lots(order: Any) -> int:
    """Lots still to be filled; of an order by quote none are counted."""
    return order.qty_lots - order.executed_lots


@kernel
def locked_atoms(symbol: Any, order: Any) -> int:
    """What the order locks now, in atoms of the asset that it gives."""
    if order.by_quote:
        return order.quote_atoms - order.executed_quote_atoms if order.side == BUY else 0
    lots = order.qty_lots - order.executed_lots
    if order.side != BUY:
        return lots * symbol.base_atoms_per_lot
    if order.order_type == MARKET:
        return 0  # pays as it goes: its cost is not known before
    return lots * order.price_ticks * symbol.quote_atoms_per_tick_lot


@kernel
def given_balance(state: Any, order: Any) -> Any:
    """The owner's balance of the asset that the order gives: quote to buy, base to sell."""
    return state.balances[order.quote_balance if order.side == BUY else order.base_balance]


@kernel
def _add_account_symbol(state: Any, order: Any) -> int:
    """A new list of open orders, at the end of the account's own list of symbols."""
    held_no = take(state.pools[POOL_ACCOUNT_SYMBOLS], state.account_symbols)
    held = state.account_symbols[held_no]
    account = state.accounts[order.account]
    held.account = order.account
    held.symbol = order.symbol
    held.first = 0
    held.last = 0
    held.count = 0
    held.base_balance = order.base_balance
    held.quote_balance = order.quote_balance
    held.next = 0
    held.prev = account.last_symbol
    if account.last_symbol:
        state.account_symbols[account.last_symbol].next = held_no
    else:
        account.first_symbol = held_no
    account.last_symbol = held_no
    key_hash = pair_hash(state.control[0], order.account, order.symbol)
    insert(state.account_symbol_index, key_hash, held_no)
    return held_no


@kernel
def _leave_list(state: Any, order: Any) -> None:
    """Takes the order out of its list, and the list away when it was the last."""
    held_no = int(order.account_symbol)
    held = state.account_symbols[held_no]
    if order.list_prev:
        state.orders[order.list_prev].list_next = order.list_next
    else:
        held.first = order.list_next
    if order.list_next:
        state.orders[order.list_next].list_prev = order.list_prev
    else:
        held.last = order.list_prev
    order.account_symbol = 0
    held.count -= 1
    if held.count == 0:
        _remove_account_symbol(state, held_no)


@kernel
def _remove_account_symbol(state: Any, held_no: int) -> None:
    held = state.account_symbols[held_no]
    account = state.accounts[held.account]
    if held.prev:
        state.account_symbols[held.prev].next = held.next
    else:
        account.first_symbol = held.next
    if held.next:
        state.account_symbols[held.next].prev = held.prev
    else:
        account.last_symbol = held.prev
    key_hash = pair_hash(state.control[0], held.account, held.symbol)
    remove(state.account_symbol_index, key_hash, held_no)
    held.account = 0
    give_back(state.pools[POOL_ACCOUNT_SYMBOLS], state.account_symbols, held_no)
