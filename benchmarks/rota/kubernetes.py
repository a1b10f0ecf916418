"""The real teams of Kubernetes: who is in them is public, where they live is guessed from commits.

The data holds the UTC offsets of each member's commits and no country. An offset, or the summer and
winter pair that a member was seen with, stands for one zone and country here: the most populous
place of open-source work with those clocks. Someone in Lima is counted as of New York or Chicago.
Members without any commit are left out. What follows of it: the spread over the clock is real,
countries, and with them law and holidays, are likely ones, and there is no leave.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sunwise.cli.company import Company
from sunwise.contracts.people.directory import Person, Service, Snapshot, Team, Tier

DATA: Final = Path(__file__).resolve().parents[3] / "shared/data/people/k8s_teams_2026-08.csv"
SIZES: Final = range(5, 13)
_SAME: Final = 0.5  # of the members of two teams: one of them is enough

_PAIRS: Final = {
    frozenset({"-0800", "-0700"}): ("America/Los_Angeles", "US", "CA"),
    frozenset({"-0700", "-0600"}): ("America/Denver", "US", "CO"),
    frozenset({"-0600", "-0500"}): ("America/Chicago", "US", "TX"),
    frozenset({"-0500", "-0400"}): ("America/New_York", "US", "NY"),
    frozenset({"-0300", "-0200"}): ("America/Sao_Paulo", "BR", "SP"),
    frozenset({"+0000", "+0100"}): ("Europe/London", "GB", "ENG"),
    frozenset({"+0100", "+0200"}): ("Europe/Berlin", "DE", "BE"),
    frozenset({"+0200", "+0300"}): ("Europe/Warsaw", "PL", ""),
    frozenset({"+1000", "+1100"}): ("Australia/Sydney", "AU", "NSW"),
    frozenset({"+1200", "+1300"}): ("Pacific/Auckland", "NZ", ""),
}
"""Seen with both: who changes the clocks."""
_ALONE: Final = {
    "-0800": ("America/Los_Angeles", "US", "CA"),
    "-0700": ("America/Los_Angeles", "US", "CA"),
    "-0600": ("America/Denver", "US", "CO"),
    "-0500": ("America/Chicago", "US", "TX"),
    "-0400": ("America/New_York", "US", "NY"),
    "-0300": ("America/Sao_Paulo", "BR", "SP"),
    "+0000": ("Europe/London", "GB", "ENG"),
    "+0100": ("Europe/Berlin", "DE", "BE"),
    "+0200": ("Europe/Berlin", "DE", "BE"),
    "+0300": ("Europe/Istanbul", "TR", ""),
    "+0530": ("Asia/Kolkata", "IN", "KA"),
    "+0700": ("Asia/Bangkok", "TH", ""),
    "+0800": ("Asia/Shanghai", "CN", ""),
    "+0900": ("Asia/Tokyo", "JP", ""),
    "+1000": ("Australia/Sydney", "AU", "NSW"),
    "+1100": ("Australia/Sydney", "AU", "NSW"),
    "+1200": ("Pacific/Auckland", "NZ", ""),
    "+1300": ("Pacific/Auckland", "NZ", ""),
}
"""Seen with one only, most of them in summer."""


def kubernetes_company(most_teams: int | None = None) -> Company:
    """Teams of SIZES members with a known clock, each with one role around the clock.

    Of teams that share more than half of their members the first is taken. Raises FileNotFoundError
    when the data is not there.
    """
    people: dict[str, Person] = {}
    teams: list[Team] = []
    for name, members in _distinct(_members()):
        if len(teams) == most_teams:
            break
        people |= members
        teams.append(Team(id=name, name=name, members=tuple(sorted(members))))
    services = tuple(
        Service(id=team.id, name=team.name, tier=Tier.ONE_ROLE, team=team.id) for team in teams
    )
    snapshot = Snapshot(
        version=1, people=tuple(people.values()), teams=tuple(teams), services=services
    )
    return Company(snapshot=snapshot, leave=())


def _members() -> dict[str, dict[str, Person]]:
    found: dict[str, dict[str, Person]] = defaultdict(dict)
    with DATA.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            place = _place(row["commit_utc_offset"], row["all_offsets"].split("|"))
            if place is not None:
                name = f"{row['org']}.{row['team']}".lower()[:64]
                found[name][row["member"]] = _person(row["member"], place)
    return found


def _place(newest: str, seen: list[str]) -> tuple[str, str, str] | None:
    for pair, place in _PAIRS.items():
        if newest in pair and pair <= set(seen):
            return place
    return _ALONE.get(newest)


def _person(name: str, place: tuple[str, str, str]) -> Person:
    zone, country, subdivision = place
    return Person(
        id=name,
        name=name,
        email=f"{name}@kubernetes.example",
        zone=zone,
        country=country,
        subdivision=subdivision,
    )


def _distinct(teams: dict[str, dict[str, Person]]) -> Iterator[tuple[str, dict[str, Person]]]:
    chosen: list[set[str]] = []
    for name, members in sorted(teams.items()):
        names = set(members)
        near = any(len(names & other) > _SAME * len(names | other) for other in chosen)
        if len(names) in SIZES and not near:
            chosen.append(names)
            yield name, members
