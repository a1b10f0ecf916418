"""The rota as a service: plans ahead, answers who is on duty, and tells of every change."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.queries import QueryDesk
from sunwise.chassis.retention import Retention
from sunwise.contracts.people import directory, handoff, pager
from sunwise.contracts.people.duty import (
    CHANGED,
    HEARTBEAT_S,
    PAGE_SLOTS,
    SUBJECT,
    DutyChanged,
    DutyPage,
    DutyQuery,
    DutyReply,
    DutySlot,
    DutyTable,
    GetDuty,
    GetTaken,
    TakenShifts,
)
from sunwise.contracts.people.pager import CreditWakeUps, WakeUpsBooked
from sunwise.people.rota.ahead import Task, tasks
from sunwise.people.rota.desk import Blocking, RotaDesk, Solve
from sunwise.people.rota.directory_copy import DirectoryCopy
from sunwise.people.rota.grounds import entries, ground
from sunwise.people.rota.kept import DAY_NS, WINDOW_NS, Kept, RequestKind, State, Unit, window_of
from sunwise.people.rota.ledger import WAKE_UP_POINTS, Entry
from sunwise.people.rota.mending import NOBODY, Mending
from sunwise.people.rota.publishing import Unlawful
from sunwise.people.rota.store import Closure, Journey, RotaStore, Served
from sunwise.people.rota.takeovers import TakeOvers
from sunwise.people.rota.taking import taken_of
from sunwise.people.rota.turns import Stale
from sunwise.people.rota.units import Ground, Span, inputs_of, problem_of, units_of

_LOOK_S: Final = 0.5
_PLAN_S: Final = 5.0
_BOOK_LOOKS: Final = 120
_NS: Final = 1_000_000_000
_RETRY_NS: Final = 600 * _NS
_NEVER_NS: Final = 2**63
_PAST_NS: Final = 7 * DAY_NS
_KEPT_VERSIONS: Final = 4
_log: Final = logging.getLogger("sunwise.rota")

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_credits: Final = msgspec.msgpack.Decoder(CreditWakeUps).decode


class RotaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Rotas and the burden ledger."""

    kept_days: float = 730.0
    """Days for which past rotas are kept."""


