"""The engine as a service: reads CMD, runs the loop, gets its events into EVT."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Self

import msgspec

from sunwise.chassis.bus import (
    AppendOutcomeUnknown,
    Bus,
    Message,
    StoredMessage,
    StreamHole,
    StreamReader,
    Subscription,
    WrongLastSequence,
)
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.exchange.engine import (
    EngineStatus,
    GetEngineStatus,
    engine_query_subject,
)
from sunwise.contracts.exchange.log import (
    DISSENT_WRITER,
    command_stream,
    command_subject,
    event_stream,
)
from sunwise.exchange.engine.capacity_alert import CapacityAlert
from sunwise.exchange.engine.claim import NumberClaim
from sunwise.exchange.engine.core import Capacities
from sunwise.exchange.engine.dissent import Dissent, check_undisputed, dissent, read_disputes
from sunwise.exchange.engine.loop import Diverged, Poisoned, Produced
from sunwise.exchange.engine.outbox import Outbox, OutboxSettings
from sunwise.exchange.engine.quarantine import (
    PoisonNote,
    quarantine,
    read_note,
    write_note,
)
from sunwise.exchange.engine.recovery import Beginning, ShardLog, begin, read_shard_log
from sunwise.exchange.engine.snapshot_schedule import (
    DEFAULT_WRITE,
    SnapshotSchedule,
    SnapshotSettings,
    WriteSnapshot,
)
from sunwise.exchange.engine.snapshots import SnapshotFolder

GENESIS: Final = Capacities()
_TICK_S: Final = 0.02
_COMPARED_WITHIN_S: Final = 5.0
_TURN_S: Final = 0.002  # of the event loop that replay takes before others get theirs
_log = logging.getLogger("sunwise.engine")


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One replica of one shard."""

    shard: str = "0"
    """Name of the shard."""
    replica: Annotated[int, msgspec.Meta(ge=0, le=14)] = 0
    """This replica's number, from 0; each has its own, or the later one is refused."""
    n_replicas: Annotated[int, msgspec.Meta(ge=1, le=15)] = 1
    """How many replicas the shard has; when more than half differ from what is stored, it halts."""
    outbox: OutboxSettings = OutboxSettings()
    """How its events get into EVT."""
    snapshots: SnapshotSettings = SnapshotSettings()
    """When it takes snapshots."""

    def __post_init__(self) -> None:
        """Raise ValueError for a replica that the others would not count on."""
        if self.replica >= self.n_replicas:
            last = self.n_replicas - 1
            raise ValueError(
                f"replica {self.replica} of n_replicas {self.n_replicas}: the numbers are 0 to {last}"
            )


