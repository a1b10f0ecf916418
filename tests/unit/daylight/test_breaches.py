from datetime import date, datetime, timedelta

import msgspec
import pytest

from sunwise.daylight.working_time import (
    Duty,
    Exemption,
    WorkingTime,
    breaches,
    join,
    night_minutes,
)
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE, nanoseconds, zone

HOUSE = WorkingTime(country="HOUSE", effective_from=date(1970, 1, 1), source="a test's")
MONDAY = date(2026, 9, 7)  # no clock changes in the weeks that follow


def duty(place: str, begins: str, hours: float, *, day: int = 0) -> Duty:
    """`hours` that pass from a local time on, `day` days after MONDAY."""
    hour, minute = (int(part) for part in begins.split(":"))
    on = MONDAY + timedelta(days=day)
    start_ns = nanoseconds(datetime(on.year, on.month, on.day, hour, minute, tzinfo=zone(place)))
    return Duty(start_ns, start_ns + round(hours * NS_PER_HOUR))


def week(begins: str, hours: float, days, place: str = "Africa/Nairobi") -> list[Duty]:
    return [duty(place, begins, hours, day=day) for day in days]


def broken(duties, *, place="Africa/Nairobi", exemption=None, **rules) -> list[str]:
    found = breaches(
        duties,
        msgspec.structs.replace(HOUSE, **rules),
        zone=place,
        exemption=exemption or Exemption(),
    )
    return [breach.rule for breach in found]


LAX = {
    "daily_rest_h": 0,
    "weekly_rest_h": 0,
    "max_duty_h": 168,
    "max_days_in_row": 14,
    "weekly_cap_h": 168,
    "week_limit_h": 168,
    "max_nights_in_row": 14,
    "max_night_duty_h": 168,
}


def only(**rules) -> dict:
    return LAX | rules


