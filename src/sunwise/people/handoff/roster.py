"""Who is planned and who can be asked: the rota and the directory as handoff reads them. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from functools import cached_property
from typing import Final

from msgspec import Struct

from sunwise.contracts.people.directory import Id, Leave, Person, Role, Service, Snapshot, Team
from sunwise.contracts.people.duty import DutySlot, DutyTable, TakenShift
from sunwise.daylight.working_time import Duty, Exemption, WorkingTime
from sunwise.daylight.zones import local, nanoseconds, zone
from sunwise.people.handoff.acceptance import Handoff, opened
from sunwise.people.handoff.rest import may_take, rest_limit_ns
from sunwise.people.handoff.seams import Seam, TwoOnDuty, seams_of, shifts_of

RulesOf = Callable[[str, date], WorkingTime]
"""The law of a country on a day."""


class Roster(Struct, frozen=True, kw_only=True, dict=True):
    """One version of the directory and one of the rota."""

    directory: Snapshot
    duty: DutyTable
    rules_of: RulesOf
    taken: tuple[TakenShift, ...] = ()
    """Shifts that somebody took at once, in an emergency."""
    plans: dict[object, Handoff] = {}
    """Made before, by all that they are made of: hand it on to the next rota of one directory."""

    @cached_property
    def seams(self) -> tuple[list[Seam], list[TwoOnDuty]]:
        """Where duty changes hands, and where the rota contradicts itself."""
        return seams_of(self.duty.slots)

    @cached_property
    def people(self) -> dict[Id, Person]:
        """Everybody, by id."""
        return {person.id: person for person in self.directory.people}

    @cached_property
    def services(self) -> dict[Id, Service]:
        """Every service, by id."""
        return {service.id: service for service in self.directory.services}

    @cached_property
    def teams(self) -> dict[Id, Team]:
        """Every team, by id."""
        return {team.id: team for team in self.directory.teams}

    @cached_property
    def _shifts(self) -> dict[tuple[Id, Role], list[DutySlot]]:
        found: dict[tuple[Id, Role], list[DutySlot]] = defaultdict(list)
        for slot in sorted(self.duty.slots, key=lambda slot: slot.since_ns):
            found[slot.service, slot.role].append(slot)
        return {duty: list(shifts_of(slots)) for duty, slots in found.items()}

    @cached_property
    def _planned(self) -> dict[tuple[Seam, bool], Handoff]:
        """What was asked of this rota before."""
        return {}

    @cached_property
    def _duties(self) -> dict[Id, tuple[Duty, ...]]:
        found: dict[Id, set[Duty]] = defaultdict(set)
        for slot in self.duty.slots:
            if slot.person is not None:
                found[slot.person].add(Duty(slot.since_ns, slot.until_ns))
        return {person: tuple(sorted(duties)) for person, duties in found.items()}

    def on_duty(self, service: Id, role: Role, at_ns: int) -> DutySlot | None:
        """The shift of that moment, which may be a gap; None where nothing is planned."""
        for slot in self._shifts.get((service, role), ()):
            if slot.since_ns <= at_ns < slot.until_ns:
                return slot
        return None

    def gaps(self, seam: Seam) -> tuple[DutySlot, ...]:
        """Declared gaps in the next shift of the seam's services, whatever the role."""
        return tuple(
            slot
            for service in seam.services
            for role in Role
            for slot in self._shifts.get((service, role), ())
            if slot.person is None and seam.at_ns < slot.until_ns and slot.since_ns < seam.until_ns
        )

    def is_taken(self, seam: Seam) -> bool:
        """The incoming has taken it from the outgoing by their own word: nobody hands anything over."""
        return any(
            (each.before, each.after, each.role, each.since_ns)
            == (seam.outgoing, seam.incoming, seam.role, seam.at_ns)
            and not set(each.services).isdisjoint(seam.services)
            for each in self.taken
        )

    def is_away(self, person: Id, at_ns: int, until_ns: int | None = None) -> bool:
        """They do not work here, or it is one of their days off where they are, at any time up to then."""
        found = self.people.get(person)
        if found is None or not found.active:
            return True
        last_ns = at_ns if until_ns is None else max(at_ns, until_ns - 1)
        first, last = (local(each, found.zone).date() for each in (at_ns, last_ns))
        return any(leave.first <= last and first <= leave.last for leave in self._leave_of(person))

    def plan(self, seam: Seam, *, outgoing_holds: bool = True) -> Handoff:
        """The handoff of a seam, as the rota and the directory say now.

        Cost: some ms for the law's sake, once for the same duties of the same people.
        """
        here = (seam, outgoing_holds)
        if here not in self._planned:
            self._planned[here] = self._plan(seam, outgoing_holds=outgoing_holds)
        return self._planned[here]

    def _plan(self, seam: Seam, *, outgoing_holds: bool) -> Handoff:
        secondary, deputy = self._secondary(seam), self._deputy(seam)
        asked = [person for person in (seam.incoming, secondary, deputy) if person is not None]
        duties = tuple(self._duties.get(person, ()) for person in (seam.outgoing, *asked))
        made_of = (seam, secondary, deputy, duties, outgoing_holds)
        if made_of not in self.plans:
            self.plans[made_of] = opened(
                seam,
                secondary=secondary,
                deputy=deputy,
                barred=tuple(person for person in asked if not self._may_be_asked(person, seam)),
                rest_limit_ns=self._rest_limit_ns(seam),
                outgoing_holds=outgoing_holds and not self.is_away(seam.outgoing, seam.at_ns),
            )
        return self.plans[made_of]

    def owners(self, services: tuple[Id, ...]) -> list[Person]:
        """The active members of the teams that own these services."""
        teams = {self.services[name].team for name in services if name in self.services}
        members = {
            member for team in teams if team in self.teams for member in self.teams[team].members
        }
        return [
            person for person in self.directory.people if person.id in members and person.active
        ]

    def leads(self, person: Id, services: tuple[Id, ...]) -> bool:
        """Whether they lead one of these services, or the team that owns it."""
        for name in services:
            service = self.services.get(name)
            if service is None:
                continue
            team = self.teams.get(service.team)
            if person == service.lead or (team is not None and person == team.lead):
                return True
        return False

    def _secondary(self, seam: Seam) -> Id | None:
        """Who is on duty beside the incoming; nobody is asked to hold both roles."""
        if seam.role is not Role.PRIMARY:
            return None
        slots = (self.on_duty(name, Role.SECONDARY, seam.at_ns) for name in seam.services)
        return next((slot.person for slot in slots if slot is not None and slot.person), None)

    def _deputy(self, seam: Seam) -> Id | None:
        """The deputy of the first service that has one, else its lead."""
        services = [self.services[name] for name in seam.services if name in self.services]
        found = [service.deputy for service in services] + [service.lead for service in services]
        return next((person for person in found if person is not None), None)

    def _may_be_asked(self, person: Id, seam: Seam) -> bool:
        if self.is_away(person, seam.at_ns, seam.until_ns):
            return False
        found = self.people[person]
        return may_take(
            self._duties.get(person, ()),
            Duty(seam.at_ns, seam.until_ns),
            self._rules(found, seam.at_ns),
            zone=found.zone,
            exemption=_exemption(found),
        )

    def _rest_limit_ns(self, seam: Seam) -> int:
        found = self.people.get(seam.outgoing)
        if found is None:  # nobody knows what law binds them: they are not kept for a minute
            return seam.outgoing_until_ns
        limit_ns = rest_limit_ns(
            self._duties.get(seam.outgoing, ()),
            seam.outgoing_until_ns,
            self._rules(found, seam.at_ns),
            zone=found.zone,
            exemption=_exemption(found),
        )
        begins_ns = (_midnight_ns(each.first, found.zone) for each in self._leave_of(found.id))
        off_ns = (each for each in begins_ns if each >= seam.outgoing_until_ns)
        return min(limit_ns, min(off_ns, default=limit_ns))

    def _leave_of(self, person: Id) -> Iterator[Leave]:
        return (leave for leave in self.directory.leave if leave.person == person)

    def _rules(self, person: Person, at_ns: int) -> WorkingTime:
        return self.rules_of(person.country, local(at_ns, person.zone).date())


def _midnight_ns(day: date, zone_name: str) -> int:
    """When the day begins on that clock."""
    return nanoseconds(datetime.combine(day, time(), zone(zone_name)))


def _no_law(country: str, _on: date) -> WorkingTime:
    raise AssertionError(f"nobody is planned, so nobody asks for the law of {country}")


NOBODY: Final = Roster(
    directory=Snapshot(version=0),
    duty=DutyTable(version=0, as_of_ns=0, from_ns=0, until_ns=0, slots=()),
    rules_of=_no_law,
)
"""Before anything was heard of rota and directory: ids are shown as names, times in UTC."""


def _exemption(person: Person) -> Exemption:
    exempt = person.exempt
    return Exemption(
        no_nights=exempt.no_nights,
        max_week_h=exempt.max_week_h,
        max_days_in_row=exempt.max_days_in_row,
    )
