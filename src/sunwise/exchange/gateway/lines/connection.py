"""One WebSocket connection: frames in, limits, pings and the end of it.

It knows RFC 6455 and Binance's rules of the line; what messages mean is its session's business.
Sans-I/O but for the transport that picows hands in.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport
from typing_extensions import override

from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.lines.frames import CloseCode, MessageAssembler, Opcode, Violation
from sunwise.exchange.gateway.lines.outbox import FlushQueue, Outbox

_REASON_CHARACTERS: Final = 120  # a control frame holds 125 bytes, two of them the code
_LINGER_S: Final = 1.0  # a closed connection's peer has this long to close too


class LineSettings(Struct, frozen=True, kw_only=True):
    """Rules of one connection. Binance's values are the defaults."""

    messages_per_s: int = 5
    """Incoming messages within any second on market streams; PING and PONG count too."""
    controls_per_s: int = 5
    """Incoming PING and PONG frames within any second on the WebSocket API."""
    max_message_bytes: int = 65_536
    """A longer message closes the connection."""
    backlog_bytes: int = 2_097_152
    """A reader for whom more waits here is cut, beside what its socket holds."""
    socket_bytes: int = 262_144
    """Send buffer of a socket; without a bound the kernel would keep megabytes for each."""
    ping_every_s: float = 20.0
    pong_within_s: float = 60.0
    """A connection that leaves a ping unanswered for longer is dropped."""
    life_s: float = 86_400.0
    """A connection ends after this long."""
    shutdown_notice_s: float = 60.0
    """`serverShutdown` is sent this long before a connection ends by age."""


class Session(Protocol):
    """What a connection is for."""

    def on_text(self, payload: bytes) -> None:
        """One message, valid UTF-8. Raises Violation to end the connection."""
        ...

    def on_ping(self, now_ns: int) -> None:
        """Called now and then, for what expires."""
        ...

    def notify_shutdown(self, now_ns: int) -> None:
        """Tells the client that the connection is about to end."""
        ...

    def close(self) -> None:
        """The connection has ended."""
        ...


class RateWindow:
    """At most `limit` events within any second."""

    def __init__(self, limit: int) -> None:
        self._times: deque[float] = deque(maxlen=limit)

    def admits(self, now_s: float) -> bool:
        """Counts one event; False when it is one too many."""
        times = self._times
        if len(times) == times.maxlen and now_s - times[0] < 1.0:
            return False
        times.append(now_s)
        return True


