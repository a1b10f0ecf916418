"""What a client of market streams may ask: SUBSCRIBE and its kin, answered in Binance's words.

Sans-I/O: text messages in, frames out through the listener. Refusals have the shape
`{"error":{"code":2,"msg":"..."},"id":1}`; without a readable id there is none. Codes and messages:
web-socket-streams.md, "Error Messages"; codes 2 (invalid stream) and 4 as seen in public issues.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from sunwise.exchange.gateway.lines.frames import text_frame
from sunwise.exchange.gateway.streams import codecs
from sunwise.exchange.gateway.streams.hub import StreamHub
from sunwise.exchange.gateway.streams.names import Stream, parse_stream
from sunwise.exchange.gateway.streams.topics import Form, Listener
from sunwise.exchange.gateway.users.listen_keys import KeyAccess, KeyedStreams

MAX_STREAMS: Final = 1_024
_METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_json: Final = msgspec.json.Encoder().encode

_MALFORMED_PROPERTY: Final = "Invalid request: property name must be a string"
_MALFORMED_ID: Final = "Invalid request: request ID must be an unsigned integer"
_TOO_MANY: Final = "Invalid request: too many parameters"


class _Refused(Exception):
    """The request is answered with this code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code: Final = code
        self.message: Final = message


class StreamSession:
    """One connection's streams and its control messages."""

    def __init__(
        self,
        hub: StreamHub,
        listener: Listener,
        form: Form,
        *,
        keys: KeyAccess | None = None,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        """`lost` ends the connection, when a user stream opened by a listen key has a hole."""
        self._hub = hub
        self._keyed = KeyedStreams(keys, listener, form, lost=lost) if keys is not None else None
        self._listener = listener
        self._form = form
        self._streams: dict[str, Stream] = {}
        self._answers: deque[tuple[bytes, list[asyncio.Future[None]]]] = deque()
        self._closed = False

    @property
    def names(self) -> list[str]:
        """Streams subscribed to, in the order of subscribing."""
        return list(self._streams)

    def start(self, names: Iterable[str]) -> None:
        """Subscribes to what the URL names.

        Whatever cannot be a stream is ignored: clients put throw-away segments there (ccxt opens
        /ws/0).
        """
        _, others = self._open_keys(names)
        streams = (parse_stream(name) for name in others)
        self._join([stream for stream in streams if stream is not None])

    def on_text(self, payload: bytes) -> None:
        """One message of the client; answers it."""
        request_id: Any = msgspec.UNSET
        opening: list[asyncio.Future[None]] = []
        try:
            request = _decoded(payload)
            request_id = _request_id(request)
            result, opening = self._perform(request, payload)
            content = {"result": result}
        except _Refused as refusal:
            content = {"error": {"code": refusal.code, "msg": refusal.message}}
        if request_id is not msgspec.UNSET:
            content["id"] = request_id
        self._answer(content, opening)

    def notify_shutdown(self, now_ns: int) -> None:
        """Tells the client that the connection is about to end."""
        payload = codecs.server_shutdown(self._form.unit_ns, now_ns=now_ns)
        if self._form.combined:
            payload = b'{"stream":"!serverShutdown","data":%b}' % payload
        self._listener.push(text_frame(payload))

    def on_ping(self, now_ns: int) -> None:
        """Ends user streams whose listen key is over."""
        if self._keyed is not None:
            self._keyed.expire(now_ns)

    def close(self) -> None:
        """Leaves every stream."""
        self._closed = True
        self._leave(self.names)
        if self._keyed is not None:
            self._keyed.close()

    # --- requests ---

    def _perform(
        self, request: dict[str, Any], payload: bytes
    ) -> tuple[Any, list[asyncio.Future[None]]]:
        method, params = _method(request, payload), request.get("params")
        if method == "SUBSCRIBE":
            opening, others = self._open_keys(_named(params))
            return None, opening + self._subscribe(_parsed(others))
        if method == "UNSUBSCRIBE":
            self._unsubscribe(_named(params))
            return None, []
        if method == "LIST_SUBSCRIPTIONS":
            if params:
                raise _Refused(2, _TOO_MANY)
            return self.names, []
        if method == "SET_PROPERTY":
            self._set_combined(_combined_value(params))
            return None, []
        _check_property(params, 1)
        return self._form.combined, []

    def _subscribe(self, streams: list[Stream]) -> list[asyncio.Future[None]]:
        new = {stream.name for stream in streams} - self._streams.keys()
        if len(self._streams) + len(new) > MAX_STREAMS:
            raise _Refused(4, "Too many subscriptions")
        return self._join(streams)

    def _unsubscribe(self, names: list[str]) -> None:
        if self._keyed is not None:
            names = [name for name in names if not self._keyed.leave(name)]
        self._leave([stream.name for stream in _parsed(names)])

    def _open_keys(self, names: Iterable[str]) -> tuple[list[asyncio.Future[None]], list[str]]:
        """Opens the listen keys among the names; what waits for them, and the other names."""
        opening, others = [], []
        for name in names:
            opened = self._keyed.open(name) if self._keyed is not None else None
            if opened is None:
                others.append(name)
            else:
                opening.append(opened)
        return opening, others

    def _join(self, streams: list[Stream]) -> list[asyncio.Future[None]]:
        opening: list[asyncio.Future[None]] = []
        for stream in streams:
            if stream.name not in self._streams:
                self._streams[stream.name] = stream
                opening += self._hub.join(stream, self._listener, self._form)
        return opening

    def _leave(self, names: Iterable[str]) -> None:
        for name in names:
            stream = self._streams.pop(name, None)
            if stream is not None:
                self._hub.leave(stream, self._listener, self._form)

    def _set_combined(self, combined: bool) -> None:  # noqa: FBT001 - the property's value
        before, self._form = self._form, self._form._replace(combined=combined)
        if self._form != before:
            for stream in self._streams.values():
                self._hub.join(stream, self._listener, self._form)
                self._hub.leave(stream, self._listener, before)

    # --- answers ---

    def _answer(self, content: dict[str, Any], opening: list[asyncio.Future[None]]) -> None:
        """Answers in the order of requests, each once the feeds it waits for are open.

        So nothing that is published after a client has its answer is missed.
        """
        waiting = [opened for opened in opening if not opened.done()]
        for opened in waiting:
            opened.add_done_callback(self._send_answers)
        self._answers.append((text_frame(_json(content)), waiting))
        self._send_answers()

    def _send_answers(self, _: object = None) -> None:
        answers = self._answers
        while answers and all(opened.done() for opened in answers[0][1]):
            frame, _ = answers.popleft()
            if not self._closed:
                self._listener.push(frame)


# --- reading requests ---


def _decoded(payload: bytes) -> dict[str, Any]:
    try:
        request = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError) as fault:
        place = _BYTE.search(str(fault))
        line, column = _position(payload, int(place[1]) if place else len(payload) - 1)
        raise _Refused(3, f"Invalid JSON: expected value at line {line} column {column}") from None
    if not isinstance(request, dict):
        raise _Refused(2, "Invalid request: expected an object at line 1 column 1")
    return request


