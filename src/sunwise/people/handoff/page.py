"""One handoff as its reader sees it: all that a page shows, in one answer."""

from dataclasses import dataclass
from typing import Annotated

from sunwise.chassis.errors import Refused
from sunwise.chassis.guard.analyses import Agreed, Analysis, Shows
from sunwise.contracts.people.directory import Id, Person
from sunwise.contracts.people.handoff import HandoffState
from sunwise.daylight.night import DAY_BEGINS_MINUTE, DAY_ENDS_MINUTE
from sunwise.daylight.zones import instant, local
from sunwise.people.handoff.acceptance import (
    WAIT_NS,
    Handoff,
    accept,
    holder_at,
    step_down,
)
from sunwise.people.handoff.note import Part
from sunwise.people.handoff.roster import Roster
from sunwise.people.handoff.store import Note


@dataclass(frozen=True)
class Time:
    """An instant on the clocks of the two people whom a handoff joins."""

    ns: int
    utc: str
    yours: str
    """On the reader's clock, with its zone."""
    theirs: str
    """On the other's."""


@dataclass(frozen=True)
class Seen:
    """A person as others may see them: no more than their name, their zone and its hour."""

    id: Id
    name: str
    zone: str
    is_day: bool
    """It is between 07:00 and 22:00 there."""


@dataclass(frozen=True)
class Deed:
    """Something that the reader may do, or why not."""

    is_allowed: bool
    why_not: str = ""


@dataclass(frozen=True)
class Seat:
    """Somebody who may accept, in the order of asking."""

    step: str
    person: Seen
    is_asked: bool
    may_take: bool
    """False: they are away, or their legal rest forbids it."""


@dataclass(frozen=True)
class ShownLine:
    """One fact of the note, with its evidence."""

    text: str
    at: Time
    is_open: bool
    services: list[Id]
    evidence_kind: str
    evidence_ref: str
    evidence_url: str


@dataclass(frozen=True)
class ShownPart:
    """One section of the note."""

    section: str
    is_known: bool
    """False: whoever knows could not be asked; that is not the same as nothing."""
    lines: list[ShownLine]


@dataclass(frozen=True)
class Row:
    """One handoff in a list."""

    id: str
    services: list[Id]
    role: str
    state: str
    at: Time
    outgoing: Seen
    incoming: Seen
    waits_for_you: bool
    """The reader is asked to accept."""
    accepted_by: Seen | None


@dataclass(frozen=True)
class Page:
    """One handoff, whole."""

    id: str
    services: list[Id]
    role: str
    state: str
    at: Time
    """When the duty changes hands by plan."""
    since: Time
    """When the outgoing's shift began."""
    until: Time
    """When the incoming's shift ends by plan."""
    keeps_until: Time
    """The outgoing is released then at the latest."""
    next_step: Time | None
    """When the next one is asked, if nobody accepts."""
    outgoing: Seen
    incoming: Seen
    seats: list[Seat]
    holder: Seen | None
    """Who holds the duty now; None for nobody."""
    accepted_by: Seen | None
    """Who has accepted; the outgoing holds it until the duty changes hands, or they accepted."""
    holds_from: Annotated[Time | None, Shows(Analysis.HANDOFF_PUNCTUALITY)]
    """From when whoever has accepted holds it; None where nobody has agreed that it is shown."""
    note_version: int
    note_author: Id | None
    note_text: str
    parts: list[ShownPart]
    accept: Deed
    edit: Deed
    step_down: Deed


class _View:
    """The reader's eyes: their clock, and that of the person at the other side of the seam."""

    def __init__(self, handoff: Handoff, reader: Id, *, roster: Roster, now_ns: int) -> None:
        seam = handoff.seam
        self.roster = roster
        self.now_ns = now_ns
        other = seam.incoming if reader == seam.outgoing else seam.outgoing
        self._yours = self._zone(reader)
        self._theirs = self._zone(other)

    def _zone(self, person: Id) -> str:
        found = self.roster.people.get(person)
        return found.zone if found is not None else "UTC"

    def time(self, at_ns: int) -> Time:
        return Time(
            ns=at_ns,
            utc=f"{instant(at_ns):%Y-%m-%d %H:%M} UTC",
            yours=_clock(at_ns, self._yours),
            theirs=_clock(at_ns, self._theirs),
        )

    def contracts(self, person: Id | None) -> list[Person]:
        """Them, as far as the directory knows them."""
        found = self.roster.people.get(person or "")
        return [] if found is None else [found]

    def person(self, person: Id) -> Seen:
        found = self.roster.people.get(person)
        zone = self._zone(person)
        shown = local(self.now_ns, zone)
        minute = shown.hour * 60 + shown.minute
        return Seen(
            id=person,
            name=found.name if found is not None else person,
            zone=zone,
            is_day=DAY_BEGINS_MINUTE <= minute < DAY_ENDS_MINUTE,
        )


