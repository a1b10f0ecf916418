"""What was broken before the plan is no leave to break it further."""

import msgspec
import pytest

from sunwise.contracts.people.directory import Role
from sunwise.daylight.working_time import Duty
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.law import Diary
from sunwise.people.rota.core.problem import Gap, Rota, Shift
from tests.support.rota_teams import RULES, START_NS, person, team

STRICT = msgspec.structs.replace(RULES, week_limit_h=40, weekly_cap_h=60, weekly_rest_h=24)
DAY_H = 24


def duty(day, first_h=8, length_h=9):
    start_ns = START_NS + (day * DAY_H + first_h) * NS_PER_HOUR
    return Duty(start_ns, start_ns + length_h * NS_PER_HOUR)


FULL = tuple(duty(day) for day in range(5))
"""45 h in a week that may hold 40."""


def may(taken, held=FULL, rules=STRICT):
    """Whether the diary lets them, having made sure that the judge says the same."""
    problem = team("Etc/UTC", days=14)
    somebody = person("a", "Etc/UTC", rules=rules, held=held)
    problem = msgspec.structs.replace(problem, people=(somebody,))
    allowed = Diary(somebody, problem).may(taken)
    role = Role.PRIMARY
    gaps = (
        Gap(problem.start_ns, taken.start_ns, role),
        Gap(taken.end_ns, problem.end_ns, role),
    )
    assert allowed == (not check(problem, Rota(shifts=(Shift(*taken, role, "a"),), gaps=gaps)))
    return allowed


@pytest.mark.parametrize("day", [5, 7])
def test_hours_beyond_a_limit_that_is_broken_already_are_refused(day):
    """On day 7 the stretch that begins with day 1 is broken, which overlaps the one that was."""
    assert not may(duty(day))


def test_a_breach_elsewhere_is_no_reason_to_refuse():
    assert may(duty(12))


def test_a_rest_that_is_too_short_already_is_not_shortened():
    held = (duty(0, 8, 8), duty(0, 22, 6))
    assert not may(duty(0, 17, 1), held)
    assert may(duty(3), held)
