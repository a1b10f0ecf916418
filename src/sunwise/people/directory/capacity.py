"""Whether a team can lawfully carry a tier: a bound from below, fast enough to ask at every change.

Whoever fails here cannot be planned by anybody; whoever passes may still fail, for the rota alone
gives the exact answer. For every band of the UTC day (all 576 of them) the hours that must be
covered in a week are held against the most that the law lets the team cover in it:

- a person carries at most `week_hours`, whatever the hours;
- at one hour of the day they carry at most 7 days less those that weekly rest takes;
- and only at hours that their exemptions and their hub's business hours allow.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from sunwise.contracts.people.directory import WorkingHours
from sunwise.daylight.night import is_day
from sunwise.daylight.working_time import WorkingTime
from sunwise.daylight.zones import MINUTES_PER_DAY
from sunwise.people.directory.distance import YEAR_HOURS, offsets_of_year

Law = Callable[[str], WorkingTime]
"""The rules of a country (ISO 3166-1 alpha-2)."""
_WEEK_H: Final = 168.0
_HOURS: Final = np.arange(24)
_LENGTHS: Final = np.arange(1, 25)
_BUSINESS_DAYS: Final = len(WorkingHours().weekdays)
_ALL_DAY: Final = np.ones(24, bool)


class Hand(NamedTuple):
    """What matters of one person for the question."""

    zone: str
    rules: WorkingTime
    """Their exemptions included."""
    no_nights: bool = False
    open_zone: str = ""
    """Zone of the hub in whose business hours alone they may do it; empty for at any hour."""


class Shortfall(NamedTuple):
    """What is missing at least."""

    people: int
    bands: tuple[tuple[int, int], ...]
    """UTC hours [from, until) in which too few may be on duty; (0, 24) is the whole clock."""


def week_hours(rules: WorkingTime) -> float:
    """The most hours a week that one person's duty can lawfully average."""
    counted = min(rules.weekly_cap_h, rules.week_limit_h)
    by_cap = counted / rules.standby_counts if rules.standby_counts else _WEEK_H
    return min(_WEEK_H, by_cap, _WEEK_H * _by_rest(rules))


def _week_days(rules: WorkingTime) -> float:
    """On how many days a week one hour of the day can be worked: weekly rest covers the others."""
    return 7 - rules.weekly_rest_h // 24


def _by_rest(rules: WorkingTime) -> float:
    """The densest that duties, their rests and a weekly rest can be packed, 0 to 1."""
    duty, rest = rules.max_duty_h, rules.daily_rest_h
    between = _WEEK_H - rules.weekly_rest_h  # the most from one weekly rest to the next
    densest, n = 0.0, 1
    while duty and (left := between - (n - 1) * rest) > 0:
        worked = min(n * duty, left)
        densest = max(densest, worked / (worked + (n - 1) * rest + rules.weekly_rest_h))
        if n * duty >= left:
            break
        n += 1
    return densest


def shortfall(
    hands: Sequence[Hand],
    roles: int,
    *,
    newcomer: WorkingTime,
    year_ns: int,
    hubs: Sequence[str] = (),
) -> Shortfall | None:
    """What the team lacks for so many roles around the clock; None if nothing can be shown.

    With `hubs`, their zones, only while one of them is at work. Looks at every combination of clock
    changes in the year from `year_ns`. Who is missing is counted in people with the rules of a
    `newcomer`, or of the member who may do most.
    """
    most = max((hand.rules for hand in hands), key=week_hours, default=newcomer)
    asked = _Asked(tuple(sorted(hands, key=_order)), roles, most, tuple(sorted(hubs)))
    return _shortfall(asked, year_ns)


class _Asked(NamedTuple):
    hands: tuple[Hand, ...]
    roles: int
    newcomer: WorkingTime
    hubs: tuple[str, ...]


def _order(hand: Hand) -> tuple[str, str, str, bool]:
    return hand.zone, hand.rules.country, hand.open_zone, hand.no_nights


@lru_cache(maxsize=8_192)
def _shortfall(asked: _Asked, year_ns: int) -> Shortfall | None:
    hours = np.array([week_hours(hand.rules) for hand in asked.hands])
    week = _BUSINESS_DAYS if asked.hubs else 7
    days = np.array([min(week, _week_days(hand.rules)) for hand in asked.hands])
    by_days = min(week, _week_days(asked.newcomer)) * _LENGTHS
    per_head = np.maximum(np.minimum(week_hours(asked.newcomer), by_days), 1.0)
    worst: Shortfall | None = None
    for may, is_open in _seasons(asked, year_ns):
        need = week * asked.roles * _windows(is_open[None, :])[0]
        lacking = need - _carried(may, hours, days)
        if (lacking <= 1e-6).all():
            continue
        people = math.ceil((lacking / per_head[:, None]).max() - 1e-9)
        if worst is None or people > worst.people:
            worst = Shortfall(people, _bands(lacking > 1e-6))
    return worst


