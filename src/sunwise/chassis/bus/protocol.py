"""The bus as services see it: stored streams and live messages, nothing more.

Two real implementations keep every promise made here and pass the same contract tests:
`sunwise.chassis.bus.nats.NatsBus` and `sunwise.chassis.bus.simulated.SimulatedBus`.

Services normally follow a stream with `StreamReader` or `RepublishFollower`, not with `deliver`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

import msgspec

MAX_MESSAGE_BYTES: Final = 1 << 20
"""The most that a message's payload and headers may have together (the server's `max_payload`).

A fence takes up to 60 bytes of it, each header its name and value and 4."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """A live message: at most once, stored nowhere."""

    subject: str
    payload: bytes
    raw_headers: bytes = b""
    """The header block as it came; read it with `sunwise.chassis.bus.headers`."""


class StoredMessage(msgspec.Struct, frozen=True, gc=False):
    """A message of a stream, the same bytes for whoever reads it."""

    seq: int
    """Its sequence in the stream, from 1."""
    subject: str
    """The subject it was stored under (never the republished one)."""
    payload: bytes
    raw_headers: bytes = b""
    """Its header block, possibly with `Nats-*` lines of the server: equality is the payload's."""


class StreamInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A stream's identity and extent, as its leader knows it."""

    name: str
    created_ns: int
    """Creation time, ns since the epoch: the stream's identity. Never used as a time."""
    first_seq: int
    last_seq: int
    messages: int
    bytes: int
    max_bytes: int


class StreamSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream must be: file storage, no deleting, refuse when full, republish."""

    name: str
    subjects: tuple[str, ...]
    max_bytes: int
    """Refuse appends (StreamFull) beyond this size, bytes."""
    replicas: int = 1
    """Servers that hold it: 1 on a laptop, 3 in production."""
    republish: tuple[str, str] | None = None
    """(source, destination) subjects of live copies, e.g. ("evt.>", "out.>")."""


class Subscription(Protocol):
    """A live subscription; close it to stop."""

    async def close(self) -> None:
        """Nothing more is delivered once this returns."""
        ...


class DeliverySink(Protocol):
    """Where `Bus.deliver` puts what it reads. Called from the event loop; must not block."""

    def on_message(self, message: StoredMessage) -> None:
        """The next stored message; a gap in `seq` is for the sink to notice."""
        ...

    def on_heartbeat(self, last_seq: int) -> None:
        """Nothing to deliver now; `last_seq` is the last one sent (0: none so far)."""
        ...


class Delivery(Protocol):
    """A running delivery of one stream."""

    def handled(self, seq: int) -> None:
        """Everything up to `seq` is dealt with: more may be sent (flow control)."""
        ...

    async def close(self) -> None:
        """The sink is not called any more once this is called."""
        ...


MessageCallback = Callable[[Message], None]
RequestHandler = Callable[[Message], Awaitable[bytes]]


class Bus(Protocol):
    """One connection to the bus, as one user.

    Bugs in callbacks and handlers are never swallowed: they reach the event loop's exception
    handler, which the process lifecycle turns into a crash.
    """

    def append(
        self,
        subject: str,
        payload: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        expected_last_seq: int | None = None,
    ) -> asyncio.Future[int]:
        """The stored sequence, once the message is synced to disk. Does not wait to be sent.

        Calls are stored in the order made; many may be in flight. `expected_last_seq` fences:
        the message is stored only right after that sequence of the whole stream.

        Raises at once: Disconnected, MessageTooLarge (beyond MAX_MESSAGE_BYTES with the headers and
        the fence). The future raises: WrongLastSequence,
        StreamFull, NoStream, NotPermitted, AppendOutcomeUnknown.
        """
        ...

    def publish(self, subject: str, payload: bytes) -> None:
        """Sends a live message, at most once; dropped silently without a connection.

        Raises MessageTooLarge.
        """
        ...

    async def subscribe(
        self, subject: str, callback: MessageCallback, *, group: str = ""
    ) -> Subscription:
        """In force on return; survives reconnects. One member of a `group` gets each message.

        Raises NotPermitted, Disconnected.
        """
        ...

    async def request(self, subject: str, payload: bytes, *, timeout_s: float = 2.0) -> bytes:
        """The answer of whoever serves `subject`.

        It comes after what the same connection published here before it answered.

        Raises NoResponder, RequestTimeout, Disconnected, NotPermitted, MessageTooLarge, and the
        Retryable or Permanent that the handler at the other end raised.
        """
        ...

    async def serve(
        self, subject: str, handler: RequestHandler, *, group: str = ""
    ) -> Subscription:
        """Answers requests, each in its own task; in force on return.

        The handler's Retryable and Permanent go to the caller; anything else is a bug here.
        """
        ...

    async def read(self, stream: str, seq: int) -> StoredMessage | None:
        """The message at `seq`, or None. Raises StreamMissing, RequestTimeout, Disconnected."""
        ...

    async def read_last(self, stream: str, subject: str = ">") -> StoredMessage | None:
        """The last message under `subject` (wildcards allowed), or None."""
        ...

    async def read_next(self, stream: str, seq: int, subject: str = ">") -> StoredMessage | None:
        """The first message under `subject` at or after `seq`, or None."""
        ...

    async def stream_info(self, stream: str) -> StreamInfo:
        """Identity and extent, from the leader: `last_seq` is a valid read barrier.

        Raises StreamMissing, RequestTimeout, Disconnected.
        """
        ...

    async def deliver(self, stream: str, *, after_seq: int, sink: DeliverySink) -> Delivery:
        """Sends every message after `after_seq` to `sink`, in order, with a heartbeat each second.

        It may fall silent or skip when the connection breaks: that is for the sink to notice
        (`StreamReader` does). Raises StreamMissing, RequestTimeout, Disconnected, NotPermitted.
        """
        ...

    def listen_connection(self, callback: Callable[[bool], None]) -> Callable[[], None]:
        """What ends the listening, any number of times.

        Until then `callback` gets False when the connection is lost and True when it is back.
        """
        ...

    async def close(self) -> None:
        """Sends what is pending, then closes; appends in flight end as AppendOutcomeUnknown."""
        ...


class StreamAdmin(Protocol):
    """What only the provisioning user `operator` may do."""

    async def stream_info(self, stream: str) -> StreamInfo:
        """See `Bus.stream_info`."""
        ...

    async def ensure_stream(self, spec: StreamSpec) -> StreamInfo:
        """The stream as specified, created if missing. Idempotent.

        Raises StreamDiffers if it exists with other settings, Retryable if it cannot be now.
        """
        ...

    async def limit_stream(self, stream: str, *, max_bytes: int) -> None:
        """Sets the size beyond which appends are refused; below its present size nothing is lost.

        Raises StreamMissing, Retryable.
        """
        ...
