"""Handoff as a service: follows rota and directory, lets time pass, tells others who holds what."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Annotated, Final

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.guard.analyses import Agreed, AgreedNow
from sunwise.chassis.queries import QueryDesk
from sunwise.chassis.retention import Retention
from sunwise.contracts.people import directory, duty, incidents
from sunwise.contracts.people.directory import DirectoryChanged
from sunwise.contracts.people.duty import DutyChanged
from sunwise.contracts.people.handoff import (
    PAGE_EVENTS,
    SUBJECT,
    GetFreshness,
    GetHandoffEvents,
    HandoffEvent,
    HandoffEvents,
    HandoffHead,
    HandoffQuery,
    HandoffReply,
    HandoffUnanswered,
    HandoffUnheld,
    event_subject,
)
from sunwise.contracts.people.incidents import GetShift, Shift
from sunwise.daylight.working_time import rules_of
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.handoff.acceptance import Handoff, advance
from sunwise.people.handoff.desk import Blocking, HandoffDesk
from sunwise.people.handoff.following import changes
from sunwise.people.handoff.freshness import LOOKED_BACK_NS, freshness_of
from sunwise.people.handoff.roster import RulesOf
from sunwise.people.handoff.sources import Sources
from sunwise.people.handoff.store import HandoffStore
from sunwise.people.handoff.waiting import open_handoffs

_KNOWN_NS: Final = 72 * NS_PER_HOUR
_HEARTBEAT_LOOKS: Final = 12
_log: Final = logging.getLogger("sunwise.handoff")

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_shift: Final = msgspec.msgpack.Decoder(Shift).decode
_decode_directory: Final = msgspec.msgpack.Decoder(DirectoryChanged).decode
_decode_duty: Final = msgspec.msgpack.Decoder(DutyChanged).decode


class HandoffSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Handoffs and their notes."""

    look_s: Annotated[float, msgspec.Meta(ge=0.1, le=60)] = 5.0
    """How often time and a new rota are looked at, s."""
    kept_days: Annotated[float, msgspec.Meta(ge=35)] = 400.0
    """Days for which handoffs and notes are kept."""


class HandoffService:
    """One of any number on one database; `run` works until it is cancelled."""

    name = "handoff"

    def __init__(
        self,
        bus: Bus,
        store: HandoffStore,
        clock: Clock,
        *,
        settings: HandoffSettings | None = None,
        law: RulesOf = rules_of,
        agreed: AgreedNow = Agreed,
        blocking: Blocking = asyncio.to_thread,
    ) -> None:
        self._bus = bus
        self._store = store
        self._clock = clock
        self._settings = settings or HandoffSettings()
        self._blocking = blocking
        self._retention = Retention(
            clock, store.forget, kept_days=self._settings.kept_days, blocking=blocking
        )
        self._sources = Sources(bus, rules_of=law)
        self.desk = HandoffDesk(
            store,
            clock,
            roster=lambda: self._sources.roster,
            ask_shift=self._ask_shift,
            tell=self._tell,
            agreed=agreed,
            blocking=blocking,
        )

    async def run(self, ready: Callable[[], None]) -> None:
        """Answers, and looks what the rota and the time have changed."""
        async with AsyncExitStack() as stack:
            for subject, hear in (
                (directory.CHANGED, self._hear_directory),
                (duty.CHANGED, self._hear_duty),
            ):
                subscription = await self._bus.subscribe(subject, hear)
                stack.push_async_callback(subscription.close)
            asked = await QueryDesk.open(
                self._bus, SUBJECT, kind=HandoffQuery, barrier=_at_once, answer=self._answer
            )
            stack.push_async_callback(asked.close)
            ready()
            looks = 0
            while True:
                try:
                    await self.look(looks)
                except Retryable as fault:
                    _log.error("time waits for the database", extra={"why": str(fault)})
                looks += 1
                await self._clock.sleep(self._settings.look_s)

    async def look(self, looks: int) -> None:
        """What the rota and the time have changed since the last look."""
        await self._sources.refresh()
        now_ns = self._clock.now_ns()
        known = await self._blocking(self._store.known, now_ns - _KNOWN_NS)
        roster = self._sources.roster
        if roster is not None:
            for wrong in roster.seams[1]:
                _log.error("two people for one duty: correct the rota", extra=wrong._asdict())
            wanted = await self._blocking(changes, known, roster, now_ns)
            self._tell(await self._blocking(self._store.follow, wanted, now_ns))
            known = await self._blocking(self._store.known, now_ns) if wanted else known
        for handoff in known.values():
            if advance(handoff, now_ns) != (handoff, []):
                await self._advance(handoff.id, now_ns)
        if looks % _HEARTBEAT_LOOKS == 0:
            head = HandoffHead(seq=await self._blocking(self._store.head), at_ns=now_ns)
            self._bus.publish(event_subject(head), _encode(head))
        await self._retention.look()

    async def _advance(self, handoff: str, now_ns: int) -> None:
        def acting(found: Handoff) -> tuple[Handoff, list[HandoffEvent]]:
            return advance(found, now_ns)

        _, events = await self._blocking(self._store.act, handoff, acting)
        self._tell(events)

    def _tell(self, events: list[HandoffEvent]) -> None:
        for event in events:
            if isinstance(event, HandoffUnheld | HandoffUnanswered):
                _log.critical("nobody has accepted a duty", extra=msgspec.structs.asdict(event))
            self._bus.publish(event_subject(event), _encode(event))

    def _hear_directory(self, message: Message) -> None:
        try:
            self._sources.heard_directory(_decode_directory(message.payload))
        except msgspec.DecodeError as error:
            _log.warning("not understood", extra={"subject": message.subject, "why": str(error)})

    def _hear_duty(self, message: Message) -> None:
        try:
            self._sources.heard_duty(_decode_duty(message.payload))
        except msgspec.DecodeError as error:
            _log.warning("not understood", extra={"subject": message.subject, "why": str(error)})

    async def _ask_shift(self, query: GetShift) -> Shift | None:
        try:
            return _decode_shift(await self._bus.request(incidents.SUBJECT, _encode(query)))
        except (Retryable, Permanent, msgspec.DecodeError) as fault:
            _log.warning("a note is drafted without facts", extra={"why": str(fault)})
            return None

    async def _answer(self, query: HandoffQuery) -> HandoffReply:
        if isinstance(query, GetHandoffEvents):
            events = await self._blocking(self._store.events_after, query.after, PAGE_EVENTS)
            return HandoffEvents(events=tuple(events), head=await self._blocking(self._store.head))
        now_ns = self._clock.now_ns()
        if isinstance(query, GetFreshness):
            known = await self._blocking(self._store.known, now_ns - LOOKED_BACK_NS)
            return freshness_of(known.values(), now_ns)
        known = await self._blocking(self._store.known, now_ns)
        return open_handoffs(known.values(), now_ns)


async def _at_once() -> None:
    """SQL is the truth: there is nothing to wait for."""
