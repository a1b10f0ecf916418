"""An ASGI application behind the lean protocol: docs, admin, identity.

Instead of handing such connections to uvicorn's own protocol, which bounds neither headers nor
the time they take, the lean one reads every request and this bridge runs the application.
Answers are sent whole, so they are bounded too. See docs/decisions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final
from urllib.parse import unquote

from sunwise.chassis.http.messages import Request, Responder

_MAX_ANSWER_BYTES: Final = 16_777_216

Scope = MutableMapping[str, Any]
AsgiApp = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Any]


class AsgiBridge:
    """Answers each request by one run of an ASGI application, in a task of its own."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, request: Request, responder: Responder) -> None:
        """Runs the application for this request."""
        task = asyncio.create_task(_Cycle(request, responder).run(self._app), name="asgi")
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()  # a bug in the application reaches the event loop's exception handler


class _Cycle:
    """One request and its answer as ASGI has them."""

    def __init__(self, request: Request, responder: Responder) -> None:
        self._request = request
        self._responder = responder
        self._status = 500
        self._headers: Iterable[tuple[bytes, bytes]] = ()
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._is_body_read = False
        self._is_answered = False

    async def run(self, app: AsgiApp) -> None:
        """Returns when the application has; the client has its answer by then."""
        try:
            await app(self._scope(), self._receive, self._send)
        finally:
            if not self._is_answered:
                self._status, self._headers, self._body = 500, (), [b"Internal error.\n"]
                self._answer()

    def _scope(self) -> Scope:
        request = self._request
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "HEAD" if request.is_head else request.method,
            "scheme": "http",
            "path": unquote(request.path.decode("ascii", "replace")),
            "raw_path": request.path,
            "query_string": request.query,
            "root_path": "",
            "headers": list(request.headers.items()),
            "client": (request.peer, 0),
            "server": None,
        }

    async def _receive(self) -> dict[str, Any]:
        if self._is_body_read:
            return {"type": "http.disconnect"}
        self._is_body_read = True
        return {"type": "http.request", "body": self._request.body, "more_body": False}

    async def _send(self, message: Any) -> None:  # noqa: ANN401 - ASGI's messages are plain dicts
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], message.get("headers", ())
            return
        body = message.get("body", b"")
        self._body_bytes += len(body)
        assert self._body_bytes <= _MAX_ANSWER_BYTES, "an answer beyond the bound of the bridge"
        self._body.append(body)
        if not message.get("more_body", False):
            self._answer()

    def _answer(self) -> None:
        self._is_answered = True
        lines, content_type = [], b"text/plain;charset=UTF-8"
        for name, value in self._headers:
            if name.lower() == b"content-type":
                content_type = value
            elif name.lower() not in (b"content-length", b"connection", b"transfer-encoding"):
                lines.append(b"%b: %b\r\n" % (name, value))
        self._responder.respond(
            self._status,
            b"".join(self._body),
            headers=b"".join(lines),
            content_type=content_type,
        )
