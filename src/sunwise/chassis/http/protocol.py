"""The lean HTTP/1.1 protocol: llhttp parses, this class bounds, orders and answers.

Parsing is strict: no leniency of llhttp is switched on, so that two readers of the same bytes
cannot disagree about where a request ends (RFC 9112, sections 2.2, 5.2, 6.1, 6.3).
"""

import asyncio
from collections import deque
from typing import Any, Final

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from sunwise.chassis.http.connections import Connections
from sunwise.chassis.http.messages import CONTINUE, JSON, STATUS_LINES, Application, Request

_NEVER: Final = float("inf")
_METHODS: Final = {
    b"GET": "GET",
    b"HEAD": "GET",
    b"POST": "POST",
    b"PUT": "PUT",
    b"DELETE": "DELETE",
}
_NO_BODY: Final = frozenset({204, 304})

_CONTENT: Final = b"content-type: %b\r\ncontent-length: %d\r\n\r\n"

# What a connection waits for; the sweep asks for it when the deadline has passed.
_IDLE: Final = 0
_HEAD: Final = 1
_BODY: Final = 2
_LINGER: Final = 3
_LINGER_S: Final = 2.0

_FRAMED: Final = 8  # a body may take so many times its bound in chunks: 7 when each holds a byte


class _Refused(Exception):
    """Raised inside a parser callback to stop it; what to answer is in `_refusal`."""


class _Refusal:
    """An answer to bytes that are no request; the connection ends with it."""

    __slots__ = ("status", "text")

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text


