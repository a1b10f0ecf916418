"""Writes commands to a shard's log and tells what became of each: `WriterSession` over a Bus."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Self

from sunwise.chassis.bus import Bus, StoredMessage
from sunwise.chassis.bus.republish_follower import RepublishFollower
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.log.errors import Fenced, LogBroken, NotAccepted, OutcomeUnknown
from sunwise.chassis.log.outcome import Outcome
from sunwise.chassis.log.session import Done, WriterSession, WriterSettings
from sunwise.contracts.exchange.log import (
    Damaged,
    command_stream,
    command_subject,
    decode_batch,
    decode_events,
    event_stream,
    event_subject,
    reply_subject,
)

_TICK_S: Final = 0.02
_DEFAULTS: Final = WriterSettings()


class LogWriter:
    """The only instance of one writer on one shard; made by `open`, ended by `close`.

    When it is fenced or finds the log broken it tells the event loop's exception handler.
    """

    def __init__(self, bus: Bus, *, shard: str, session: WriterSession) -> None:
        self.shard = shard
        self._bus = bus
        self._loop = asyncio.get_running_loop()
        self._session = session
        self._commands = command_stream(shard)
        self._events = event_stream(shard)
        self._command_subject = command_subject(shard, session.writer)
        self._event_subject = event_subject(shard, session.writer)
        self._reply_subject = reply_subject(shard, session.writer)
        self._follower: RepublishFollower | None = None
        self._following: asyncio.Task[None] | None = None
        self._errands: dict[str, asyncio.Task[None]] = {}
        self._flushing = False
        self._ticking = False
        self._told = False
        self._stop_listening = bus.listen_connection(self._connection_changed)

    @classmethod
    async def open(
        cls,
        bus: Bus,
        *,
        shard: str,
        writer: int,
        clock: Clock,
        settings: WriterSettings = _DEFAULTS,
    ) -> Self:
        """A writer in a new epoch: an older instance is fenced by its first batch.

        Raises Retryable when the streams cannot be read now, LogBroken when they are damaged.
        """
        tail = await bus.stream_info(event_stream(shard))
        epoch = 1 + await _last_epoch(bus, shard, writer)
        session = WriterSession(
            writer=writer,
            epoch=epoch,
            clock=clock,
            monotonic_s=asyncio.get_running_loop().time,
            settings=settings,
        )
        self = cls(bus, shard=shard, session=session)
        self._follow(after_seq=tail.last_seq, created_ns=tail.created_ns)
        return self

    @property
    def epoch(self) -> int:
        """This instance's epoch."""
        return self._session.epoch

    @property
    def n_waiting(self) -> int:
        """Commands without an outcome."""
        return self._session.n_waiting

    def submit(self, record: bytes) -> asyncio.Future[Outcome]:
        """What becomes of the command: its Outcome, or NotAccepted or OutcomeUnknown raised.

        Raises at once: Overloaded, and Fenced or LogBroken once this writer has ended.
        """
        future: asyncio.Future[Outcome] = self._loop.create_future()
        self.submit_to(record, partial(_settle, future))
        return future

    def submit_to(self, record: bytes, done: Done) -> None:
        """As `submit`, without a future: `done` is called once, from the event loop."""
        self._session.submit(record, done)
        if not self._flushing and self._session.has_batch_to_send:
            # At the end of this turn of the loop: what arrives in the same turn goes along.
            self._flushing = True
            self._loop.call_soon(self._flush)
        if not self._ticking:
            self._ticking = True
            self._loop.call_later(_TICK_S, self._tick)

    async def close(self) -> None:
        """Ends every wait (what was sent as OutcomeUnknown) and stops listening."""
        self._told = True
        self._stop_listening()
        self._session.close()
        tasks = [*self._errands.values()]
        if self._following is not None:
            tasks.append(self._following)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- sending ---

    def _flush(self) -> None:
        self._flushing = False
        send = self._session.next_batch()
        if send is None:
            return
        number, payload = send
        try:
            future = self._bus.append(self._command_subject, payload)
        except (Retryable, Permanent) as error:
            self._session.append_failed(number, error)
            self._look_after()
        else:
            future.add_done_callback(partial(self._on_append, number))

    def _on_append(self, number: int, future: asyncio.Future[int]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            self._session.appended(number)
        elif isinstance(error, Exception):
            self._session.append_failed(number, error)
        self._flush()
        self._look_after()

    # --- answers ---

    def _follow(self, *, after_seq: int, created_ns: int) -> None:
        self._follower = RepublishFollower(
            self._bus,
            self._events,
            self._on_events,
            stored_subject=self._event_subject,
            live_subject=self._reply_subject,
            after_seq=after_seq,
            created_ns=created_ns,
        )
        self._following = self._loop.create_task(self._follower.run())
        self._following.add_done_callback(self._on_following_ended)

    async def _on_events(self, batch: Sequence[StoredMessage]) -> None:
        session = self._session
        for stored in batch:
            session.on_event(decode_events(stored.payload))
        self._flush()
        self._look_after()

    def _on_following_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        cause = task.exception()
        self._fail(f"{self._event_subject} cannot be followed: {cause}", cause)

    # --- what the session asks for ---

    def _tick(self) -> None:
        self._session.on_time()
        self._flush()
        self._look_after()
        self._ticking = self._session.is_busy
        if self._ticking:
            self._loop.call_later(_TICK_S, self._tick)

    def _look_after(self) -> None:
        session = self._session
        if session.failure is not None:
            self._tell(session.failure)
            return
        if session.claim_to_check:
            self._start("claim", self._check_claim)
        if session.reply_missing:
            self._start("replies", self._read_replies)

    def _start(self, name: str, errand: Callable[[], Awaitable[None]]) -> None:
        if name not in self._errands:
            task = self._loop.create_task(self._run(name, errand))
            task.add_done_callback(self._on_errand_ended)
            self._errands[name] = task

    async def _run(self, name: str, errand: Callable[[], Awaitable[None]]) -> None:
        try:
            await errand()
        except Retryable:
            pass  # the session still asks for it: the next tick tries again
        except Permanent as cause:
            self._fail(f"the log cannot be read: {cause}", cause)
        finally:
            del self._errands[name]
        self._flush()

    async def _check_claim(self) -> None:
        stored = await self._bus.read(self._commands, self._session.claim_to_check)
        self._session.check_claim(None if stored is None else stored.payload)

    async def _read_replies(self) -> None:
        assert self._follower is not None, "answers are followed from the start"
        last = await self._bus.read_last(self._events, self._event_subject)
        self._follower.check()
        if last is not None:
            await self._follower.wait_for(last.seq)
        self._session.replies_read()

    def _on_errand_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (bug := task.exception()) is not None:
            self._loop.call_exception_handler({"message": "a writer failed", "exception": bug})

    def _fail(self, why: str, cause: BaseException | None) -> None:
        failure = LogBroken(why)
        failure.__cause__ = cause
        self._session.fail(failure)
        self._look_after()

    def _tell(self, failure: Fenced | LogBroken) -> None:
        if not self._told:
            self._told = True
            self._loop.call_exception_handler(
                {"message": "the log writer ended", "exception": failure}
            )

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001  (the bus's callback)
        if connected:
            self._session.reconnected()
            self._flush()
            self._look_after()


async def _last_epoch(bus: Bus, shard: str, writer: int) -> int:
    """The epoch of the writer's newest stored batch; 0 when it has none."""
    stored = await bus.read_last(command_stream(shard), command_subject(shard, writer))
    if stored is None:
        return 0
    try:
        return decode_batch(stored.payload).epoch
    except Damaged as error:
        raise LogBroken(
            f"{command_stream(shard)} holds a damaged batch at sequence {stored.seq} ({error}): "
            "restore the stream"
        ) from error


def _settle(
    future: asyncio.Future[Outcome], outcome: Outcome | NotAccepted | OutcomeUnknown
) -> None:
    if future.done():
        return  # whoever waited has gone
    if isinstance(outcome, Outcome):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)
