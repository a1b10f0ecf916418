"""One writer's conversation with a shard's log: batches out, events in, nothing lost or doubled.

Sans-I/O: `LogWriter` moves the bytes. The rules that make it safe:

- At most one batch is unacknowledged; what arrives meanwhile forms the next (group commit).
- A batch keeps its number and its bytes until it is settled. Sending it again is harmless,
  because the engine knows `(writer, epoch, batch_no)` and repeats nothing.
- The first batch of an epoch is a claim: the second waits until the batch that the engine
  executed under the first number was read back from CMD and found to be ours. So of two
  instances that chose the same epoch one ends before it takes the other's events for its own.
- A command that was surely never stored ends as NotAccepted, one that may be as OutcomeUnknown.
"""

from collections import deque
from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from sunwise.chassis.bus import Disconnected, NoStream, StreamFull
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.log.errors import (
    Fenced,
    LogBroken,
    NotAccepted,
    OutcomeUnknown,
    Overloaded,
)
from sunwise.chassis.log.outcome import Outcome, own_records
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import (
    MAX_BATCH_COMMANDS,
    Batch,
    BatchFlag,
    EventMessage,
    encode_batch,
    writer_name,
)
from sunwise.contracts.exchange.records import COMMAND_STRIDE

_MISSING_REPLY_S: Final = 0.25  # an acknowledged batch without events for so long: go and look

Done = Callable[[Outcome | NotAccepted | OutcomeUnknown], None]
"""Called once for each command, with what became of it."""


class WriterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how much a writer waits."""

    max_waiting: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 8_192
    """Commands without an outcome, beyond which `submit` raises Overloaded."""
    deadline_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 5.0
    """After this time a command ends as NotAccepted or OutcomeUnknown."""
    max_batch_commands: Annotated[int, msgspec.Meta(ge=1, le=MAX_BATCH_COMMANDS)] = (
        MAX_BATCH_COMMANDS
    )
    """Commands that share one message of the log; 1 measures the worst case."""
    resend_after_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 1.0
    """An unacknowledged batch is sent again after this time."""
    stalled_after_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 1.0
    """A stored batch without events for so long: the engine does not answer, so nothing more is
    taken (Overloaded) until it does. Better a clear refusal than an unknown outcome."""


class _Batch:
    """A batch that has a number, until its events are complete or nobody waits any more."""

    __slots__ = (
        "command_seq",
        "due_s",
        "maybe_stored",
        "number",
        "open_attempts",
        "parts",
        "payload",
        "stored_s",
        "waiting",
    )

    def __init__(self, number: int, payload: bytes, waiting: list[Done], due_s: float) -> None:
        self.number = number
        self.payload = payload
        self.waiting = waiting  # empty once the deadline has passed
        self.due_s = due_s
        self.stored_s = 0.0  # when it was acknowledged; 0 before
        self.open_attempts = 0  # appends that have not ended
        self.maybe_stored = False  # an append ended without saying whether it was stored
        self.command_seq = 0  # that its events name; 0 before the first
        self.parts: list[bytes | memoryview] = []

    @property
    def surely_not_stored(self) -> bool:
        return not (self.maybe_stored or self.open_attempts)


class WriterSession:
    """What one writer has sent to one shard and still waits for, within one epoch.

    `clock` stamps the batches; `monotonic_s` measures deadlines (the event loop's time, also where
    the exchange's runs faster).
    """

    def __init__(
        self,
        *,
        writer: int,
        epoch: int,
        clock: Clock,
        monotonic_s: Callable[[], float],
        settings: WriterSettings,
    ) -> None:
        self.writer = writer
        self.epoch = epoch
        self.failure: Fenced | LogBroken | None = None  # set once; then nothing is taken any more
        self.claim_to_check = 0  # if not 0: read CMD at this sequence and call `check_claim`
        self.reply_missing = False  # read the events that exist, then call `replies_read`
        self.n_waiting = 0  # commands without an outcome
        self._clock = clock
        self._monotonic_s = monotonic_s
        self._max_waiting = settings.max_waiting
        self._max_batch_commands = settings.max_batch_commands
        self._deadline_s = settings.deadline_s
        self._resend_after_s = settings.resend_after_s
        self._stalled_after_s = settings.stalled_after_s
        self._queue: deque[tuple[bytes, Done, float]] = deque()
        self._sent: dict[int, _Batch] = {}  # by number, oldest first
        self._unacknowledged: _Batch | None = None
        self._retry_at_s = 0.0  # when `_unacknowledged` is to be sent again
        self._next_number = 1
        self._claimed = False
        self._claim: EventMessage | None = None
        self._claim_repeated = False
        self._stalled = False

    # --- commands in, batches out ---

    def submit(self, record: bytes, done: Done) -> None:
        """Takes one command record; `done` is called later with what became of it.

        Raises Overloaded when too many wait, and `failure` once there is one.
        """
        if self.failure is not None:
            raise self.failure
        if self.n_waiting >= self._max_waiting:
            raise Overloaded(f"{self.n_waiting} commands wait for the log already", after_s=0.5)
        if self._stalled:
            raise Overloaded("the engine does not answer now", after_s=0.5)
        assert len(record) == COMMAND_STRIDE, "a command record has one size"
        self.n_waiting += 1
        self._queue.append((record, done, self._monotonic_s() + self._deadline_s))

    @property
    def is_busy(self) -> bool:
        """Whether anything is on its way: then `on_time` must be called."""
        return bool(self._queue or self._sent or self._stalled)

    @property
    def has_batch_to_send(self) -> bool:
        """Whether `next_batch` would return one now."""
        if self.failure is not None:
            return False
        if self._unacknowledged is not None:
            return self._monotonic_s() >= self._retry_at_s
        return bool(self._queue) and (self._claimed or self._next_number == 1)

    def next_batch(self) -> tuple[int, bytes] | None:
        """(number, payload) to append now: a new batch, or the unacknowledged one again.

        Tell what became of each append by `appended` or `append_failed`.
        """
        if not self.has_batch_to_send:
            return None
        batch = self._unacknowledged or self._new_batch()
        batch.open_attempts += 1
        self._retry_at_s = self._monotonic_s() + self._resend_after_s
        return batch.number, batch.payload

    def _new_batch(self) -> _Batch:
        queue = self._queue
        taken = [queue.popleft() for _ in range(min(len(queue), self._max_batch_commands))]
        number = self._next_number
        self._next_number = number + 1
        records = b"".join([record for record, _, _ in taken])
        payload = encode_batch(
            Batch(self.writer, self.epoch, number, self._clock.now_ns(), records)
        )
        batch = _Batch(number, payload, [done for _, done, _ in taken], taken[0][2])
        self._sent[number] = self._unacknowledged = batch
        return batch

    # --- what became of an append ---

    def appended(self, number: int) -> None:
        """Batch `number` is stored: the next may go."""
        batch = self._unacknowledged
        if batch is None or batch.number != number:
            return
        self._unacknowledged = None
        batch.stored_s = self._monotonic_s()
        self._forget_if_unwanted(batch)

    def append_failed(self, number: int, error: Exception) -> None:
        """An append of batch `number` ended with `error`. Any error that is not the bus's raises."""
        batch = self._unacknowledged
        if batch is None or batch.number != number:
            return
        batch.open_attempts -= 1
        if isinstance(error, Permanent):
            self.fail(LogBroken(f"the log refuses this writer's batches: {error}"))
        elif isinstance(error, Retryable):
            batch.maybe_stored |= not isinstance(error, Disconnected | NoStream | StreamFull)
            self._retry_at_s = self._monotonic_s() + error.after_s
            if isinstance(error, StreamFull) and batch.surely_not_stored:
                self._withdraw(batch, NotAccepted(str(error), after_s=error.after_s))
        else:
            raise error

    def reconnected(self) -> None:
        """The connection is back: what was not acknowledged may go again at once."""
        self._retry_at_s = 0.0
        self.reply_missing = bool(self._sent)

    def _withdraw(self, batch: _Batch, refusal: NotAccepted) -> None:
        """A batch that was surely never stored gives its number back."""
        del self._sent[batch.number]
        self._unacknowledged = None
        self._next_number = batch.number
        self._end(batch, refusal)

    def _forget_if_unwanted(self, batch: _Batch) -> None:
        if not batch.waiting and (self._claimed or batch.number != 1):
            self._sent.pop(batch.number, None)

    # --- events in ---

    def on_event(self, message: EventMessage) -> None:
        """A stored event message of this writer's batches; repeats and old ones do no harm."""
        if self.failure is not None or message.epoch < self.epoch:
            return
        if message.epoch > self.epoch or message.flags & BatchFlag.STALE_EPOCH:
            self._fail_fenced(f"epoch {max(message.epoch, self.epoch + 1)}")
        elif message.flags & BatchFlag.WRITERS_FULL:
            self.fail(
                LogBroken("the engine has no room for another writer: raise capacity WRITERS")
            )
        elif message.flags & BatchFlag.OUT_OF_ORDER:
            self.fail(
                LogBroken(f"the log lost a batch before number {message.batch_no} of epoch "
                          f"{message.epoch}: what it acknowledged is gone")
            )  # fmt: skip
        elif message.batch_no >= self._next_number:
            self._fail_fenced(f"the same epoch {self.epoch}")
        elif message.flags & BatchFlag.REPEAT:
            self._on_repeat(message.batch_no)
        elif (batch := self._sent.get(message.batch_no)) is not None:
            if message.flags & BatchFlag.QUARANTINED:
                self._on_quarantined(batch)
            else:
                self._on_part(batch, message)

    def _on_repeat(self, number: int) -> None:
        batch = self._sent.get(number)
        if batch is not None and not batch.parts:
            self.reply_missing = True
            self._claim_repeated |= number == 1

    def _on_quarantined(self, batch: _Batch) -> None:
        if not self._claimed:
            self.fail(LogBroken("this writer's first batch is quarantined: start it again"))
            return
        if batch is self._unacknowledged:
            self._unacknowledged = None
        del self._sent[batch.number]
        self._end(batch, NotAccepted("the batch is quarantined: it would have broken the engine"))

    def _on_part(self, batch: _Batch, message: EventMessage) -> None:
        if batch.parts and message.command_seq != batch.command_seq:
            self.fail(LogBroken(f"batch {batch.number} was executed twice"))
            return
        if message.part != len(batch.parts):
            self.reply_missing |= message.part > len(batch.parts)
            return
        batch.command_seq = message.command_seq
        batch.parts.append(message.records)
        if batch is self._unacknowledged:
            self._unacknowledged = None
        if not message.is_last:
            return
        if self._claimed:
            self._settle(batch, message)
        else:
            self._claim, self.claim_to_check = message, message.command_seq

    def check_claim(self, stored: bytes | None) -> None:
        """`stored` is what CMD holds at `claim_to_check`: ours, or another instance's."""
        batch, message = self._sent.get(1), self._claim
        self.claim_to_check = 0
        if batch is None or message is None or self._claimed:
            return
        if stored != batch.payload:
            self._fail_fenced(f"the same epoch {self.epoch}")
            return
        self._claimed = True
        self._settle(batch, message)

    def replies_read(self) -> None:
        """Every event that was stored when `reply_missing` was seen has been handed to `on_event`."""
        self.reply_missing = False
        if self._claim_repeated and self._claim is None:
            self._fail_fenced(f"the same epoch {self.epoch}, earlier")

    def _settle(self, batch: _Batch, message: EventMessage) -> None:
        del self._sent[batch.number]
        waiting, batch.waiting = batch.waiting, []
        if not waiting:
            return
        self.n_waiting -= len(waiting)
        position = Position(command_seq=message.command_seq, part=message.part)
        for done, records in zip(waiting, own_records(len(waiting), batch.parts), strict=True):
            done(Outcome(records, position, message.time_ns))

    # --- time ---

    def on_time(self) -> None:
        """Ends what waited too long; call it a few dozen times a second."""
        now_s = self._monotonic_s()
        silent_s = 0.0
        for batch in list(self._sent.values()):
            if batch.stored_s:
                silent_s = max(silent_s, now_s - batch.stored_s)
            if batch.waiting and batch.due_s <= now_s:
                self._expire(batch)
        self.reply_missing |= silent_s >= _MISSING_REPLY_S
        self._stalled = silent_s >= self._stalled_after_s
        while self._queue and self._queue[0][2] <= now_s:
            self.n_waiting -= 1
            self._queue.popleft()[1](NotAccepted("the log did not take the command in time"))

    def _expire(self, batch: _Batch) -> None:
        if batch is self._unacknowledged and batch.surely_not_stored:
            self._withdraw(batch, NotAccepted("the log could not be reached in time"))
            return
        self._end(
            batch,
            OutcomeUnknown("the command was sent to the log, but no answer came in time"),
        )
        if batch is not self._unacknowledged:
            self._forget_if_unwanted(batch)

    def _end(self, batch: _Batch, fault: NotAccepted | OutcomeUnknown) -> None:
        waiting, batch.waiting = batch.waiting, []
        self.n_waiting -= len(waiting)
        for done in waiting:
            done(fault)

    # --- failure ---

    def close(self) -> None:
        """Ends this session on purpose."""
        self.fail(Fenced("this writer was closed"))

    def _fail_fenced(self, by: str) -> None:
        self.fail(
            Fenced(
                f"another instance of writer {writer_name(self.writer)} runs under {by}; this one "
                f"(epoch {self.epoch}) ends. Only one instance of each writer may run"
            )
        )

    def fail(self, failure: Fenced | LogBroken) -> None:
        """Ends this session: what was sent becomes OutcomeUnknown, what was not NotAccepted."""
        if self.failure is not None:
            return
        self.failure = failure
        for batch in list(self._sent.values()):
            self._end(batch, OutcomeUnknown(f"sent, then: {failure}"))
        while self._queue:
            self.n_waiting -= 1
            self._queue.popleft()[1](NotAccepted(f"never sent: {failure}"))
