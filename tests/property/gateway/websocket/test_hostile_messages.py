"""Whatever a client sends, it gets an answer in Binance's shape, and nothing breaks."""

import asyncio
import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions import Extension
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SystemClock
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.lines.frames import (
    MAX_FRAGMENTS,
    MessageAssembler,
    Violation,
    text_frame,
)
from sunwise.exchange.gateway.streams.codecs import MILLISECOND_NS
from sunwise.exchange.gateway.streams.feeds import Feeds
from sunwise.exchange.gateway.streams.hub import StreamHub
from sunwise.exchange.gateway.streams.names import parse_stream
from sunwise.exchange.gateway.streams.symbols import StreamNames
from sunwise.exchange.gateway.streams.topics import Form
from sunwise.exchange.gateway.websocket.paths import parse_target
from sunwise.exchange.gateway.websocket.requests import Unreadable, read_request
from sunwise.exchange.gateway.websocket.stream_control import MAX_STREAMS, StreamSession
from tests.contract.streams.venue import listed

MAX_BYTES = 1_000
words = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY", "combined",
         "btcusdt@trade", "btcusdt@depth20@100ms", "ethusdt@kline_1m", "!miniTicker@arr", "x@y", "@"],
    ),
)  # fmt: skip
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), words)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=8
)  # fmt: skip
requests = st.fixed_dictionaries(
    {}, optional={"id": values, "method": values, "params": values, "extra": values}
)
messages = st.one_of(
    requests.map(lambda content: json.dumps(content).encode()),
    values.map(lambda content: json.dumps(content).encode()),
    st.binary(max_size=60),
    st.sampled_from([b"[" * 900, b'{"a":' * 150, b'{"id":1e999}', b'{"id":-0,"method":"x"}', b'"\\ud800"']),
)  # fmt: skip


class Kept:
    """A listener that keeps frames."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def push(self, frame: bytes) -> None:
        self.frames.append(frame)


def contents(frames: list[bytes]) -> list:
    reader = StreamReader()
    reader.feed_data(b"".join(frames))
    found = []
    while reader.buffer:
        found.append(json.loads(parsed(reader).data))
    return found


def parsed(reader: StreamReader) -> Frame:
    steps = Frame.parse(reader.read_exact, mask=False, max_size=None, extensions=list[Extension]())
    try:
        next(steps)
    except StopIteration as done:
        return done.value
    raise AssertionError("half a frame")


@given(st.lists(messages, max_size=6))
def test_every_control_message_is_answered_once(sent):
    async def run() -> None:
        bus = SimulatedBus(SimulatedServer(seed=1), user="gateway")
        feeds, listener = Feeds(bus), Kept()
        hub = StreamHub(bus, feeds, StreamNames(listed()), SystemClock())
        session = StreamSession(hub, listener, Form(combined=False, unit_ns=MILLISECOND_NS))
        for message in sent:
            session.on_text(message)
        for _ in range(20):
            await asyncio.sleep(0)
        answers = contents(listener.frames)
        assert len(answers) == len(sent)
        for each in answers:
            assert ("result" in each) != ("error" in each)
        assert len(session.names) <= MAX_STREAMS
        session.close()
        assert feeds.subjects == []
        await hub.close()
        await feeds.close()

    asyncio.run(run())


@given(messages)
def test_a_request_of_the_api_is_read_or_refused(message):
    refusal = None
    try:
        request = read_request(message)
    except Unreadable as refused:
        refusal = refused
    if refusal is not None:
        json.loads(refusal.id)
        assert refusal.error.code == -1135
    else:
        json.loads(request.id)
        assert all(isinstance(value, str) for value in request.arguments.values())


@given(st.text(max_size=60))
def test_any_text_is_a_stream_or_none(name):
    stream = parse_stream(name)
    assert stream is None or stream.name == name


@given(
    st.binary(max_size=80).map(lambda tail: b"/" + tail)
    | st.text(max_size=60).map(lambda t: f"/ws/{t}".encode())
)
def test_any_path_is_a_target_or_refused(path):
    with contextlib.suppress(ApiError):
        parse_target(path)


@given(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]))
def test_our_frames_read_as_the_standard_says(size):
    payload = bytes(range(97, 107)) * (size // 10 + 1)
    reader = StreamReader()
    reader.feed_data(text_frame(payload[:size]))
    frame = parsed(reader)
    assert (frame.opcode, frame.fin, frame.data) == (Opcode.TEXT, True, payload[:size])
    assert not reader.buffer


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 2]), st.binary(max_size=400), st.booleans()), max_size=12
    )
)
def test_messages_are_whole_valid_and_bounded(fragments):
    assembler, waiting = MessageAssembler(MAX_BYTES), b""
    for opcode, payload, final in fragments:
        waiting = payload if opcode else waiting + payload
        try:
            message = assembler.add(opcode, payload, final=final)
        except Violation:
            return
        if message is not None:
            assert final
            assert message == waiting
            assert len(message) <= MAX_BYTES
            message.decode()


def test_no_message_has_more_than_so_many_fragments():
    assembler = MessageAssembler(MAX_BYTES)
    assembler.add(Opcode.TEXT, b"", final=False)
    for _ in range(MAX_FRAGMENTS - 1):
        assembler.add(Opcode.CONT, b"", final=False)
    try:
        assembler.add(Opcode.CONT, b"", final=False)
    except Violation:
        return
    raise AssertionError("endless fragments were taken")