class Connection(WSListener):
    """A client's connection, from its upgrade to its end."""

    def __init__(
        self,
        settings: LineSettings,
        queue: FlushQueue,
        *,
        admit: Callable[["Connection"], Session],
        ended: Callable[["Connection"], None],
        counts_messages: bool,
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._admit = admit
        self._ended = ended
        self._counts_messages = counts_messages
        per_s = settings.messages_per_s if counts_messages else settings.controls_per_s
        self._window = RateWindow(per_s)
        self._assembler = MessageAssembler(settings.max_message_bytes)
        self._pings: dict[bytes, float] = {}
        self._loop = asyncio.get_running_loop()
        self._transport: WSTransport | None = None
        self._session: Session | None = None
        self._is_ending = self._is_notified = False
        self.outbox: Outbox
        self.ip = ""
        self.born_s = self._loop.time()
        self.is_gone = False

    # --- picows calls these ---

    @override
    def on_ws_connected(self, transport: WSTransport) -> None:
        """The upgrade is done."""
        self._transport = transport
        raw = transport.underlying_transport
        self.ip = _address(raw)
        raw.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, self._settings.socket_bytes
        )
        self.outbox = Outbox(
            self._queue, raw, limit_bytes=self._settings.backlog_bytes, cut=self.abort
        )
        try:
            self._session = self._admit(self)
        except ApiError as refusal:
            self.end(CloseCode.POLICY, refusal.message)

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame of the client."""
        if frame.msg_type == WSMsgType.CLOSE:
            self._on_close(transport, frame)
        elif not self._is_ending:
            try:
                self._receive(transport, frame)
            except Violation as violation:
                self.end(violation.code, violation.reason)

    @override
    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is closed."""
        self.is_gone = True
        self.outbox.close()
        session, self._session = self._session, None
        if session is not None:
            session.close()
        self._ended(self)

    @override
    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self.outbox.pause()

    @override
    def resume_writing(self) -> None:
        """The transport's buffer has room again."""
        self.outbox.resume()

    # --- incoming ---

    def _receive(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise Violation(CloseCode.PROTOCOL_ERROR, "No extension was agreed on")
        opcode: int = frame.msg_type  # type: ignore[assignment]  # an int at run time, not the enum
        if opcode == Opcode.PING:
            self._count()
            transport.send_pong(frame.get_payload_as_bytes())
        elif opcode == Opcode.PONG:
            self._count()
            if frame.get_payload_as_bytes() in self._pings:
                self._pings.clear()
        else:
            self._on_data(opcode, frame)

    def _on_data(self, opcode: int, frame: WSFrame) -> None:
        message = self._assembler.add(opcode, frame.get_payload_as_bytes(), final=frame.fin)
        if message is None:
            return
        if self._counts_messages:
            self._count()
        if self._session is not None:
            self._session.on_text(message)

    def _count(self) -> None:
        if not self._window.admits(self._loop.time()):
            raise Violation(CloseCode.POLICY, "Too many requests")

    def _on_close(self, transport: WSTransport, frame: WSFrame) -> None:
        if not self._is_ending:
            self._begin_ending()
            code = frame.get_close_code()
            transport.send_close(WSCloseCode.OK if code == WSCloseCode.NO_INFO else code)
        transport.disconnect()

    # --- pings and age, called by the server's sweep ---

    def ping(self, now_s: float, now_ns: int) -> None:
        """Sends a ping; drops a connection that is silent for too long or too old."""
        if self._is_ending or self._transport is None:
            return
        if self._pings and now_s - next(iter(self._pings.values())) >= self._settings.pong_within_s:
            self.end(CloseCode.POLICY, "Pong timeout")
            return
        payload = str(now_ns // 1_000_000).encode()
        self._pings[payload] = now_s
        self._transport.send_ping(payload)
        if self._session is not None:
            self._session.on_ping(now_ns)
        self._look_at_age(now_s - self.born_s, now_ns)

    def _look_at_age(self, age_s: float, now_ns: int) -> None:
        left_s = self._settings.life_s - age_s
        if left_s <= 0:
            self.end(CloseCode.GOING_AWAY, "Connections end after 24 hours")
        elif left_s <= self._settings.shutdown_notice_s and not self._is_notified:
            self._is_notified = True
            self.notify_shutdown(now_ns)

    def notify_shutdown(self, now_ns: int) -> None:
        """Tells the client that the connection is about to end."""
        if self._session is not None and not self._is_ending:
            self._session.notify_shutdown(now_ns)

    def hold(self, *, reading: bool) -> None:
        """Stops reading from the client, or goes on: the client feels it as a slow line."""
        if self._transport is not None and not self._is_ending:
            raw = self._transport.underlying_transport
            if reading:
                raw.resume_reading()
            else:
                raw.pause_reading()

    # --- the end ---

    def end(self, code: CloseCode, reason: str) -> None:
        """Sends what waits and a close frame, and gives the peer a second to close too."""
        transport = self._transport
        if self._is_ending or transport is None:
            return
        self.outbox.flush()
        self._begin_ending()
        transport.send_close(WSCloseCode(int(code)), reason[:_REASON_CHARACTERS])
        self._loop.call_later(_LINGER_S, self.abort)

    def abort(self) -> None:
        """Closes the socket at once, without a word: the peer does not read."""
        self._begin_ending()
        if self._transport is not None:
            self._transport.disconnect(False)  # noqa: FBT003 - Cython's signature

    def _begin_ending(self) -> None:
        self._is_ending = True
        self.outbox.close()
        session, self._session = self._session, None
        if session is not None:
            session.close()


def _address(raw: asyncio.Transport) -> str:
    peer = raw.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""