class LeanProtocol(asyncio.Protocol):
    """One connection. Requests are answered strictly one after the other."""

    application: Application  # set by the server's subclass
    open_connections: Connections

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Called by uvicorn for each connection; `config` and `app_state` are its own."""
        del config, app_state, _loop
        self._server_state = server_state
        self._limits = self.open_connections.limits
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._peer = ""
        self._waiting: deque[Request | _Refusal] = deque()
        self._current: Request | None = None
        self._refusal: _Refusal | None = None
        self._is_refusing = False  # nothing more is read from this client
        self._is_last = False  # the connection ends with the current answer
        self._is_draining = False
        self._can_write = True
        self._phase = _IDLE
        self.deadline = _NEVER
        self._method = ""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head: dict[bytes, bytes] = {}
        self._head_bytes = self._size_read = 0
        self._body: list[bytes] = []
        self._body_bytes = self._framed_bytes = 0

    # ---- connection ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admits the connection, or refuses it when there are too many."""
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if isinstance(peer, tuple) else ""
        self._server_state.connections.add(self)  # type: ignore[arg-type]
        if self.open_connections.admit(self, self._peer):
            self.deadline = self.open_connections.now_s + self._limits.idle_timeout_s
        else:
            self._refuse(_Refusal(503, "Too many connections: close some, or try again later."))
            self._close()  # not counted, so the sweep would not end it

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection; an answer still under way goes nowhere."""
        del exc
        self._server_state.connections.discard(self)
        self.open_connections.release(self, self._peer)
        self._transport = None
        self._waiting.clear()
        self._is_refusing = True

    def eof_received(self) -> bool:
        """A client that has said all keeps the connection until it is answered."""
        self._is_refusing = True
        if self._current is None and not self._waiting:
            return False
        self.deadline = _NEVER
        return True

    def pause_writing(self) -> None:
        """The client does not read: read nothing from it either, for a bounded time."""
        self._can_write = False
        self._transport.pause_reading()
        self.deadline = self.open_connections.now_s + self._limits.write_timeout_s

    def resume_writing(self) -> None:
        """The client reads again."""
        self._can_write = True
        self._transport.resume_reading()
        if self._phase != _LINGER:
            self._set_deadline()
            self._drain()

    def shutdown(self) -> None:
        """Ends the connection, after the answer that is due (called by uvicorn)."""
        if self._current is None and not self._waiting:
            self._close()
        else:
            self._is_last = True

    def expire(self) -> None:
        """The deadline has passed (called by the sweep)."""
        self.deadline = _NEVER
        if not self._can_write or self._phase == _LINGER:
            self._transport.abort()
        elif self._phase == _IDLE:
            self._close()
        else:
            part = "headers" if self._phase == _HEAD else "body"
            self._refuse(_Refusal(408, f"The request's {part} did not arrive in time."))

    def _close(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    # ---- reading ----

    def data_received(self, data: bytes) -> None:
        """Parses, then answers what is complete."""
        if self._is_refusing:
            return
        size = len(data)
        if self._phase == _HEAD:
            self._head_bytes += size
        elif self._phase == _BODY:
            self._framed_bytes += size
        self._size_read = self._head_bytes + size  # no header can be longer
        self._feed(data)
        if self._phase == _HEAD and self._head_bytes > self._limits.max_head_bytes:
            # The parser holds a header back until it ends, so one without end shows only here.
            self._refuse(_Refusal(431, "The request's headers are too large."))
        elif self._phase == _BODY and self._framed_bytes > _FRAMED * self._limits.max_body_bytes:
            self._refuse(_Refusal(413, "The request's chunks are mostly not its body."))
        self._drain()

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:
            if self._refusal is None:
                raise  # a bug of ours, not of the client
            self._refuse(self._refusal)
        except httptools.HttpParserError as error:
            self._refuse(_Refusal(400, f"This is not HTTP/1.1: {error}"))

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Answers in HTTP/1.1 all the same (RFC 9110, 7.8): some clients offer h2c each time."""
        self._parser = httptools.HttpRequestParser(self)
        if rest and not self._is_refusing:
            self._feed(rest)

    def on_message_begin(self) -> None:
        """A request's first byte has arrived."""
        self._phase = _HEAD
        self.deadline = self.open_connections.now_s + self._limits.header_timeout_s
        self._url = b""
        self._headers = []
        self._head_bytes = self._body_bytes = self._framed_bytes = 0
        self._body = []

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._url += url
        if len(self._url) > self._limits.max_url_bytes:
            self._stop(414, "The URL is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line; how many there are is bounded by what is read at a time."""
        if self._phase == _BODY:
            self._stop(400, "Trailers are not taken here.")
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Everything but the body is known: refuse early what cannot be served."""
        self._phase = _BODY
        self.deadline = self.open_connections.now_s + self._limits.body_timeout_s
        head = {name.lower(): value for name, value in self._headers}
        if len(head) != len(self._headers):
            head = self._joined()
        self._head = head
        if self._size_read > self._limits.max_header_bytes:
            self._check_size(head)
        if len(self._headers) > self._limits.max_headers:
            self._stop(431, "The request has too many headers.")
        host = head.get(b"host")
        if host is None:
            if self._parser.get_http_version() != "1.0":
                self._stop(400, "The Host header is missing.")
        elif b"," in host:
            self._stop(400, "The Host header was sent twice.")
        if b"transfer-encoding" in head:
            self._check_coding(head[b"transfer-encoding"])
        self._check_body(int(head.get(b"content-length", 0)))
        if b"expect" in head:
            self._expect(head[b"expect"])

    def _joined(self) -> dict[bytes, bytes]:
        """Headers by lower-case name; values of a repeated one are joined."""
        head: dict[bytes, bytes] = {}
        for name, value in self._headers:
            lower = name.lower()
            before = head.get(lower)
            head[lower] = value if before is None else before + b", " + value
        return head

    def _check_body(self, size: int) -> None:
        most = self._limits.max_body_bytes
        if size > most:
            self._stop(413, f"The request's body is too large: send at most {most} bytes at once.")

    def _check_size(self, head: dict[bytes, bytes]) -> None:
        size = sum(map(len, head)) + sum(map(len, head.values()))
        if size > self._limits.max_header_bytes:
            self._stop(431, "The request's headers are too large.")

    def _check_coding(self, coding: bytes) -> None:
        """Nothing here undoes another coding, so its bytes would pass for the body."""
        if self._parser.get_http_version() == "1.0":
            self._stop(400, "HTTP/1.0 knows no Transfer-Encoding.")
        if coding.lower() != b"chunked":
            self._stop(501, "The only transfer coding known here is chunked.")

    def _expect(self, expect: bytes) -> None:
        if expect.lower() != b"100-continue":
            self._stop(417, "The only expectation known here is 100-continue.")
        if self._current is None and not self._waiting:
            self._transport.write(CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(body)
        self._check_body(self._body_bytes)
        self._body.append(body)

    def on_message_complete(self) -> None:
        """A whole request; it waits for its turn."""
        self._phase = _IDLE
        self.deadline = _NEVER
        if len(self._waiting) >= self._limits.max_pipelined:
            self._stop(400, "Too many requests were sent ahead of their answers.")
        method = self._parser.get_method()
        url = self._url if self._url.startswith(b"/") else _origin_form(self._url)
        path, _, query = url.partition(b"?")
        request = Request(_METHODS.get(method) or method.decode(), path, query, self._peer)
        if method == b"HEAD":
            request.is_head = True
        request.headers = self._head
        request.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        request.keep_alive = self._parser.should_keep_alive()
        self._waiting.append(request)

    def _stop(self, status: int, text: str) -> None:
        """Makes the parser stop: it hands the exception back to `_feed`."""
        self._refusal = _Refusal(status, text)
        raise _Refused

    def _refuse(self, refusal: _Refusal) -> None:
        self._is_refusing = True
        self.deadline = _NEVER
        self._waiting.append(refusal)
        self._drain()

    # ---- answering ----

    def _drain(self) -> None:
        """Starts whatever may start; does not nest when an application answers at once."""
        if self._is_draining:
            return
        self._is_draining = True
        while self._waiting and self._current is None and self._can_write:
            request = self._waiting.popleft()
            if isinstance(request, _Refusal):
                self._is_last = True
                self._write_refusal(request)
                break
            self._current = request
            if not request.keep_alive:
                self._is_last = self._is_refusing = True
                self._waiting.clear()
            self.application.handle(request, self)
        self._is_draining = False

    def respond(
        self, status: int, body: bytes, *, headers: bytes = b"", content_type: bytes = JSON
    ) -> None:
        """Answers the current request."""
        request, self._current = self._current, None
        if self._transport is None:
            return
        assert request is not None, "a request was answered twice"
        head = STATUS_LINES[status] + self.open_connections.date_line + headers
        if self._is_last or (self._is_refusing and not self._waiting):
            self._is_last = True
            head += b"connection: close\r\n"
        if status in _NO_BODY:
            self._transport.write(head + b"\r\n")
        else:
            head += _CONTENT % (content_type, len(body))
            self._transport.write(head if request.is_head else head + body)
        self._finish()

    def _finish(self) -> None:
        if self._is_last:
            self._close()
        elif self._waiting:
            self._drain()
        elif self._can_write:
            self._set_deadline()

    def _set_deadline(self) -> None:
        """The time that the client has for what it is to send next."""
        limits, now_s = self._limits, self.open_connections.now_s
        if self._current is not None or self._waiting:
            self.deadline = _NEVER
        elif self._phase == _IDLE:
            self.deadline = now_s + limits.idle_timeout_s
        else:
            in_head = self._phase == _HEAD
            self.deadline = now_s + (limits.header_timeout_s if in_head else limits.body_timeout_s)

    def _write_refusal(self, refusal: _Refusal) -> None:
        if self._transport is None:
            return
        body = f"{refusal.text}\n".encode()
        self._transport.write(
            b"%b%bcontent-type: text/plain;charset=UTF-8\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%b"
            % (STATUS_LINES[refusal.status], self.open_connections.date_line, len(body), body)
        )
        self._linger()

    def _linger(self) -> None:
        """Closes our half and drops what still comes in, for a bounded time.

        Closing at once while the client still sends makes the kernel reset the connection, and
        the client would lose the answer that says why (RFC 9112, 9.6).
        """
        if not self._transport.can_write_eof():
            self._close()
            return
        self._transport.write_eof()
        self._phase = _LINGER
        self.deadline = self.open_connections.now_s + _LINGER_S


def _origin_form(target: bytes) -> bytes:
    """The path and query of an absolute URL, as clients behind a proxy send (RFC 9112, 3.2.2)."""
    scheme, mark, rest = target.partition(b"://")
    if not mark or scheme.lower() not in (b"http", b"https"):
        return target  # `*`, or the authority of CONNECT
    _, slash, path = rest.partition(b"/")
    return slash + path if slash else b"/"