class RotaService:
    """One of any number on one database; `run` works until it is cancelled."""

    name = "rota"

    def __init__(
        self,
        bus: Bus,
        store: RotaStore,
        clock: Clock,
        *,
        solve: Solve,
        settings: RotaSettings | None = None,
        blocking: Blocking = asyncio.to_thread,
    ) -> None:
        self._bus = bus
        self._store = store
        self._clock = clock
        self._settings = settings or RotaSettings()
        self._blocking = blocking
        self._directory = DirectoryCopy(bus)
        self._retention = Retention(
            clock, store.forget, kept_days=self._settings.kept_days, blocking=blocking
        )
        self._told = -1
        self._pages: OrderedDict[int, list[DutyPage]] = OrderedDict()
        self._not_before: dict[tuple[str, int], int] = {}
        self._away: list[Closure | Journey] = []
        self._mend_again_ns = _NEVER_NS
        self.desk = RotaDesk(
            store,
            clock,
            heard=self._directory.heard,
            pseudonyms=self._directory.pseudonyms,
            solve=solve,
            blocking=blocking,
        )
        self.mending = Mending(self.desk)
        self._take_overs = TakeOvers(bus, self.desk, clock, blocking=blocking)

    async def run(self, ready: Callable[[], None]) -> None:
        """Answers, tells within half a second, and plans beside that."""
        async with AsyncExitStack() as stack:
            for subject, hear in (
                (directory.CHANGED, self._directory.hear),
                (handoff.EVENTS, self._take_overs.hear),
            ):
                subscription = await self._bus.subscribe(subject, hear)
                stack.push_async_callback(subscription.close)
            asked = await QueryDesk.open(
                self._bus, SUBJECT, kind=DutyQuery, barrier=_at_once, answer=self._answer
            )
            stack.push_async_callback(asked.close)
            crediting = await self._bus.serve(pager.CREDIT, self._credit, group="rota")
            stack.push_async_callback(crediting.close)
            self._told = await self._blocking(self._store.version)
            ready()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell())
                group.create_task(self._follow())
                group.create_task(self._plan())
                group.create_task(self._take_overs.follow())

    # --- who is on duty ---

    async def _tell(self) -> None:
        """Every new version, in order; a heartbeat at the version in force when there is none."""
        quiet_ns = 0
        while True:
            now_ns = self._clock.monotonic_ns()
            if await self.tell_changes():
                quiet_ns = now_ns
            elif now_ns - quiet_ns >= HEARTBEAT_S * _NS:
                quiet_ns = now_ns
                self._publish(self._told, ())
            await self._clock.sleep(_LOOK_S)

    async def tell_changes(self) -> bool:
        """Whether anything was told. What cannot be told in slots is a number that readers miss."""
        news = await self._blocking(self._store.told_after, self._told)
        for version, slots in news:
            if slots is not None:
                self._publish(version, slots)
            self._told = version
        if news and news[-1][1] is None:
            self._publish(self._told, ())
        return bool(news)

    def _publish(self, version: int, slots: tuple[DutySlot, ...]) -> None:
        changed = DutyChanged(version=version, as_of_ns=self._clock.now_ns(), slots=slots)
        self._bus.publish(CHANGED, _encode(changed))

    async def _answer(self, query: DutyQuery) -> DutyReply:
        if isinstance(query, GetTaken):
            taken: TakenShifts = await self._blocking(self._taken)
            return taken
        return await self._page(query)

    def _taken(self) -> TakenShifts:
        """What was taken in an emergency. Blocks."""
        now_ns, units = self._clock.now_ns(), self._store.units()
        found = [
            taken_of(request, units[request.unit], now_ns)
            for request in self._store.taken_since(window_of(now_ns) - WINDOW_NS)
            if request.unit in units
        ]
        shifts = sorted((each for each in found if each), key=lambda each: each.since_ns)
        return TakenShifts(as_of_ns=now_ns, shifts=tuple(shifts))

    async def _page(self, query: GetDuty) -> DutyPage:
        newest = await self._blocking(self._store.version)
        pages = self._pages.get(newest if query.version is None else query.version)
        now_ns = self._clock.now_ns()
        if pages is None or pages[0].table.from_ns > now_ns:  # cut by a clock that was ahead
            from_ns = now_ns - _PAST_NS
            served = await self._blocking(self._store.served, from_ns)
            if query.version not in (None, served.version):
                raise Retryable(f"Version {query.version} is gone: begin again.", after_s=0.05)
            pages = self._pages[served.version] = self._paged(served, from_ns)
            while len(self._pages) > _KEPT_VERSIONS:
                self._pages.popitem(last=False)
        if query.page >= len(pages):
            raise Permanent(f"There is no page {query.page}: the first is 0, of {len(pages)}.")
        page = pages[query.page]
        if page.table.version != newest:
            return page
        table = msgspec.structs.replace(page.table, as_of_ns=now_ns)
        return msgspec.structs.replace(page, table=table)

    def _paged(self, served: Served, from_ns: int) -> list[DutyPage]:
        parts = [
            served.slots[start : start + PAGE_SLOTS]
            for start in range(0, max(1, len(served.slots)), PAGE_SLOTS)
        ]
        tables = (
            DutyTable(
                version=served.version,
                as_of_ns=self._clock.now_ns(),
                from_ns=from_ns,
                until_ns=served.until_ns,
                slots=part,
            )
            for part in parts
        )
        return [DutyPage(table=table, n_pages=len(parts)) for table in tables]

    # --- planning ---

    async def _follow(self) -> None:
        while True:
            try:
                await self.read_directory()
            except (Permanent, Retryable) as fault:
                _log.warning("units are not known yet", extra={"why": str(fault)})
            await self._clock.sleep(_LOOK_S)

    async def read_directory(self) -> None:
        """Its units are known at once, however long planning takes; mending waits for the next look."""
        if await self._directory.refresh(await self._blocking(self._store.n_erased)):
            snapshot = self.desk.snapshot()
            assert snapshot is not None, "it was refreshed"
            self._mend_again_ns = 0
            await self._blocking(self._store.set_units, units_of(snapshot))

    async def _plan(self) -> None:
        looks = 0
        while True:
            try:
                await self.look()
                await self._retention.look()
                if looks % _BOOK_LOOKS == 0:
                    await self.keep_books()
            except (Permanent, Retryable) as fault:
                _log.warning("planning waits", extra={"why": str(fault)})
            looks += 1
            await self._clock.sleep(_PLAN_S)

    async def look(self) -> None:
        """What the directory and the time ask for since the last look."""
        await self.read_directory()
        snapshot = self.desk.snapshot()
        if snapshot is None:
            return
        units = units_of(snapshot)
        await self._look_who_is_away()
        if self._clock.now_ns() >= self._mend_again_ns:
            self._mend_again_ns = _NEVER_NS
            if not await self._mend(units):
                self._mend_again_ns = min(self._mend_again_ns, self._later_ns())
        known = await self._blocking(self._store.windows, State.DRAFT)
        known |= await self._blocking(self._store.windows, State.PUBLISHED)
        now_ns = self._clock.now_ns()
        for task in tasks(units, known, now_ns):
            if self._not_before.get((task.unit.id, task.span.window_ns), 0) <= now_ns:
                await self._plan_one(task)

    async def _plan_one(self, task: Task) -> None:
        """One draft; where no second person is needed it is in force at once."""
        window_ns = task.span.window_ns
        try:
            draft = await self.desk.plan(task.unit.id, window_ns)
            if not task.unit.is_around_the_clock:
                await self._blocking(
                    lambda: self.desk.publish(task.unit.id, window_ns, draft.version, by="")
                )
        except (Permanent, Retryable) as fault:
            again_ns = self._later_ns()
            if isinstance(fault, Retryable):
                again_ns = self._clock.now_ns() + round(fault.after_s * _NS)
            self._not_before[task.unit.id, window_ns] = again_ns
            _log.error("no rota", extra={"unit": task.unit.id, "why": _why(fault)})

    async def _look_who_is_away(self) -> None:
        """Absences and journeys are mended by whoever tells them; what they did not end, later here."""
        since_ns = self._clock.now_ns() - WINDOW_NS
        away = [
            *await self._blocking(self._store.closures, since_ns),
            *await self._blocking(self._store.journeys, since_ns),
        ]
        if away != self._away:
            self._away = away
            self._mend_again_ns = min(self._mend_again_ns, self._later_ns())

    def _later_ns(self) -> int:
        return self._clock.now_ns() + _RETRY_NS

    async def _mend(self, units: Iterable[Unit]) -> bool:
        """Rotas whose people, services or time zones are not what they were; whether all are mended."""
        is_all = True
        of = await self.desk.ground_now()
        now_ns = self._clock.now_ns()
        published = await self._blocking(self._store.windows, State.PUBLISHED)
        drafts = await self._blocking(self._store.windows, State.DRAFT)
        by_id = {unit.id: unit for unit in units}
        for name, window_ns in sorted(published | drafts, key=lambda each: each[1]):
            unit = by_id.get(name)
            if unit is None or window_ns + WINDOW_NS <= now_ns:
                continue
            state = State.PUBLISHED if (name, window_ns) in published else State.DRAFT
            kept = await self._blocking(self._store.find, name, window_ns, state)
            if kept is not None and not _is_settled(kept, unit, of):
                is_all &= await self._mend_one(kept)
        return is_all

    async def _mend_one(self, kept: Kept) -> bool:
        """What needs nobody's yes is in force at once; for the rest people are asked. False: not yet."""
        try:
            if kept.state is State.DRAFT:
                await self.desk.plan(kept.unit, kept.window_ns)
                return True
            found = await self.mending.mend(
                kept.unit, kept.window_ns, kind=RequestKind.DIRECTORY, by=NOBODY
            )
        except (Permanent, Retryable) as fault:
            _log.error("a rota is not mended", extra={"unit": kept.unit, "why": _why(fault)})
            return False
        if found.problem:
            _log.error("a rota is not mended", extra={"unit": kept.unit, "why": found.problem})
        return not found.is_put_off

    # --- the ledger ---

    async def keep_books(self) -> None:
        """Books what turns that are over have cost whom."""
        now_ns = self._clock.now_ns()
        since_ns = window_of(now_ns) - WINDOW_NS
        of = await self._blocking(lambda: ground(self._store, self._directory.heard, now_ns=now_ns))
        pseudonyms = await self._directory.pseudonyms(of.turns)
        booked = await self._blocking(
            lambda: entries(self._store, of, pseudonyms, since_ns=since_ns, now_ns=now_ns)
        )
        if booked:
            await self._blocking(self._store.book, booked)

    async def _credit(self, message: Message) -> bytes:
        """Books wake-ups, each once however often it is asked for."""
        try:
            asked = _decode_credits(message.payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Permanent(f"these are no wake-ups: {error}") from error
        booked = [
            Entry(
                window_ns=window_of(credit.at_ns),
                pseudonym=credit.pseudonym,
                kind="wake-up",
                points=WAKE_UP_POINTS,
                what=credit.key,
            )
            for credit in asked.credits
        ]
        return _encode(WakeUpsBooked(n_new=await self._blocking(self._store.book, booked)))


def _is_settled(kept: Kept, unit: Unit, of: Ground) -> bool:
    """Whether the rota stands on what is known now."""
    try:
        problem = problem_of(unit, of, Span(window_ns=kept.window_ns))
    except Permanent as fault:
        _log.error("a rota cannot be held against now", extra={"unit": unit.id, "why": str(fault)})
        return True
    return inputs_of(problem, of.snapshot).digest == kept.inputs.digest


def _why(fault: Permanent | Retryable) -> str:
    """For the log, from which nobody can be erased: without whom, where the words name somebody."""
    is_about_somebody = isinstance(fault, Unlawful | Stale)
    return type(fault).__name__ if is_about_somebody else str(fault)


async def _at_once() -> None:
    """SQL is the truth: there is nothing to wait for."""
