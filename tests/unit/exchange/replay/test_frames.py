import gzip

import pytest

from sunwise.exchange.replay.frames import (
    DepthSnapshot,
    DepthUpdate,
    NotARecording,
    OtherFrame,
    RecordedTrade,
    read_frames,
)

DEPTH = (
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1000,"s":"BTCUSDT",'
    b'"U":10,"u":12,"b":[["1.00000000","2.00000000"]],"a":[]}}'
)
TRADE = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1005,"s":"BTCUSDT","t":7,'
    b'"p":"1.00000000","q":"0.50000000","T":1004,"m":true,"M":true}}'
)
TICKER = (
    b'{"stream":"btcusdt@bookTicker","data":{"u":12,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"}}'
)
SNAPSHOT = b'{"lastUpdateId":11,"bids":[["1.00000000","3.00000000"]],"asks":[]}'


def frames_of(tmp_path, content, name="frames.ws"):
    path = tmp_path / name
    path.write_bytes(content)
    return list(read_frames(path))


def test_a_line_may_begin_with_the_recorders_nanoseconds(tmp_path):
    plain, stamped = frames_of(tmp_path, DEPTH + b"\n1723161253937085768 " + DEPTH)
    assert plain == stamped
    assert plain == DepthUpdate("BTCUSDT", 1000, 10, 12, [("1.00000000", "2.00000000")], [])


def test_a_trade_carries_the_time_of_the_match(tmp_path):
    assert frames_of(tmp_path, TRADE) == [
        RecordedTrade("BTCUSDT", 1004, 7, "1.00000000", "0.50000000", True)
    ]


def test_frames_without_an_envelope_are_read(tmp_path):
    raw = TRADE.partition(b'"data":')[2][:-1]
    old = raw.replace(b'"M":true', b'"M":true,"b":88,"a":50')  # trades once named both orders
    assert frames_of(tmp_path, raw + b"\n" + old) == frames_of(tmp_path, TRADE) * 2


def test_a_gzip_file_is_read_whatever_its_name(tmp_path):
    assert frames_of(tmp_path, gzip.compress(TRADE), "frames.txt") == frames_of(tmp_path, TRADE)


def test_a_snapshot_gets_the_symbol_whose_update_ids_are_nearest(tmp_path):
    other = (
        DEPTH.replace(b"BTCUSDT", b"ETHUSDT").replace(b":10,", b":9000,").replace(b":12", b":9001")
    )
    frames = frames_of(tmp_path, b"\n".join([other, DEPTH, SNAPSHOT]))
    assert frames[2] == DepthSnapshot("BTCUSDT", 1000, 11, [("1.00000000", "3.00000000")], [])


def test_a_snapshot_before_every_update_waits_for_a_symbol(tmp_path):
    snapshot, update = frames_of(tmp_path, SNAPSHOT + b"\n" + DEPTH)
    assert (snapshot.symbol, update.symbol) == ("BTCUSDT", "BTCUSDT")


def test_a_frame_without_a_time_has_that_of_the_frame_before_or_the_recorders(tmp_path):
    frames = frames_of(tmp_path, b"1723161254024619568 " + TICKER + b"\n" + DEPTH + b"\n" + TICKER)
    assert [frame.time_ms for frame in frames] == [1723161254024, 1000, 1000]


def test_other_frames_pass_without_harm(tmp_path):
    ticker, empty = frames_of(tmp_path, TICKER + b"\n\n")
    assert ticker == OtherFrame("BTCUSDT", 0)
    assert not empty.is_damaged


@pytest.mark.parametrize(
    "line",
    [b"not json", b"{", b"12x {}", b'{"e":5}', b"\xff\xfe", b'{"e":"trade","p":1.5}', b"[1,2]"],
)
def test_a_line_that_is_no_frame_is_marked_as_damaged(tmp_path, line):
    damaged, trade = frames_of(tmp_path, line + b"\n" + TRADE)
    assert damaged.is_damaged
    assert trade.trade_id == 7


def test_a_gzip_file_that_was_cut_off_ends_where_it_was_cut(tmp_path):
    whole = gzip.compress(b"\n".join([TRADE] * 1000), compresslevel=0)
    frames = frames_of(tmp_path, whole[: len(whole) // 2])
    assert 400 < len(frames) < 600
    assert frames[-1].is_damaged


def test_a_missing_file_is_refused_with_advice(tmp_path):
    with pytest.raises(NotARecording, match=r"Cannot read .*No such file.*Name a file"):
        list(read_frames(tmp_path / "absent"))