def _position(payload: bytes, at: int) -> tuple[int, int]:
    before = payload[:at]
    return before.count(b"\n") + 1, max(1, at - before.rfind(b"\n"))


def _request_id(request: dict[str, Any]) -> int | str | None:
    """The id to echo: a 64-bit integer, up to 36 letters and digits, or null."""
    value = request.get("id", msgspec.UNSET)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if value is None or (is_number and -(2**63) <= value < 2**63):
        return value  # type: ignore[no-any-return]
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise _Refused(2, _MALFORMED_ID)


def _method(request: dict[str, Any], payload: bytes) -> str:
    method = request.get("method")
    if method is None:
        line, column = _position(payload, len(payload) - 1)
        raise _Refused(2, f"Invalid request: missing field `method` at line {line} column {column}")
    if method in _METHODS:
        return str(method)
    shown = method if isinstance(method, str) else _json(method).decode()
    line, column = _position(payload, payload.find(_json(method)) + len(_json(method)) - 1)
    expected = ", ".join(f"`{name}`" for name in _METHODS)
    raise _Refused(
        2,
        f"Invalid request: unknown variant `{shown[:64]}`, expected one of {expected} "
        f"at line {line} column {column}",
    )


def _named(params: Any) -> list[str]:  # noqa: ANN401 - whatever the client sent
    if not isinstance(params, list) or not all(isinstance(name, str) for name in params):
        raise _Refused(2, "Invalid request: params must be an array of stream names")
    return params


def _parsed(names: Iterable[str]) -> list[Stream]:
    streams = []
    for name in names:
        stream = parse_stream(name)
        if stream is None:
            raise _Refused(2, "Invalid request: invalid stream")
        streams.append(stream)
    return streams


def _check_property(params: Any, count: int) -> None:  # noqa: ANN401 - whatever the client sent
    if not isinstance(params, list) or not params or not isinstance(params[0], str):
        raise _Refused(2, _MALFORMED_PROPERTY)
    if len(params) > count:
        raise _Refused(2, _TOO_MANY)
    if params[0] != "combined":
        raise _Refused(0, "Unknown property")


def _combined_value(params: Any) -> bool:  # noqa: ANN401 - whatever the client sent
    _check_property(params, 2)
    if len(params) != 2 or not isinstance(params[1], bool):
        raise _Refused(1, "Invalid value type: expected Boolean")
    return params[1]
