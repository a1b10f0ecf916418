from sunwise.contracts.exchange.records import Side
from sunwise.exchange.replay.recorded_book import (
    BookSide,
    RecordedBook,
    ScaledSnapshot,
    ScaledUpdate,
)


def update(first, last, *, bids=(), asks=()):
    return ScaledUpdate(first, last, list(bids), list(asks))


def levels(book, side):
    return dict(book.sides[side].lots)


def test_sides_are_ordered_best_first():
    for side, expected in ((Side.BUY, [30, 20, 10]), (Side.SELL, [10, 20, 30])):
        book = BookSide(side)
        for price in (20, 10, 30, 20):
            book.set(price, 1)
        assert list(book) == expected
        assert book.best() == expected[0]
        assert book.better_than(20) == expected[:1]
        assert book.at_least(20) == expected[:2]


def test_quantities_are_absolute_and_zero_removes():
    book = RecordedBook()
    book.update(update(1, 2, bids=[(10, 5), (9, 4)]))
    changes = book.update(update(3, 3, bids=[(10, 7), (9, 0), (8, 0)]))
    assert levels(book, Side.BUY) == {10: 7}
    assert changes == [(Side.BUY, 10, 7), (Side.BUY, 9, 0), (Side.BUY, 8, 0)]


def test_an_update_that_is_known_already_changes_nothing():
    book = RecordedBook()
    book.update(update(1, 5, bids=[(10, 5)]))
    assert book.update(update(3, 5, bids=[(10, 9)])) == []
    assert levels(book, Side.BUY) == {10: 5}


def test_after_a_gap_the_book_starts_from_nothing():
    book = RecordedBook()
    book.update(update(1, 5, bids=[(10, 5)], asks=[(12, 1)]))
    changes = book.update(update(7, 8, asks=[(13, 2)]))
    assert book.gaps == 1
    assert levels(book, Side.BUY) == {}
    assert levels(book, Side.SELL) == {13: 2}
    assert changes == [(Side.BUY, 10, 0), (Side.SELL, 12, 0), (Side.SELL, 13, 2)]


def test_a_snapshot_is_bridged_by_the_updates_that_came_before_it():
    book = RecordedBook()
    book.update(update(1, 4, bids=[(10, 1)]))
    book.update(update(5, 9, bids=[(10, 2)], asks=[(12, 3)]))
    book.snapshot(ScaledSnapshot(6, [(10, 1), (9, 8)], [(12, 1), (13, 4)]))
    assert levels(book, Side.BUY) == {10: 2, 9: 8}
    assert levels(book, Side.SELL) == {12: 3, 13: 4}
    assert book.last_update_id == 9
    book.update(update(10, 10, bids=[(9, 0)]))
    assert book.gaps == 0


def test_updates_older_than_the_snapshot_are_dropped_and_the_straddling_one_applies():
    book = RecordedBook()
    book.snapshot(ScaledSnapshot(100, [(10, 1)], []))
    assert book.update(update(90, 99, bids=[(10, 7)])) == []
    book.update(update(98, 103, bids=[(10, 3)]))
    assert levels(book, Side.BUY) == {10: 3}
    assert book.gaps == 0


def test_a_snapshot_removes_what_it_does_not_hold_within_its_range_only():
    book = RecordedBook()
    book.update(update(1, 5, bids=[(20, 1), (15, 1), (3, 1)]))
    changes = book.snapshot(ScaledSnapshot(5, [(20, 2), (10, 2)], []))
    assert levels(book, Side.BUY) == {20: 2, 10: 2, 3: 1}
    assert (Side.BUY, 15, 0) in changes


def test_a_snapshot_that_no_update_connects_to_is_left_out():
    book = RecordedBook()
    book.update(update(50, 60, bids=[(10, 1)]))
    assert book.snapshot(ScaledSnapshot(40, [(9, 1)], [])) == []
    assert book.unbridged_snapshots == 1
    assert levels(book, Side.BUY) == {10: 1}
