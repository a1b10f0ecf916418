"""What the protocol and an application say to each other."""

import http
from typing import Final, Protocol

from msgspec import Struct

JSON: Final = b"application/json;charset=UTF-8"


class HttpLimits(Struct, frozen=True, kw_only=True):
    """Bounds of every connection; each is a refusal, never a slow-down of others."""

    max_url_bytes: int = 8_192
    max_header_bytes: int = 16_384  # all names and values of one request
    max_head_bytes: int = 32_768  # as received, from the second piece of it on
    max_headers: int = 64
    max_body_bytes: int = 65_536
    max_pipelined: int = 64  # requests read ahead of the one being answered
    max_connections: int = 4_096
    max_connections_per_ip: int = 2_048
    header_timeout_s: float = 10.0  # from a request's first byte to the end of its headers
    body_timeout_s: float = 10.0  # from there to the end of its body
    idle_timeout_s: float = 75.0  # between two requests
    write_timeout_s: float = 30.0  # for a client that does not read its answers


class Request:
    """One whole request. Text is bytes as received: nothing is decoded here."""

    __slots__ = ("body", "headers", "is_head", "keep_alive", "method", "path", "peer", "query")

    def __init__(self, method: str, path: bytes, query: bytes, peer: str) -> None:
        self.method = method
        """HTTP method; HEAD comes as GET with `is_head`, and its body is left out."""
        self.path = path
        """Up to the question mark, percent-encoded as sent."""
        self.query = query
        """After the question mark, as sent."""
        self.peer = peer
        """The client's address, without its port."""
        self.is_head = False
        self.keep_alive = True
        self.headers: dict[bytes, bytes] = {}
        """By lower-case name; values of a repeated header are joined by ", "."""
        self.body = b""


class Responder(Protocol):
    """The way back to the client of one request."""

    def respond(
        self, status: int, body: bytes, *, headers: bytes = b"", content_type: bytes = JSON
    ) -> None:
        """Sends the answer; `headers` are whole lines, each ended by CRLF. Call it once.

        A client that has gone meanwhile is not an error.
        """
        ...


class Application(Protocol):
    """What answers requests. One request of a connection is handed over at a time."""

    def handle(self, request: Request, responder: Responder) -> None:
        """Answers by `responder.respond`, now or in a later turn of the event loop."""
        ...


def _status_line(status: int) -> bytes:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


STATUS_LINES: Final = {status: _status_line(status) for status in range(100, 600)}
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
