"""What the page Today shows: where it is day, who is on duty, what one holds, what waits for one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sunwise.chassis.duty.holding import Held, Holding
from sunwise.contracts.people.directory import Id, Role, Service, Snapshot, Tier
from sunwise.contracts.people.duty import DutySlot
from sunwise.web.seen import DutyState, People, Seen, teams_of
from sunwise.web.waiting import Waits

_MAX_SHIFTS: Final = 6


@dataclass(frozen=True)
class Place:
    """A zone, and how many people have declared it."""

    zone: str
    n_people: int
    n_on_duty: int


@dataclass(frozen=True)
class Turn:
    """Who is on duty now as one role of a service."""

    role: str
    standing: str
    """planned, actual, gap (nobody may lawfully do it), nobody (outside of its hours), unknown (nothing
    is published for now); kept (`holder` has it until the person accepts), unheld (nobody has it)."""
    person: Seen | None
    """Whom the rota names."""
    since_ns: int
    until_ns: int
    gap_owner: Seen | None
    then: Seen | None
    """Who is on duty next."""
    holder: Seen | None = None
    """Who keeps it, while the person has not accepted."""


@dataclass(frozen=True)
class ServiceNow:
    """A service and who is on duty for it."""

    id: str
    name: str
    tier: str
    team: str
    team_name: str
    runbook: str
    is_yours: bool
    """One of the reader's teams owns it."""
    turns: list[Turn]


@dataclass(frozen=True)
class Shift:
    """A duty of the reader's, now or later."""

    services: list[str]
    role: str
    since_ns: int
    until_ns: int
    is_actual: bool
    before: Seen | None
    """Whom they take over from."""
    after: Seen | None
    """Who takes over from them."""


@dataclass(frozen=True)
class Today:
    """The page Today in one answer."""

    now_ns: int
    you: Seen
    duty: DutyState
    n_people: int
    places: list[Place]
    n_services: int
    services: list[ServiceNow]
    """Those of the reader's teams."""
    shifts: list[Shift]
    waits: Waits


class OnDuty:
    """Slots by service and role, and by person; in order of time."""

    def __init__(self, slots: Iterable[DutySlot], now_ns: int, held: Held | None = None) -> None:
        """`held`: what is not held as planned now."""
        self.now_ns = now_ns
        self._held = held or {}
        self._lines: dict[tuple[Id, Role], list[DutySlot]] = defaultdict(list)
        for slot in slots:
            self._lines[slot.service, slot.role].append(slot)
        for line in self._lines.values():
            line.sort(key=lambda slot: slot.since_ns)

    def people_now(self) -> frozenset[Id]:
        """Everybody who is on duty now, whatever for."""
        found = (
            self._holding(slot).holder
            for line in self._lines.values()
            for slot in line
            if slot.since_ns <= self.now_ns < slot.until_ns
        )
        return frozenset(person for person in found if person is not None)

    def turn(self, service: Id, role: Role, people: People) -> Turn | None:
        """Who is on duty now; None where the rota says nothing of this role."""
        line = self._lines.get((service, role))
        if not line:
            return None
        later = [slot for slot in line if slot.since_ns > self.now_ns]
        then = people.seen_or_none(later[0].person) if later else None
        slot = next((s for s in line if s.since_ns <= self.now_ns < s.until_ns), None)
        if slot is None:
            past = [each.until_ns for each in line if each.until_ns <= self.now_ns]
            return Turn(
                role=role.value,
                standing="nobody" if past and later else "unknown",
                person=None,
                since_ns=max(past, default=self.now_ns),
                until_ns=later[0].since_ns if later else self.now_ns,
                gap_owner=None,
                then=then,
            )
        holder = self._holding(slot).holder
        return Turn(
            role=role.value,
            standing=self._standing(slot),
            person=people.seen_or_none(slot.person),
            holder=people.seen_or_none(holder if holder != slot.person else None),
            since_ns=slot.since_ns,
            until_ns=slot.until_ns,
            gap_owner=people.seen_or_none(slot.gap_owner),
            then=then,
        )

    def _holding(self, slot: DutySlot) -> Holding:
        """Who has it now, which need not be whom the slot names."""
        planned = Holding(slot.person)
        return planned if slot.actual else self._held.get((slot.service, slot.role), planned)

    def _standing(self, slot: DutySlot) -> str:
        if slot.person is None:
            return "gap"
        holder = self._holding(slot).holder
        if holder == slot.person:
            return "actual" if slot.actual else "planned"
        return "unheld" if holder is None else "kept"

    def shifts_of(self, person: Id) -> list[list[DutySlot]]:
        """Their duties that are not over, those of one time and role together, soonest first."""
        found: dict[tuple[int, int, str], list[DutySlot]] = defaultdict(list)
        for line in self._lines.values():
            for slot in line:
                if slot.person == person and slot.until_ns > self.now_ns:
                    found[slot.since_ns, slot.until_ns, slot.role.value].append(slot)
        return [found[key] for key in sorted(found)]

    def beside(self, slot: DutySlot) -> tuple[Id | None, Id | None]:
        """Who has the duty right before and right after this slot; None for nobody."""
        line = self._lines[slot.service, slot.role]
        before = next((each for each in line if each.until_ns == slot.since_ns), None)
        after = next((each for each in line if each.since_ns == slot.until_ns), None)
        return before.person if before else None, after.person if after else None


