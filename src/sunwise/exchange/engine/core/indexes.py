"""Hash tables from a key to a place: open addressing, linear probing, no tombstones.

A slot is one word: the upper 32 bits of it the key's hash, the lower 32 the place
(0: the slot is empty). The key itself stands in the record at that place, so
that a probe reads a record only when 32 bits of hash agree. The hash alone tells
where a slot's home is, so that a removal can move later slots back to close the
gap and no search ever steps over dead slots (Knuth, TAOCP 3, 6.4, algorithm R).

Tables are at most half full. The hash takes a secret of the replica: nobody
outside can choose client ids that collide. What a table means does not depend on it.

PYTEST_DONT_REWRITE: an assert in a kernel is compiled as it is written.
"""

from typing import Any, Final

import numpy as np

from sunwise.exchange.engine.core.jit import folded_product, kernel

_HALF: Final = 32
_LOW: Final = 2**32 - 1
_NEIGHBOURS: Final = 7  # eight slots are one cache line


@kernel
def order_hash(control: Any, symbol: int, order_id: int) -> int:
    """Hash of an order's name. Eight consecutive order ids of a symbol share a cache line."""
    mixed = folded_product((order_id >> 3) ^ control.seed_0, (symbol << 1 | 1) ^ control.seed_1)
    return (mixed & (_LOW - _NEIGHBOURS)) | (order_id & _NEIGHBOURS)


@kernel
def pair_hash(control: Any, account: int, other: int) -> int:
    """Hash of an account with an asset or a symbol."""
    return folded_product((account << 20 | other) ^ control.seed_0, control.seed_1) & _LOW


@kernel
def client_hash(control: Any, account: int, symbol: int, name: Any) -> int:
    """Hash of a client order id (five words) and its owner."""
    first = folded_product(name[0] ^ control.seed_0, name[1] ^ control.seed_1)
    second = folded_product(name[2] ^ control.seed_2, name[3] ^ control.seed_3)
    third = folded_product(name[4] ^ control.seed_4, (account << 20 | symbol) ^ control.seed_5)
    return (first ^ second ^ third) & _LOW


@kernel
def insert(table: Any, key_hash: int, place: int) -> None:
    """Puts the place into the first empty slot from its home. The key must not be in the table."""
    mask = len(table) - 1
    slot = key_hash & mask
    while table[slot]:
        slot = (slot + 1) & mask
    table[slot] = np.int64(key_hash) << _HALF | place


@kernel
def remove(table: Any, key_hash: int, place: int) -> None:
    """Takes the place out, moving back what was pushed beyond it. It must be in the table."""
    mask = len(table) - 1
    slot = key_hash & mask
    while table[slot] & _LOW != place:
        assert table[slot], "a hash table misses a record that is in use"
        slot = (slot + 1) & mask
    gap = slot
    while True:
        slot = (slot + 1) & mask
        entry = table[slot]
        if entry == 0:
            break
        home = (entry >> _HALF) & mask
        if (slot - home) & mask >= (slot - gap) & mask:  # its home is at or before the gap
            table[gap] = entry
            gap = slot
    table[gap] = 0
