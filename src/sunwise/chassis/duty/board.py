"""The board: follows the rota over the bus, and answers from memory whatever becomes of the bus."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

import msgspec

from sunwise.chassis.bus import Bus, Message, Subscription
from sunwise.chassis.clock import Clock
from sunwise.chassis.duty.answer import DutyAnswer
from sunwise.chassis.duty.duty_file import DutyFile
from sunwise.chassis.duty.index import DutyIndex
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.telemetry import METRICS
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import (
    CHANGED,
    HEARTBEAT_S,
    PAGE_SLOTS,
    SUBJECT,
    DutyChanged,
    DutyPage,
    DutySlot,
    DutyTable,
    GetDuty,
)

STALE_AFTER_S: Final = 3 * HEARTBEAT_S
_SAVE_EACH_S: Final = 10.0
_FIRST_RETRY_S: Final = 0.2
_LONGEST_RETRY_S: Final = 5.0
_MAX_PAGES: Final = 1_000
_MAX_WAITING: Final = 10_000  # changes that come while the table is read
_KEEP_PAST_NS: Final = 7 * 86_400 * 1_000_000_000
_NS: Final = 1_000_000_000
_log: Final = logging.getLogger("sunwise.duty")

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_page: Final = msgspec.msgpack.Decoder(DutyPage).decode
_decode_change: Final = msgspec.msgpack.Decoder(DutyChanged).decode

InThread = Callable[..., Awaitable[Any]]
"""Runs what blocks: `asyncio.to_thread`, or in a simulation at once."""


class DutyBoard:
    """Answers `duty(service, role, t)`; made by `open`, ended by `close`."""

    def __init__(
        self,
        bus: Bus,
        *,
        clock: Clock,
        file: DutyFile,
        in_thread: InThread = asyncio.to_thread,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._file = file
        self._in_thread = in_thread
        self._index = DutyIndex.of_nothing()
        self._begins = 0, clock.monotonic_ns()  # of the table, and when that was known
        self._heard_ns: int | None = None  # when on the monotonic clock; None: not in this process
        self._is_behind = True  # a change was missed, or may have been
        self._wanted = asyncio.Event()
        self._unsaved = asyncio.Event()
        self._waiting: list[DutyChanged] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._subscription: Subscription | None = None
        self._stop_listening: Callable[[], None] = _nothing
        self._listeners: list[Callable[[], None]] = []
        self._reads = METRICS.counter("sunwise_duty_reads_total", "Tables asked of the rota.")

    @classmethod
    async def open(
        cls,
        bus: Bus,
        *,
        clock: Clock,
        file: DutyFile,
        in_thread: InThread = asyncio.to_thread,
    ) -> Self:
        """A board that answers at once with what the file holds, and follows the rota from now on.

        Raises NotPermitted, and Disconnected when the bus was never there.
        """
        board = cls(bus, clock=clock, file=file, in_thread=in_thread)
        board._know(await in_thread(file.load) or board._index)
        board._subscription = await bus.subscribe(CHANGED, board._on_message)
        board._stop_listening = bus.listen_connection(board._on_connection)
        board._want()
        board._tasks = [
            asyncio.create_task(board._follow(), name="duty-follow"),
            asyncio.create_task(board._keep(), name="duty-keep"),
        ]
        return board

    async def close(self) -> None:
        """Follows no more; the file holds what is known."""
        self._stop_listening()
        if self._subscription is not None:
            await self._subscription.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._unsaved.is_set():
            await self._save()

    # --- answering ---

    def duty(self, service: str, role: Role, t_ns: int | None = None) -> DutyAnswer:
        """Who is on duty for a service, now or at an instant."""
        at_ns = self._clock.now_ns() if t_ns is None else t_ns
        return self._index.duty(service, role, at_ns, is_stale=self.is_stale)

    @property
    def is_stale(self) -> bool:
        """Whether the rota was not heard for a while, or a change of it was missed."""
        if self._is_behind or self._heard_ns is None:
            return True
        return self._clock.monotonic_ns() - self._heard_ns > STALE_AFTER_S * _NS

    @property
    def version(self) -> int:
        """Of the rota, as known here; -1: nothing was ever heard."""
        return self._index.version

    @property
    def as_of_ns(self) -> int:
        """When the rota said so last; 0: never."""
        return self._index.as_of_ns

    def slots(self, from_ns: int, until_ns: int) -> list[DutySlot]:
        """Every slot that touches this time, those of one service and role in order."""
        return self._index.slots(from_ns, until_ns)

    def listen(self, callback: Callable[[], None]) -> None:
        """From now on `callback` is called after each change; it must not block."""
        self._listeners.append(callback)

    # --- what comes in ---

    def _on_message(self, message: Message) -> None:
        try:
            change = _decode_change(message.payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.warning("this is no change of duty: %s", error)
            self._want()
            return
        if self._wanted.is_set() and len(self._waiting) < _MAX_WAITING:
            self._waiting.append(change)  # the table that is being read may lack it
        self._apply(change)

    def _apply(self, change: DutyChanged) -> None:
        """Takes what follows on what is known; asks for the table when something is missing."""
        index = self._index
        is_next = bool(change.slots) and change.version == index.version + 1
        if is_next and index.version >= 0:
            index.change(change)
            self._heard()
            self._changed()
        elif change.version == index.version and index.from_ns <= change.as_of_ns:
            index.as_of_ns = max(index.as_of_ns, change.as_of_ns)
            self._heard()
        elif change.version >= index.version or change.as_of_ns > index.as_of_ns:
            # A version was missed, the table was cut by a clock that was ahead, or the rota went back
            # to a backup.
            self._want()

    def _on_connection(self, is_there: bool) -> None:  # noqa: FBT001 - the bus's call
        if is_there:
            self._want()

    def _heard(self) -> None:
        self._heard_ns = self._clock.monotonic_ns()

    def _changed(self) -> None:
        self._unsaved.set()
        for listener in self._listeners:
            listener()

    def _want(self) -> None:
        self._is_behind = True
        self._wanted.set()

    # --- reading the whole table ---

    async def _follow(self) -> None:
        """Reads the table whenever it is wanted, or when nothing was heard for long."""
        wait_s = _FIRST_RETRY_S
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STALE_AFTER_S):
                    await self._wanted.wait()
            if not self.is_stale:
                continue
            self._wanted.set()
            try:
                self._take(await self._read())
            except (Retryable, Permanent, msgspec.DecodeError) as fault:
                if wait_s == _FIRST_RETRY_S:
                    _log.warning("the table of duty cannot be read now: %s", fault)
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_RETRY_S)
            else:
                wait_s = _FIRST_RETRY_S

    async def _read(self) -> DutyIndex:
        """The newest table, put together from its pages. Raises Retryable and Permanent."""
        self._reads.value += 1
        self._waiting.clear()
        first = await self._page(GetDuty())
        if first.n_pages > _MAX_PAGES:
            raise Permanent(f"the rota says that its table has {first.n_pages} pages")
        index = DutyIndex.of(first.table)
        for number in range(1, first.n_pages):
            page = await self._page(GetDuty(page=number, version=index.version))
            if page.table.version != index.version:
                raise Retryable("the rota went on while its table was read", after_s=0.0)
            index.add(page.table.slots)
        return index

    async def _page(self, question: GetDuty) -> DutyPage:
        return _decode_page(await self._bus.request(SUBJECT, _encode(question), timeout_s=5.0))

    def _take(self, index: DutyIndex) -> None:
        """A whole table is known; what came while it was read is put on top."""
        waiting, self._waiting = self._waiting, []
        self._know(index)
        self._is_behind = False
        self._wanted.clear()
        self._heard()
        for change in waiting:
            self._apply(change)
        self._changed()

    def _know(self, index: DutyIndex) -> None:
        self._index = index
        self._begins = index.from_ns, self._clock.monotonic_ns()

    # --- keeping it ---

    async def _keep(self) -> None:
        while True:
            await self._unsaved.wait()
            await self._save()
            await asyncio.sleep(_SAVE_EACH_S)

    async def _save(self) -> None:
        self._unsaved.clear()
        self._index.forget_before(self._over_ns())
        tables: list[DutyTable] = list(self._index.tables(PAGE_SLOTS))
        try:
            await self._in_thread(self._file.save, tables)
        except OSError as error:
            _log.warning("the table of duty cannot be kept: %s", error.strerror)

    def _over_ns(self) -> int:
        """What ended before is forgotten: never more than has gone by since the table was read.

        A clock that jumps ahead would make all over that is still to come.
        """
        begins_ns, known_ns = self._begins
        gone_by_ns = self._clock.monotonic_ns() - known_ns
        return min(self._clock.now_ns() - _KEEP_PAST_NS, begins_ns + gone_by_ns)


def _nothing() -> None:
    """Stands where nothing is to be ended yet."""