class EngineService:
    """One replica; made by `open`, works in `run`.

    `run` ends only by an exception, and this replica must not go on after it: Diverged, Poisoned,
    ShardHalted, NumberTaken, CommandsMissing, StreamReplaced, StreamWentBack, or another Permanent of the bus.
    """

    def __init__(
        self, bus: Bus, beginning: Beginning, *, log: ShardLog, settings: EngineSettings
    ) -> None:
        self._bus = bus
        self._shard_log = log
        self._settings = settings
        self._events = event_stream(log.shard)
        self._dissents = command_subject(log.shard, DISSENT_WRITER)
        self._time = asyncio.get_running_loop().time
        self.loop = beginning.loop
        self.outbox = Outbox(
            stored_seq=beginning.stored_seq,
            position=self.loop.position,
            monotonic_s=self._time,
            settings=settings.outbox,
        )
        self._capacity_alert = CapacityAlert(log.shard, self._time)
        self._claim = NumberClaim(
            bus, shard=log.shard, replica=settings.replica, since_seq=log.commands.last_seq
        )
        self._commands = StreamReader(
            bus,
            command_stream(log.shard),
            self._on_commands,
            after_seq=self.loop.command_seq,
            created_ns=log.commands.created_ns,
        )
        self._following: asyncio.Task[None] | None = None
        self._confirmed = asyncio.Event()  # set whenever something may have been confirmed
        self._produced = asyncio.Event()  # set whenever something was produced
        self._trouble: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._caught_up = asyncio.Event()
        self._is_sound = True  # until a batch has broken the core half-way
        self._schedule: SnapshotSchedule
        self._folder: Path

    @classmethod
    async def open(
        cls,
        bus: Bus,
        *,
        folder: Path,
        settings: EngineSettings,
        genesis: Capacities = GENESIS,
        write: WriteSnapshot = DEFAULT_WRITE,
    ) -> Self:
        """A replica that stands at its newest usable snapshot in `folder`, or at the log's start.

        `genesis` is what an empty log begins with. It is part of what the log means: the same for
        every replica, for ever; commands raise it.
        Raises StreamMissing, SnapshotOfAnotherLog, ShardHalted and Retryable.
        """
        log = await read_shard_log(bus, settings.shard)
        await _check_undisputed(bus, settings)
        snapshots = SnapshotFolder(folder)
        beginning = await begin(bus, log, snapshots, genesis=genesis)
        self = cls(bus, beginning, log=log, settings=settings)
        self._folder = folder
        self._schedule = SnapshotSchedule(
            snapshots, log, settings=settings.snapshots, monotonic_s=self._time, write=write
        )
        self._schedule.begin_after(self.loop.command_seq)
        return self

    async def ready(self) -> None:
        """Returns once everything that CMD held at the start is applied and its events stored."""
        await self._caught_up.wait()

    async def run(self) -> None:
        """Works until it must stop or is cancelled; says why by an exception."""
        try:
            await self._work()
        except Diverged as difference:
            await self._tell_dissent(difference)
            raise

    async def _work(self) -> None:
        serving = await self._serve()
        self._follow()
        work = [
            asyncio.create_task(self._commands.run()),
            asyncio.create_task(self._look_after()),
            asyncio.create_task(self._claim.run()),
        ]
        try:
            await asyncio.wait([*work, self._trouble], return_when=asyncio.FIRST_COMPLETED)
            for task in (self._trouble, *work):  # what following found differs first
                if task.done():
                    await task
        finally:
            if self._following is not None:
                work.append(self._following)
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            self._trouble.cancel()
            await serving.close()

    # --- commands ---

    async def _on_commands(self, batch: Sequence[StoredMessage]) -> None:
        turn_ends_s = self._time() + _TURN_S
        for stored in batch:
            if stored.subject == self._dissents and stored.seq > self._shard_log.commands.last_seq:
                await _answered(partial(_check_undisputed, self._bus, self._settings))
            while self.outbox.is_full:
                self._confirmed.clear()
                await self._confirmed.wait()
            for message in await self._take(stored):
                self.outbox.add(message)
                if stored.seq > self._shard_log.commands.last_seq:  # not what is only replayed
                    self._capacity_alert.look(message)
            self._append_what_may()
            self._produced.set()
            self._confirmed.set()
            if self._time() >= turn_ends_s:
                await asyncio.sleep(0)
                turn_ends_s = self._time() + _TURN_S

    async def _take(self, stored: StoredMessage) -> Sequence[Produced]:
        try:
            return self.loop.take(stored)
        except Diverged:
            self._is_sound = False
            self._only_follow()
            # Following finds what differs first, and ends this.
            await asyncio.sleep(_COMPARED_WITHIN_S)
            raise
        except Poisoned as poison:
            self._is_sound = False
            while self.outbox.n_waiting:  # what came before it is told as if nothing had happened
                self._confirmed.clear()
                await self._confirmed.wait()
            await self._quarantine_if_again(poison)
            raise

    async def _tell_dissent(self, difference: Diverged) -> None:
        """Says in CMD that this replica differs, for the others to count."""
        settings = self._settings
        if difference.stored is None or settings.n_replicas == 1:
            return
        _log.error("%s", difference)  # telling the others may take as long as CMD takes nothing
        said = Dissent(settings.replica, self._shard_log.build)
        act = partial(dissent, self._bus, difference.stored, shard=settings.shard, said=said)
        await _persistently(act, "the other replicas are not told of the difference")

    async def _quarantine_if_again(self, poison: Poisoned) -> None:
        """Once may be this process's memory; a second time, from stored state, it is the batch."""
        build = self._shard_log.build
        note = PoisonNote(command_seq=poison.command_seq, build=build)
        if read_note(self._folder) != note:
            write_note(self._folder, note)
            return
        act = partial(
            quarantine,
            self._bus,
            shard=self._shard_log.shard,
            command_seq=poison.command_seq,
            symbol=poison.symbol,
            build=build,
        )
        if await _persistently(act, f"batch {poison.command_seq} is not quarantined"):
            _log.error(
                "batch %d is quarantined, symbol %d halted", poison.command_seq, poison.symbol
            )

    # --- leading ---

    def _append_what_may(self) -> None:
        while (send := self.outbox.next_append()) is not None:
            expected, message = send
            try:
                future = self._bus.append(
                    message.subject, message.payload, expected_last_seq=expected
                )
            except (Retryable, Permanent) as error:
                self._on_append_failed(error)
            else:
                future.add_done_callback(partial(self._on_append, message))

    def _on_append(self, message: Produced, future: asyncio.Future[int]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            if not self.outbox.appended(message, future.result()):
                self._on_append_failed(AppendOutcomeUnknown("an acknowledgement is missing"))
            self._confirmed.set()
            self._append_what_may()
        elif isinstance(error, Retryable | WrongLastSequence):
            self._on_append_failed(error)
        else:
            self._stop(error)

    def _on_append_failed(self, error: Retryable | Permanent) -> None:
        was_leading = self.outbox.leads
        self.outbox.append_failed(error)
        if was_leading:
            _log.info("replica follows: %s", error)
            self._follow()

    # --- following ---

    def _follow(self) -> None:
        task = asyncio.get_running_loop().create_task(self._follow_events())
        task.add_done_callback(self._on_following_ended)
        self._following = task

    def _only_follow(self) -> None:
        was_leading = self.outbox.leads
        self.outbox.only_follow()
        if was_leading:
            self._follow()

    async def _follow_events(self) -> None:
        after_seq = self.outbox.stored_seq
        while True:
            reader = StreamReader(
                self._bus,
                self._events,
                self._on_stored,
                after_seq=after_seq,
                created_ns=self._shard_log.events.created_ns,
            )
            try:
                await reader.run()
            except StreamHole as hole:
                # EVT's own sequences may skip; whether events are missing, their positions say.
                after_seq = hole.next_seq - 1

    async def _on_stored(self, batch: Sequence[StoredMessage]) -> None:
        for stored in batch:
            while self.outbox.is_far_behind:
                self._produced.clear()
                await self._produced.wait()
            self.outbox.stored(stored)
            self._confirmed.set()

    def _on_following_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._stop(error)

    async def _try_to_lead(self) -> None:
        """Leads if everything that is stored was compared."""
        info = await self._bus.stream_info(self._events)
        found = await self._bus.read_next(self._events, self.outbox.stored_seq + 1)
        if found is not None and found.seq <= info.last_seq:
            return  # the follower will bring it
        if self.outbox.wants_to_lead and self.outbox.stored_seq <= info.last_seq:
            _log.info("replica leads from EVT sequence %d", info.last_seq)
            if self._following is not None:
                self._following.cancel()
            self.outbox.lead(info.last_seq)
            self._append_what_may()

    # --- all the time ---

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            if self._is_sound:
                self._schedule.look(self.loop, self.outbox)
            if self.outbox.position.command_seq >= self._shard_log.commands.last_seq:
                self._caught_up.set()
            if self.outbox.wants_to_lead:
                try:
                    await self._try_to_lead()
                except Retryable as error:
                    await asyncio.sleep(min(error.after_s, 1.0))

    def _stop(self, error: BaseException) -> None:
        if not self._trouble.done():
            self._trouble.set_exception(error)

    async def _serve(self) -> Subscription:
        subject = engine_query_subject(self._shard_log.shard)
        while True:
            try:
                return await self._bus.serve(subject, self._answer)
            except Retryable as error:
                await asyncio.sleep(min(error.after_s, 1.0))

    async def _answer(self, message: Message) -> bytes:
        try:
            asked = msgspec.msgpack.decode(message.payload, type=GetEngineStatus)
        except msgspec.DecodeError as error:
            raise Permanent(f"this is no GetEngineStatus: {error}") from error
        if not self._is_sound:
            raise Retryable("this replica stops: a batch broke it", after_s=1.0)
        core = self.loop.core
        return msgspec.msgpack.encode(
            EngineStatus(
                position=self.loop.position,
                chain=self.loop.chain,
                stored_position=self.outbox.position,
                leads=self.outbox.leads,
                log_time_ns=core.now_ns,
                build=self._shard_log.build,
                state_hash=core.state_hash() if asked.with_state_hash else b"",
            )
        )


async def _check_undisputed(bus: Bus, settings: EngineSettings) -> None:
    disputes = await read_disputes(bus, settings.shard)
    check_undisputed(disputes.dissents, shard=settings.shard, n_replicas=settings.n_replicas)


async def _answered(act: Callable[[], Awaitable[object]]) -> None:
    """Does `act`, however often the bus must be asked.

    A handler of a reader must not raise Retryable: it would be given what it applied already.
    """
    while True:
        try:
            await act()
        except Retryable as error:
            await asyncio.sleep(min(error.after_s, 1.0))
        else:
            return


async def _persistently(act: Callable[[], Awaitable[object]], failing: str) -> bool:
    """Whether `act` was done in the end; when it can never be, that is logged."""
    try:
        await _answered(act)
    except Permanent as reason:
        _log.error("%s: %s", failing, reason)
        return False
    return True
