"""Live subscriptions, and requests answered each in its own task."""

import asyncio
from collections.abc import Callable

from nats.aio.subscription import Subscription as RawSubscription

from sunwise.chassis.bus.headers import encode_headers, header
from sunwise.chassis.bus.nats_connection import DirectClient, pub_command
from sunwise.chassis.bus.protocol import Message, MessageCallback, RequestHandler
from sunwise.chassis.errors import Permanent, Retryable

_ERROR_HEADER = b"Sunwise-Error"
_MAX_REQUESTS = 1024


class NatsSubscription:
    """Hands live messages to a callback from the event loop, never from the parser.

    So a bug in the callback reaches the loop's exception handler instead of nats-py's read loop,
    which would log it and end.
    """

    def __init__(self, client: DirectClient, callback: Callable[[Message, str], None]) -> None:
        self._client = client
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._raw: RawSubscription | None = None

    async def open(self, subject: str, *, group: str) -> None:
        """Subscribes."""
        self._raw = await self._client.subscribe_direct(subject, self._receive, group=group)

    async def close(self) -> None:
        """Nothing more is delivered once this returns."""
        raw, self._raw = self._raw, None
        if raw is not None:
            await self._client.unsubscribe_direct(raw)

    def _receive(self, subject: bytes, reply: bytes, payload: bytes, raw_headers: bytes) -> None:
        message = Message(subject.decode(), payload, raw_headers)
        self._loop.call_soon(self._deliver, message, reply.decode())

    def _deliver(self, message: Message, reply: str) -> None:
        if self._raw is not None:
            self._callback(message, reply)


def live_callback(callback: MessageCallback) -> Callable[[Message, str], None]:
    """`callback` without the reply subject."""
    return lambda message, _reply: callback(message)


class RequestServer:
    """Answers requests with a handler, at most 1,024 at a time."""

    def __init__(self, client: DirectClient, handler: RequestHandler) -> None:
        self._client = client
        self._handler = handler
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, message: Message, reply: str) -> None:
        """Starts answering one request."""
        if not reply:
            return
        if len(self._tasks) >= _MAX_REQUESTS:
            self._refuse(reply, Retryable("too many requests at once here", after_s=0.1))
            return
        task = asyncio.get_running_loop().create_task(self._answer(message, reply))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def _answer(self, message: Message, reply: str) -> None:
        try:
            payload = await self._handler(message)
        except (Retryable, Permanent) as error:
            self._refuse(reply, error)
        else:
            self._send(reply, payload, b"")

    def _refuse(self, reply: str, error: Retryable | Permanent) -> None:
        kind = f"retry {error.after_s}" if isinstance(error, Retryable) else "permanent"
        self._send(reply, str(error).encode(), encode_headers({_ERROR_HEADER.decode(): kind}))

    def _send(self, reply: str, payload: bytes, raw_headers: bytes) -> None:
        if not self._client.is_connected:
            return  # the caller's request ended with its connection or times out
        if len(payload) > self._client.max_payload:
            kind = encode_headers({_ERROR_HEADER.decode(): "permanent"})
            payload, raw_headers = b"the answer is larger than a message may be", kind
        self._client.send_command(pub_command(reply, "", payload, raw_headers))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            task.get_loop().call_exception_handler(
                {"message": "a request handler failed", "exception": error, "task": task}
            )

    def cancel(self) -> None:
        """Stops answering; callers time out."""
        for task in self._tasks:
            task.cancel()


def remote_failure(payload: bytes, raw_headers: bytes) -> Retryable | Permanent | None:
    """The error inside an answer made by `RequestServer`, or None."""
    kind = header(raw_headers, _ERROR_HEADER) if raw_headers else None
    if kind is None:
        return None
    text = payload.decode("utf-8", "replace")
    if kind.startswith(b"retry "):
        return Retryable(text, after_s=float(kind[6:]))
    return Permanent(text)