@pytest.mark.parametrize(
    ("duties", "rules", "expected"),
    [
        pytest.param([], {}, [], id="no duty"),
        pytest.param(week("08:00", 8, range(5)), {}, [], id="an ordinary week"),
        pytest.param(week("08:00", 12, [0]), {}, [], id="the longest duty"),
        pytest.param(week("08:00", 12.25, [0]), {}, ["max_duty_h"], id="a duty too long"),
        pytest.param(
            week("08:00", 6, [0]) + week("14:00", 7, [0]),
            {},
            ["max_duty_h"],
            id="two that touch are one",
        ),
        pytest.param(
            week("08:00", 12, [0]) + week("07:00", 8, [1]), {}, [], id="11 h of rest is enough"
        ),
        pytest.param(
            week("08:00", 12, [0]) + week("06:45", 8, [1]), {}, ["daily_rest_h"], id="a short rest"
        ),
        pytest.param(
            week("07:00", 2, [0]) + week("09:29", 9, [0]), {}, [], id="a pause is no rest"
        ),
        pytest.param(
            week("07:00", 4, [0]) + week("11:29", 8, [0]), {}, ["max_duty_h"], id="a pause is duty"
        ),
        pytest.param(
            week("07:00", 2, [0]) + week("09:30", 9, [0]), {}, ["daily_rest_h"], id="half an hour"
        ),
        pytest.param(week("07:00", 8, range(6)), {}, [], id="six days and 37 h of rest"),
        pytest.param(
            week("07:00", 6, range(7)),
            only(weekly_rest_h=35),
            ["weekly_rest_h"],
            id="the seventh day leaves no weekly rest",
        ),
        pytest.param(
            week("07:00", 6, range(9)),
            only(weekly_rest_h=35),
            ["weekly_rest_h"] * 3,
            id="each day without weekly rest is one too many",
        ),
        pytest.param(
            week("07:00", 6, [0, 1, 2, 3, 5, 6, 7, 8, 9]),
            only(weekly_rest_h=35),
            [],
            id="a free Friday begins a new stretch",
        ),
        pytest.param(
            [Duty(duty("UTC", "00:00", 1).start_ns, duty("UTC", "00:00", 150).end_ns)],
            only(weekly_rest_h=35),
            ["weekly_rest_h"],
            id="one duty may leave no weekly rest",
        ),
        pytest.param(week("08:00", 10, range(6)), only(week_limit_h=60), [], id="60 h in a week"),
        pytest.param(
            week("08:00", 10, range(7)),
            only(week_limit_h=60),
            ["week_limit_h"],
            id="70 h in a week",
        ),
        pytest.param(
            week("08:00", 10, [2, 3, 4, 5, 6, 7, 8]),
            only(week_limit_h=60),
            ["week_limit_h"],
            id="a week is any seven days, not Monday to Sunday",
        ),
        pytest.param(
            week("08:00", 10, [*range(6), *range(7, 13)]),
            only(weekly_cap_h=48, reference_weeks=2),
            ["weekly_cap_h"],
            id="60 h twice is no average of 48 h",
        ),
        pytest.param(
            week("08:00", 10, [*range(6), *range(7, 10)]),
            only(weekly_cap_h=48, reference_weeks=2),
            [],
            id="60 h and 30 h are on average 45 h",
        ),
        pytest.param(
            week("08:00", 12, range(7)),
            only(week_limit_h=48, standby_counts=0.5),
            [],
            id="standby that counts by half",
        ),
        pytest.param(week("08:00", 4, range(6)), only(max_days_in_row=6), [], id="six days"),
        pytest.param(
            week("08:00", 4, range(8)),
            only(max_days_in_row=6),
            ["max_days_in_row"] * 2,
            id="two days too many",
        ),
        pytest.param(
            week("08:00", 2, range(6)) + week("14:00", 2, range(6)),
            only(max_days_in_row=6),
            [],
            id="two duties on a day are one day",
        ),
        pytest.param(
            week("22:00", 10, [0]),
            only(max_night_duty_h=8),
            ["max_night_duty_h"],
            id="a long night",
        ),
        pytest.param(
            week("14:45", 10, [0]),
            only(max_night_duty_h=8),
            [],
            id="under 2 h of night is no night",
        ),
        pytest.param(
            week("15:00", 10, [0]),
            only(max_night_duty_h=8),
            ["max_night_duty_h"],
            id="2 h of night are night duty",
        ),
        pytest.param(
            week("20:00", 4, [0]),
            only(max_night_duty_h=3),
            [],
            id="the law's night begins at 23, not at our 22",
        ),
        pytest.param(
            week("20:00", 4, [0]),
            only(max_night_duty_h=3, night_begins_minute=21 * 60),
            ["max_night_duty_h"],
            id="a law's own night counts",
        ),
        pytest.param(week("23:00", 6, range(5)), only(max_nights_in_row=5), [], id="five nights"),
        pytest.param(
            week("23:00", 6, range(6)),
            only(max_nights_in_row=5),
            ["max_nights_in_row"],
            id="the sixth night in a row",
        ),
        pytest.param(
            week("23:00", 1, range(6)) + week("01:00", 1, range(1, 7)),
            only(max_nights_in_row=5),
            ["max_nights_in_row"],
            id="two pieces of one night are one night",
        ),
        pytest.param(
            week("23:00", 6, [0, 1, 2, 4, 5, 6]),
            only(max_nights_in_row=5),
            [],
            id="a free night between",
        ),
        pytest.param(
            week("23:00", 6, [0]),
            only(max_nights_in_row=0),
            ["max_nights_in_row"],
            id="no night at all",
        ),
    ],
)
def test_each_rule_is_broken_only_beyond_its_limit(duties, rules, expected):
    assert broken(duties, **rules) == expected


@pytest.mark.parametrize(
    ("exemption", "expected"),
    [
        (Exemption(), []),
        (Exemption(no_nights=True), ["no_nights"]),
        (Exemption(max_week_h=20), ["week_limit_h"]),
        (Exemption(max_days_in_row=2), ["max_days_in_row"]),
    ],
)
def test_an_exemption_binds_beyond_the_law(exemption, expected):
    duties = [*week("14:00", 8, range(2)), duty("Africa/Nairobi", "14:00", 8.25, day=2)]
    assert broken(duties, exemption=exemption) == expected


