"""Follows every event of a shard: each message once, in order, its chain checked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Self

from sunwise.chassis.bus import Bus, StoredMessage, StreamHole, StreamReader, StreamWentBack
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.log.event_place import decode_stored, find_place
from sunwise.chassis.log.event_sequence import Checkpoint, EventSequence
from sunwise.chassis.log.waits import Waits, fail
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import EventMessage, event_stream

_MAX_WAIT_S: Final = 1.0

EventHandler = Callable[[EventMessage], None]
"""Applies one event message; called from the event loop, must not block."""
BatchEnd = Callable[[], Awaitable[None]]
"""Called after each run of messages (at most 512), before anybody is told of the new position."""


class EventReader:
    """A reader of all events of a shard; made by `open`, ended by `close`.

    EVT may lose its tail in a power cut and get it again from the engine, under other sequences:
    this reader finds its place by position and chain and passes over what it has applied.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        shard: str,
        handler: EventHandler,
        after_batch: BatchEnd | None,
        start: Checkpoint | None,
        gather_s: float,
    ) -> None:
        self._bus = bus
        self._stream = event_stream(shard)
        self._handler = handler
        self._after_batch = after_batch
        self._gather_s = gather_s
        self._sequence = EventSequence(start)
        self._evt_seq = start.evt_seq if start else 0
        self._created_ns = start.created_ns if start else None
        self._applied = self._sequence.position
        self._applied_evt_seq = 0
        self._position_waits: Waits[Position] = Waits()
        self._evt_seq_waits: Waits[int] = Waits()
        self._awaited = asyncio.Event()  # somebody waits for a position
        self._next_barrier: asyncio.Future[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._reader: StreamReader
        self.closed: asyncio.Task[None]
        """Ends, with an exception, when the reader had to stop."""

    @classmethod
    async def open(
        cls,
        bus: Bus,
        *,
        shard: str,
        handler: EventHandler,
        after_batch: BatchEnd | None = None,
        start: Checkpoint | None = None,
        gather_s: float = 0.0,
    ) -> Self:
        """A running reader, from the log's beginning or from `start`.

        Runs of messages begin at least `gather_s` apart while nobody waits for a position: for a
        handler to which a run costs much and a message little.

        It ends with StreamReplaced when EVT is not the stream of `start`, and with LogBroken when
        `start` is not of this log: rebuild what was derived. Raises Retryable when EVT cannot be
        read now.
        """
        self = cls(
            bus,
            shard=shard,
            handler=handler,
            after_batch=after_batch,
            start=start,
            gather_s=gather_s,
        )
        self._reader = await self._reader_at_place()
        self.closed = asyncio.get_running_loop().create_task(self._run())
        self.closed.add_done_callback(self._on_closed)
        return self

    @property
    def position(self) -> Position:
        """The last event message applied; (0, 0) before the first."""
        return self._applied

    def checkpoint(self) -> Checkpoint:
        """Where this reader stands now, including a message that the handler is at work on."""
        sequence = self._sequence
        return Checkpoint(
            position=sequence.position,
            chain=sequence.chain,
            is_last=sequence.is_last,
            evt_seq=self._evt_seq,
            created_ns=self._reader.created_ns or 0,
        )

    async def wait_for(self, position: Position) -> None:
        """Returns once everything up to `position` is applied; raises what ended the reader."""
        if position <= self._applied:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._position_waits.add(position, waiter)
        self._awaited.set()
        await waiter

    async def barrier(self) -> None:
        """Returns once everything stored at the time of the call is applied.

        Calls that come together share one question to the bus. Raises Retryable, and what ended
        the reader.
        """
        if self._next_barrier is None:
            loop = asyncio.get_running_loop()
            self._next_barrier = loop.create_future()
            if self._asking is None:
                self._asking = loop.create_task(self._ask_barriers())
        await asyncio.shield(self._next_barrier)

    async def close(self) -> None:
        """Stops; nothing is applied any more."""
        tasks = [self.closed] if self._asking is None else [self.closed, self._asking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- barriers ---

    async def _ask_barriers(self) -> None:
        while self._next_barrier is not None:
            # Calls from here on may come after newer messages: they belong to the next question.
            group, self._next_barrier = self._next_barrier, None
            try:
                last_seq = (await self._bus.stream_info(self._stream)).last_seq
            except (Retryable, Permanent) as error:
                fail(group, error)
            else:
                self._evt_seq_waits.add(last_seq, group)
                self._evt_seq_waits.reached(self._applied_evt_seq)
                self._awaited.set()
        self._asking = None

    # --- reading ---

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await self._reader.run()
                except (StreamWentBack, StreamHole) as error:
                    self._reader = await self._reader_elsewhere(error)
        except BaseException as failure:
            self._position_waits.fail(failure)
            self._evt_seq_waits.fail(failure)
            raise

    async def _on_messages(self, batch: Sequence[StoredMessage]) -> None:
        for stored in batch:
            message = decode_stored(self._stream, stored)
            if self._sequence.take(message):
                self._evt_seq = stored.seq
                self._handler(message)
        if self._after_batch is not None:
            await self._after_batch()
        self._applied = self._sequence.position
        self._applied_evt_seq = batch[-1].seq
        self._position_waits.reached(self._applied)
        self._evt_seq_waits.reached(self._applied_evt_seq)
        if self._gather_s:
            await self._let_gather()

    async def _let_gather(self) -> None:
        if not (self._position_waits or self._evt_seq_waits):
            self._awaited.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._gather_s):
                await self._awaited.wait()

    async def _reader_at_place(self) -> StreamReader:
        after_seq = await find_place(
            self._bus, self._stream, self._sequence, hint_seq=self._evt_seq
        )
        self._applied_evt_seq = after_seq
        return StreamReader(
            self._bus,
            self._stream,
            self._on_messages,
            after_seq=after_seq,
            created_ns=self._created_ns,
        )

    async def _reader_elsewhere(self, error: StreamWentBack | StreamHole) -> StreamReader:
        """A reader where what follows stands now. Raises `error` if that is where it was not."""
        before = self._reader
        self._created_ns = before.created_ns
        while True:
            try:
                reader = await self._reader_at_place()
            except Retryable as failure:
                await asyncio.sleep(min(failure.after_s, _MAX_WAIT_S))
            else:
                break
        if reader.position == before.position:
            raise error
        return reader

    def _on_closed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            task.get_loop().call_exception_handler(
                {"message": "the event reader ended", "exception": error}
            )
