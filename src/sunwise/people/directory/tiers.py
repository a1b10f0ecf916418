"""Tiers that their teams cannot carry lawfully, and how many people are missing at least."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sunwise.contracts.people.directory import Hub, Person, Service, Tier
from sunwise.daylight.working_time import Exemption, exempted
from sunwise.daylight.zones import UnknownZone, zone
from sunwise.people.directory.capacity import (
    Hand,
    Law,
    Shortfall,
    dark_bands,
    shortfall,
    shown,
)
from sunwise.people.directory.objects import Kind
from sunwise.people.directory.problems import Problem, Problems, Rule, View

ROLES: Final = {Tier.TWO_ROLES: 2, Tier.ONE_ROLE: 1}
"""How many people must be on duty around the clock."""
_ANYWHERE: Final = "ZZ"  # a country without rules of its own


class Unit(NamedTuple):
    """Services that the same person on duty covers."""

    team: str
    tier: Tier
    skills: tuple[str, ...]
    activity: str


def unit_of(service: Service) -> Unit:
    """The unit in which the service is planned."""
    skills = tuple(sorted(set(service.skills)))
    return Unit(service.team, service.tier, skills, service.activity)


def eligible(unit: Unit, view: View) -> list[Person]:
    """Members of the team who may be on duty for the unit: active, skilled, at a hub allowed it."""
    team = view.teams.get(unit.team)
    members = (view.people.get(each) for each in dict.fromkeys(team.members if team else ()))
    return [
        person
        for person in members
        if person is not None
        and person.active
        and is_known(person.zone)
        and set(unit.skills) <= set(person.skills)
        and _is_allowed(person, unit.activity, view)
    ]


def tiers(view: View, law: Law, *, year_ns: int) -> Problems:
    """One problem for each service whose tier its team cannot carry, alone or with its others."""
    teams: dict[str, dict[Unit, list[Service]]] = defaultdict(dict)
    for service in view.services.values():
        if service.tier is not Tier.BEST_EFFORT and service.team in view.teams:
            unit = unit_of(service)
            teams[unit.team].setdefault(unit, []).append(service)
    for units in teams.values():
        found = [
            each for unit in units for each in _unit(unit, units[unit], view, law, year_ns=year_ns)
        ]
        yield from found or _together(units, view, law, year_ns=year_ns)


def _unit(
    unit: Unit, services: Sequence[Service], view: View, law: Law, *, year_ns: int
) -> Iterable[Problem]:
    people = eligible(unit, view)
    roles = ROLES.get(unit.tier)
    short = None if people else Shortfall(roles or 1, ((0, 24),))
    hubs = [hub.zone for hub in allowed_hubs(unit.activity, view)]
    if roles is not None and (hubs or not unit.activity):
        found = shortfall(
            _hands(people, unit, view, law),
            roles,
            newcomer=law(_ANYWHERE),
            year_ns=year_ns,
            hubs=hubs,
        )
        short = found or short
    if short is not None:
        text = _text(unit, people, short, year_ns)
        yield from (_problem(service, text, short.people) for service in services)


def _together(
    units: dict[Unit, list[Service]], view: View, law: Law, *, year_ns: int
) -> Iterable[Problem]:
    """The units of a team are covered by different people at any one time."""
    around = [unit for unit in units if unit.tier in ROLES and not unit.activity]
    if len(around) < 2:
        return
    people = {p.id: p for unit in around for p in eligible(unit, view)}.values()
    hands = [_hand(person, law) for person in people]
    roles = sum(ROLES[unit.tier] for unit in around)
    short = shortfall(hands, roles, newcomer=law(_ANYWHERE), year_ns=year_ns)
    if short is None:
        return
    names = ", ".join(sorted(s.id for unit in around for s in units[unit]))
    text = (
        f"team {around[0].team} must have {roles} people on duty at once for {names}, which ask for "
        f"different tiers, skills or activities: {_missing(short)}. Give them the same tier and "
        "skills, a smaller tier, or another team"
    )
    yield from (_problem(service, text, short.people) for unit in around for service in units[unit])


def _text(unit: Unit, people: Sequence[Person], short: Shortfall, year_ns: int) -> str:
    who = f"{len(people)} people" if len(people) != 1 else "one person"
    wanted = [f"skills {', '.join(unit.skills)}"] if unit.skills else []
    wanted += [f"activity {unit.activity}"] if unit.activity else []
    asked = f" with {' and '.join(wanted)}" if wanted else ""
    dark = dark_bands([person.zone for person in people], year_ns) if people else ()
    night = f" No owner has day {shown(dark)}: look for people there." if dark else ""
    return (
        f"tier {unit.tier} cannot be carried lawfully by {who} of team {unit.team}{asked}: "
        f"{_missing(short)}.{night} Add people, share the service with another team's people, or "
        "choose a smaller tier"
    )


def _missing(short: Shortfall) -> str:
    return (
        f"at least {short.people} more needed {shown(short.bands)} (a lower bound: the rota tells "
        "exactly)"
    )


def _problem(service: Service, text: str, weight: int) -> Problem:
    return Problem(
        rule=Rule.CAPACITY,
        kind=Kind.SERVICE,
        id=service.id,
        field="tier",
        text=text,
        weight=weight,
    )


def _hands(people: Iterable[Person], unit: Unit, view: View, law: Law) -> list[Hand]:
    if not unit.activity:
        return [_hand(person, law) for person in people]
    return [
        _hand(person, law)._replace(open_zone=view.hubs[person.hub or ""].zone) for person in people
    ]


def _hand(person: Person, law: Law) -> Hand:
    own = person.exempt
    exemption = Exemption(
        no_nights=own.no_nights, max_week_h=own.max_week_h, max_days_in_row=own.max_days_in_row
    )
    return Hand(person.zone, exempted(law(person.country), exemption), no_nights=own.no_nights)


def allowed_hubs(activity: str, view: View) -> list[Hub]:
    """The hubs from which alone a regulated activity may be done; none for what is not regulated."""
    hubs = view.hubs.values()
    return [hub for hub in hubs if activity in hub.activities and is_known(hub.zone)]


def _is_allowed(person: Person, activity: str, view: View) -> bool:
    hub = view.hubs.get(person.hub or "")
    return not activity or hub in allowed_hubs(activity, view)


def is_known(name: str) -> bool:
    """Whether the time zone database has that zone (still)."""
    try:
        zone(name)
    except UnknownZone:
        return False
    return True
