"""What somebody must be told now: out of open handoffs, the duty table and the directory. Pure.

Each alarm has a key that stays the same for as long as what it says holds, and a severity of the
pager's table: who is told, and how soon, is the table's to say. No alarm names a person in words.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from sunwise.chassis.pager_door import Alert
from sunwise.contracts.people.directory import Id, Service, Snapshot, Team
from sunwise.contracts.people.duty import DutySlot, DutyTable, TakenShift, TakenShifts
from sunwise.contracts.people.handoff import (
    Asked,
    HandoffState,
    OpenHandoff,
    OpenHandoffs,
    Step,
)
from sunwise.daylight.zones import UnknownZone, instant, local

UNHELD: Final = "critical"
"""Nobody holds a duty: as bad as the worst that could happen to the service meanwhile."""
UNANSWERED: Final = "error"
"""Nobody is left to ask; the outgoing still holds it."""
ASKED: Final = "handoff"
"""One person is asked to accept: they alone are told."""
GAP: Final = "gap"
"""A gap is near: its owner and whoever plans are told, in their day."""
LOST: Final = "handoff"
"""A shift was taken from somebody: they alone are told, at once."""
LEADS: Final = "gap"
"""And who leads the service, in their day."""
HANDOFFS: Final = "handoff/"
GAPS: Final = "gap/"
TAKEN: Final = "taken/"
"""What keys begin with, by what they are about."""


class Company(Struct, frozen=True, kw_only=True):
    """Who owns what, as far as alarms need it."""

    services: dict[Id, Service]
    teams: dict[Id, Team]
    zones: dict[Id, str]
    """Each person's, as declared."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Company":
        """That of the directory."""
        return cls(
            services={each.id: each for each in snapshot.services},
            teams={each.id: each for each in snapshot.teams},
            zones={each.id: each.zone for each in snapshot.people},
        )

    def called(self, services: Iterable[Id]) -> str:
        """Their names: "Ledger, Matching"."""
        known = ((name, self.services.get(name)) for name in services)
        return ", ".join(service.name if service else name for name, service in known)

    def clock(self, at_ns: int, person: Id = "") -> str:
        """The instant in UTC; for one person on their own clock, with UTC beside it."""
        utc = instant(at_ns)
        try:
            own = local(at_ns, self.zones[person])
        except (KeyError, UnknownZone):
            return f"{utc:%a %d %b %H:%M} UTC"
        place = self.zones[person].rpartition("/")[2].replace("_", " ")
        return f"{own:%a %d %b %H:%M} in {place} ({utc:%a %H:%M} UTC)"

    def by_team(self, services: Iterable[Id]) -> dict[Id, list[Id]]:
        """The services of each team, sorted; one that is not known is its own team."""
        found: dict[Id, list[Id]] = defaultdict(list)
        for name in sorted(services):
            known = self.services.get(name)
            found[known.team if known else name].append(name)
        return found

    def lead(self, service: Id) -> Id | None:
        """Who leads the service, else its team."""
        known = self.services.get(service)
        team = self.teams.get(known.team) if known else None
        return (known.lead if known else None) or (team.lead if team else None)


def of_handoffs(found: OpenHandoffs, company: Company, now_ns: int) -> Iterator[Alert]:
    """A duty that nobody holds pages its people; else those who are asked are told one by one.

    The incoming is told from the seam on: before it, the page Today and their calendar say it.
    """
    for handoff in found.handoffs:
        for services in company.by_team(handoff.services).values():
            if handoff.state is HandoffState.UNHELD:
                yield _unheld(handoff, services, company)
            elif handoff.is_unanswered:
                yield _unanswered(handoff, services, company)
        if handoff.state is HandoffState.OFFERED:
            for asked in handoff.asked:
                if asked.step is not Step.INCOMING or now_ns >= handoff.at_ns:
                    yield _asked(handoff, asked, company)


def of_gaps(
    table: DutyTable, company: Company, planners: Sequence[Id], *, now_ns: int, until_ns: int
) -> Iterator[Alert]:
    """Each gap that goes on or begins before `until_ns`, for its owner and everybody who plans.

    Its owner is whoever accepted it; while nobody has, who leads the service.
    """
    gaps: dict[tuple[Id, str, int, int], list[DutySlot]] = defaultdict(list)
    for slot in table.slots:
        if slot.person is None and now_ns < slot.until_ns and slot.since_ns < until_ns:
            known = company.services.get(slot.service)
            team = known.team if known else slot.service
            gaps[team, slot.role.value, slot.since_ns, slot.until_ns].append(slot)
    for (team, *_), slots in sorted(gaps.items()):
        owners = [slot.gap_owner or company.lead(slot.service) for slot in slots]
        for person in dict.fromkeys([*owners, *planners]):
            if person is not None:
                yield _gap(team, slots, person, company)


