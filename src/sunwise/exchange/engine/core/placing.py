"""PLACE: checks a new order rule by rule, accepts it, and lets it work.

The checks stand in the order of the reject codes, capacities last. Nothing that
an order means is changed before the last of them has passed.
"""

from typing import Any

from sunwise.exchange.engine.core import rejects
from sunwise.exchange.engine.core.balances import find_or_add_balance, lock
from sunwise.exchange.engine.core.book import is_crossing, opposite_book, rest_order
from sunwise.exchange.engine.core.capacity import missing_room
from sunwise.exchange.engine.core.client_ids import (
    find_client_id,
    forget_client_ids,
    hold_client_id,
    is_ascii,
    name_of,
)
from sunwise.exchange.engine.core.codes import (
    ACCEPTED,
    BUY,
    BY_QUOTE,
    CANCEL_ONLY,
    EXPIRE_BOTH,
    FIRST_CLIENT_ACCOUNT,
    FOK,
    GTC,
    HALT,
    LIMIT_MAKER,
    MARKET,
    ON_BOOK,
    SELL,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT_LIMIT,
    WORKING,
)
from sunwise.exchange.engine.core.events import tell_order, tell_refusal
from sunwise.exchange.engine.core.filters import filter_order
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.layout import POOL_ORDERS
from sunwise.exchange.engine.core.open_orders import (
    Owner,
    find_owner,
    given_balance,
    locked_atoms,
    open_order,
)
from sunwise.exchange.engine.core.pools import take
from sunwise.exchange.engine.core.stops import wait_for_trigger, would_trigger
from sunwise.exchange.engine.core.time_in_force import work

_FORGET = 2  # client ids whose day is over, forgotten before each new one


@kernel
def place(state: Any, command: Any, out: Any) -> None:
    """Refuses the order, or accepts it and lets it trade, rest, wait or expire at once."""
    code = _check_fields(state, command)
    if code == rejects.NONE:
        code = _check_subject(state, command)
    if code == rejects.NONE:
        code = filter_order(state, command)
    if code != rejects.NONE:
        tell_refusal(state, out, command, code)
        return
    owner = find_owner(state, command)
    code = _check_owner(state, command, owner)
    if code != rejects.NONE:
        tell_refusal(state, out, command, code)
        return
    order_no = _accept(state, command, owner)
    order = state.orders[order_no]
    if _is_stop(command):
        wait_for_trigger(state, order_no)
        open_order(state, order_no)
        event = tell_order(state, out, order)
        event.kind = ACCEPTED
    elif _may_rest(command) and not _would_take(state, command):
        open_order(state, order_no)
        update_id = rest_order(state, order_no)
        event = tell_order(state, out, order)
        event.kind = ACCEPTED
        event.flag_bits |= ON_BOOK | WORKING
        event.update_id = update_id
    else:
        event = tell_order(state, out, order)
        event.kind = ACCEPTED
        event.flag_bits |= WORKING
        work(state, order_no, out)


@kernel
def _check_fields(state: Any, command: Any) -> int:
    """BAD_FIELD for what no gateway should send, EXPIRED_COMMAND for what comes too late."""
    is_market = command.order_type == MARKET
    is_by_quote = command.flag_bits == BY_QUOTE
    if (
        command.flag_bits > BY_QUOTE
        or command.side > SELL
        or command.order_type > TAKE_PROFIT_LIMIT
        or command.time_in_force > FOK
        or command.stp > EXPIRE_BOTH
        or command.price_ticks < 0
        or command.qty_lots < 0
        or command.stop_ticks < 0
        or command.expires_ns < 0
        or _has_unbuilt_fields(command)
        or not is_ascii(name_of(command))
    ):
        return rejects.BAD_FIELD
    if is_market and command.price_ticks != 0:
        return rejects.BAD_FIELD
    if is_by_quote and not (is_market and command.qty_lots == 0 and command.quote_atoms > 0):
        return rejects.BAD_FIELD
    if not is_by_quote and command.quote_atoms != 0:
        return rejects.BAD_FIELD
    if not _is_stop(command) and command.stop_ticks != 0:
        return rejects.BAD_FIELD
    if (is_market or command.order_type == LIMIT_MAKER) and command.time_in_force != GTC:
        return rejects.BAD_FIELD
    if 0 < command.expires_ns < state.control[0].now_ns:
        return rejects.EXPIRED_COMMAND
    return rejects.NONE


@kernel
def _has_unbuilt_fields(command: Any) -> bool:
    """Whether the order asks for what is not built: icebergs, trailing stops, pegs, lists."""
    return (
        command.iceberg_lots != 0
        or command.trailing_bips != 0
        or command.peg_offset != 0
        or command.list_leg != 0
        or command.list_kind != 0
    )


