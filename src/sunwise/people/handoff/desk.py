"""What people do with handoffs, from whichever door they come: read, write, accept, step down."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from msgspec.structs import replace

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Refused
from sunwise.chassis.guard.analyses import Agreed, AgreedNow
from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.handoff import FINAL, HandoffEvent
from sunwise.contracts.people.incidents import GetShift, Shift
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.handoff.acceptance import Handoff, Why, step_down
from sunwise.people.handoff.freshness import LOOKED_BACK_NS
from sunwise.people.handoff.holidays import holidays_of
from sunwise.people.handoff.note import Material, Part, draft
from sunwise.people.handoff.page import Page, Row, page_of, row_of
from sunwise.people.handoff.roster import NOBODY, Roster
from sunwise.people.handoff.store import HandoffStore, Note

_LISTED_NS: Final = 72 * NS_PER_HOUR

Blocking = Callable[..., Awaitable[Any]]
"""Runs a call that blocks: `asyncio.to_thread`, or at once in a simulation."""
AskShift = Callable[[GetShift], Awaitable[Shift | None]]
"""What happened, by the incidents service; None when it does not answer."""


class HandoffDesk:
    """Serves people, also while the rota and the directory cannot be reached. May raise Refused."""

    def __init__(
        self,
        store: HandoffStore,
        clock: Clock,
        *,
        roster: Callable[[], Roster | None],
        ask_shift: AskShift,
        tell: Callable[[list[HandoffEvent]], None],
        agreed: AgreedNow = Agreed,
        blocking: Blocking,
    ) -> None:
        self._store = store
        self._clock = clock
        self._roster = roster
        self._ask_shift = ask_shift
        self._tell = tell
        self._agreed = agreed
        self._blocking = blocking

    async def page(self, handoff: str, reader: Id) -> Page:
        """All of one handoff for its reader: times, sections, state, what they may do."""
        roster = self._roster() or NOBODY
        found: Handoff = await self._blocking(self._store.find, handoff)
        note: Note = await self._blocking(self._store.note, handoff)
        parts = note.parts if found.state in FINAL and note.parts else await self._draft(found)
        return page_of(
            found,
            note,
            parts,
            reader=reader,
            roster=roster,
            now_ns=self._clock.now_ns(),
            agreed=await self._blocking(self._agreed),
        )

    async def mine(self, person: Id) -> list[Row]:
        """What is open that this person hands over or may be asked to take, soonest first."""
        roster = self._roster() or NOBODY
        now_ns = self._clock.now_ns()
        known: dict[str, Handoff] = await self._blocking(self._store.known, now_ns - _LISTED_NS)
        concerned = [
            each
            for each in known.values()
            if not each.is_final and (each.seam.outgoing == person or each.step_of(person))
        ]
        concerned.sort(key=lambda each: (each.seam.at_ns, each.id))
        return [row_of(each, person, roster=roster, now_ns=now_ns) for each in concerned]

    async def history(self, service: Id, reader: Id) -> list[Row]:
        """The service's handoffs of the last four weeks and those to come, the newest first."""
        roster = self._roster() or NOBODY
        now_ns = self._clock.now_ns()
        known: dict[str, Handoff] = await self._blocking(self._store.known, now_ns - LOOKED_BACK_NS)
        theirs = [each for each in known.values() if service in each.seam.services]
        theirs.sort(key=lambda each: (-each.seam.at_ns, each.id))
        return [row_of(each, reader, roster=roster, now_ns=now_ns) for each in theirs]

    async def versions(self, handoff: str) -> list[Note]:
        """Every version of the note, in order."""
        await self._blocking(self._store.find, handoff)
        notes: list[Note] = await self._blocking(self._store.notes, handoff)
        return notes

    async def write_note(self, handoff: str, person: Id, text: str, *, read_version: int) -> Note:
        """The outgoing, or who leads the service, writes the next version."""
        found: Handoff = await self._blocking(self._store.find, handoff)
        roster = self._roster() or NOBODY
        if person != found.seam.outgoing and not roster.leads(person, found.seam.services):
            raise Refused(
                Why.NOT_OUTGOING, f"The note is {found.seam.outgoing}'s: tell them what is missing."
            )
        note: Note = await self._blocking(
            self._store.write_note, handoff, person, text, read_version=read_version
        )
        return note

    async def accept(self, handoff: str, person: Id, *, read_version: int) -> Handoff:
        """The person takes the duty over."""
        found: Handoff = await self._blocking(self._store.find, handoff)
        parts = () if found.is_final else await self._draft(found)
        after, events = await self._blocking(
            self._store.accept,
            handoff,
            person,
            read_version=read_version,
            now_ns=self._clock.now_ns(),
            parts=parts,
        )
        self._tell(events)
        taken: Handoff = after
        return taken

    async def step_down(self, handoff: str, person: Id) -> Handoff:
        """The outgoing cannot keep the duty any longer."""
        now_ns = self._clock.now_ns()
        after, events = await self._blocking(
            self._store.act, handoff, lambda found: step_down(found, person, now_ns)
        )
        self._tell(events)
        left: Handoff = after
        return left

    async def _draft(self, handoff: Handoff) -> tuple[Part, ...]:
        seam, roster = handoff.seam, self._roster()
        shift = await self._ask_shift(
            GetShift(
                services=seam.services,
                from_ns=seam.since_ns,
                until_ns=min(self._clock.now_ns(), seam.until_ns),
                coming_until_ns=seam.until_ns,
            )
        )
        material = Material(seam=seam, shift=shift)
        if roster is not None:
            owners = roster.owners(seam.services)
            material = replace(
                material,
                gaps=roster.gaps(seam),
                teams={name: service.team for name, service in roster.services.items()},
                holidays=await self._blocking(holidays_of, owners, seam),
            )
        return draft(material)
