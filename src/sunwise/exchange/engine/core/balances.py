"""What an account owns: free, and locked behind its open orders.

No balance can overflow: deposits of an asset never exceed 2**62 atoms, and every
other movement only moves them.

PYTEST_DONT_REWRITE: an assert in a kernel is compiled as it is written.
"""

from typing import Any

from sunwise.exchange.engine.core.indexes import insert, pair_hash
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.layout import POOL_BALANCES

_LOW = 2**32 - 1


@kernel
def find_balance(state: Any, account: int, asset: int) -> int:
    """Place of the account's balance of the asset; 0 when it never held any."""
    table = state.balance_index
    mask = len(table) - 1
    key_hash = pair_hash(state.control[0], account, asset)
    slot = key_hash & mask
    entry = table[slot]
    while entry:
        if (entry >> 32) & _LOW == key_hash:
            place = entry & _LOW
            balance = state.balances[place]
            if balance.account == account and balance.asset == asset:
                return int(place)
        slot = (slot + 1) & mask
        entry = table[slot]
    return 0


@kernel
def find_or_add_balance(state: Any, account: int, asset: int) -> int:
    """As `find_balance`; an empty one is made when there is none. Capacity was checked before."""
    place = find_balance(state, account, asset)
    if place:
        return place
    pool = state.pools[POOL_BALANCES]
    place = pool.high_water + 1  # balances are never given back
    assert place < len(state.balances), "a balance is made beyond the capacity"
    pool.high_water = place
    pool.live += 1
    balance = state.balances[place]
    balance.account = account
    balance.asset = asset
    insert(state.balance_index, pair_hash(state.control[0], account, asset), place)
    return place


@kernel
def lock(balance: Any, atoms: int) -> None:
    """Moves free atoms behind an order."""
    assert balance.free_atoms >= atoms, "more is locked than is free"
    balance.free_atoms -= atoms
    balance.locked_atoms += atoms


@kernel
def release(balance: Any, atoms: int) -> None:
    """Moves atoms from behind an order back to free."""
    assert balance.locked_atoms >= atoms, "more is released than is locked"
    balance.locked_atoms -= atoms
    balance.free_atoms += atoms


@kernel
def spend_locked(balance: Any, locked_atoms: int, spent_atoms: int) -> None:
    """Ends a lock of `locked_atoms`: `spent_atoms` leave, the rest is free at once."""
    assert balance.locked_atoms >= locked_atoms >= spent_atoms, "a trade spends beyond its lock"
    balance.locked_atoms -= locked_atoms
    balance.free_atoms += locked_atoms - spent_atoms


@kernel
def spend_free(balance: Any, atoms: int) -> None:
    """Free atoms leave."""
    assert balance.free_atoms >= atoms, "a trade spends more than is free"
    balance.free_atoms -= atoms


@kernel
def has_room_for_balances(state: Any, wanted: int) -> bool:
    """Whether `wanted` more balances can be made."""
    return state.pools[POOL_BALANCES].live + wanted < len(state.balances)
