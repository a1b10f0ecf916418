"""What is to be planned of a company: a problem for each team and tier, four weeks long."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sunwise.cli.company import Company
from sunwise.contracts.people.directory import Leave, Role, Tier
from sunwise.contracts.people.directory import Person as Listed
from sunwise.daylight.public_holidays import public_holidays
from sunwise.daylight.working_time import Exemption, rules_over
from sunwise.daylight.zones import nanoseconds
from sunwise.people.rota.cover import daylight
from sunwise.people.rota.problem import Person, Problem

DAYS: Final = 28
ROLES: Final = {
    Tier.TWO_ROLES: (Role.PRIMARY, Role.SECONDARY),
    Tier.ONE_ROLE: (Role.PRIMARY,),
    Tier.DAYLIGHT: (Role.PRIMARY,),
}


def units(company: Company, first: date) -> list[Problem]:
    """A problem for each team and tier that asks for anybody, from `first` 00:00 UTC on."""
    last = first + timedelta(days=DAYS)  # the evening of the last day, somewhere
    start_ns = nanoseconds(datetime.combine(first, time(), UTC))
    away = _by_person(company.leave)
    people = {
        listed.id: _person(listed, away[listed.id], first, last)
        for listed in company.snapshot.people
    }
    found = []
    for team_id, tier in sorted({(each.team, each.tier) for each in company.snapshot.services}):
        team = next(each for each in company.snapshot.teams if each.id == team_id)
        members = tuple(people[member] for member in team.members)
        if tier in ROLES:
            wanted = daylight(members, start_ns, DAYS) if tier is Tier.DAYLIGHT else None
            found.append(
                Problem(
                    unit=f"{team_id}/{tier}",
                    start_ns=start_ns,
                    days=DAYS,
                    people=members,
                    roles=ROLES[tier],
                    wanted=wanted,
                )
            )
    return found


def connected(problems: list[Problem]) -> list[list[Problem]]:
    """The problems that share people, together and in order: they are planned one after the other."""
    groups: list[tuple[set[str], list[int]]] = []
    for number, problem in enumerate(problems):
        names = {person.id for person in problem.people}
        near = [group for group in groups if group[0] & names]
        together = sorted([number, *(each for _, numbers in near for each in numbers)])
        groups = [group for group in groups if group not in near]
        groups.append((names.union(*(others for others, _ in near)), together))
    return [[problems[number] for number in numbers] for _, numbers in groups]


def _by_person(leave: tuple[Leave, ...]) -> dict[str, frozenset[date]]:
    found: dict[str, frozenset[date]] = defaultdict(frozenset)
    for each in leave:
        found[each.person] |= frozenset(_days(each.first, each.last))
    return found


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _person(listed: Listed, away: frozenset[date], first: date, last: date) -> Person:
    return Person(
        id=listed.id,
        zone=listed.zone,
        rules=rules_over(listed.country, first, last),
        exemption=Exemption(
            no_nights=listed.exempt.no_nights,
            max_week_h=listed.exempt.max_week_h,
            max_days_in_row=listed.exempt.max_days_in_row,
        ),
        weekend=frozenset(range(7)) - frozenset(listed.hours.weekdays),
        holidays=public_holidays(
            listed.country, listed.subdivision, first - timedelta(days=1), last
        ),
        leave=away,
    )
