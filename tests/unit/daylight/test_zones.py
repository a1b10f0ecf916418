"""Local time of many hours at once equals what the standard library says hour by hour."""

import random
from datetime import UTC, datetime
from importlib import resources
from zoneinfo import TZPATH, reset_tzpath

import numpy as np
import pytest

from sunwise.daylight.night import is_day, night_slots
from sunwise.daylight.zones import (
    NS_PER_HOUR,
    UnknownZone,
    instant,
    local,
    local_days,
    local_minutes,
    nanoseconds,
    zone,
    zone_names,
)

START = nanoseconds(datetime(2026, 1, 1, tzinfo=UTC))
TWO_YEARS_H = 2 * 365 * 24


@pytest.mark.parametrize("name", sorted(zone_names()))
def test_every_zone_agrees_with_the_standard_library(name):
    minutes = local_minutes(name, START, TWO_YEARS_H)
    days = local_days(name, START, TWO_YEARS_H)
    hours = random.Random(name).sample(range(TWO_YEARS_H), 40)
    offsets = np.flatnonzero(np.diff(minutes.astype(int)) % 1_440 != 60)  # around each change
    for hour in [*hours, *(int(at) + step for at in offsets for step in (0, 1))]:
        shown = local(START + hour * NS_PER_HOUR, name)
        assert minutes[hour] == shown.hour * 60 + shown.minute, instant(START + hour * NS_PER_HOUR)
        assert days[hour] == (shown.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days


def test_a_zone_that_does_not_exist_is_refused_with_those_that_are_near():
    with pytest.raises(UnknownZone, match="Europe/Berlin"):
        zone("Europe/Berlyn")
    for hostile in ("", "../../etc/passwd", "Europe/" + "x" * 5_000, "Europe/\0", "localtime"):
        with pytest.raises(UnknownZone):
            zone(hostile)


def test_the_machines_own_database_is_not_asked(tmp_path):
    (tmp_path / "Europe").mkdir()
    tokyo = resources.files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo")
    (tmp_path / "Europe" / "Lisbon").write_bytes(tokyo.read_bytes())
    paths = TZPATH
    reset_tzpath([tmp_path])
    try:
        zone.cache_clear()
        assert local(START, "Europe/Lisbon").hour == 0
    finally:
        reset_tzpath(paths)


def test_night_is_outside_of_seven_to_ten_in_the_evening():
    assert is_day(np.array([419, 420, 1_319, 1_320])).tolist() == [False, True, True, False]
    nights = night_slots("Asia/Kolkata", START, 24)
    assert nights.tolist() == [h % 24 < 2 or h % 24 >= 17 for h in range(24)]  # 07:30 is 02:00 UTC