def of_taken(found: TakenShifts, company: Company) -> Iterator[Alert]:
    """Each shift that was taken in an emergency, until it is over: for who lost it, and who leads.

    Of a shift that was taken again since, the last time counts: whoever leads is told once of a shift.
    """
    last = {(each.services, each.role, each.until_ns): each for each in found.shifts}
    for shift in last.values():
        leads = (company.lead(service) for service in shift.services)
        for person in dict.fromkeys([shift.before, *leads]):
            if person not in (None, shift.after):
                yield _taken(shift, person, company)


def _taken(shift: TakenShift, person: Id, company: Company) -> Alert:
    is_loser = person == shift.before
    since, until = (company.clock(at, person) for at in (shift.since_ns, shift.until_ns))
    whole = f"{TAKEN}{shift.services[0]}/{shift.role.value}/{shift.until_ns}/{person}"
    known = company.services.get(shift.services[0])
    return Alert(
        key=whole,
        group=whole,
        severity=LOST if is_loser else LEADS,
        service=shift.services[0],
        summary=(
            f"{'Your shift' if is_loser else 'A shift'} as {shift.role.value} of "
            f"{company.called(shift.services)} from {since} to {until} was taken over in an "
            "emergency: nobody was asked. If that is not right, talk to whoever has it now."
        ),
        path=f"/rota?team={known.team if known else ''}&from={shift.since_ns}",
        person=person,
    )


def _unheld(handoff: OpenHandoff, services: list[Id], company: Company) -> Alert:
    what = f"Nobody is on duty as {handoff.role.value} of {company.called(services)}"
    return _of_handoff(
        handoff,
        services,
        key=f"unheld/{services[0]}",
        severity=UNHELD,
        summary=f"{what}: the outgoing is released. Accept the handoff.",
    )


def _unanswered(handoff: OpenHandoff, services: list[Id], company: Company) -> Alert:
    what = f"Nobody has accepted {company.called(services)} as {handoff.role.value}"
    until = company.clock(handoff.unheld_ns)
    return _of_handoff(
        handoff,
        services,
        key=f"unanswered/{services[0]}",
        severity=UNANSWERED,
        summary=f"{what}, and nobody is left to ask: from {until} on nobody holds it.",
    )


def _asked(handoff: OpenHandoff, asked: Asked, company: Company) -> Alert:
    at = company.clock(handoff.at_ns, asked.person)
    what = f"Accept {company.called(handoff.services)} as {handoff.role.value}"
    return _of_handoff(
        handoff,
        list(handoff.services),
        key=f"asked/{asked.person}",
        severity=ASKED,
        summary=f"{what}: it is handed over on {at}. Asked: the {asked.step.value}.",
        person=asked.person,
    )


def _of_handoff(
    handoff: OpenHandoff,
    services: list[Id],
    *,
    key: str,
    severity: str,
    summary: str,
    person: Id = "",
) -> Alert:
    whole = f"{HANDOFFS}{handoff.handoff}/{key}"
    return Alert(
        key=whole,
        group=whole,
        severity=severity,
        service=services[0],
        summary=summary,
        path=f"/handoff/{handoff.handoff}",
        person=person,
    )


def _gap(team: Id, slots: list[DutySlot], person: Id, company: Company) -> Alert:
    first = slots[0]
    services = sorted({slot.service for slot in slots})
    since, until = (company.clock(at, person) for at in (first.since_ns, first.until_ns))
    is_accepted = all(slot.gap_owner is not None for slot in slots)
    said = "it is accepted as a gap" if is_accepted else "nobody has accepted that"
    return Alert(
        key=f"{GAPS}{team}/{first.role.value}/{first.since_ns}/{person}",
        group=f"{GAPS}{team}/{person}",
        severity=GAP,
        service=services[0],
        summary=(
            f"Nobody is on duty as {first.role.value} of {company.called(services)} from {since} "
            f"to {until}: {said}. Take the shift, or plan anew."
        ),
        path=f"/rota?team={team}&from={first.since_ns}",
        person=person,
    )
