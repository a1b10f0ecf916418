"""The WebSocket port: market streams, the WebSocket API and old user streams, on picows.

It routes an upgrade by its path, admits at most 300 connections in five minutes from an address,
pings every connection and ends it after 24 hours. Clients behind it never wait for each other.
"""

import asyncio
import contextlib
import logging
import ssl
import sys
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct
from picows import (
    WSProtocolError,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)
from typing_extensions import override

from sunwise.chassis.clock import Clock
from sunwise.chassis.http.server import bind
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.lines.connection import Connection, LineSettings, Session
from sunwise.exchange.gateway.lines.frames import CloseCode
from sunwise.exchange.gateway.lines.outbox import FlushQueue
from sunwise.exchange.gateway.streams.hub import StreamHub
from sunwise.exchange.gateway.streams.topics import Form
from sunwise.exchange.gateway.users.listen_keys import KeyAccess
from sunwise.exchange.gateway.websocket.paths import ApiTarget, StreamTarget, parse_target
from sunwise.exchange.gateway.websocket.stream_control import StreamSession

ATTEMPTS: Final = 300
ATTEMPTS_WINDOW_S: Final = 300.0
_READ_BUFFER_BYTES: Final = 2_048
_BACKLOG: Final = 1_024  # connections that wait to be accepted
_VERSION: Final = "13"
_json: Final = msgspec.json.Encoder().encode


class WebSocketSettings(Struct, frozen=True, kw_only=True):
    """How the WebSocket port behaves."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes any free port."""
    tls: tuple[str, str] | None = None
    """Files of the certificate chain and its key (PEM), for wss; None for ws."""
    line: LineSettings = LineSettings()
    attempts: int = ATTEMPTS
    """Connections that an address may open in five minutes; 0 for any number."""
    flush_every_s: float = 0.005
    """Stream frames of at most this long are joined into one write for each connection."""
    max_connections: int = 20_000
    """Connections at a time, of all addresses."""
    handshake_s: float = 5.0
    """A client that has not sent its whole upgrade by then is dropped."""


