"""Where a reader stands in a stream, and whether the stream is still the one it was reading."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence

from sunwise.chassis.bus.errors import StreamHole, StreamReplaced, StreamWentBack
from sunwise.chassis.bus.protocol import Bus, StoredMessage

BatchHandler = Callable[[Sequence[StoredMessage]], Awaitable[None]]
"""Takes stored messages in order, each once; the place moves on when it returns."""


class StreamPlace:
    """The last sequence handled, of which stream, and who waits for a later one."""

    def __init__(self, stream: str, *, seq: int, created_ns: int | None) -> None:
        self.stream = stream
        self.seq = seq
        self.created_ns = created_ns
        self._last: StoredMessage | None = None
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0
        self._failure: BaseException | None = None

    def move(self, message: StoredMessage) -> None:
        """`message` and everything before it is handled."""
        self.seq = message.seq
        self._last = message
        while self._waiters and self._waiters[0][0] <= self.seq:
            waiter = heapq.heappop(self._waiters)[2]
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for(self, seq: int) -> None:
        """Returns once everything up to `seq` is handled; raises what ended the reader."""
        if seq <= self.seq:
            return
        if self._failure is not None:
            raise self._failure
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._waiters, (seq, self._count, waiter))
        await waiter

    def fail(self, failure: BaseException) -> None:
        """Nothing more will be handled: whoever waits learns why."""
        self._failure = failure
        waiters, self._waiters = self._waiters, []
        for _seq, _count, waiter in waiters:
            if waiter.done():
                continue
            if isinstance(failure, asyncio.CancelledError):
                waiter.cancel()
            else:
                waiter.set_exception(failure)

    async def verify(self, bus: Bus) -> None:
        """Checks that the stream still holds what was handled here.

        Raises StreamReplaced, StreamWentBack, StreamHole, and what `Bus.stream_info` raises.
        """
        info = await bus.stream_info(self.stream)
        if self.created_ns is None:
            self.created_ns = info.created_ns
        if info.created_ns != self.created_ns:
            raise StreamReplaced(
                f"{self.stream} is not the stream it was (created {info.created_ns}, was "
                f"{self.created_ns}): rebuild this reader's state from the new stream"
            )
        if info.last_seq < self.seq:
            raise StreamWentBack(
                f"{self.stream} ends at {info.last_seq}, but {self.seq} was handled already: "
                "messages were lost; restore the stream, or rebuild this reader's state"
            )
        if info.messages and info.first_seq > self.seq + 1:
            raise StreamHole(self.stream, after_seq=self.seq, next_seq=info.first_seq)
        if self._last is not None:
            stored = await bus.read(self.stream, self.seq)
            if stored is not None and stored.payload != self._last.payload:
                raise StreamWentBack(
                    f"{self.stream} holds another message at {self.seq} than was handled: its "
                    "tail was lost and written anew; rebuild this reader's state"
                )
