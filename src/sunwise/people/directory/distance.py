"""How far two zones are apart on the clock, at any time of a year: DST moves them differently."""

from functools import lru_cache
from typing import Final

import numpy as np

from sunwise.daylight.zones import MINUTES_PER_DAY, NS_PER_HOUR, offsets_minutes

DEPUTY_APART_H: Final = 6
YEAR_HOURS: Final = 366 * 24


@lru_cache(maxsize=1_024)
def offsets_of_year(zone: str, start_ns: int) -> np.ndarray:
    """(YEAR_HOURS,) int32: minutes ahead of UTC in each hour from `start_ns`. Raises UnknownZone."""
    ahead = offsets_minutes(zone, start_ns, YEAR_HOURS)
    ahead.setflags(write=False)
    return ahead


@lru_cache(maxsize=65_536)
def nearest_minutes(zone: str, other: str, start_ns: int) -> int:
    """The least that their clocks differ in the year from `start_ns`, 0 to 720. Raises UnknownZone.

    The difference is taken around the clock: 20 h ahead is 4 h behind.
    """
    ahead = np.abs(offsets_of_year(zone, start_ns) - offsets_of_year(other, start_ns))
    ahead %= MINUTES_PER_DAY
    return int(np.minimum(ahead, MINUTES_PER_DAY - ahead).min())


def start_of_day(at_ns: int) -> int:
    """Midnight UTC before the instant: from where a year is looked at, so that it is looked up once."""
    return at_ns - at_ns % (24 * NS_PER_HOUR)
