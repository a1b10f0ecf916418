"""How long somebody may lawfully keep a duty, against the rule that ends it."""

from datetime import date

from sunwise.daylight.working_time import Duty, Exemption, WorkingTime
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.handoff.rest import may_take, rest_limit_ns

RULES = WorkingTime(country="KE", effective_from=date(2026, 1, 1), source="test")
MONDAY_7 = 2_930 * 7 * 24 * NS_PER_HOUR + 4 * 24 * NS_PER_HOUR + 7 * NS_PER_HOUR


def hours(first: float, last: float) -> Duty:
    return Duty(MONDAY_7 + round(first * NS_PER_HOUR), MONDAY_7 + round(last * NS_PER_HOUR))


def kept_h(duties: list[Duty], until: Duty, **others) -> float:
    limit = rest_limit_ns(duties, until.end_ns, RULES, zone="UTC", **others)
    return (limit - until.end_ns) / NS_PER_HOUR


def test_the_longest_duty_is_a_limit():
    shift = hours(0, 8)
    assert kept_h([shift], shift) == RULES.max_duty_h - 8


def test_the_rest_before_the_next_duty_is_a_limit():
    shift = hours(0, 8)
    assert kept_h([shift, hours(20, 28)], shift) == 1


def test_a_full_shift_cannot_be_kept_for_a_minute():
    shift = hours(0, 12)
    assert kept_h([shift], shift) == 0


def test_the_weeks_hours_are_a_limit():
    week = [hours(24 * day, 24 * day + 9) for day in range(5)]
    assert kept_h(week, week[-1]) == RULES.weekly_cap_h - 45


def test_who_is_spared_nights_is_released_at_their_ten_in_the_evening():
    shift = hours(8, 14)
    assert kept_h([shift], shift, exemption=Exemption(no_nights=True)) == 1


def test_a_plan_that_breaks_a_rule_already_is_not_made_worse():
    shift = hours(0, 13)
    assert kept_h([shift], shift) == 0


def test_a_duty_in_somebodys_rest_may_not_be_taken():
    own = hours(0, 8)
    assert not may_take([own], hours(12, 16), RULES, zone="UTC")
    assert may_take([own], hours(19, 24), RULES, zone="UTC")
