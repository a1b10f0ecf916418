"""The book as a recording tells it: Binance's procedure for a local order book, kept exactly.

A snapshot at `lastUpdateId` replaces what is known within its range; depth updates with
`u <= lastUpdateId` are dropped, the first later one may straddle it, and from then on
`U == previous u + 1`. Without a snapshot the book starts from nothing and is exact on every level
seen. A gap means that something is missing: the book starts from nothing again.
Source: Binance spot docs, "How to manage a local order book correctly".
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Iterator

from msgspec import Struct

from sunwise.contracts.exchange.records import Side

LevelLots = tuple[int, int]
"""A level's price in ticks and its absolute quantity in lots."""
LevelChange = tuple[int, int, int]
"""Side, price in ticks and absolute quantity in lots (0: the level is gone)."""

_KEPT_UPDATES = 600
"""Depth updates kept for a snapshot that arrives late: a minute at 100 ms."""


class ScaledUpdate(Struct, frozen=True, gc=False):
    """A depth update in ticks and lots."""

    first_update_id: int
    last_update_id: int
    bids: list[LevelLots]
    asks: list[LevelLots]


class ScaledSnapshot(Struct, frozen=True, gc=False):
    """A depth snapshot in ticks and lots."""

    last_update_id: int
    bids: list[LevelLots]
    asks: list[LevelLots]


class BookSide:
    """Levels of one side with their prices in order; finding the best is O(1)."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.lots: dict[int, int] = {}
        self._keys: list[int] = []  # prices, negated for bids, so that the best comes first

    def set(self, price_ticks: int, lots: int) -> None:
        """Makes the level's quantity `lots`; 0 removes it. O(log n) and a move of memory."""
        known = price_ticks in self.lots
        if lots:
            self.lots[price_ticks] = lots
            if not known:
                insort(self._keys, self._key(price_ticks))
        elif known:
            del self.lots[price_ticks]
            del self._keys[bisect_left(self._keys, self._key(price_ticks))]

    def best(self) -> int | None:
        """The best price in ticks, or None when the side is empty."""
        return self._price(self._keys[0]) if self._keys else None

    def better_than(self, price_ticks: int) -> list[int]:
        """Prices strictly better than `price_ticks`, best first."""
        return self._up_to(bisect_left(self._keys, self._key(price_ticks)))

    def at_least(self, price_ticks: int) -> list[int]:
        """Prices better than or equal to `price_ticks`, best first."""
        return self._up_to(bisect_right(self._keys, self._key(price_ticks)))

    def _up_to(self, end: int) -> list[int]:
        return [self._price(key) for key in self._keys[:end]]

    def __iter__(self) -> Iterator[int]:
        """Prices, best first."""
        return map(self._price, self._keys)

    def _key(self, price_ticks: int) -> int:
        return -price_ticks if self.side is Side.BUY else price_ticks

    _price = _key  # negation is its own inverse


class RecordedBook:
    """One symbol's book as recorded, after the updates handed in so far."""

    def __init__(self) -> None:
        self.sides = (BookSide(Side.BUY), BookSide(Side.SELL))
        self.last_update_id = 0
        self.gaps = 0
        """How often updates were missing and the book started from nothing."""
        self.unbridged_snapshots = 0
        """Snapshots that no update known here connects to; they were left out."""
        self._recent: deque[ScaledUpdate] = deque(maxlen=_KEPT_UPDATES)

    def update(self, update: ScaledUpdate) -> list[LevelChange]:
        """Each level that the update mentions, as it is now; all others too after a gap.

        Empty when everything in it was known before.
        """
        if self.last_update_id and update.last_update_id <= self.last_update_id:
            return []
        changes: list[LevelChange] = []
        if self.last_update_id and update.first_update_id > self.last_update_id + 1:
            self.gaps += 1
            self._recent.clear()
            changes = self._forget()
        self._recent.append(update)
        changes += self._apply(update)
        return changes

    def snapshot(self, snapshot: ScaledSnapshot) -> list[LevelChange]:
        """Each level that is now different, or that the snapshot and later updates mention.

        Empty when the snapshot does not connect to the updates known here.
        """
        later = [u for u in self._recent if u.last_update_id > snapshot.last_update_id]
        is_older = snapshot.last_update_id < self.last_update_id
        if is_older and (not later or later[0].first_update_id > snapshot.last_update_id + 1):
            self.unbridged_snapshots += 1
            return []
        touched = {(side, price): lots for side, price, lots in self._replace(snapshot)}
        for update in later:
            touched |= {(side, price): lots for side, price, lots in self._apply(update)}
        self.last_update_id = max(self.last_update_id, snapshot.last_update_id)
        return [(side, price, lots) for (side, price), lots in touched.items()]

    def _apply(self, update: ScaledUpdate) -> list[LevelChange]:
        for book, levels in zip(self.sides, (update.bids, update.asks), strict=True):
            for price, lots in levels:
                book.set(price, lots)
        self.last_update_id = update.last_update_id
        return [*_changes(Side.BUY, update.bids), *_changes(Side.SELL, update.asks)]

    def _replace(self, snapshot: ScaledSnapshot) -> Iterator[LevelChange]:
        for book, levels in zip(self.sides, (snapshot.bids, snapshot.asks), strict=True):
            told = dict(levels)
            within = book.at_least(levels[-1][0]) if levels else []
            for price in within:
                if price not in told:
                    book.set(price, 0)
                    yield book.side, price, 0
            for price, lots in levels:
                book.set(price, lots)
                yield book.side, price, lots

    def _forget(self) -> list[LevelChange]:
        gone: list[LevelChange] = [(book.side, price, 0) for book in self.sides for price in book]
        self.sides = (BookSide(Side.BUY), BookSide(Side.SELL))
        return gone


def _changes(side: Side, levels: Iterable[LevelLots]) -> list[LevelChange]:
    return [(side, price, lots) for price, lots in levels]
