"""Runs a replay against a shard's log: frames at their pace, commands out, outcomes back.

It writes as a gateway of its own, because a market at full speed is tens of thousands of orders a
second: several depth updates are in flight at any time, up to 256 commands a batch.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final

from msgspec import Struct

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent
from sunwise.chassis.log import LogWriter, NotAccepted, Outcome, OutcomeUnknown
from sunwise.contracts.exchange.codec import subset
from sunwise.contracts.exchange.log import EventMessage
from sunwise.contracts.exchange.records import EVENT_STRIDE, TRADE_EVENT, EventKind
from sunwise.exchange.replay.frames import Frame
from sunwise.exchange.replay.replayer import Command, ForeignFill, Replayer
from sunwise.exchange.replay.report import ReplayReport

MAX_IN_FLIGHT: Final = 2_048
_YIELD_EVERY: Final = 64
_KEEP_UP_EVERY: Final = 8_192  # commands; how far readers of the log may fall behind
_LONGEST_PAUSE_MS: Final = 60_000
_NS: Final = 1_000_000_000
_MS: Final = 1_000_000
_TRADE: Final = subset(TRADE_EVENT, "symbol", "maker_order_id", "qty_lots")


class Interrupted(Permanent):
    """The log did not take the replay's commands; the market is only partly replayed."""


class Progress(Struct, frozen=True):
    """How far a replay has come."""

    frames: int
    time_ms: int
    """Exchange time of the recording."""


class ReplaySession:
    """One replay on one shard."""

    def __init__(
        self, replayer: Replayer, writer: LogWriter, *, writer_number: int, clock: Clock
    ) -> None:
        """`writer` is the replay's own; its number is nobody else's."""
        self._replayer = replayer
        self._writer = writer
        self._writer_number = writer_number
        self._clock = clock
        self._room = asyncio.Event()
        self._fault: Interrupted | None = None

    async def run(
        self,
        frames: Iterable[Frame],
        *,
        speed: float | None,
        on_progress: Callable[[Progress], None] | None = None,
        keep_up: Callable[[], Awaitable[None]] | None = None,
    ) -> ReplayReport:
        """The report, once the last command has its events.

        `speed` is recorded time over the exchange's time, None for as fast as it goes. `keep_up`
        is awaited now and then: it returns when others have come as far as the log. Raises
        Interrupted when the log cannot be written for longer than the writer's deadline.
        """
        start_ns = self._clock.monotonic_ns()
        pace = None if speed is None else Pace(self._clock, speed)
        sent = 0
        for count, frame in enumerate(frames, 1):
            if pace is not None:
                await pace.until(frame.time_ms)
            commands = self._replayer.on_frame(frame)
            for command in commands:
                if self._writer.n_waiting >= MAX_IN_FLIGHT:
                    await self._wait_below(MAX_IN_FLIGHT)
                self._writer.submit_to(command.record, partial(self._done, command))
            if count % _YIELD_EVERY == 0:
                await self._breathe(count, frame, on_progress)
            sent += len(commands)
            if keep_up is not None and sent >= _KEEP_UP_EVERY:
                sent = 0
                await keep_up()
        await self._wait_below(1)
        if keep_up is not None:
            await keep_up()
        return self.report((self._clock.monotonic_ns() - start_ns) / _NS)

    def report(self, elapsed_s: float) -> ReplayReport:
        """What has been found so far."""
        return ReplayReport(
            symbols=self._replayer.reports, frames=self._replayer.frames, elapsed_s=elapsed_s
        )

    def on_event(self, message: EventMessage) -> None:
        """Takes every event message of the shard: others may trade with the replay's orders."""
        if message.writer == self._writer_number:
            return
        records = message.records
        for at in range(0, len(records), EVENT_STRIDE):
            if records[at] == EventKind.TRADE:
                fill = ForeignFill(message.command_seq, *_TRADE.unpack_from(records, at))
                self._replayer.foreign_fill(fill)

    def _done(self, command: Command, outcome: Outcome | NotAccepted | OutcomeUnknown) -> None:
        if isinstance(outcome, Outcome):
            self._replayer.settled(command, outcome.records, outcome.position.command_seq)
        elif self._fault is None:
            self._fault = Interrupted(
                f"The replay stopped after {self._replayer.frames} frames: {outcome}. "
                "Start it again on a fresh data folder."
            )
        self._room.set()

    async def _wait_below(self, limit: int) -> None:
        while self._writer.n_waiting >= limit and self._fault is None:
            self._room.clear()
            await self._room.wait()
        if self._fault is not None:
            raise self._fault

    async def _breathe(
        self, count: int, frame: Frame, on_progress: Callable[[Progress], None] | None
    ) -> None:
        if on_progress is not None:
            on_progress(Progress(count, frame.time_ms))
        await asyncio.sleep(0)
        if self._fault is not None:
            raise self._fault


class Pace:
    """Keeps recorded time and the exchange's time in step.

    Where nothing was recorded for more than a minute the wait is left out: files may be days apart.
    """

    def __init__(self, clock: Clock, speed: float) -> None:
        self._clock = clock
        self._speed = speed
        self._last_ms = 0
        self._first_ms = 0
        self._start_ns = 0

    async def until(self, time_ms: int) -> None:
        """Returns when a frame of this recorded time is due."""
        if time_ms - self._last_ms > _LONGEST_PAUSE_MS:
            self._first_ms, self._start_ns = time_ms, self._clock.monotonic_ns()
        self._last_ms = time_ms
        due_ns = self._start_ns + round((time_ms - self._first_ms) * _MS / self._speed)
        wait_ns = due_ns - self._clock.monotonic_ns()
        if wait_ns > _MS:
            await self._clock.sleep(wait_ns / _NS)
