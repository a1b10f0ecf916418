"""Fuzzes the lean protocol: whatever comes in, whole requests come out in order, or a refusal."""

from hypothesis import example, given
from hypothesis import strategies as st

from sunwise.chassis.http.connections import Connections
from sunwise.chassis.http.messages import HttpLimits
from sunwise.chassis.http.protocol import LeanProtocol

GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
)
PIECES = [
    GET, POST, CHUNKED, b"\r\n", b"\n", b" ", b"\0", b"\xff", b"GET ", b"POST ", b"/", b" HTTP/1.1",
    b"Host: x\r\n", b"Content-Length: ", b"5", b"99999999999", b"-1", b"Transfer-Encoding: chunked",
    b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: h2c\r\n", b"0\r\n\r\n", b":",
    b"A" * 300,
]  # fmt: skip
LIMITS = HttpLimits(
    max_url_bytes=200, max_header_bytes=400, max_head_bytes=800, max_headers=8, max_body_bytes=300,
    max_pipelined=4,
)  # fmt: skip


class Wire:
    """A transport that remembers what was written, and what the protocol did with it."""

    def __init__(self):
        self.written = b""
        self.closed = False

    def write(self, data):
        assert not self.closed, "written after the end"
        self.written += data

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def can_write_eof(self):
        return True

    def write_eof(self):
        pass

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass

    def get_extra_info(self, _name):
        return ("10.0.0.1", 1)


class State:
    def __init__(self):
        self.connections = set()


class Recorder:
    """An application that answers at once, or when told."""

    def __init__(self):
        self.seen, self.held, self.holds = [], [], False

    def handle(self, request, responder):
        self.seen.append(request)
        if self.holds:
            self.held.append(responder)
        else:
            responder.respond(200, b"%d" % len(self.seen))


def connection(application):
    connections = Connections(LIMITS)
    protocol = type(
        "Bound", (LeanProtocol,), {"application": application, "open_connections": connections}
    )
    made = protocol(None, State(), {})
    made.connection_made(wire := Wire())
    return made, wire, connections


def bodies(written):
    """Bodies of the answers, in order."""
    found = []
    while written:
        head, _, written = written.partition(b"\r\n\r\n")
        lines = dict(row.split(b": ", 1) for row in head.split(b"\r\n")[1:])
        size = int(lines.get(b"content-length", 0))
        found.append(written[:size])
        written = written[size:]
    return found


junk = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12)), max_size=12).map(
    b"".join
)
cuts = st.lists(st.integers(1, 80), min_size=1, max_size=20)


def feed(protocol, stream, sizes):
    at, turn = 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        protocol.data_received(stream[at : at + size])
        at, turn = at + size, turn + 1


@given(junk, cuts)
@example(GET * 9, [10_000])
@example(b"GET / HTTP/1.1\r\nA: " + b"a" * 2_000, [50])
def test_no_bytes_break_a_connection(stream, sizes):
    application = Recorder()
    protocol, wire, connections = connection(application)
    feed(protocol, stream, sizes)
    assert len(application.seen) <= stream.count(b"HTTP/1.1")
    for request in application.seen:
        assert len(request.body) <= LIMITS.max_body_bytes
        assert len(request.headers) <= LIMITS.max_headers
    told = bodies(wire.written.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""))
    assert told[: len(application.seen)] == [b"%d" % (n + 1) for n in range(len(application.seen))]
    assert len(told) - len(application.seen) in (0, 1)  # at most one refusal, and it is the last
    protocol.connection_lost(None)
    assert len(connections) == 0


@given(st.lists(st.sampled_from([GET, POST, CHUNKED]), min_size=1, max_size=4), cuts)
def test_whole_requests_come_out_whatever_the_pieces(requests, sizes):
    application = Recorder()
    protocol, _, _ = connection(application)
    feed(protocol, b"".join(requests), sizes)
    wanted = {GET: (b"/a", b""), POST: (b"/p", b"hello"), CHUNKED: (b"/c", b"hello")}
    assert [(each.path, each.body) for each in application.seen] == [wanted[r] for r in requests]


@given(st.integers(1, 4), junk, st.booleans())
def test_slow_answers_leave_in_order_whatever_follows(n_requests, stream, closes):
    application = Recorder()
    application.holds = True
    protocol, wire, _ = connection(application)
    protocol.data_received(GET * n_requests + stream)
    if closes:
        protocol.eof_received()
    answered = 0
    while application.held:
        answered += 1
        application.held.pop().respond(200, b"%d" % answered)
    told = bodies(wire.written.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""))
    assert told[:answered] == [b"%d" % (n + 1) for n in range(answered)]
    assert answered >= n_requests


@given(junk)
def test_an_answer_to_a_client_that_has_gone_goes_nowhere(stream):
    application = Recorder()
    application.holds = True
    protocol, wire, _ = connection(application)
    protocol.data_received(GET + stream)
    protocol.connection_lost(None)
    before = wire.written
    for responder in application.held:
        responder.respond(200, b"late")
    assert wire.written == before