class Attempts:
    """Connections opened by each address within the last five minutes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times: dict[str, deque[float]] = {}

    def admits(self, ip: str, now_s: float) -> bool:
        """Counts one; False when it is one too many."""
        if not self._limit:
            return True
        times = self._times.setdefault(ip, deque())
        while times and now_s - times[0] >= ATTEMPTS_WINDOW_S:
            times.popleft()
        if len(times) >= self._limit:
            return False
        times.append(now_s)
        return True

    def forget(self, now_s: float) -> None:
        """Drops addresses without a recent attempt."""
        for ip in [ip for ip, t in self._times.items() if now_s - t[-1] >= ATTEMPTS_WINDOW_S]:
            del self._times[ip]


OpenApiSession = Callable[[Connection, ApiTarget], Session]
"""A session of the WebSocket API. Raises ApiError when the address may not connect."""


class WebSocketServer:
    """The listening socket and its connections; made by `start`."""

    def __init__(
        self,
        settings: WebSocketSettings,
        clock: Clock,
        hub: StreamHub,
        *,
        open_api: OpenApiSession,
        keys: KeyAccess | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._hub = hub
        self._open_api = open_api
        self._keys = keys
        self._loop = asyncio.get_running_loop()
        self._streams_queue = FlushQueue(settings.flush_every_s)
        self._api_queue = FlushQueue(0.0)
        self._attempts = Attempts(settings.attempts)
        self._connections: dict[Connection, None] = {}
        self._empty = asyncio.Event()
        self._sweep = Sweep(settings.line, clock)
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self.port = settings.port

    @property
    def connections(self) -> list[Connection]:
        """Connections open now."""
        return list(self._connections)

    async def start(self) -> None:
        """Listens. Raises AddressTaken; OSError or ssl.SSLError for unusable TLS files."""
        settings = self._settings
        secure = _tls_context(*settings.tls) if settings.tls else None
        listener = bind(settings.host, settings.port)
        self.port = listener.getsockname()[1]
        self._server = await ws_create_server(
            self._route,
            sock=listener,
            backlog=_BACKLOG,
            ssl=secure,
            websocket_handshake_timeout=settings.handshake_s,
            enable_auto_pong=False,
            max_frame_size=settings.line.max_message_bytes,
            read_buffer_init_size=_READ_BUFFER_BYTES,
            logger_name=BugReporter(self._loop),
        )
        self._sweeping = self._loop.create_task(self._run_sweep())

    async def close(self, *, notice_s: float = 1.0) -> None:
        """Tells every client, waits `notice_s` for them to leave, and ends what is left."""
        if self._server is not None:
            self._server.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        now_ns = self._clock.now_ns()
        for connection in tuple(self._connections):
            connection.notify_shutdown(now_ns)
        await self._wait_until_empty(notice_s)
        for connection in tuple(self._connections):
            connection.end(CloseCode.GOING_AWAY, "Server shutting down")
        await self._wait_until_empty(notice_s)
        for connection in tuple(self._connections):
            connection.abort()

    async def _wait_until_empty(self, at_most_s: float) -> None:
        if self._connections:
            self._empty.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), at_most_s)

    # --- upgrades ---

    def _route(
        self, request: WSUpgradeRequest
    ) -> Connection | WSUpgradeResponseWithListener | None:
        headers = request.headers
        if "upgrade" in headers and headers.get("sec-websocket-version") != _VERSION:
            return _wrong_version()
        _read_connection_header(request)
        try:
            target = parse_target(request.path)
        except ApiError as error:
            return _refusal(error)
        if target is None:
            return None
        return Connection(
            self._settings.line,
            self._streams_queue if isinstance(target, StreamTarget) else self._api_queue,
            admit=lambda connection: self._admitted(connection, target),
            ended=self._ended,
            counts_messages=isinstance(target, StreamTarget),
        )

    def _admitted(self, connection: Connection, target: StreamTarget | ApiTarget) -> Session:
        """The session of a new connection. Raises ApiError when it may not be."""
        if len(self._connections) >= self._settings.max_connections:
            raise errors.overloaded()
        if not self._attempts.admits(connection.ip, self._loop.time()):
            limit = self._settings.attempts
            raise ApiError(
                -1034,
                f"Too many connection attempts from IP; current limit is {limit} per '5m'.",
            )
        session = self._session(connection, target)
        self._connections[connection] = None
        self._sweep.add(connection)
        return session

    def _session(self, connection: Connection, target: StreamTarget | ApiTarget) -> Session:
        if isinstance(target, ApiTarget):
            return self._open_api(connection, target)
        form = Form(target.combined, target.unit_ns)
        session = StreamSession(
            self._hub,
            connection.outbox,
            form,
            keys=self._keys,
            lost=lambda: connection.end(CloseCode.GOING_AWAY, "User data stream interrupted"),
        )
        session.start(target.names)
        return session

    def _ended(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        if not self._connections:
            self._empty.set()

    # --- time ---

    async def _run_sweep(self) -> None:
        version = -1
        while True:
            await asyncio.sleep(self._sweep.every_s)
            now_s = self._loop.time()
            self._sweep.run(now_s)
            self._attempts.forget(now_s)
            version = self._hub.refresh(version)


class Sweep:
    """Pings each connection every 20 s, which is also when its age is looked at."""

    def __init__(self, settings: LineSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.every_s = min(1.0, settings.ping_every_s / 4)
        self._waiting: deque[tuple[float, Connection]] = deque()

    def add(self, connection: Connection) -> None:
        """Takes a new connection; it is forgotten once it is gone."""
        self._waiting.append((connection.born_s + self._settings.ping_every_s, connection))

    def run(self, now_s: float) -> None:
        """Does what is due."""
        now_ns = self._clock.now_ns()
        while self._waiting and self._waiting[0][0] <= now_s:
            connection = self._waiting.popleft()[1]
            if not connection.is_gone:
                connection.ping(now_s, now_ns)
                self._waiting.append((now_s + self._settings.ping_every_s, connection))


class BugReporter(logging.LoggerAdapter[logging.Logger]):
    """Where picows logs: what clients do wrong is dropped, a bug of ours reaches the event loop.

    picows catches what callbacks raise and closes that connection; without this, nobody would know.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(logging.getLogger(__name__), None)
        self._loop = loop

    @override
    def isEnabledFor(self, level: int) -> bool:
        """Errors are all that is looked at."""
        return level >= logging.ERROR

    @override
    def log(self, level: int, msg: object, *args: object, **_: object) -> None:
        """Tells the loop of an exception that is not the client's doing."""
        fault = sys.exception()
        if level >= logging.ERROR and fault is not None and not isinstance(fault, WSProtocolError):
            self._loop.call_exception_handler(
                {"message": "a WebSocket callback failed", "exception": fault}
            )


def _tls_context(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def _read_connection_header(request: WSUpgradeRequest) -> None:
    """Lets `Connection: keep-alive, Upgrade` (Firefox) count as an upgrade; picows wants one word."""
    tokens = request.headers.get("connection", "").lower().split(",")
    if "upgrade" in {token.strip() for token in tokens}:
        request.headers["connection"] = "upgrade"


def _refusal(error: ApiError) -> WSUpgradeResponseWithListener:
    body = _json({"code": error.code, "msg": error.message})
    headers = {"Content-Type": "application/json;charset=UTF-8"}
    response = WSUpgradeResponse.create_error_response(error.status, body, headers)
    return WSUpgradeResponseWithListener(response, None)


def _wrong_version() -> WSUpgradeResponseWithListener:
    """Says which version of the protocol is spoken here (RFC 6455, 4.4)."""
    body = b"The only version of WebSocket spoken here is 13.\n"
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Sec-WebSocket-Version": _VERSION}
    response = WSUpgradeResponse.create_error_response(426, body, headers)
    return WSUpgradeResponseWithListener(response, None)
