"""Small companies for tests: people in zones, a team, a service."""

from collections.abc import Callable
from datetime import date

from sqlalchemy import Engine

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.guard.principal import How, Principal
from sunwise.contracts.people.directory import Leave
from sunwise.daylight.working_time import WorkingTime
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.sources import Source
from sunwise.people.directory.store import DirectoryStore

START_NS = 1_795_737_600_000_000_000  # 2026-11-27
PROVIDER = Principal(person_id=None, how=How.KEY, sender="idp")


def law(country: str) -> WorkingTime:
    """11 h of rest a day, 35 h a week, 48 h a week, all of standby counts."""
    return WorkingTime(country=country, effective_from=date(2020, 1, 1), source="test")


def new_store(engine: Engine) -> DirectoryStore:
    return DirectoryStore(engine, SimulatedClock(start_ns=START_NS), law=law)


def person(id_: str, zone: str = "Europe/Paris", **said: object) -> Claim:
    country = said.pop("country", "FR")
    about = {"name": id_.title(), "email": f"{id_}@example.com", "zone": zone, "country": country}
    return Claim(key=Key(Kind.PERSON, id_), said=about | said)


def team(id_: str, *members: str, **said: object) -> Claim:
    about = {"name": id_.title(), "members": list(members)}
    return Claim(key=Key(Kind.TEAM, id_), said=about | said)


def hub(id_: str, zone: str, **said: object) -> Claim:
    return Claim(
        key=Key(Kind.HUB, id_), said={"name": id_.title(), "zone": zone, "country": "FR"} | said
    )


def service(id_: str, team_: str, tier: str = "daylight", **said: object) -> Claim:
    about = {"name": id_.title(), "team": team_, "tier": tier}
    return Claim(key=Key(Kind.SERVICE, id_), said=about | said)


def says(*claims: Claim, source: Source = Source.MANUAL, **rest: object) -> ChangeSet:
    return ChangeSet(source=source, claims=claims, **rest)


def off(person_: str, first: str, last: str) -> Leave:
    return Leave(person=person_, first=date.fromisoformat(first), last=date.fromisoformat(last))


ZONES = (
    "Asia/Tokyo",
    "Asia/Dubai",
    "Europe/Paris",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Sydney",
)


def around_the_clock(n: int = 6, tier: str = "24x7-one") -> tuple[Claim, ...]:
    """A team that can carry the tier with 4 people a role, and its service."""
    people = [person(f"p{i}", ZONES[i % len(ZONES)]) for i in range(n)]
    return (
        *people,
        team("core", *(each.key.id for each in people)),
        service("matching", "core", tier),
    )


Maker = Callable[[], Engine]
