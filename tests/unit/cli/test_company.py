from collections import Counter
from datetime import date

import pytest

from sunwise.cli.company import invented_company, places
from sunwise.contracts.people.directory import Tier
from sunwise.daylight.public_holidays import public_holidays
from sunwise.daylight.zones import zone_names

FIRST, LAST = date(2026, 10, 19), date(2026, 11, 15)


def company(n_people=60, seed=7):
    return invented_company(n_people, seed=seed, first=FIRST, last=LAST)


@pytest.mark.parametrize("place", places(), ids=lambda place: f"{place.country}{place.subdivision}")
def test_every_place_has_a_zone_and_holidays(place):
    assert place.zone in zone_names()
    year = date(2026, 1, 1), date(2026, 12, 31)
    under_martial_law = place.country == "UA"  # which suspends them
    assert bool(public_holidays(place.country, place.subdivision, *year)) != under_martial_law


def test_the_same_seed_is_the_same_company_and_another_is_not():
    assert company() == company()
    assert company() != company(seed=8)


@pytest.mark.parametrize("n_people", [5, 9, 10, 11, 60, 1_000])
def test_everybody_is_in_a_team_and_every_team_owns_something(n_people):
    found = company(n_people).snapshot
    memberships = Counter(member for team in found.teams for member in team.members)
    assert set(memberships) == {person.id for person in found.people}
    assert len(found.people) == n_people
    assert max(memberships.values()) <= 3
    assert all(5 <= len(team.members) <= 13 for team in found.teams)
    assert {service.team for service in found.services} == {team.id for team in found.teams}


def test_who_is_on_duty_around_the_clock_has_a_deputy_far_away():
    around = [
        s for s in company(1_000).snapshot.services if s.tier in (Tier.ONE_ROLE, Tier.TWO_ROLES)
    ]
    assert len(around) > 50
    assert all(service.deputy and service.deputy != service.lead for service in around)


def test_a_company_of_sixty_has_every_tier():
    assert {service.tier for service in company().snapshot.services} == set(Tier)


def test_five_thousand_people_live_in_a_hundred_countries():
    found = company(5_000).snapshot
    assert len({person.country for person in found.people}) >= 100
    assert 550 <= len(found.services) <= 750


def test_leave_touches_the_days_asked_for():
    away = company().leave
    assert away
    assert all(
        leave.first <= leave.last and leave.last >= FIRST and leave.first <= LAST for leave in away
    )


@pytest.mark.parametrize("n_people", [4, 9_000])
def test_a_size_that_cannot_be_is_refused(n_people):
    with pytest.raises(ValueError, match="ask for 5 to 8000"):
        company(n_people)
