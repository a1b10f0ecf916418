from datetime import UTC, date, datetime

import msgspec
import pytest

from sunwise.contracts.people.directory import Role
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE, UnknownZone, nanoseconds
from sunwise.people.rota.core import cover
from sunwise.people.rota.core.burden import hours, quarters
from sunwise.people.rota.core.problem import (
    BadProblem,
    Shift,
    Window,
    absences,
    checked,
    wanted_hours,
)
from tests.support.rota_teams import BOTH, START_NS, person, team


def at(*moment):
    return nanoseconds(datetime(*moment, tzinfo=UTC))


def night_h(zone, *window, **facts):
    problem = team(zone, start_ns=at(2026, 10, 19), **facts)
    clock = quarters(problem.people[0], problem)
    return hours(clock.night, clock.start_ns, window)


@pytest.mark.parametrize(
    ("facts", "advice"),
    [
        ({"start_ns": START_NS + NS_PER_MINUTE}, "full UTC hour"),
        ({"days": 0}, "plan 1 to"),
        ({"days": 400}, "best 28"),
        ({"roles": ()}, "at least one"),
        ({"roles": (Role.PRIMARY, Role.PRIMARY)}, "each role once"),
        ({"people": (person("a", "Asia/Tokyo"), person("a", "Asia/Tokyo"))}, "merge"),
        ({"fixed": (Shift(START_NS, START_NS + NS_PER_HOUR, Role.PRIMARY, "no"),)}, "nobody"),
        ({"wanted": (Window(START_NS + 1, START_NS + NS_PER_HOUR),)}, "full UTC hours"),
    ],
)
def test_a_bad_problem_says_what_to_change(facts, advice):
    problem = msgspec.structs.replace(team("Asia/Tokyo"), **facts)
    with pytest.raises(BadProblem, match=advice):
        checked(problem)


def test_an_unknown_zone_is_refused_by_name():
    with pytest.raises(UnknownZone, match="Asia/Tokio"):
        checked(team("Asia/Tokio"))


def test_skills_decide_who_is_able():
    problem = team("Asia/Tokyo", "Asia/Tokyo", skills=frozenset({"dba"}))
    skilled = person("z", "Asia/Tokyo", skills=frozenset({"dba", "go"}))
    problem = msgspec.structs.replace(problem, people=(*problem.people, skilled))
    assert [each.id for each in problem.able()] == ["z"]


def test_leave_lasts_from_local_midnight_to_local_midnight():
    away = person("a", "Asia/Kolkata", leave=frozenset({date(2026, 10, 20), date(2026, 10, 21)}))
    expected = Window(at(2026, 10, 19, 18, 30), at(2026, 10, 21, 18, 30))
    assert absences(away, team("Asia/Tokyo")) == (expected,)


def test_leave_on_the_day_of_a_clock_change_lasts_25_hours():
    away = person("a", "Europe/Paris", leave=frozenset({date(2026, 10, 25)}))
    expected = Window(at(2026, 10, 24, 22), at(2026, 10, 25, 23))
    assert absences(away, team("Asia/Tokyo")) == (expected,)


def test_night_is_counted_by_the_minute_in_half_hour_zones():
    # 07:00 in Kolkata is 01:30 UTC.
    assert night_h("Asia/Kolkata", at(2026, 10, 20, 1), at(2026, 10, 20, 2)) == 0.5
    assert night_h(
        "Asia/Kolkata", at(2026, 10, 20, 1, 20), at(2026, 10, 20, 1, 40)
    ) == pytest.approx(10 / 60)
    assert night_h("Asia/Kathmandu", at(2026, 10, 20, 1), at(2026, 10, 20, 2)) == 0.25


def test_the_night_of_a_clock_change_is_an_hour_longer():
    saturday = at(2026, 10, 24, 12), at(2026, 10, 25, 12)
    assert night_h("Europe/Paris", *saturday) == 10
    assert night_h("Asia/Tokyo", *saturday) == 9


def test_burden_prices_nights_weekends_and_holidays():
    problem = team("Europe/London", start_ns=at(2026, 12, 24), days=3)
    someone = person("a", "Europe/London", holidays=frozenset({date(2026, 12, 25)}))
    price = quarters(someone, problem).price.reshape(-1, 4)[:, 0]
    assert list(price[[12, 23, 24, 36, 48 + 12]]) == [1, 3, 6, 3, 2]  # 26 December is a Saturday


def test_daylight_cover_follows_the_clocks_of_the_owners():
    problem = team("Europe/Paris", "Asia/Kolkata")
    windows = cover.daylight(problem.people, START_NS, 28)
    covered = wanted_hours(msgspec.structs.replace(problem, wanted=windows)).reshape(28, 24)
    assert list(covered[0].nonzero()[0][[0, -1]]) == [2, 19]  # 01:30 UTC is no full hour
    assert list(covered[27].nonzero()[0][[0, -1]]) == [2, 20]


def test_business_cover_has_neither_weekends_nor_holidays():
    hub = cover.BusinessHours(zone="Asia/Dubai", holidays=frozenset({date(2026, 10, 20)}))
    problem = team("Asia/Dubai", days=7, wanted=cover.business([hub], START_NS, 7))
    assert list(wanted_hours(problem).reshape(7, 24).sum(axis=1)) == [9, 0, 9, 9, 9, 0, 0]
    closed = cover.outside(hub, START_NS, 7)
    assert sum(end - start for start, end in closed) == (7 * 24 - 4 * 9) * NS_PER_HOUR


def test_two_roles_are_two_people():
    assert team("Asia/Tokyo", roles=BOTH).roles == (Role.PRIMARY, Role.SECONDARY)
