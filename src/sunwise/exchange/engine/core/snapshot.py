"""The state as named arrays and back, and its hash. No I/O: the service writes and reads files.

A snapshot is the used front of each array; places in pools are kept as they are,
so that every link stays right. The **state hash** is over what the state means,
in an order that no memory layout decides: accounts, balances by account and
asset, orders by symbol, book, price and queue, remembered client ids by age. Two
replicas that applied the same commands have the same hash, whatever their secrets
and the history of their arrays.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np

from sunwise.exchange.engine.core.jit import bound, entry
from sunwise.exchange.engine.core.layout import (
    AVERAGE_RING,
    BOOKS_PER_SYMBOL,
    DIGITS,
    POOL_ACCOUNT_SYMBOLS,
    POOL_BALANCES,
    POOL_CLIENT_IDS,
    POOL_LEVELS,
    POOL_NODES,
    POOL_ORDERS,
    RECORDS,
    STATE_KIND,
    WORDS_KIND,
    Capacities,
    State,
    capacities_of,
    empty_state,
    layout_hash,
)
from sunwise.exchange.engine.core.levels import next_level
from sunwise.exchange.engine.core.tables import handle

_POOLED: Final = {
    "balances": POOL_BALANCES,
    "orders": POOL_ORDERS,
    "levels": POOL_LEVELS,
    "nodes": POOL_NODES,
    "client_ids": POOL_CLIENT_IDS,
    "account_symbols": POOL_ACCOUNT_SYMBOLS,
}
_CONTROL_FIELDS: Final = (
    "now_ns", "clock_ns", "drained", "rules", "n_accounts", "n_assets", "n_symbols",
    "trigger_first", "trigger_last",
)  # fmt: skip
_ORDER_FIELDS: Final = (
    "account", "symbol", "side", "order_type", "time_in_force", "stp", "order_id", "qty_lots",
    "executed_lots", "executed_quote_atoms", "price_ticks", "stop_ticks", "accepted_ns",
    "working_ns", "strategy_id", "strategy_type",
)  # fmt: skip
_NAME_FIELDS: Final = tuple(f"client_id_{word}" for word in range(5))
_REMEMBERED_FIELDS: Final = ("account", "symbol", "closed_ns", *_NAME_FIELDS)
_LINKS: Final = frozenset(  # ways to find something else
    {"words", "house_balance", "fee_balance", "fee_base_balance", "fee_quote_balance"}
)


def save(state: State) -> Iterator[tuple[str, np.ndarray]]:
    """The layout's hash, the capacities, and the used front of each array, by name."""
    yield "layout", np.frombuffer(bytes.fromhex(layout_hash()), np.uint8)
    yield "capacities", np.array(capacities_of(state), np.int64)
    for name, array in state._asdict().items():
        yield name, array[: _used(state, name, len(array))]


def load(arrays: Iterable[tuple[str, np.ndarray]]) -> State:
    """The state from what `save` gave. Raises ValueError for another layout or a missing array."""
    given = dict(arrays)
    missing = {"layout", "capacities", *RECORDS} - set(given)
    if missing:
        raise ValueError(f"the snapshot lacks {', '.join(sorted(missing))}: take an older one")
    if bytes(given["layout"]).hex() != layout_hash():
        raise ValueError("the snapshot has another layout: replay the log from its start instead")
    state = empty_state(Capacities(*(int(limit) for limit in given["capacities"])))
    for name in RECORDS:
        front = given[name]
        getattr(state, name)[: len(front)] = front
    return state


def state_hash(state: State) -> bytes:
    """BLAKE2b (16 bytes) of what the state means. About 0.5 s for a million open orders."""
    digest = hashlib.blake2b(digest_size=16)
    for name, column in _meaning(state):
        digest.update(name.encode() + b"\0" + len(column).to_bytes(8, "little"))
        digest.update(np.ascontiguousarray(column, "<i8").data)
    return digest.digest()


