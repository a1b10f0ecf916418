"""One symbol's public book by price level, and what has changed since it was last told."""

from bisect import bisect_left, insort
from typing import Final

from sunwise.contracts.exchange.market_data import Level

_NO_LEVEL: Final[Level] = (0, 0)


class BookSide:
    """Levels of one side. Keys rise towards the best price: bids by price, asks by its negative."""

    __slots__ = ("_keys", "_sign", "changed", "lots")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[int] = []  # changes cluster at the best price, the cheap end of a list
        self.lots: dict[int, int] = {}  # by price
        self.changed: set[int] = set()  # prices, since `take_changes`

    def change(self, ticks: int, by_lots: int) -> None:
        """Adds to a level, or takes away from it; an empty level is gone."""
        lots = self.lots
        before = lots.get(ticks, 0)
        after = before + by_lots
        assert after >= 0, "a level holds less than what left it"
        self.changed.add(ticks)
        if after == 0:
            del lots[ticks]
            del self._keys[bisect_left(self._keys, self._sign * ticks)]
            return
        lots[ticks] = after
        if before == 0:
            insort(self._keys, self._sign * ticks)

    @property
    def best(self) -> Level:
        """The best level; (0, 0) when there is none."""
        if not self._keys:
            return _NO_LEVEL
        ticks = self._sign * self._keys[-1]
        return ticks, self.lots[ticks]

    def top(self, limit: int) -> list[Level]:
        """The best levels, best first."""
        sign, lots = self._sign, self.lots
        return [(sign * key, lots[sign * key]) for key in reversed(self._keys[-limit:])]

    def levels_at(self, prices: set[int]) -> list[Level]:
        """What stands at these prices, best first; 0 lots where nothing does."""
        lots = self.lots
        ordered = sorted(prices, reverse=self._sign > 0)
        return [(ticks, lots.get(ticks, 0)) for ticks in ordered]

    def take_changes(self) -> set[int]:
        """Prices that changed since the last call."""
        changed, self.changed = self.changed, set()
        return changed

    def load(self, levels: list[Level]) -> None:
        """Takes every level."""
        self.lots = dict(levels)
        self._keys = sorted(self._sign * ticks for ticks in self.lots)


class Book:
    """Both sides; `update_id` counts every change of a level's quantity."""

    __slots__ = ("asks", "bids", "slow_asks", "slow_bids", "slow_told_id", "told_id", "update_id")

    def __init__(self) -> None:
        self.bids = BookSide(1)
        self.asks = BookSide(-1)
        self.update_id = 0
        self.told_id = 0  # told up to here at the fast pace
        self.slow_told_id = 0  # and at the slow one
        self.slow_bids: set[int] = set()
        self.slow_asks: set[int] = set()

    def change(self, side: BookSide, update_id: int, ticks: int, by_lots: int) -> None:
        """One change, the next one by its id."""
        assert update_id == self.update_id + 1, "a change of the book is missing"
        self.update_id = update_id
        side.change(ticks, by_lots)

    def forget_untold(self) -> None:
        """Tells nothing of what has changed so far."""
        self.bids.take_changes()
        self.asks.take_changes()
        self.slow_bids, self.slow_asks = set(), set()
        self.told_id = self.slow_told_id = self.update_id
