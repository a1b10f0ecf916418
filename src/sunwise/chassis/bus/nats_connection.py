"""nats-py's client with two short cuts past its per-message cost.

nats-py starts a task per subscription, builds a dictionary of headers and a message object, and
hops through a queue: 40-58 µs a message. Here a received message goes straight from its parser to
a callback, and a command to send is queued without awaiting. Reconnecting, TLS, keys and pings
stay nats-py's. Only this file touches its private names; the contract tests guard them.
"""

import asyncio
from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.subscription import Subscription
from typing_extensions import override

DirectCallback = Callable[[bytes, bytes, bytes, bytes], None]


class DirectClient(Client):
    """A nats-py client that can hand raw messages to callbacks."""

    def __init__(self) -> None:
        super().__init__()
        self._direct: dict[int, DirectCallback] = {}

    async def subscribe_direct(
        self, subject: str, receive: DirectCallback, *, group: str = ""
    ) -> Subscription:
        """Calls `receive(subject, reply, payload, raw_headers)` from the parser.

        It must not raise (nats-py's read loop would end silently) nor block.
        """
        sid = self._sid + 1
        self._direct[sid] = receive
        subscription = await self.subscribe(subject, queue=group)
        assert subscription._id == sid, "nats-py numbers subscriptions in another way now"  # noqa: SLF001
        return subscription

    async def unsubscribe_direct(self, subscription: Subscription) -> None:
        """Nothing more is received once this is called."""
        sid = subscription._id  # noqa: SLF001
        self._direct.pop(sid, None)
        if self._subs.pop(sid, None) is not None and self.is_connected:
            await self._send_unsubscribe(sid)

    def send_command(self, command: bytes) -> None:
        """Queues a protocol line (and payload) behind what is pending; never blocks."""
        self._pending.append(command)
        self._pending_data_size += len(command)
        queue = self._flush_queue
        if queue is not None and queue.empty():
            queue.put_nowait(asyncio.get_running_loop().create_future())

    def forget_pending(self) -> None:
        """Drops what was not sent, so that a reconnect cannot send it later unasked."""
        self._pending = []
        self._pending_data_size = 0

    @override
    async def _send_ping(self, future: asyncio.Future[bool] | None = None) -> None:
        # nats-py writes pings past its own queue, so that `flush` can be answered before the
        # subscription ahead of it was even sent, and its refusal is missed.
        self._pongs.append(future or asyncio.get_running_loop().create_future())
        self.send_command(b"PING\r\n")

    @override
    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes
    ) -> None:
        receive = self._direct.get(sid)
        if receive is None:
            await super()._process_msg(sid, subject, reply, data, headers)
        else:
            receive(subject, reply, data, headers or b"")


def pub_command(subject: str, reply: str, payload: bytes, raw_headers: bytes) -> bytes:
    """The NATS protocol's PUB, or HPUB when there are headers."""
    if raw_headers:
        sizes = f"{len(raw_headers)} {len(raw_headers) + len(payload)}"
        line = f"HPUB {subject} {reply} {sizes}\r\n" if reply else f"HPUB {subject} {sizes}\r\n"
    else:
        line = (
            f"PUB {subject} {reply} {len(payload)}\r\n"
            if reply
            else f"PUB {subject} {len(payload)}\r\n"
        )
    return b"".join((line.encode(), raw_headers, payload, b"\r\n"))
