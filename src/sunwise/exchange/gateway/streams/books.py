"""A copy of the top of one book, kept by its depth events: what partial book depth is cut from.

The copy follows the same rule as any client (web-socket-streams.md, "How to manage a local order
book"): a snapshot, then every change after it, and a new snapshot when one is missing.
"""

from bisect import bisect_left, insort
from typing import Final

from sunwise.contracts.exchange.market_data import Depth, DepthChanged, Level

SNAPSHOT_LEVELS: Final = 500
DEEPEST: Final = 20  # levels a side that streams show
_WAITING: Final = 256  # changes kept while a snapshot is on its way


class _Side:
    """One side of the book as keys that rise from the best price on: asks are p, bids -p."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[int] = []
        self._lots: dict[int, int] = {}
        self._worst: int | None = None  # beyond it nothing is known; None: everything is

    def load(self, levels: list[Level]) -> None:
        self._keys = [self._sign * ticks for ticks, _ in levels]
        self._lots = {self._sign * ticks: lots for ticks, lots in levels}
        self._worst = self._keys[-1] if len(levels) >= SNAPSHOT_LEVELS else None

    def apply(self, levels: list[Level]) -> None:
        for ticks, lots in levels:
            key = self._sign * ticks
            if self._worst is not None and key > self._worst:
                continue
            if not lots:
                if self._lots.pop(key, None) is not None:
                    del self._keys[bisect_left(self._keys, key)]
                continue
            if key not in self._lots:
                insort(self._keys, key)
            self._lots[key] = lots
        self._forget_far_levels()

    def _forget_far_levels(self) -> None:
        if len(self._keys) > 2 * SNAPSHOT_LEVELS:
            for key in self._keys[SNAPSHOT_LEVELS:]:
                del self._lots[key]
            del self._keys[SNAPSHOT_LEVELS:]
            self._worst = self._keys[-1]

    @property
    def is_thin(self) -> bool:
        """Fewer levels are known than streams show, though the book may have more."""
        return self._worst is not None and len(self._keys) < DEEPEST

    def best(self, count: int) -> list[Level]:
        return [(self._sign * key, self._lots[key]) for key in self._keys[:count]]


class BookCopy:
    """The best levels of one symbol's book. It is empty until its first snapshot."""

    def __init__(self) -> None:
        self.last_update_id = 0
        self._bids, self._asks = _Side(-1), _Side(1)
        self._waiting: list[DepthChanged] | None = []  # None: in step with the feed

    @property
    def needs_snapshot(self) -> bool:
        """Nothing can be shown until `load`."""
        return self._waiting is not None

    def load(self, snapshot: Depth) -> bool:
        """Starts from this snapshot; False when it is older than the changes waiting for it."""
        waiting = self._waiting or []
        self._bids.load(snapshot.bids)
        self._asks.load(snapshot.asks)
        self.last_update_id = snapshot.last_update_id
        self._waiting = None
        for change in waiting:
            self.apply(change)
        return not self.needs_snapshot

    def apply(self, change: DepthChanged) -> None:
        """Takes one change; keeps it for later when a snapshot has to come first."""
        if self._waiting is not None:
            self._wait(change)
        elif change.last_update_id <= self.last_update_id:
            return
        elif change.first_update_id > self.last_update_id + 1:
            self._waiting = [change]
        else:
            self._bids.apply(change.bids)
            self._asks.apply(change.asks)
            self.last_update_id = change.last_update_id
            if self._bids.is_thin or self._asks.is_thin:
                self._waiting = []

    def _wait(self, change: DepthChanged) -> None:
        assert self._waiting is not None, "only while a snapshot is on its way"
        follows = not self._waiting or (
            change.first_update_id <= self._waiting[-1].last_update_id + 1
        )
        if not follows or len(self._waiting) >= _WAITING:
            self._waiting.clear()
        self._waiting.append(change)

    def top(self, levels: int) -> tuple[list[Level], list[Level]]:
        """The best bids and asks, best first."""
        return self._bids.best(levels), self._asks.best(levels)
