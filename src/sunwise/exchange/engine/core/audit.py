"""What must always hold, checked over the whole state: `audit` stops at the first thing that does not.

I1 money is conserved; I2 nothing is negative; I4 fills stay within quantities;
I5 the book is in price-time order and never crossed; and every index, queue and
count agrees with the records that it is about.

PYTEST_DONT_REWRITE: an assert in a kernel is compiled as it is written.
"""

from typing import Any

from sunwise.exchange.engine.core.codes import ASK, BID, BUY, STOP_DOWN
from sunwise.exchange.engine.core.jit import entry, kernel
from sunwise.exchange.engine.core.layout import (
    BOOKS_PER_SYMBOL,
    POOL_ACCOUNT_SYMBOLS,
    POOL_BALANCES,
    POOL_CLIENT_IDS,
    POOL_LEVELS,
    POOL_ORDERS,
)
from sunwise.exchange.engine.core.levels import next_level
from sunwise.exchange.engine.core.open_orders import find_account_symbol, find_order, locked_atoms


@entry
def audit_state(state: Any, sums: Any, locks: Any) -> None:
    """Raises AssertionError at the first broken invariant. O(everything).

    `sums` (assets,) and `locks` (balances,) are int64 zeros to count in.
    """
    _audit_money(state, sums)
    n_orders = 0
    n_levels = 0
    for book_no in range(state.control[0].n_symbols * BOOKS_PER_SYMBOL):
        level_no = int(state.books[book_no].best_level)
        while level_no:
            n_levels += 1
            n_orders += _audit_level(state, book_no, level_no, locks)
            level_no = next_level(state, level_no)
    for symbol_no in range(state.control[0].n_symbols):
        bid = state.books[symbol_no * BOOKS_PER_SYMBOL + BID].best_ticks
        ask = state.books[symbol_no * BOOKS_PER_SYMBOL + ASK].best_ticks
        assert bid < ask, "a book is crossed"
    assert n_orders == state.pools[POOL_ORDERS].live, "an open order stands in no queue"
    assert n_levels == state.pools[POOL_LEVELS].live, "a level is in no book"
    for place in range(1, state.pools[POOL_BALANCES].high_water + 1):
        assert state.balances[place].locked_atoms == locks[place], "a lock backs no open order"
    _audit_lists(state, n_orders)


@kernel
def _audit_money(state: Any, sums: Any) -> None:
    for place in range(1, state.pools[POOL_BALANCES].high_water + 1):
        balance = state.balances[place]
        assert balance.free_atoms >= 0, "a free balance is negative"
        assert balance.locked_atoms >= 0, "a locked balance is negative"
        sums[balance.asset] += balance.free_atoms + balance.locked_atoms
    for asset in range(state.control[0].n_assets):
        assert sums[asset] == state.assets[asset].deposited_atoms, "money is not conserved"


@kernel
def _audit_level(state: Any, book_no: int, level_no: int, locks: Any) -> int:
    """Checks the level and its queue; returns the number of orders in it."""
    level = state.levels[level_no]
    assert level.book == book_no, "a level is in another book than its own"
    assert level.first != 0, "an empty level is kept"
    is_stop = book_no % BOOKS_PER_SYMBOL >= STOP_DOWN
    count = 0
    lots = 0
    before = 0
    order_no = int(level.first)
    while order_no:
        order = state.orders[order_no]
        assert order.prev == before, "a queue is broken"
        assert order.level == level_no, "an order is in another level than its own"
        ticks = order.stop_ticks if is_stop else order.price_ticks
        assert ticks == level.price_ticks, "an order stands at another price than its own"
        assert 0 <= order.executed_lots < order.qty_lots, "fills exceed the quantity"
        assert not is_stop or order.working_ns == 0, "a stop works while it waits"
        assert find_order(state, order.symbol, order.order_id) == order_no, "an order is not found"
        given_no = order.quote_balance if order.side == BUY else order.base_balance
        locks[given_no] += locked_atoms(state.symbols[order.symbol], order)
        lots += order.qty_lots - order.executed_lots
        count += 1
        before = order_no
        order_no = int(order.next)
    assert level.last == before, "a queue ends elsewhere"
    assert level.qty_lots == lots, "a level's quantity is not that of its orders"
    return count


@kernel
def _audit_lists(state: Any, n_orders: int) -> None:
    """Every open order is in its account's list, oldest first, with its client order id."""
    n_lists = 0
    n_listed = 0
    n_named = 0
    for account in range(state.control[0].n_accounts):
        held_no = int(state.accounts[account].first_symbol)
        while held_no:
            held = state.account_symbols[held_no]
            found = find_account_symbol(state, account, held.symbol)
            assert found == held_no, "a list of open orders is not found"
            count = 0
            last_id = 0
            order_no = int(held.first)
            while order_no:
                order = state.orders[order_no]
                assert order.account_symbol == held_no, "an order is in another's list"
                assert order.order_id > last_id, "a list is not in order of age"
                last_id = order.order_id
                if order.client_id:
                    assert state.client_ids[order.client_id].order == order_no, "an id is lost"
                    n_named += 1
                count += 1
                order_no = int(order.list_next)
            assert count == held.count, "a list's count is wrong"
            n_listed += count
            n_lists += 1
            held_no = int(held.next)
    place = int(state.control[0].remembered_first)
    while place:
        assert state.client_ids[place].order == 0, "a remembered id has an open order"
        n_named += 1
        place = int(state.client_ids[place].next)
    assert n_listed == n_orders, "an open order is in no list"
    assert n_lists == state.pools[POOL_ACCOUNT_SYMBOLS].live, "a list belongs to no account"
    assert n_named == state.pools[POOL_CLIENT_IDS].live, "a client id belongs to no order"