@kernel
def _check_subject(state: Any, command: Any) -> int:
    """Who orders what, under which terms, and whether the symbol trades."""
    control = state.control[0]
    if command.account < FIRST_CLIENT_ACCOUNT or command.account >= control.n_accounts:
        return rejects.UNKNOWN_ACCOUNT
    if command.symbol < 0 or command.symbol >= control.n_symbols:
        return rejects.UNKNOWN_SYMBOL
    symbol = state.symbols[command.symbol]
    if command.symbol_version != symbol.symbol_version:
        return rejects.STALE_SYMBOL_VERSION
    if symbol.status == HALT:
        return rejects.SYMBOL_HALTED
    if symbol.status == CANCEL_ONLY:
        return rejects.SYMBOL_CANCEL_ONLY
    return rejects.NONE


@kernel
def _check_owner(state: Any, command: Any, owner: Owner) -> int:
    """The order against the account's other orders, the book, its money and the engine's room."""
    symbol = state.symbols[command.symbol]
    may_rest = _may_rest(command)
    if may_rest and state.account_symbols[owner.account_symbol].count >= symbol.max_num_orders:
        return rejects.MAX_NUM_ORDERS
    if command.client_id_0:
        forget_client_ids(state, _FORGET)
        if find_client_id(state, command, name_of(command), False):
            return rejects.DUPLICATE_CLIENT_ID
    if _is_stop(command) and would_trigger(symbol, command):
        return rejects.WOULD_TRIGGER_IMMEDIATELY
    if command.order_type == LIMIT_MAKER and _would_take(state, command):
        return rejects.WOULD_TAKE
    given_no = owner.quote_balance if command.side == BUY else owner.base_balance
    if state.balances[given_no].free_atoms < _least_atoms(state, command):
        return rejects.INSUFFICIENT_FUNDS
    if command.order_type == MARKET and opposite_book(state, command).best_level == 0:
        return rejects.NO_LIQUIDITY
    places = 2 if _is_stop(command) else 1 if may_rest else 0
    return missing_room(state, command, owner, places)


@kernel
def _least_atoms(state: Any, command: Any) -> int:
    """What must be free: the whole cost where it is known, else that of the first lot."""
    symbol = state.symbols[command.symbol]
    if command.side != BUY:
        lots = 1 if command.flag_bits == BY_QUOTE else command.qty_lots
        return lots * symbol.base_atoms_per_lot
    if command.flag_bits == BY_QUOTE:
        return command.quote_atoms
    if command.order_type != MARKET:
        return command.price_ticks * command.qty_lots * symbol.quote_atoms_per_tick_lot
    best = opposite_book(state, command)
    return best.best_ticks * symbol.quote_atoms_per_tick_lot if best.best_level else 0


@kernel
def _accept(state: Any, command: Any, owner: Owner) -> int:
    """The order, with an id of its own and its money locked; in no queue yet."""
    control = state.control[0]
    symbol = state.symbols[command.symbol]
    order_no = take(state.pools[POOL_ORDERS], state.orders)
    order = state.orders[order_no]
    symbol.last_order_id += 1
    order.level = 0
    order.account = command.account
    order.base_balance = owner.base_balance
    order.quote_balance = owner.quote_balance
    order.symbol = command.symbol
    order.side = command.side
    order.order_type = command.order_type
    order.time_in_force = command.time_in_force
    order.stp = command.stp
    order.order_id = symbol.last_order_id
    order.qty_lots = command.qty_lots
    order.executed_lots = 0
    order.executed_quote_atoms = 0
    order.price_ticks = command.price_ticks
    order.stop_ticks = command.stop_ticks
    order.accepted_ns = control.now_ns
    order.working_ns = 0 if _is_stop(command) else control.now_ns
    order.strategy_id = command.strategy_id
    order.strategy_type = command.strategy_type
    order.client_id = hold_client_id(state, command, order_no)
    order.account_symbol = 0
    order.by_quote = 0
    if command.flag_bits == BY_QUOTE:
        order.by_quote = 1
        order.quote_atoms = command.quote_atoms
    if owner.base_balance == 0:
        order.base_balance = find_or_add_balance(state, command.account, symbol.base_asset)
    if owner.quote_balance == 0:
        order.quote_balance = find_or_add_balance(state, command.account, symbol.quote_asset)
    lock(given_balance(state, order), locked_atoms(symbol, order))
    return order_no


@kernel
def _is_stop(command: Any) -> bool:
    return command.order_type >= STOP_LOSS_LIMIT


@kernel
def _may_rest(command: Any) -> bool:
    """Whether the order can be open after this command."""
    if command.order_type == MARKET:
        return False
    return command.time_in_force == GTC or command.order_type >= STOP_LOSS_LIMIT


@kernel
def _would_take(state: Any, command: Any) -> bool:
    """Whether a limit order meets somebody at once."""
    book = opposite_book(state, command)
    return is_crossing(book, command.side, command.price_ticks)
