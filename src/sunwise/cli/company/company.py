"""People in a hundred countries, teams of 5 to 12 who own services, and their leave."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations
from random import Random
from typing import Final

import msgspec

from sunwise.cli.company.names import person_names, team_names
from sunwise.cli.company.places import Place, places
from sunwise.contracts.people.directory import (
    EmergencyHours,
    Exempt,
    Hub,
    Leave,
    Person,
    Service,
    Snapshot,
    Team,
    Tier,
    WorkingHours,
)
from sunwise.daylight.zones import NS_PER_S, offset_minutes

MIN_PEOPLE: Final = 5
MAX_PEOPLE: Final = 8_000
_TEAM_SIZES: Final = range(5, 13)
_SMALL: Final = 200  # here every team owns two services
_APART_MINUTES: Final = 6 * 60
_LEAVE_A_DAY: Final = 1 / 60  # on which a leave begins: five or six a year
_EPOCH: Final = date(1970, 1, 1)
_HUBS: Final = (
    Hub(id="dubai", name="Dubai", zone="Asia/Dubai", country="AE", entity="Sunwise FZE"),
    Hub(id="paris", name="Paris", zone="Europe/Paris", country="FR", entity="Sunwise France SAS"),
    Hub(id="singapore", name="Singapore", zone="Asia/Singapore", country="SG", entity="Sunwise SG"),
)
_ONE, _TWO = Tier.ONE_ROLE, Tier.TWO_ROLES
_TIERS: Final = (_TWO, _ONE, Tier.DAYLIGHT, _ONE, _ONE)
"""What the teams would like, in turn."""
_MANY: Final = 9  # 336 h a week are too many for fewer


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """A directory, and who is away in the days asked for."""

    snapshot: Snapshot
    leave: tuple[Leave, ...]


def invented_company(n_people: int, *, seed: int, first: date, last: date) -> Company:
    """The company of that size and seed; with the leave that touches `first` to `last`, inclusive.

    Everybody is in a team, and one in thirty in two. Raises ValueError for a size that cannot be.
    """
    if not MIN_PEOPLE <= n_people <= MAX_PEOPLE:
        raise ValueError(f"{n_people} people: ask for {MIN_PEOPLE} to {MAX_PEOPLE}")
    random = Random(f"company {seed}")
    people = tuple(_person(name, random) for name in person_names(n_people, random))
    teams = tuple(_teams(people, random))
    by_id = {person.id: person for person in people}
    services: list[Service] = []
    for number, team in enumerate(teams):
        members = [by_id[member] for member in team.members]
        wish = _TIERS[number % len(_TIERS)]
        services.append(_service(team, "", members, wish=wish, on=first))
        if n_people <= _SMALL or random.random() < 0.15:
            lesser = wish if number % 2 else Tier.BEST_EFFORT
            services.append(_service(team, "-jobs", members, wish=lesser, on=first))
    snapshot = Snapshot(version=1, people=people, teams=teams, hubs=_HUBS, services=tuple(services))
    return Company(snapshot=snapshot, leave=tuple(_leave(people, first, last, random)))


def _person(name: str, random: Random) -> Person:
    place = _draw_place(random)
    handle = name.lower().replace(" ", ".")
    hub = next((hub.id for hub in _HUBS if hub.country == place.country), None)
    begins = random.choice((480, 540, 540, 600))
    return Person(
        id=handle,
        name=name,
        email=f"{handle}@sunwise.example",
        zone=place.zone,
        country=place.country,
        subdivision=place.subdivision,
        hub=hub if random.random() < 0.6 else None,
        hours=WorkingHours(begins_minute=begins, ends_minute=begins + 540, weekdays=place.weekdays),
        languages=tuple({"en": None, place.language: None}),
        emergency=_emergency(random),
        exempt=_exempt(random),
    )


def _draw_place(random: Random) -> Place:
    known = places()
    return random.choices(known, weights=[place.weight for place in known])[0]


def _emergency(random: Random) -> EmergencyHours | None:
    if random.random() < 0.7:
        return None
    return EmergencyHours(begins_minute=420, ends_minute=1_380, also_in_rest=random.random() < 0.2)


def _exempt(random: Random) -> Exempt:
    drawn = random.random()
    if drawn < 0.05:
        return Exempt(no_nights=True)
    if drawn < 0.07:
        return Exempt(max_week_h=32.0)
    return Exempt(max_days_in_row=4) if drawn < 0.09 else Exempt()


def _teams(people: Sequence[Person], random: Random) -> Iterator[Team]:
    sizes = list(_sizes(len(people), random))
    at = 0
    for name, size in zip(team_names(len(sizes)), sizes, strict=True):
        members = [person.id for person in people[at : at + size]]
        at += size
        if random.random() < size / 30:  # one of another team helps out here
            guest = random.choice(people).id
            members += [guest] if guest not in members else []
        yield Team(id=name, name=name.replace("-", " ").capitalize(), members=tuple(members))


def _sizes(n_people: int, random: Random) -> Iterator[int]:
    """Team sizes that add up; what is left over joins the last team."""
    while n_people >= 2 * _TEAM_SIZES.start:
        size = min(random.choice(_TEAM_SIZES), n_people - _TEAM_SIZES.start)
        yield size
        n_people -= size
    yield n_people


def _service(team: Team, part: str, members: Sequence[Person], *, wish: Tier, on: date) -> Service:
    """One service, at the tier wished for or at what such a team can carry."""
    lead, deputy, apart = _lead_and_deputy(members, on)
    tier = _ONE if wish is _TWO and len(members) < _MANY else wish
    if tier is not Tier.BEST_EFFORT and apart < _APART_MINUTES:
        tier = Tier.DAYLIGHT
    return Service(
        id=f"{team.id}{part}",
        name=f"{team.name}{part.replace('-', ' ')}",
        tier=tier,
        team=team.id,
        lead=lead,
        deputy=deputy if apart >= _APART_MINUTES else None,
        runbook=f"https://runbooks.sunwise.example/{team.id}{part}",
    )


def _lead_and_deputy(members: Sequence[Person], on: date) -> tuple[str, str, int]:
    """The two who live farthest apart by the clock, and the minutes between them."""
    at_ns = (on - _EPOCH).days * 86_400 * NS_PER_S
    ahead = {person.id: offset_minutes(at_ns, person.zone) for person in members}
    apart, lead, deputy = max(
        (min(gap, 1_440 - gap), one.id, two.id)
        for one, two in combinations(members, 2)
        for gap in (abs(ahead[one.id] - ahead[two.id]),)
    )
    return lead, deputy, apart


def _leave(people: Sequence[Person], first: date, last: date, random: Random) -> Iterator[Leave]:
    for person in people:
        day = first - timedelta(days=14)
        while day <= last:
            if random.random() < _LEAVE_A_DAY:
                end = day + timedelta(days=random.choice((0, 1, 4, 6, 13)))
                if end >= first:
                    yield Leave(person=person.id, first=day, last=end)
                day = end
            day += timedelta(days=1)
