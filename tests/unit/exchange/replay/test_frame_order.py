from sunwise.exchange.replay.frame_order import in_exchange_order, merged
from sunwise.exchange.replay.frames import DepthUpdate, RecordedTrade


def trade(time_ms, number=1):
    return RecordedTrade("S", time_ms, number, "1", "1", False)


def depth(time_ms, number=1):
    return DepthUpdate("S", time_ms, number, number, [], [])


def test_a_trade_that_arrived_late_comes_before_the_update_that_holds_its_effect():
    assert list(in_exchange_order([depth(1100), trade(1050)])) == [trade(1050), depth(1100)]


def test_a_trade_of_the_same_millisecond_belongs_to_the_update():
    assert list(in_exchange_order([depth(1100), trade(1100)])) == [trade(1100), depth(1100)]


def test_frames_of_equal_time_keep_their_order():
    frames = [trade(5, number) for number in (3, 1, 2)]
    assert list(in_exchange_order(frames)) == frames


def test_no_more_than_the_window_is_held_back():
    source = iter([depth(0), depth(1000), depth(2001), depth(9000)])
    ordered = in_exchange_order(source, window_ms=2000)
    assert next(ordered) == depth(0)
    assert next(source) == depth(9000)


def test_recordings_are_merged_by_time():
    assert list(merged([[depth(1), depth(5)], [trade(2), trade(5)]])) == [
        depth(1),
        trade(2),
        trade(5),
        depth(5),
    ]
