"""The WebSocket API: calls of the registry over one connection, and who the connection speaks for.

Each message becomes a `Call` for the same dispatcher as REST, with the same limits and weights.
Answers come in the order in which calls end. A connection that has too many calls in flight is not
read until some have ended.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from typing_extensions import override

from sunwise.chassis.clock import Clock
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.calls.authentication import KeyRing
from sunwise.exchange.gateway.calls.dispatch import Dispatcher, error_body
from sunwise.exchange.gateway.calls.registry import Call, Endpoint, Registry, Security, Transport
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.keys.api_keys import ApiKey
from sunwise.exchange.gateway.lines.connection import Session
from sunwise.exchange.gateway.lines.frames import CloseCode, text_frame
from sunwise.exchange.gateway.streams.codecs import server_shutdown
from sunwise.exchange.gateway.streams.topics import Listener
from sunwise.exchange.gateway.users.streams import UserStreams
from sunwise.exchange.gateway.users.subscriptions import UserSubscriptions
from sunwise.exchange.gateway.websocket.paths import ApiTarget
from sunwise.exchange.gateway.websocket.requests import Request, Unreadable, read_request

CONNECTING_WEIGHT: Final = 2
MAX_IN_FLIGHT: Final = 512
_json: Final = msgspec.json.Encoder().encode


class Line(Protocol):
    """The connection, as far as a session needs it."""

    ip: str

    @property
    def outbox(self) -> Listener:
        """Takes frames for the client."""
        ...

    def end(self, code: CloseCode, reason: str) -> None:
        """Closes it in good order."""
        ...

    def hold(self, *, reading: bool) -> None:
        """Stops reading from the client, or goes on."""
        ...


class WsCall(Call):
    """A call that came by the WebSocket API."""

    __slots__ = ("after", "request_id", "session", "show_limits")

    transport = Transport.WEBSOCKET
    session: "ApiSession"
    request_id: bytes
    show_limits: bool
    after: Callable[[], None] | None
    """What to do once the answer is on its way."""

    @override
    def send(self, status: int, body: bytes, error: ApiError | None) -> None:
        """Answers the client."""
        self.session.answer(self, status, body, error)


class ApiAccess:
    """What every session of the WebSocket API shares."""

    def __init__(
        self, registry: Registry, dispatcher: Dispatcher, keys: KeyRing, clock: Clock
    ) -> None:
        self.methods: dict[str, Endpoint] = registry.by_ws_method
        self.dispatcher = dispatcher
        self.keys = keys
        self.clock = clock
        weight = _counted(next(iter(dispatcher.requests.describe())))
        orders = [_counted(limit) for limit in dispatcher.orders.describe(0)]
        self._weight_text = b"[%b]" % weight
        self._order_text = b"[%b,%b]" % (b",".join(orders), weight)

    def limits(self, call: Call | None, ip: str) -> bytes:
        """The `rateLimits` that a call has touched, as a JSON array."""
        used = self.dispatcher.requests.used(ip)
        if call is None or not call.endpoint.order_count or call.key is None:
            return self._weight_text % used
        ten, day = self.dispatcher.orders.counts(call.key.account)
        return self._order_text % (ten, day, used)


def _counted(limit: dict[str, str | int]) -> bytes:
    """A limit as JSON with room for its count."""
    limit.pop("count", None)
    return _json(limit)[:-1] + b',"count":%d}'


class ApiSession:
    """One connection to the WebSocket API."""

    def __init__(
        self,
        access: ApiAccess,
        line: Line,
        streams: UserStreams,
        target: ApiTarget,
    ) -> None:
        self.access = access
        self.unit_ns = target.unit_ns
        self.show_limits = target.show_limits
        self.subscriptions = UserSubscriptions(
            streams, line.outbox, target.unit_ns, lost=self.leave
        )
        self.connected_ns = access.clock.now_ns()
        self.key: ApiKey | None = None
        """Whom the session speaks for, since `session.logon`."""
        self.authorized_ns = 0
        self._line = line
        self._in_flight = 0
        self._inbox: deque[bytes] = deque()
        """Requests that were read before the client was held."""
        self._is_held = self._is_closed = self._is_leaving = False
        self._is_reading = True

    # --- what a connection calls ---

    def on_text(self, payload: bytes) -> None:
        """One request of the client; kept for later when too many are in flight."""
        if self._is_held:
            self._inbox.append(payload)
        else:
            self._perform(payload)

    def _perform(self, payload: bytes) -> None:
        try:
            request = read_request(payload)
        except Unreadable as fault:
            self._refuse(fault.id, fault.error)
            return
        endpoint = self.access.methods.get(request.method)
        if endpoint is None:
            self._refuse(request.id, errors.not_found())
            return
        call = self._call(request, endpoint)
        if call is not None:
            self._began()
            self.access.dispatcher.run(call)

    def on_ping(self, now_ns: int) -> None:
        """Nothing here ends by time."""

    def notify_shutdown(self, now_ns: int) -> None:
        """Tells the client that the connection is about to end."""
        event = server_shutdown(self.unit_ns, now_ns=now_ns)
        self._line.outbox.push(text_frame(b'{"event":%b}' % event))

    def close(self) -> None:
        """The connection has ended; calls in flight go on, and nobody hears of them."""
        self._is_closed = True
        self.subscriptions.close()

    # --- calls ---

    def _call(self, request: Request, endpoint: Endpoint) -> WsCall | None:
        call = WsCall(endpoint, request.arguments)
        call.session = self
        call.request_id = request.id
        call.show_limits = self.show_limits if request.show_limits is None else request.show_limits
        call.after = None
        call.ip = self._line.ip
        call.received_ns = self.access.clock.now_ns()
        call.micros = self.unit_ns == 1_000
        call.payload = request.payload
        call.key_text = request.arguments.get("apiKey", "")
        if call.key_text or self.key is None or not endpoint.needs_key:
            return call
        if endpoint.security is Security.SIGNED:
            return call  # logging on takes a signature of its own
        return self._as_logged_on(call, self.key)

    def _as_logged_on(self, call: WsCall, key: ApiKey) -> WsCall | None:
        """The call in the name of the session, whose key may have been revoked since."""
        try:
            call.key, _ = self.access.keys.find(key.name)
        except ApiError as error:
            self.log_out()
            self._refuse(b"null", error)
            return None
        return call

    def answer(self, call: WsCall, status: int, body: bytes, error: ApiError | None) -> None:
        """Sends the answer of a call."""
        if not self._is_closed:
            limits = self.access.limits(call, call.ip) if call.show_limits else b""
            self._respond(call.request_id, status, self._content(body, error), limits)
            if call.after is not None:
                call.after()
        self._ended()

    def _refuse(self, request_id: bytes, error: ApiError) -> None:
        """Answers a message that became no call; it costs its sender as much as the lightest."""
        ip = self._line.ip
        try:
            self.access.dispatcher.requests.admit(ip)
            self.access.dispatcher.requests.charge(ip, 1)
        except ApiError as limit:
            error = limit
        limits = self.access.limits(None, ip) if self.show_limits else b""
        self._respond(request_id, error.status, self._content(error_body(error), error), limits)

    def _respond(self, request_id: bytes, status: int, content: bytes, limits: bytes) -> None:
        if limits:
            limits = b',"rateLimits":%b' % limits
        message = b'{"id":%b,"status":%d,%b%b}' % (request_id, status, content, limits)
        self._line.outbox.push(text_frame(message))
        if status == 418:
            self._line.end(CloseCode.POLICY, "disconnected")

    def _content(self, body: bytes, error: ApiError | None) -> bytes:
        """Result or error; an error with the time to try again, when there is one."""
        if error is None:
            return b'"result":%b' % body
        if not error.after_s:
            return b'"error":%b' % body
        now_ms = self.access.clock.now_ns() // 1_000_000
        data = {"serverTime": now_ms, "retryAfter": now_ms + error.after_s * 1_000}
        return b'"error":%b,"data":%b}' % (body[:-1], _json(data))

    def _began(self) -> None:
        self._in_flight += 1
        if self._in_flight >= MAX_IN_FLIGHT and not self._is_held:
            self._is_held = True
            self._read(reading=False)

    def _ended(self) -> None:
        self._in_flight -= 1
        if self._is_held and self._in_flight <= MAX_IN_FLIGHT // 2 and not self._is_closed:
            self._release()
        self._leave_when_idle()

    def _release(self) -> None:
        self._is_held = False
        while self._inbox and not self._is_held:
            self._perform(self._inbox.popleft())
        if not self._is_held:
            self._read(reading=True)

    def _read(self, *, reading: bool) -> None:
        if self._is_reading != reading:
            self._is_reading = reading
            self._line.hold(reading=reading)

    # --- who it speaks for ---

    def log_on(self, key: ApiKey) -> None:
        """From now on the session speaks for this key's account."""
        self.key = key
        self.authorized_ns = self.access.clock.now_ns()

    def log_out(self) -> list[int]:
        """The session speaks for nobody; its own subscription ends. Ids of what ended."""
        self.key = None
        self.authorized_ns = 0
        return self.subscriptions.end_session()

    def leave(self) -> None:
        """Ends the connection once every call is answered: its user events have a hole."""
        self._is_leaving = True
        self._leave_when_idle()

    def _leave_when_idle(self) -> None:
        if self._is_leaving and not self._in_flight and not self._is_closed:
            self._line.end(CloseCode.GOING_AWAY, "User data stream interrupted; subscribe again")


def api_opener(access: ApiAccess, streams: UserStreams) -> Callable[[Line, ApiTarget], Session]:
    """A function that opens a session on a connection. Raises ApiError when it may not be."""

    def opened(line: Line, target: ApiTarget) -> ApiSession:
        access.dispatcher.requests.admit(line.ip)
        access.dispatcher.requests.charge(line.ip, CONNECTING_WEIGHT)
        return ApiSession(access, line, streams, target)

    return opened
