"""What the page Rota shows: one team's shifts over its people's days and nights."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sunwise.chassis.guard import Principal, Right
from sunwise.chassis.guard.rights import Scope
from sunwise.contracts.people.directory import Id, Snapshot, Team
from sunwise.contracts.people.duty import DutySlot
from sunwise.daylight.zones import UnknownZone, local, nanoseconds
from sunwise.web.seen import DutyState, People, Seen, teams_of


@dataclass(frozen=True)
class TeamName:
    """A team in the list to choose from."""

    id: str
    name: str
    is_yours: bool


@dataclass(frozen=True)
class ServiceName:
    """A service by its id and name."""

    id: str
    name: str


@dataclass(frozen=True)
class TeamShift:
    """One person's duty for some of the team's services, or a declared gap."""

    services: list[ServiceName]
    role: str
    person: str | None
    """None: nobody may lawfully do it."""
    since_ns: int
    until_ns: int
    is_actual: bool
    gap_owner: Seen | None


@dataclass(frozen=True)
class RotaRights:
    """What the reader may do with the rota of the team shown."""

    accept_gaps: bool
    """Accept by name that nobody may lawfully do it."""
    absent_others: bool
    """Say that somebody else of the team cannot be on duty."""
    lose_places: bool
    """Say that a hub or a country is lost."""


@dataclass(frozen=True)
class PlaceName:
    """A hub by its id, or a country by its code."""

    id: str
    name: str
    """Empty for a country: the reader's browser knows its name."""
    n_people: int


@dataclass(frozen=True)
class RotaView:
    """The page Rota in one answer."""

    now_ns: int
    you: Seen
    duty: DutyState
    from_ns: int
    until_ns: int
    teams: list[TeamName]
    team: TeamName | None
    """None: there are no teams."""
    people: list[Seen]
    """Members of the team and whoever else has a shift in this time."""
    shifts: list[TeamShift]
    can_swap: bool
    """Whether this server knows how to change the rota."""
    may: RotaRights
    places: list[PlaceName]
    """What could be lost: hubs, and countries in which people are."""


def midnight_before(at_ns: int, zone: str) -> int:
    """When the day of that instant began in the zone; in UTC for a zone that is known no more."""
    try:
        at = local(at_ns, zone)
    except UnknownZone:
        at = local(at_ns, "UTC")
    return nanoseconds(at.replace(hour=0, minute=0, second=0, microsecond=0))


def rota_view(
    snapshot: Snapshot,
    slots: Iterable[DutySlot],
    *,
    now_ns: int,
    you: Id,
    team: Id | None,
    duty: DutyState,
    span_ns: tuple[int, int],
    can_swap: bool,
    principal: Principal,
) -> RotaView:
    """The page for this reader; without `team` the first of their own, or of all."""
    people = People(snapshot)
    teams = _teams(snapshot, you)
    wanted = team or (teams[0].id if teams else None)
    chosen = next((each for each in snapshot.teams if each.id == wanted), None)
    shifts = _shifts(snapshot, chosen, slots, people) if chosen else []
    return RotaView(
        now_ns=now_ns,
        you=people.seen(you),
        duty=duty,
        from_ns=span_ns[0],
        until_ns=span_ns[1],
        teams=teams,
        team=next((each for each in teams if chosen and each.id == chosen.id), None),
        people=[people.seen(each) for each in _everybody(snapshot, chosen, shifts)],
        shifts=shifts,
        can_swap=can_swap,
        may=_rights(principal, you, chosen),
        places=_places(snapshot),
    )


def _rights(principal: Principal, you: Id, team: Team | None) -> RotaRights:
    scope = Scope.TEAM if team is not None and team.lead == you else Scope.ALL
    return RotaRights(
        accept_gaps=principal.may(Right.ROTA_PUBLISH, scope),
        absent_others=principal.may(Right.LEAVE_WRITE, scope),
        lose_places=principal.may(Right.ROTA_PLAN, Scope.ALL),
    )


def _places(snapshot: Snapshot) -> list[PlaceName]:
    active = [person for person in snapshot.people if person.active]
    at_hubs = Counter(person.hub for person in active)
    in_countries = Counter(person.country for person in active)
    hubs = [PlaceName(id=h.id, name=h.name, n_people=at_hubs[h.id]) for h in snapshot.hubs]
    countries = [PlaceName(id=c, name="", n_people=n) for c, n in sorted(in_countries.items())]
    return [*hubs, *countries]


def _teams(snapshot: Snapshot, you: Id) -> list[TeamName]:
    mine = teams_of(snapshot, you)
    named = [
        TeamName(id=team.id, name=team.name, is_yours=team.id in mine) for team in snapshot.teams
    ]
    return sorted(named, key=lambda each: (not each.is_yours, each.name))


def _shifts(
    snapshot: Snapshot, team: Team, slots: Iterable[DutySlot], people: People
) -> list[TeamShift]:
    """Slots of the team's services; those of one person, role and time are one shift."""
    names = {each.id: each.name for each in snapshot.services if each.team == team.id}
    found: dict[tuple[int, str, int, str], list[DutySlot]] = defaultdict(list)
    for slot in slots:
        if slot.service in names:
            found[slot.since_ns, slot.role.value, slot.until_ns, slot.person or ""].append(slot)
    return [
        TeamShift(
            services=[
                ServiceName(id=slot.service, name=names[slot.service])
                for slot in sorted(found[key], key=lambda slot: slot.service)
            ],
            role=key[1],
            person=key[3] or None,
            since_ns=key[0],
            until_ns=key[2],
            is_actual=any(slot.actual for slot in found[key]),
            gap_owner=people.seen_or_none(found[key][0].gap_owner),
        )
        for key in sorted(found)
    ]


def _everybody(snapshot: Snapshot, team: Team | None, shifts: Iterable[TeamShift]) -> list[Id]:
    active = {person.id for person in snapshot.people if person.active}
    members = [each for each in (team.members if team else ()) if each in active]
    others = [shift.person for shift in shifts if shift.person is not None]
    return list(dict.fromkeys([*members, *others]))
