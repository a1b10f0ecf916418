"""Between the people plane and the pagers: keeps their rosters new, and tells what they did.

When the bus is the incident this one stands still: the pagers go on with what is in their files, and
what they did meanwhile is told afterwards. What was told is remembered, so nothing is passed over;
it may be told twice, and whoever hears it takes it once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import Clock
from sunwise.chassis.data_folder import write_private
from sunwise.chassis.directory import read_directory
from sunwise.chassis.duty.holding import kept_of, read_open
from sunwise.chassis.duty.table import read_duty
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people import directory, duty, facts, incidents
from sunwise.contracts.people.duty import DutySlot
from sunwise.contracts.people.facts import TimelineFact
from sunwise.contracts.people.incidents import OpenIncident
from sunwise.contracts.people.pager import (
    CREDIT,
    CreditWakeUps,
    IncidentWanted,
    PagerEvent,
    WakeUpCredited,
)
from sunwise.people.pager.client import PagerClient
from sunwise.people.pager.page_facts import facts_of
from sunwise.people.pager.roster import Roster, save_roster
from sunwise.people.pager.wake_ups import WakeUp

_LOOK_S: Final = 2.0
_ROSTER_S: Final = 10.0
_AT_ONCE: Final = 100  # facts on their way
_LONGEST_TITLE: Final = 200
_NS: Final = 1_000_000_000
_OPENS_WITHIN_NS: Final = 24 * 3_600 * _NS
_log = logging.getLogger("sunwise.pager.feed")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_pseudonyms: Final = msgspec.msgpack.Decoder(directory.Pseudonyms).decode


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a pager answers when asked what happened."""

    events: tuple[PagerEvent, ...]
    wake_ups: tuple[WakeUp, ...]
    next: str


Ask = Callable[[str], Told]
"""Asks a pager what happened behind a position; blocks. Raises Retryable and RequestRefused."""


class PagerFeed:
    """One feed; `run` works until it is cancelled."""

    name = "pager_feed"

    def __init__(
        self,
        bus: Bus,
        ask: Ask,
        *,
        roster_files: Sequence[Path],
        position_file: Path,
        clock: Clock,
    ) -> None:
        """Goes on behind what the position file says was told."""
        self._bus, self._ask, self._clock = bus, ask, clock
        self._roster_files = roster_files
        self._position_file = position_file
        self._position = _read(position_file)
        self._snapshot: directory.Snapshot | None = None
        self._table: duty.DutyTable | None = None
        self._kept: tuple[DutySlot, ...] = ()

    async def run(self, ready: Callable[[], None]) -> None:
        """See `Service.run`."""
        ready()
        roster_ns = self._clock.monotonic_ns()
        while True:
            if self._clock.monotonic_ns() >= roster_ns:
                roster_ns = self._clock.monotonic_ns() + int(_ROSTER_S * _NS)
                await _put_off(self.write_rosters())
            await _put_off(self.tell())
            await self._clock.sleep(_LOOK_S)

    async def write_rosters(self) -> None:
        """Writes what directory, rota and handoff say now. Raises what the bus raises for the first two."""
        self._snapshot = await read_directory(self._bus, known=self._snapshot)
        self._table = await read_duty(self._bus, known=self._table)
        roster = Roster(
            as_of_ns=min(self._clock.now_ns(), self._table.as_of_ns),
            table=self._table,
            directory=self._snapshot,
            kept=await self._kept_now(),
        )
        for path in self._roster_files:
            await asyncio.to_thread(save_roster, path, roster)

    async def _kept_now(self) -> tuple[DutySlot, ...]:
        """What was said last while handoff does not answer: nobody accepts anything then."""
        try:
            self._kept = kept_of(await read_open(self._bus))
        except (Retryable, Permanent, msgspec.DecodeError) as fault:
            _log.warning("who keeps a duty is not known now: %s", fault)
        return self._kept

    async def tell(self) -> None:
        """Tells what happened since it was told last. Raises what the bus and the pagers raise."""
        while True:
            told = await asyncio.to_thread(self._ask, self._position)
            await self._record([fact for event in told.events for fact in facts_of(event)])
            await self._open([each for each in told.events if isinstance(each, IncidentWanted)])
            await self._credit(told.wake_ups)
            if told.next == self._position:
                return
            await asyncio.to_thread(write_private, self._position_file, told.next.encode())
            self._position = told.next

    async def _record(self, told: Sequence[TimelineFact]) -> None:
        """Returns once all of them are stored."""
        for first in range(0, len(told), _AT_ONCE):
            await asyncio.gather(*map(self._record_one, told[first : first + _AT_ONCE]))

    async def _record_one(self, fact: TimelineFact) -> None:
        try:
            await self._bus.request(facts.RECORD, _encode(fact))
        except Permanent as fault:  # it would be refused for ever
            _log.error("a fact is passed over", extra={"fact": fact.id, "why": str(fault)})

    async def _open(self, wanted: Sequence[IncidentWanted]) -> None:
        """Returns once each has its incident; whoever asks again gets the same.

        What was wanted more than a day ago gets none: a feed that lost its position reads all there is.
        """
        since_ns = self._clock.now_ns() - _OPENS_WITHIN_NS
        for each in wanted:
            if each.at_ns < since_ns:
                continue
            asked = OpenIncident(
                page=each.page,
                group=each.group,
                service=each.service,
                severity=each.severity,
                title=each.summary[:_LONGEST_TITLE] or each.page,
                at_ns=each.at_ns,
            )
            try:
                await self._bus.request(incidents.OPEN, _encode(asked))
            except Permanent as fault:  # it would be refused for ever
                _log.error(
                    "an incident is not opened", extra={"page": each.page, "why": str(fault)}
                )

    async def _credit(self, wake_ups: tuple[WakeUp, ...]) -> None:
        """Books who was woken, under the name that the ledger has for them; none who was erased."""
        people = tuple({wake_up.person for wake_up in wake_ups})
        if not people:
            return
        query = directory.GetPseudonyms(people=people)
        answer = await self._bus.request(directory.SUBJECT, _encode(query))
        names = _decode_pseudonyms(answer).of
        credits_ = tuple(
            WakeUpCredited(
                key=each.key, pseudonym=names[each.person], service=each.service, at_ns=each.at_ns
            )
            for each in wake_ups
            if each.person in names
        )
        await self._bus.request(CREDIT, _encode(CreditWakeUps(credits=credits_)))


def ask_pager(pagers: PagerClient) -> Ask:
    """Asks whichever pager answers: a position means the same to both."""

    def ask(after: str) -> Told:
        found = pagers.ask("GET", f"/v1/events?after={quote(after)}")
        return msgspec.convert(found, type=Told)

    return ask


async def _put_off(work: Awaitable[None]) -> None:
    """Does the work, or says why it must wait."""
    try:
        await work
    except (Retryable, Permanent, msgspec.DecodeError, OSError) as fault:
        _log.warning("put off: %s", fault)


def _read(position_file: Path) -> str:
    try:
        return position_file.read_text("utf-8")
    except FileNotFoundError:
        return ""
