"""Teams to plan for: people in zones, under the rules of the European Union unless told otherwise."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

from sunwise.contracts.people.directory import Role
from sunwise.daylight.working_time import WorkingTime
from sunwise.daylight.zones import nanoseconds
from sunwise.people.rota.core.problem import Person, Problem

RULES = WorkingTime(country="EU", effective_from=date(2003, 8, 2), source="a test")
START_NS = nanoseconds(datetime(2026, 10, 19, tzinfo=UTC))  # four weeks with both clock changes
BOTH = (Role.PRIMARY, Role.SECONDARY)
SPREAD = ("Asia/Tokyo", "Asia/Kolkata", "Europe/Paris", "Africa/Nairobi", "America/New_York")
REAL_TEAMS = Path(__file__).resolve().parents[3] / "shared/data/people/k8s_teams_2026-08.csv"


def person(name, zone, **facts):
    return Person(id=name, zone=zone, **{"rules": RULES} | facts)


def team(*zones, **facts):
    """A problem with one person a zone, p00 to pNN."""
    people = tuple(person(f"p{number:02}", zone) for number, zone in enumerate(zones))
    return Problem(unit="unit", people=people, **{"start_ns": START_NS, "days": 28} | facts)


def random_team(seed, *, zones, n_people, days=28, **facts):
    """A problem with people in random zones, of whom some take leave."""
    random = Random(seed)
    people = []
    for number in range(n_people):
        first = random.randrange(-3, days)
        leave = frozenset(
            date.fromordinal(date(2026, 10, 19).toordinal() + first + day)
            for day in range(random.choice((0, 0, 2, 7)))
        )
        people.append(person(f"p{number:02}", random.choice(zones), leave=leave))
    return Problem(unit="unit", people=tuple(people), start_ns=START_NS, days=days, **facts)


def real_teams(least=5, most=14):
    """Problem by name of each Kubernetes team of such a size; nothing where the data is absent.

    An offset stands for one zone that has it in August; which is the test's own guess.
    """
    if not REAL_TEAMS.exists():
        return {}
    rows = {}
    with REAL_TEAMS.open() as lines:
        for row in csv.DictReader(lines):
            if row["commit_utc_offset"] in ZONES:
                rows.setdefault((row["org"], row["team"]), {})[row["member"]] = row
    return {
        "/".join(name): Problem(
            unit="/".join(name),
            start_ns=START_NS,
            people=tuple(
                person(member, ZONES[row["commit_utc_offset"]])
                for member, row in sorted(members.items())
            ),
        )
        for name, members in sorted(rows.items())
        if least <= len(members) <= most
    }


ZONES = {
    "-0800": "America/Los_Angeles",
    "-0700": "America/Los_Angeles",
    "-0600": "America/Denver",
    "-0500": "America/Chicago",
    "-0400": "America/New_York",
    "-0300": "America/Sao_Paulo",
    "-0200": "America/Sao_Paulo",
    "+0000": "Europe/London",
    "+0100": "Europe/London",
    "+0200": "Europe/Berlin",
    "+0300": "Europe/Helsinki",
    "+0400": "Asia/Dubai",
    "+0500": "Asia/Karachi",
    "+0530": "Asia/Kolkata",
    "+0545": "Asia/Kathmandu",
    "+0700": "Asia/Bangkok",
    "+0800": "Asia/Shanghai",
    "+0900": "Asia/Tokyo",
    "+1000": "Australia/Sydney",
    "+1100": "Australia/Sydney",
    "+1200": "Pacific/Auckland",
    "+1300": "Pacific/Auckland",
}
