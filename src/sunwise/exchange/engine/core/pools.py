"""Places in a fixed array, taken and given back: the last one given back is taken first.

It is the one most likely still in the processor's cache.

PYTEST_DONT_REWRITE: an assert in a kernel is compiled as it is written.
"""

from typing import Any

from sunwise.exchange.engine.core.jit import kernel


@kernel
def take(pool: Any, records: Any) -> int:
    """A free place of `records`, from 1. The caller has asked `has_room` before."""
    place = int(pool.free)
    if place:
        pool.free = records[place].next_free
    else:
        place = pool.high_water + 1
        assert place < len(records), "a pool is taken from beyond its capacity"
        pool.high_water = place
    pool.live += 1
    return place


@kernel
def give_back(pool: Any, records: Any, place: int) -> None:
    """The place is free again; its contents are the caller's to clear."""
    records[place].next_free = pool.free
    pool.free = place
    pool.live -= 1


@kernel
def has_room(pool: Any, records: Any, wanted: int) -> bool:
    """Whether `wanted` more places can be taken."""
    return pool.live + wanted < len(records)
