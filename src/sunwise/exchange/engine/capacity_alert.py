"""Says aloud, and by name, that a table of the engine is full: its users only see that they wait."""

import logging
import struct
from collections import Counter
from collections.abc import Callable
from typing import Final

from sunwise.chassis.telemetry import METRICS
from sunwise.contracts.exchange.log import EVENT_FLAGS_AT, EVENT_HEADER_BYTES, BatchFlag
from sunwise.contracts.exchange.records import EVENT_STRIDE, Capacity, EventKind
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.engine.loop import Produced

REPEAT_S: Final = 60.0
"""An alert about one capacity is repeated after this time, s, if commands are still refused."""
CAPACITY_OF: Final = {
    Reject.ACCOUNTS_FULL: Capacity.ACCOUNTS,
    Reject.BALANCES_FULL: Capacity.BALANCES,
    Reject.ORDERS_FULL: Capacity.ORDERS,
    Reject.LEVELS_FULL: Capacity.LEVELS,
    Reject.TRIE_NODES_FULL: Capacity.TRIE_NODES,
    Reject.CLIENT_IDS_FULL: Capacity.CLIENT_IDS,
    Reject.SYMBOLS_FULL: Capacity.SYMBOLS,
    Reject.ASSETS_FULL: Capacity.ASSETS,
    Reject.ACCOUNT_SYMBOLS_FULL: Capacity.ACCOUNT_SYMBOLS,
}
_REJECT: Final = struct.Struct("<xxH")  # of every event (`records._EVENT_HEADER`)
_log = logging.getLogger("sunwise.engine")


class CapacityAlert:
    """Counts what is refused for lack of room, and logs it as an error, once a minute each."""

    def __init__(self, shard: str, monotonic_s: Callable[[], float]) -> None:
        self._shard = shard
        self._monotonic_s = monotonic_s
        self._untold: Counter[Capacity] = Counter()
        self._told_s: dict[Capacity, float] = {}
        self._counts = {
            capacity: METRICS.counter(
                "sunwise_engine_capacity_refusals_total",
                "Commands, or writers' batches, refused because a table of the engine is full.",
                capacity=capacity.name,
            )
            for capacity in Capacity
        }

    def look(self, message: Produced) -> None:
        """Takes note of what `message` refuses. Cost: under 1 µs when it refuses nothing."""
        found = _refusals(message)
        for capacity, count in found.items():
            self._counts[capacity].value += count
        self._untold += found
        for capacity in found:
            self._tell(capacity)

    def _tell(self, capacity: Capacity) -> None:
        now_s = self._monotonic_s()
        told_s = self._told_s.get(capacity)
        if told_s is not None and now_s - told_s < REPEAT_S:
            return
        self._told_s[capacity] = now_s
        _log.error(
            "capacity %s of shard %s is used up: %d refused for lack of room since this was last "
            "said. Raise it (runbook: capacity used up)",
            capacity.name, self._shard, self._untold.pop(capacity),
        )  # fmt: skip


def _refusals(message: Produced) -> Counter[Capacity]:
    """How often each capacity was missing."""
    payload, found = message.payload, Counter[Capacity]()
    if payload[EVENT_FLAGS_AT] & BatchFlag.WRITERS_FULL:
        found[Capacity.WRITERS] = 1
    kinds = payload[EVENT_HEADER_BYTES::EVENT_STRIDE]  # the first byte of each event
    place = kinds.find(EventKind.REJECTED)
    while place >= 0:
        (reject,) = _REJECT.unpack_from(payload, EVENT_HEADER_BYTES + place * EVENT_STRIDE)
        if reject in CAPACITY_OF:
            found[CAPACITY_OF[reject]] += 1
        place = kinds.find(EventKind.REJECTED, place + 1)
    return found
