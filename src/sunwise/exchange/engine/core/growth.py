"""RAISE_CAPACITY: larger arrays with the same contents, made between two kernel calls."""

from typing import Any

from sunwise.contracts.exchange.records import Capacity
from sunwise.exchange.engine.core import rejects
from sunwise.exchange.engine.core.client_ids import index_client_id
from sunwise.exchange.engine.core.codes import CAPACITY_RAISED, REJECTED
from sunwise.exchange.engine.core.indexes import insert, order_hash, pair_hash
from sunwise.exchange.engine.core.jit import bound, entry
from sunwise.exchange.engine.core.layout import (
    MAX_CAPACITIES,
    POOL_ACCOUNT_SYMBOLS,
    POOL_BALANCES,
    POOL_CLIENT_IDS,
    POOL_ORDERS,
    RECORDS,
    STATE_KIND,
    Capacities,
    State,
    capacities_of,
    empty_array,
    lengths,
)
from sunwise.exchange.engine.core.tables import handle


def raise_capacity(state: State, command: Any, event: Any) -> State:
    """The state with more room, and the event that says so; or the same state and a refusal."""
    which, limit = int(command["control_capacity"]), int(command["control_limit"])
    code = _check(state, int(command["flag_bits"]), which, limit)
    event["words"] = 0
    event["command_index"] = state.control[0]["command_index"]
    if code != rejects.NONE:
        event["kind"], event["reject"] = REJECTED, code
        return state
    event["kind"] = CAPACITY_RAISED
    event["control_capacity"], event["control_limit"] = which, limit
    wanted = list(capacities_of(state))
    wanted[which] = limit
    return grown(state, Capacities(*wanted))


def grown(state: State, capacities: Capacities) -> State:
    """The same state in arrays for these capacities; an index of a new size is built anew."""
    arrays = {}
    for name, length in lengths(capacities).items():
        old = getattr(state, name)
        if len(old) == length:
            arrays[name] = old
            continue
        arrays[name] = empty_array(RECORDS[name], length)
        if not name.endswith("_index"):
            arrays[name][: len(old)] = old
    larger = State(**arrays)
    for index in (
        larger.balance_index,
        larger.order_index,
        larger.client_index,
        larger.account_symbol_index,
    ):
        index[:] = 0
    bound(rebuild_indexes, STATE_KIND)(handle(larger))
    return larger


@entry
def rebuild_indexes(state: Any) -> None:
    """Fills the four hash tables, which are empty, from the records. O(records)."""
    control = state.control[0]
    for place in range(1, state.pools[POOL_BALANCES].high_water + 1):
        balance = state.balances[place]
        insert(state.balance_index, pair_hash(control, balance.account, balance.asset), place)
    for place in range(1, state.pools[POOL_ORDERS].high_water + 1):
        order = state.orders[place]
        if order.order_id:
            insert(state.order_index, order_hash(control, order.symbol, order.order_id), place)
    for place in range(1, state.pools[POOL_CLIENT_IDS].high_water + 1):
        if state.client_ids[place].account:
            index_client_id(state, place)
    for place in range(1, state.pools[POOL_ACCOUNT_SYMBOLS].high_water + 1):
        held = state.account_symbols[place]
        if held.account:
            key_hash = pair_hash(control, held.account, held.symbol)
            insert(state.account_symbol_index, key_hash, place)


def _check(state: State, flags: int, which: int, limit: int) -> int:
    if flags or which not in Capacity.__members__.values():
        return rejects.BAD_FIELD
    if not capacities_of(state)[which] < limit <= MAX_CAPACITIES[which]:
        return rejects.CAPACITY_NOT_RAISED
    return rejects.NONE