def today_of(
    snapshot: Snapshot, on_duty: OnDuty, *, you: Id, duty: DutyState, waits: Waits
) -> Today:
    """The page for this reader."""
    people = People(snapshot)
    mine = teams_of(snapshot, you)
    yours = [each for each in snapshot.services if each.team in mine]
    active = [person for person in snapshot.people if person.active]
    return Today(
        now_ns=on_duty.now_ns,
        you=people.seen(you),
        duty=duty,
        n_people=len(active),
        places=_places([(person.id, person.zone) for person in active], on_duty),
        n_services=len(snapshot.services),
        services=services_now(snapshot, on_duty, yours, you=you),
        shifts=[_shift(slots, on_duty, snapshot, people) for slots in on_duty.shifts_of(you)][
            :_MAX_SHIFTS
        ],
        waits=waits,
    )


def services_now(
    snapshot: Snapshot, on_duty: OnDuty, services: Iterable[Service], *, you: Id
) -> list[ServiceNow]:
    """Who is on duty for each of these services; those that nobody is ever on duty for come last."""
    people = People(snapshot)
    mine = teams_of(snapshot, you)
    names = {team.id: team.name for team in snapshot.teams}
    found = [
        ServiceNow(
            id=service.id,
            name=service.name,
            tier=service.tier.value,
            team=service.team,
            team_name=names.get(service.team, service.team),
            runbook=service.runbook if service.runbook.startswith(("https://", "http://")) else "",
            is_yours=service.team in mine,
            turns=[turn for role in Role if (turn := on_duty.turn(service.id, role, people))],
        )
        for service in services
    ]
    return sorted(found, key=lambda each: (each.tier == Tier.BEST_EFFORT.value, each.name))


def _places(people: Sequence[tuple[Id, str]], on_duty: OnDuty) -> list[Place]:
    now = on_duty.people_now()
    living = Counter(zone for _, zone in people)
    working = Counter(zone for person, zone in people if person in now)
    return [
        Place(zone=zone, n_people=count, n_on_duty=working[zone])
        for zone, count in sorted(living.items())
    ]


def _shift(slots: list[DutySlot], on_duty: OnDuty, snapshot: Snapshot, people: People) -> Shift:
    names = {service.id: service.name for service in snapshot.services}
    before, after = on_duty.beside(slots[0])
    return Shift(
        services=sorted(names.get(slot.service, slot.service) for slot in slots),
        role=slots[0].role.value,
        since_ns=slots[0].since_ns,
        until_ns=slots[0].until_ns,
        is_actual=any(slot.actual for slot in slots),
        before=people.seen_or_none(before),
        after=people.seen_or_none(after),
    )