def test_a_plan_that_is_lawful_alone_may_break_the_law_over_the_seam():
    before, after = week("08:00", 8, range(4)), week("08:00", 8, range(4, 8))
    assert broken(before) == broken(after) == []
    assert set(broken(before + after)) == {"weekly_rest_h", "max_days_in_row"}


def test_a_duty_over_the_repeated_hour_is_an_hour_longer():
    berlin = zone("Europe/Berlin")
    night = Duty(
        nanoseconds(datetime(2026, 10, 24, 19, tzinfo=berlin)),
        nanoseconds(datetime(2026, 10, 25, 7, tzinfo=berlin)),
    )
    assert broken([night], place="Europe/Berlin") == ["max_duty_h", "max_night_duty_h"]


def test_a_rest_over_the_skipped_hour_is_an_hour_shorter():
    new_york = zone("America/New_York")
    evening = nanoseconds(datetime(2027, 3, 13, 21, tzinfo=new_york))
    morning = nanoseconds(datetime(2027, 3, 14, 8, tzinfo=new_york))
    duties = [Duty(evening - 6 * NS_PER_HOUR, evening), Duty(morning, morning + 6 * NS_PER_HOUR)]
    assert broken(duties, place="America/New_York") == ["daily_rest_h"]


@pytest.mark.parametrize(
    ("first", "expected_h"),
    [
        ((10, 24), 10),
        ((3, 28), 8),
        ((7, 1), 9),
    ],
)
def test_a_night_has_the_hours_that_pass(first, expected_h):
    evening = datetime(2026, *first, 22, tzinfo=zone("Europe/Berlin"))
    night = Duty(nanoseconds(evening), nanoseconds(evening + timedelta(hours=9)))
    minutes = night_minutes(night, "Europe/Berlin", begins_minute=22 * 60, ends_minute=7 * 60)
    assert minutes == expected_h * 60


def test_a_window_within_one_day_is_no_night():
    noon = duty("Asia/Kathmandu", "09:15", 8)
    assert night_minutes(noon, "Asia/Kathmandu", begins_minute=600, ends_minute=660) == 60


def test_a_duty_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="must end after it begins"):
        join([Duty(NS_PER_MINUTE, 0)])


@pytest.mark.parametrize(("last_h", "expected"), [(13, []), (13.25, ["weekly_rest_h"])])
def test_a_stretch_and_its_weekly_rest_fill_seven_days(last_h, expected):
    duties = [*week("08:00", 8, range(5)), duty("Africa/Nairobi", "08:00", last_h, day=5)]
    assert broken(duties, **only(weekly_rest_h=35)) == expected


def test_one_breach_a_day_is_told_at_the_first_duty_of_it():
    days = week("08:00", 2, range(7)) + week("14:00", 2, range(7))
    rules = msgspec.structs.replace(HOUSE, **only(max_days_in_row=6))
    (breach,) = breaches(days, rules, zone="Africa/Nairobi")
    assert breach == ("max_days_in_row", duty("Africa/Nairobi", "08:00", 1, day=6).start_ns, 7, 6)
    nights = week("23:00", 1, range(6)) + week("01:00", 1, range(1, 7))
    rules = msgspec.structs.replace(HOUSE, **only(max_nights_in_row=5))
    (breach,) = breaches(nights, rules, zone="Africa/Nairobi")
    assert breach == ("max_nights_in_row", duty("Africa/Nairobi", "23:00", 1, day=5).start_ns, 6, 5)


def test_a_rest_that_is_long_gone_is_none_and_not_less():
    rules = msgspec.structs.replace(HOUSE, **only(weekly_rest_h=35))
    found = breaches(week("08:00", 8, range(9)), rules, zone="Africa/Nairobi")
    assert [breach.found for breach in found] == [16, 0, 0]


def test_a_breach_says_where_and_by_how_much():
    late = duty("Africa/Nairobi", "06:00", 8, day=1)
    (breach,) = breaches([duty("Africa/Nairobi", "08:00", 12), late], HOUSE, zone="Africa/Nairobi")
    assert breach == ("daily_rest_h", late.start_ns, 10, 11)