def _used(state: State, name: str, length: int) -> int:
    """How many records of the array have ever been in use."""
    if name == "children":
        return (int(state.pools[POOL_NODES]["high_water"]) + 1) * DIGITS
    pool = _POOLED.get(name)
    return length if pool is None else int(state.pools[pool]["high_water"]) + 1


def _meaning(state: State) -> Iterator[tuple[str, np.ndarray]]:
    """Every column of the hash with its name, in a fixed order."""
    control = state.control[0]
    for name in _CONTROL_FIELDS:
        yield f"control.{name}", np.array([control[name]])
    yield "capacities", np.array(capacities_of(state))
    yield from _columns("writers", state.writers, ("writer", "epoch", "batch_no"))
    yield from _columns("assets", state.assets[: control["n_assets"]], _fields(state.assets))
    yield from _columns("symbols", state.symbols[: control["n_symbols"]], _fields(state.symbols))
    buckets = state.buckets[: control["n_symbols"] * AVERAGE_RING]
    yield from _columns("buckets", buckets, _fields(state.buckets))
    balances = state.balances[1 : int(state.pools[POOL_BALANCES]["high_water"]) + 1]
    ranked = np.lexsort((balances["asset"], balances["account"]))
    fields = ("account", "asset", "free_atoms", "locked_atoms")
    yield from _columns("balances", balances, fields, ranked)
    places = _places(walk_orders, state, POOL_ORDERS)
    yield from _columns("orders", state.orders, _ORDER_FIELDS, places)
    named = state.orders["client_id"][places]
    yield from _columns("client_ids", state.client_ids, _NAME_FIELDS, named)
    places = _places(walk_remembered, state, POOL_CLIENT_IDS)
    yield from _columns("remembered", state.client_ids, _REMEMBERED_FIELDS, places)
    places = _places(walk_account_symbols, state, POOL_ACCOUNT_SYMBOLS)
    yield from _columns("lists", state.account_symbols, ("account", "symbol", "count"), places)


def _fields(array: np.ndarray) -> tuple[str, ...]:
    return tuple(name for name in array.dtype.names or () if name not in _LINKS)


def _columns(
    name: str, array: np.ndarray, fields: tuple[str, ...], places: np.ndarray | None = None
) -> Iterator[tuple[str, np.ndarray]]:
    """These fields of the records, or of those at `places`, one column each."""
    for field in fields:
        yield f"{name}.{field}", array[field] if places is None else array[field][places]


def _places(walk: Any, state: State, pool: int) -> np.ndarray:
    """The places that the walk visits, in its order."""
    places = np.zeros(int(state.pools[pool]["live"]) + 1, np.int64)
    return places[: bound(walk, STATE_KIND, WORDS_KIND)(handle(state), handle(places))]


@entry
def walk_orders(state: Any, places: Any) -> int:
    """Fills `places` with all open orders: by symbol, book, price from the best, and queue."""
    count = 0
    for book_no in range(state.control[0].n_symbols * BOOKS_PER_SYMBOL):
        level_no = int(state.books[book_no].best_level)
        while level_no:
            order_no = int(state.levels[level_no].first)
            while order_no:
                places[count] = order_no
                count += 1
                order_no = int(state.orders[order_no].next)
            level_no = next_level(state, level_no)
    return count


@entry
def walk_remembered(state: Any, places: Any) -> int:
    """Fills `places` with the client ids of closed orders, the one closed first first."""
    count = 0
    place = int(state.control[0].remembered_first)
    while place:
        places[count] = place
        count += 1
        place = int(state.client_ids[place].next)
    return count


@entry
def walk_account_symbols(state: Any, places: Any) -> int:
    """Fills `places` with the lists of open orders: by account, then as each account has them."""
    count = 0
    for account in range(state.control[0].n_accounts):
        place = int(state.accounts[account].first_symbol)
        while place:
            places[count] = place
            count += 1
            place = int(state.account_symbols[place].next)
    return count