def _clock(at_ns: int, zone: str) -> str:
    return f"{local(at_ns, zone):%a %Y-%m-%d %H:%M} {zone}"


def row_of(handoff: Handoff, reader: Id, *, roster: Roster, now_ns: int) -> Row:
    """A handoff in the reader's list."""
    view = _View(handoff, reader, roster=roster, now_ns=now_ns)
    seam = handoff.seam
    return Row(
        id=handoff.id,
        services=list(seam.services),
        role=seam.role.value,
        state=handoff.state.value,
        at=view.time(seam.at_ns),
        outgoing=view.person(seam.outgoing),
        incoming=view.person(seam.incoming),
        waits_for_you=reader in handoff.told and _may_accept(handoff, reader, now_ns).is_allowed,
        accepted_by=view.person(handoff.holder) if handoff.holder is not None else None,
    )


def page_of(
    handoff: Handoff,
    note: Note,
    parts: tuple[Part, ...],
    *,
    reader: Id,
    roster: Roster,
    now_ns: int,
    agreed: Agreed,
) -> Page:
    """The handoff as the reader sees it now."""
    view = _View(handoff, reader, roster=roster, now_ns=now_ns)
    seam = handoff.seam
    holder = holder_at(handoff, now_ns)
    next_ns = _next_step_ns(handoff)
    return Page(
        id=handoff.id,
        services=list(seam.services),
        role=seam.role.value,
        state=handoff.state.value,
        at=view.time(seam.at_ns),
        since=view.time(seam.since_ns),
        until=view.time(seam.until_ns),
        keeps_until=view.time(handoff.keeps_until_ns),
        next_step=view.time(next_ns) if next_ns is not None else None,
        outgoing=view.person(seam.outgoing),
        incoming=view.person(seam.incoming),
        seats=_seats(handoff, view),
        holder=view.person(holder) if holder is not None else None,
        accepted_by=view.person(handoff.holder) if handoff.holder is not None else None,
        holds_from=agreed.figure(
            Analysis.HANDOFF_PUNCTUALITY,
            view.contracts(handoff.holder),
            lambda: _from(handoff, view),
        ),
        note_version=note.version,
        note_author=note.author,
        note_text=note.text,
        parts=[_part(part, view) for part in parts],
        accept=_may_accept(handoff, reader, now_ns),
        edit=_may_edit(handoff, reader, roster),
        step_down=_may_step_down(handoff, reader, now_ns),
    )


def _from(handoff: Handoff, view: _View) -> Time | None:
    return None if handoff.holder is None else view.time(handoff.since_ns)


def _seats(handoff: Handoff, view: _View) -> list[Seat]:
    steps = ("incoming", "secondary", "deputy")
    people = (handoff.seam.incoming, handoff.secondary, handoff.deputy)
    return [
        Seat(
            step=step,
            person=view.person(person),
            is_asked=person in handoff.told,
            may_take=handoff.step_of(person) is not None,
        )
        for step, person in zip(steps, people, strict=True)
        if person is not None
    ]


def _part(part: Part, view: _View) -> ShownPart:
    lines = [
        ShownLine(
            text=line.text,
            at=view.time(line.at_ns),
            is_open=line.is_open,
            services=list(line.services),
            evidence_kind=line.evidence.kind,
            evidence_ref=line.evidence.ref,
            evidence_url=line.evidence.url,
        )
        for line in part.lines
    ]
    return ShownPart(section=part.section.value, is_known=part.is_known, lines=lines)


def _next_step_ns(handoff: Handoff) -> int | None:
    is_waiting = handoff.state in {HandoffState.OFFERED, HandoffState.UNHELD}
    if not is_waiting or handoff.is_unanswered:
        return None
    return max(handoff.asked_ns, handoff.seam.at_ns) + WAIT_NS


def _may_accept(handoff: Handoff, reader: Id, now_ns: int) -> Deed:
    if handoff.holder == reader:
        return Deed(is_allowed=False, why_not="You have accepted it.")
    try:
        accept(handoff, reader, now_ns)
    except Refused as refused:
        return Deed(is_allowed=False, why_not=str(refused))
    return Deed(is_allowed=True)


def _may_step_down(handoff: Handoff, reader: Id, now_ns: int) -> Deed:
    try:
        step_down(handoff, reader, now_ns)
    except Refused as refused:
        return Deed(is_allowed=False, why_not=str(refused))
    return Deed(is_allowed=True)


def _may_edit(handoff: Handoff, reader: Id, roster: Roster) -> Deed:
    seam = handoff.seam
    if handoff.is_final:
        return Deed(is_allowed=False, why_not="It is over: the note stays as it was.")
    if reader != seam.outgoing and not roster.leads(reader, seam.services):
        return Deed(is_allowed=False, why_not=f"The note is {seam.outgoing}'s.")
    return Deed(is_allowed=True)
