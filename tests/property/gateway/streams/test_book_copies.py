"""A book copy shows what the real book shows, whatever is lost and however the snapshot comes."""

from hypothesis import given
from hypothesis import strategies as st

from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.market_data import Depth, DepthChanged
from sunwise.exchange.gateway.streams import books
from sunwise.exchange.gateway.streams.books import DEEPEST, BookCopy

SIDES = ("bids", "asks")


class Venue:
    """A book as two dictionaries, and the changes that it has published."""

    def __init__(self) -> None:
        self.levels = {side: {} for side in SIDES}
        self.update_id = 0

    def change(self, rows: list[tuple[int, int, int]]) -> DepthChanged:
        first = self.update_id + 1
        changed = {side: {} for side in SIDES}
        for is_ask, ticks, lots in rows:
            side = SIDES[is_ask]
            changed[side][ticks] = lots
            self.levels[side].pop(ticks, None)
            if lots:
                self.levels[side][ticks] = lots
            self.update_id += 1
        return DepthChanged(
            symbol=0, first_update_id=first, last_update_id=self.update_id, time_ns=0,
            bids=list(changed["bids"].items()), asks=list(changed["asks"].items()),
        )  # fmt: skip

    def best(self, count: int) -> tuple[list, list]:
        bids = sorted(self.levels["bids"].items(), reverse=True)
        return bids[:count], sorted(self.levels["asks"].items())[:count]

    def snapshot(self) -> Depth:
        bids, asks = self.best(books.SNAPSHOT_LEVELS)
        return Depth(
            position=Position(command_seq=1), symbol=0, last_update_id=self.update_id, bids=bids, asks=asks
        )  # fmt: skip


rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 80), st.sampled_from([0, 0, 1, 2])), min_size=1, max_size=12
)  # fmt: skip
steps = st.lists(
    st.tuples(rows, st.sampled_from(["deliver", "lose", "late", "twice"])), max_size=40
)


@given(steps, st.integers(0, 3))
def test_a_copy_in_step_shows_the_real_levels(flow, snapshot_delay):
    """Small books truncate often: the bound of a snapshot is set just above what streams show."""
    before = books.SNAPSHOT_LEVELS
    books.SNAPSHOT_LEVELS = DEEPEST + 4
    try:
        run(flow, snapshot_delay)
    finally:
        books.SNAPSHOT_LEVELS = before


def run(flow, snapshot_delay: int) -> None:
    venue, copy = Venue(), BookCopy()
    venue.change([(is_ask, ticks, 3) for ticks in range(1, 81) for is_ask in (0, 1)])
    held: list[DepthChanged] = []
    asked: list[tuple[int, Depth]] = []
    for number, (change_rows, fate) in enumerate(flow):
        if copy.needs_snapshot and not asked:
            asked.append((number + snapshot_delay, venue.snapshot()))
        held.append(venue.change(change_rows))
        if fate == "lose":
            held.clear()
        elif fate != "late":
            for change in held * (2 if fate == "twice" else 1):
                copy.apply(change)
            held.clear()
        if asked and asked[0][0] <= number:
            copy.load(asked.pop()[1])
        if not copy.needs_snapshot and copy.last_update_id == venue.update_id:
            assert copy.top(DEEPEST) == venue.best(DEEPEST)


def test_a_copy_that_has_too_few_levels_left_asks_for_more():
    venue, copy = Venue(), BookCopy()
    deep = books.SNAPSHOT_LEVELS
    venue.change([(1, ticks, 1) for ticks in range(1, deep + 2)])
    copy.load(venue.snapshot())
    copy.apply(venue.change([(1, ticks, 0) for ticks in range(1, deep - DEEPEST + 1)]))
    assert not copy.needs_snapshot
    copy.apply(venue.change([(1, deep - DEEPEST + 1, 0)]))
    assert copy.needs_snapshot
    assert copy.load(venue.snapshot())
    assert copy.top(DEEPEST) == venue.best(DEEPEST)


def test_far_levels_are_forgotten_and_near_ones_are_not():
    venue, copy = Venue(), BookCopy()
    copy.load(venue.snapshot())
    for ticks in range(3 * books.SNAPSHOT_LEVELS):
        copy.apply(venue.change([(1, 10_000 - ticks, 1), (0, 1_000 + ticks % 900, 2)]))
    assert copy.top(DEEPEST) == venue.best(DEEPEST)
    assert len(copy._asks._keys) <= 2 * books.SNAPSHOT_LEVELS