def _carried(may: np.ndarray, hours: np.ndarray, days: np.ndarray) -> np.ndarray:
    """(24 lengths, 24 first hours) float: the most hours a week that can be covered in each band."""
    by_days = days[:, None, None] * _windows(may)
    carried: np.ndarray = np.minimum(by_days, hours[:, None, None]).sum(axis=0)
    return carried


def _windows(hours: np.ndarray) -> np.ndarray:
    """(rows, 24 lengths, 24 first hours) float: how many true hours each band of each row holds."""
    sums = np.cumsum(np.hstack([np.zeros((len(hours), 1)), hours, hours]), axis=1)
    windows: np.ndarray = sums[:, _HOURS[None, :] + _LENGTHS[:, None]] - sums[:, _HOURS][:, None, :]
    return windows


def _seasons(asked: _Asked, year_ns: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each state of the year's clocks: who may be on duty at which UTC hour, and must somebody.

    (people, 24) bool and (24,) bool.
    """
    bound = [hand for hand in asked.hands if hand.no_nights or hand.open_zone]
    zones = {zone for hand in bound for zone in (hand.zone, hand.open_zone) if zone}
    names = sorted(zones.union(asked.hubs))
    if not names:
        return [(np.ones((len(asked.hands), 24), bool), _ALL_DAY)]  # at any time of the year
    states = np.unique(np.stack([offsets_of_year(name, year_ns) for name in names]), axis=1).T
    found = []
    for state in states:
        ahead = dict(zip(names, state.tolist(), strict=True))
        may = np.array([_may(hand, ahead) for hand in asked.hands]).reshape(-1, 24)
        at_work = [_wholly(_is_business, ahead[hub]) for hub in asked.hubs]
        found.append((may, np.logical_or.reduce(at_work) if at_work else _ALL_DAY))
    return found


def _may(hand: Hand, ahead: dict[str, int]) -> np.ndarray:
    """(24,) bool: whether the hand may be on duty in some part of each UTC hour."""
    by_day = _partly(is_day, ahead[hand.zone]) if hand.no_nights else _ALL_DAY
    by_hub = _partly(_is_business, ahead[hand.open_zone]) if hand.open_zone else _ALL_DAY
    may: np.ndarray = by_day & by_hub
    return may


def _partly(holds: Callable[[np.ndarray], np.ndarray], ahead: int) -> np.ndarray:
    partly: np.ndarray = np.any(holds(_quarters(ahead)), axis=1)
    return partly


def _wholly(holds: Callable[[np.ndarray], np.ndarray], ahead: int) -> np.ndarray:
    wholly: np.ndarray = np.all(holds(_quarters(ahead)), axis=1)
    return wholly


def _quarters(ahead: int) -> np.ndarray:
    """(24, 4) int: the local minutes of the quarters of each UTC hour."""
    minutes: np.ndarray = (_HOURS[:, None] * 60 + np.arange(0, 60, 15) + ahead) % MINUTES_PER_DAY
    return minutes


def _is_business(minutes: np.ndarray) -> np.ndarray:
    usual = WorkingHours()
    return (minutes >= usual.begins_minute) & (minutes < usual.ends_minute)


def daylight_hours(zones: Sequence[str], year_ns: int) -> np.ndarray:
    """(YEAR_HOURS,) bool: whether somebody in one of the zones has day in each hour of the year."""
    utc = np.arange(YEAR_HOURS) * 60
    day = [is_day((utc + offsets_of_year(zone, year_ns)) % MINUTES_PER_DAY) for zone in zones]
    return np.logical_or.reduce(day) if day else np.zeros(YEAR_HOURS, bool)


def dark_bands(zones: Sequence[str], year_ns: int) -> tuple[tuple[int, int], ...]:
    """UTC hours [from, until) in which at some time of the year no owner has day."""
    lit: np.ndarray = np.all(daylight_hours(zones, year_ns).reshape(-1, 24), axis=0)
    return _runs(~lit)


def _bands(lacking: np.ndarray) -> tuple[tuple[int, int], ...]:
    """The shortest bands that lack somebody, put together."""
    length = int(np.flatnonzero(lacking.any(axis=1))[0]) + 1
    hours = np.zeros(24, bool)
    for first in np.flatnonzero(lacking[length - 1]):
        hours[(first + np.arange(length)) % 24] = True
    return _runs(hours)


def _runs(hours: np.ndarray) -> tuple[tuple[int, int], ...]:
    """The true stretches of the day, those over midnight as (22, 30 % 24)."""
    if hours.all():
        return ((0, 24),)
    starts = np.flatnonzero(hours & ~np.roll(hours, 1))
    ends = np.flatnonzero(hours & ~np.roll(hours, -1))
    if len(ends) and ends[0] < starts[0]:
        ends = np.roll(ends, -1)
    return tuple((int(a), int(b + 1) % 24 or 24) for a, b in zip(starts, ends, strict=True))


def shown(bands: Sequence[tuple[int, int]]) -> str:
    """The bands as text: `14:00-22:00 UTC`."""
    if tuple(bands) == ((0, 24),):
        return "around the clock"
    return ", ".join(f"{first:02}:00-{until:02}:00" for first, until in bands) + " UTC"
