"""Room: what an order may need at most is free before it is accepted, so nothing fails half-way."""

from typing import Any

from sunwise.exchange.engine.core.balances import has_room_for_balances
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.layout import (
    POOL_ACCOUNT_SYMBOLS,
    POOL_CLIENT_IDS,
    POOL_LEVELS,
    POOL_NODES,
    POOL_ORDERS,
)
from sunwise.exchange.engine.core.open_orders import Owner
from sunwise.exchange.engine.core.pools import has_room
from sunwise.exchange.engine.core.rejects import (
    ACCOUNT_SYMBOLS_FULL,
    BALANCES_FULL,
    CLIENT_IDS_FULL,
    LEVELS_FULL,
    NONE,
    ORDERS_FULL,
    TRIE_NODES_FULL,
)


@kernel
def missing_room(state: Any, command: Any, owner: Owner, resting_places: int) -> int:
    """The reject code of the first table that could overflow; NONE when all have room.

    `resting_places` is 0 for an order that cannot rest, 1 for one that may, 2 for
    a stop, which keeps a level for the time when it triggers. Whether its price has
    a level already is not asked: a level may need a node for each digit below the root.
    """
    pools = state.pools
    control = state.control[0]
    new_balances = (owner.base_balance == 0) + (owner.quote_balance == 0)
    if not has_room_for_balances(state, new_balances):
        return BALANCES_FULL
    if not has_room(pools[POOL_ORDERS], state.orders, 1):
        return ORDERS_FULL
    if resting_places:
        levels = resting_places + control.reserved_levels
        if not has_room(pools[POOL_LEVELS], state.levels, levels):
            return LEVELS_FULL
        nodes = resting_places * (state.symbols[command.symbol].top_shift // 6)
        if not has_room(pools[POOL_NODES], state.nodes, nodes + control.reserved_nodes):
            return TRIE_NODES_FULL
    if command.client_id_0 and not has_room(pools[POOL_CLIENT_IDS], state.client_ids, 1):
        return CLIENT_IDS_FULL
    is_first = resting_places and owner.account_symbol == 0
    if is_first and not has_room(pools[POOL_ACCOUNT_SYMBOLS], state.account_symbols, 1):
        return ACCOUNT_SYMBOLS_FULL
    return NONE
