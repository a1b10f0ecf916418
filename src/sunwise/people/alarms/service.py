"""Alarms as a service: looks what holds, and has the pager told of what is new and what is over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.clock import Clock
from sunwise.chassis.data_folder import write_private
from sunwise.chassis.directory import read_directory
from sunwise.chassis.duty.table import read_duty, read_taken
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.pager_door import Alert
from sunwise.contracts.people import handoff
from sunwise.contracts.people.directory import Id, Snapshot
from sunwise.contracts.people.duty import DutyTable
from sunwise.contracts.people.handoff import GetOpenHandoffs, OpenHandoffs
from sunwise.contracts.people.pager import ALARMS_BEAT
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE
from sunwise.people.alarms.conditions import (
    GAPS,
    HANDOFFS,
    TAKEN,
    Company,
    of_gaps,
    of_handoffs,
    of_taken,
)

_READ_NS: Final = NS_PER_MINUTE
_BEAT_NS: Final = NS_PER_MINUTE
_log: Final = logging.getLogger("sunwise.alarms")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_open: Final = msgspec.msgpack.Decoder(OpenHandoffs).decode


Blocking = Callable[..., Awaitable[Any]]
"""Runs a call that blocks: `asyncio.to_thread`, or at once in a simulation."""


class AlarmSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told when a duty is unheld or unanswered, or a gap is near."""

    pagers: str = ""
    """Addresses of the pager's instances, with commas between, such as https://pager-1.example.com;
    empty: nobody is told, the log alone says it."""
    key_file: str = ""
    """Private file with the key that `sunwise pager new-key alarms --service people` made."""
    authority_file: str = ""
    """Certificates of who is trusted to have signed the pagers'; empty: whom this machine trusts."""
    look_s: Annotated[float, msgspec.Meta(ge=0.1, le=60)] = 5.0
    """How often it looks, s; a handoff that changes is looked at at once."""
    gap_ahead_h: Annotated[float, msgspec.Meta(ge=0, le=168)] = 24.0
    """So long before a gap begins its owner and whoever plans are told, h."""


class Door(Protocol):
    """Where alerts go; both calls block, and raise Retryable and Permanent."""

    def fire(self, alert: Alert) -> None:
        """Takes it: again under the same key, nothing new."""
        ...

    def resolve(self, keys: Iterable[str]) -> None:
        """What these keys told is over."""
        ...

    def beat(self, name: str) -> None:
        """Whoever sends this lives, and sees what holds."""
        ...


class AlarmLog:
    """A door that leads nowhere but into the log."""

    def fire(self, alert: Alert) -> None:
        """Says so."""
        _log.critical("no pager is set up to tell this: %s", alert.summary)

    def resolve(self, keys: Iterable[str]) -> None:
        """Says so."""
        _log.info("over: %d alarms", len(list(keys)))

    def beat(self, name: str) -> None:
        """Nobody waits for it."""


