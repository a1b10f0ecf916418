"""What an hour of duty costs somebody, by their own clock and calendar.

The unit is a point: a quarter of an hour of plain duty by day. The figures are ours, not law: a night
is worth three days of the same length, the small hours four, weekends one more and public holidays
two more. A company that pays by the ledger changes them in one place.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
import numpy as np

from sunwise.daylight.night import is_day
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE, local_days, local_minutes
from sunwise.people.rota.core.problem import Person, Problem, ordinals

QUARTER_NS: Final = 15 * NS_PER_MINUTE
QUARTERS_PER_HOUR: Final = 4
_THURSDAY: Final = 3  # 1970-01-01


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """Points a quarter of an hour."""

    day: int = 1
    night: int = 3
    """Outside local 07:00 to 22:00."""
    deep_night: int = 4
    """Local 00:00 to 05:00."""
    weekend: int = 1
    """In addition."""
    holiday: int = 2
    """In addition, on a public holiday."""


PRICES: Final = Prices()
DEEP_NIGHT_ENDS_MINUTE: Final = 5 * 60


class Quarters(NamedTuple):
    """One person's quarter hours of the window, from its start on."""

    start_ns: int
    night: np.ndarray
    """(n_quarters,) bool: outside their 07:00 to 22:00."""
    holiday: np.ndarray
    """(n_quarters,) bool"""
    weekend: np.ndarray
    """(n_quarters,) bool"""
    price: np.ndarray
    """(n_quarters,) int32, points"""


def quarters(person: Person, problem: Problem, prices: Prices = PRICES) -> Quarters:
    """What each quarter hour of the window is to that person."""
    minutes, days = _clock(person.zone, problem.start_ns, problem.n_hours * QUARTERS_PER_HOUR)
    night = ~is_day(minutes)
    holiday = np.isin(days, ordinals(person.holidays))
    weekend = np.isin((days + _THURSDAY) % 7, sorted(person.weekend))
    price = np.where(night, prices.night, prices.day)
    price[minutes < DEEP_NIGHT_ENDS_MINUTE] = prices.deep_night
    price += weekend * prices.weekend + holiday * prices.holiday
    return Quarters(problem.start_ns, night, holiday, weekend, price.astype(np.int32))


@lru_cache(maxsize=256)
def _clock(zone: str, start_ns: int, n_quarters: int) -> tuple[np.ndarray, np.ndarray]:
    return (
        local_minutes(zone, start_ns, n_quarters, slot_minutes=15),
        local_days(zone, start_ns, n_quarters, slot_minutes=15),
    )


def total(values: np.ndarray, start_ns: int, window: tuple[int, int]) -> float:
    """The sum of the quarter hours' values within the window; one that is cut counts in part.

    Right to the minute: zones change, and days and nights begin, at full quarter hours only.
    """
    first, last = ((at - start_ns) / QUARTER_NS for at in window)
    first, last = max(first, 0.0), min(last, float(len(values)))
    if first >= last:
        return 0.0
    begin, end = int(first), int(np.ceil(last))
    found = float(values[begin:end].sum())
    found -= (first - begin) * float(values[begin])
    return found - (end - last) * float(values[end - 1])


def hours(mask: np.ndarray, start_ns: int, window: tuple[int, int]) -> float:
    """Hours of the window in which the mask holds."""
    return total(mask, start_ns, window) / QUARTERS_PER_HOUR


def length_h(window: tuple[int, int]) -> float:
    """How long it is."""
    return (window[1] - window[0]) / NS_PER_HOUR
