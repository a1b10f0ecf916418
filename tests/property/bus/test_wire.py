"""What a NATS server sends, cut anywhere: each message once, whole, in order; the rest untouched."""

from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from sunwise.chassis.bus.nats_connection import _Wire

OURS, THEIRS = 7, 8

words = st.text("abcXYZ.$_", min_size=1, max_size=12).map(str.encode)
contents = st.one_of(
    st.binary(max_size=40), st.sampled_from([b"MSG a 7 2\r\nok\r\n", b"\r\n", b"PING\r\n"])
)
lines = st.sampled_from([b"PING\r\n", b"PONG\r\n", b"+OK\r\n", b"INFO {}\r\n", b"-ERR 'no'\r\n"])


@st.composite
def messages(draw):
    """(bytes on the wire, sid, what its callback is told)."""
    sid = draw(st.sampled_from([OURS, THEIRS]))
    subject, content = draw(words), draw(contents)
    reply = draw(st.one_of(st.just(b""), words))
    head = b"%s %d %s" % (subject, sid, reply + b" " if reply else b"")
    if draw(st.booleans()):
        headers = b"NATS/1.0\r\nA: " + draw(words) + b"\r\n\r\n"
        sizes = b"%d %d" % (len(headers), len(headers) + len(content))
        wire = b"HMSG " + head + sizes + b"\r\n" + headers + content + b"\r\n"
        return wire, sid, (subject, reply, content, headers)
    wire = b"MSG " + head + b"%d" % len(content) + b"\r\n" + content + b"\r\n"
    return wire, sid, (subject, reply, content, b"")


@given(
    st.lists(st.one_of(messages(), lines.map(lambda line: (line, None, None))), max_size=12),
    st.lists(st.integers(1, 60), min_size=1, max_size=8),
)
def test_frames_come_whole_and_in_order_however_they_are_cut(frames, sizes):
    got, forwarded = [], []
    wire = _Wire({OURS: lambda *told: got.append(told)}, forwarded.append)
    stream = b"".join(frame for frame, _, _ in frames)
    at, turn = 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        wire.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert got == [told for _, sid, told in frames if sid == OURS]
    assert forwarded == [frame for frame, sid, _ in frames if sid != OURS]
    assert not wire.is_amid_frame


def test_a_large_message_in_many_pieces_costs_what_its_length_costs():
    got = []
    wire = _Wire({OURS: lambda *told: got.append(told)}, print)
    content = bytes(4 << 20)
    frame = b"MSG a 7 %d\r\n%s\r\n" % (len(content), content)
    begun_s = process_time()
    for at in range(0, len(frame), 64):
        wire.feed(frame[at : at + 64])
    assert got == [(b"a", b"", content, b"")]
    assert process_time() - begun_s < 2, "copying what came before at each piece takes over 10 s"
