"""nats-py's client with two short cuts past its per-message cost.

nats-py wakes a task to read and another to write, parses by regular expressions, builds a
dictionary of headers and a message object, and hops through a queue: 40-58 µs a message. Here a
received message goes straight from the socket's callback to ours, and a command to send straight to
the transport. Reconnecting, TLS, keys and pings stay nats-py's. Only this file touches its private
names; the contract tests guard them.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from nats.aio.client import Client
from nats.aio.subscription import Subscription
from typing_extensions import override

DirectCallback = Callable[[bytes, bytes, bytes, bytes], None]

_CLOSE_S: Final = 2.0
"""What a server has not taken this long after a close is dropped."""


class DirectClient(Client):
    """A nats-py client that can hand raw messages to callbacks.

    `gather_s`: after whole messages came in, the socket is left alone for so long, unless somebody
    is `asking`. Waking up costs a reader more than a message does.
    """

    def __init__(self, *, gather_s: float = 0.0) -> None:
        super().__init__()
        self._n_asking = 0
        self._gather_s = gather_s
        self._paused: asyncio.Transport | None = None
        self._direct: dict[int, DirectCallback] = {}
        self._outgoing: list[bytes] = []

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
        """Sends a protocol line (and payload) behind what is pending; never blocks.

        What is sent in one turn of the event loop leaves in one write: each would be a system call.
        """
        if self._pending or not self.is_connected:
            self._pending.append(command)
            self._pending_data_size += len(command)
            queue = self._flush_queue
            if queue is not None and queue.empty():
                queue.put_nowait(asyncio.get_running_loop().create_future())
            return
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._write_outgoing)
        self._outgoing.append(command)

    def _write_outgoing(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if outgoing and self.is_connected:
            self._transport.write(b"".join(outgoing))  # type: ignore[union-attr]

    def forget_pending(self) -> None:
        """Drops what was not sent, so that a reconnect cannot send it later unasked."""
        self._pending = []
        self._pending_data_size = 0
        self._outgoing.clear()

    @override
    async def close(self) -> None:
        """Sends what is pending first, for at most 2 s."""
        self._write_outgoing()
        giving_up = asyncio.get_running_loop().call_later(_CLOSE_S, self._abort)
        try:
            await super().close()
        finally:
            giving_up.cancel()

    @override
    async def _attempt_reconnect(self) -> None:
        # nats-py closes the old connection and waits until the server has taken all that was
        # written: one that hangs never does, and nobody would be told of the loss.
        self._abort()
        await super()._attempt_reconnect()

    def _abort(self) -> None:
        if self._transport:
            self._transport._io_writer.transport.abort()  # type: ignore[attr-defined]  # noqa: SLF001

    @override
    async def _send_ping(self, future: asyncio.Future[bool] | None = None) -> None:
        # nats-py writes pings past its own queue, so that `flush` can be answered before the
        # subscription ahead of it was even sent, and its refusal is missed.
        self._pongs.append(future or asyncio.get_running_loop().create_future())
        self.send_command(b"PING\r\n")

    @override
    async def _read_loop(self) -> None:
        # From here on the connection speaks the protocol: what it has to say passes us first.
        reader = self._transport._io_reader  # type: ignore[union-attr]  # noqa: SLF001
        wire = _Wire(self._direct, reader.feed_data)
        received = bytes(reader._buffer)  # noqa: SLF001
        reader._buffer.clear()  # noqa: SLF001
        reader.feed_data = self._feed_and_pause(wire) if self._gather_s else wire.feed
        wire.feed(received)
        await super()._read_loop()

    def _feed_and_pause(self, wire: "_Wire") -> Callable[[bytes], None]:
        transport: asyncio.Transport = self._transport._io_writer.transport  # type: ignore[union-attr]  # noqa: SLF001
        loop = asyncio.get_running_loop()

        def feed(data: bytes) -> None:
            wire.feed(data)
            if self._n_asking or self._paused is not None or wire.is_amid_frame:
                return
            if not transport.is_closing():
                self._paused = transport
                transport.pause_reading()
                loop.call_later(self._gather_s, self._resume)

        return feed

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While an answer is awaited nothing that comes in is left waiting."""
        self._n_asking += 1
        self._resume()
        try:
            yield
        finally:
            self._n_asking -= 1

    def _resume(self) -> None:
        transport, self._paused = self._paused, None
        if transport is not None and not transport.is_closing():
            transport.resume_reading()


class _Wire:
    """Cuts what a server sends into whole frames: ours to their callbacks, the others to nats-py."""

    def __init__(self, direct: dict[int, DirectCallback], forward: Callable[[bytes], None]) -> None:
        self._direct = direct
        self._forward = forward
        self._pieces: list[bytes] = []  # of the frame that has not come whole
        self._missing = 0  # bytes of it, as far as its first line has come

    @property
    def is_amid_frame(self) -> bool:
        """Whether more must come: of a large message, or of more than one read takes at once."""
        return bool(self._pieces)

    def feed(self, data: bytes) -> None:
        """Takes what came off the socket; a frame's cost grows with its length, not with pieces."""
        self._pieces.append(bytes(data))
        self._missing -= len(data)
        if self._missing <= 0:
            pieces, self._pieces = self._pieces, []
            self._cut(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def _cut(self, data: bytes) -> None:
        at = missing = 0
        while (line_end := data.find(b"\r\n", at)) >= 0:
            end = line_end + 2
            if data.startswith((b"MSG ", b"HMSG "), at):
                # MSG subject sid [reply] size, or HMSG subject sid [reply] header-size size
                words = data[at:line_end].split(b" ")
                end += int(words[-1]) + 2
                if end > len(data):
                    missing = end - len(data)
                    break
                receive = self._direct.get(int(words[2]))
                if receive is not None:
                    _hand_over(receive, words, data[line_end + 2 : end - 2])
                    at = end
                    continue
            self._forward(data[at:end])
            at = end
        self._missing = missing
        if at < len(data):
            self._pieces.append(data[at:])


def _hand_over(receive: DirectCallback, words: list[bytes], content: bytes) -> None:
    if words[0] == b"MSG":
        receive(words[1], words[3] if len(words) == 5 else b"", content, b"")
    else:
        n_headers = int(words[-2])
        reply = words[3] if len(words) == 6 else b""
        receive(words[1], reply, content[n_headers:], content[:n_headers])


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