class AlarmService:
    """One of any number: each tells all, under the same keys. `run` works until it is cancelled."""

    name = "alarms"

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        *,
        door: Door,
        file: Path,
        planners: Callable[[], Sequence[Id]],
        settings: AlarmSettings | None = None,
        blocking: Blocking = asyncio.to_thread,
    ) -> None:
        """`file` keeps the keys that were told; `planners` may block."""
        self._bus = bus
        self._clock = clock
        self._door = door
        self._file = file
        self._planners = planners
        self._settings = settings or AlarmSettings()
        self._blocking = blocking
        self._told = _read(file)
        self._snapshot = Snapshot(version=0)
        self._table: DutyTable | None = None
        self._who_plans: Sequence[Id] = ()
        self._read_again_ns = 0
        self._beat_again_ns = 0
        self._changed = asyncio.Event()

    async def run(self, ready: Callable[[], None]) -> None:
        """Looks again and again, and at once when a handoff changes."""
        subscription = await self._bus.subscribe(handoff.EVENTS, self._hear)
        try:
            ready()
            while True:
                self._changed.clear()
                await self.look()
                await self._wait()
        finally:
            await subscription.close()

    async def look(self) -> None:
        """Tells what holds and was not told, and that what was told is over."""
        await self._refresh()
        found = {
            HANDOFFS: await self._of_handoffs(),
            GAPS: self._of_gaps(),
            TAKEN: await self._of_taken(),
        }
        seen = tuple(about for about, alerts in found.items() if alerts is not None)
        wanted = {alert.key: alert for alerts in found.values() for alert in alerts or ()}
        over = sorted(key for key in self._told if key.startswith(seen) and key not in wanted)
        before = frozenset(self._told)
        try:
            await self._tell([each for each in wanted.values() if each.key not in before], over)
            if len(seen) == len(found):
                await self._beat()
        except (Retryable, Permanent) as fault:
            _log.error("the pager could not be told: %s", fault)
        if self._told != before:
            kept = msgspec.json.encode(sorted(self._told))
            await self._blocking(write_private, self._file, kept)

    async def _tell(self, new: list[Alert], over: list[str]) -> None:
        """One that is refused holds up none of the others. Raises Retryable, and Permanent at the end."""
        refused: Permanent | None = None
        for alert in new:
            try:
                await self._blocking(self._door.fire, alert)
            except Permanent as fault:
                refused = fault
            else:
                self._told.add(alert.key)
        if over:
            await self._blocking(self._door.resolve, over)
            self._told.difference_update(over)
        if refused is not None:
            raise refused

    async def _beat(self) -> None:
        """Tells the pager that alarms would come, once a minute; a pager that misses it tells somebody.

        Only while all of it is seen: alarms that see nothing are as good as dead.
        """
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._beat_again_ns:
            await self._blocking(self._door.beat, ALARMS_BEAT)
            self._beat_again_ns = now_ns + _BEAT_NS

    async def _refresh(self) -> None:
        """Reads directory and rota once a minute; what was read last serves while nobody answers."""
        if self._table is not None and self._clock.monotonic_ns() < self._read_again_ns:
            return
        try:
            self._snapshot = await read_directory(self._bus, known=self._snapshot)
            self._table = await read_duty(self._bus, known=self._table)
            self._who_plans = await self._blocking(self._planners)
        except (Retryable, Permanent, msgspec.DecodeError) as fault:
            _log.warning("going on with what is known: %s", fault)
        else:
            self._read_again_ns = self._clock.monotonic_ns() + _READ_NS

    async def _of_handoffs(self) -> list[Alert] | None:
        """What begins with HANDOFFS; None when nobody answers: then nothing of it is over."""
        query = _encode(GetOpenHandoffs())
        try:
            answer = _decode_open(await self._bus.request(handoff.SUBJECT, query))
        except (Retryable, Permanent, msgspec.DecodeError) as fault:
            _log.warning("handoffs cannot be seen: %s", fault)
            return None
        return list(of_handoffs(answer, Company.of(self._snapshot), self._clock.now_ns()))

    async def _of_taken(self) -> list[Alert] | None:
        """What begins with TAKEN; None when the rota does not answer."""
        try:
            answer = await read_taken(self._bus)
        except (Retryable, Permanent, msgspec.DecodeError) as fault:
            _log.warning("shifts that were taken cannot be seen: %s", fault)
            return None
        return list(of_taken(answer, Company.of(self._snapshot)))

    def _of_gaps(self) -> list[Alert] | None:
        """What begins with GAPS; None while the rota is not known."""
        if self._table is None:
            return None
        now_ns = self._clock.now_ns()
        until_ns = now_ns + round(self._settings.gap_ahead_h * NS_PER_HOUR)
        company = Company.of(self._snapshot)
        found = of_gaps(self._table, company, self._who_plans, now_ns=now_ns, until_ns=until_ns)
        return list(found)

    def _hear(self, message: Message) -> None:
        if not message.subject.endswith(".head"):
            self._changed.set()

    async def _wait(self) -> None:
        """Until something changed, or the time to look has come."""
        self._changed.clear()
        waiting = [
            asyncio.ensure_future(self._clock.sleep(self._settings.look_s)),
            asyncio.ensure_future(self._changed.wait()),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()


def _read(file: Path) -> set[str]:
    """The keys in the file; none where there is no such file, or it is damaged."""
    with suppress(FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(file.read_bytes(), type=set[str])
    return set()
