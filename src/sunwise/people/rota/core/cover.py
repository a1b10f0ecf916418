"""Which hours of a window are to be covered: for a tier, and for a regulated activity."""

from collections.abc import Sequence
from datetime import date

import msgspec
import numpy as np

from sunwise.daylight.night import is_day
from sunwise.daylight.zones import NS_PER_HOUR, local_days, local_minutes
from sunwise.people.rota.core.problem import Person, Window, ordinals

_THURSDAY = 3  # 1970-01-01


class BusinessHours(msgspec.Struct, frozen=True, kw_only=True):
    """When a licensed hub is at work, on its own clock."""

    zone: str
    begins_minute: int = 540
    ends_minute: int = 1_080
    weekdays: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    holidays: frozenset[date] = frozenset()


def daylight(people: Sequence[Person], start_ns: int, days: int) -> tuple[Window, ...]:
    """The full UTC hours of which every minute is day for at least one of the people."""
    anybody = np.zeros(days * 24, np.bool_)
    for zone in {person.zone for person in people}:
        minutes = local_minutes(zone, start_ns, days * 96, slot_minutes=15)
        anybody |= np.asarray(is_day(minutes).reshape(-1, 4).all(axis=1))
    return _windows(anybody, start_ns)


def business(hubs: Sequence[BusinessHours], start_ns: int, days: int) -> tuple[Window, ...]:
    """The full UTC hours in which at least one of the hubs is at work."""
    anybody = np.zeros(days * 24, np.bool_)
    for hub in hubs:
        anybody |= _open(hub, start_ns, days)
    return _windows(anybody, start_ns)


def outside(hub: BusinessHours, start_ns: int, days: int) -> tuple[Window, ...]:
    """When somebody of that hub may not hold a regulated duty: for `Person.closed`."""
    return _windows(~_open(hub, start_ns, days), start_ns)


def _open(hub: BusinessHours, start_ns: int, days: int) -> np.ndarray:
    minutes = local_minutes(hub.zone, start_ns, days * 96, slot_minutes=15)
    dates = local_days(hub.zone, start_ns, days * 96, slot_minutes=15)
    working = np.isin((dates + _THURSDAY) % 7, sorted(hub.weekdays))
    working &= ~np.isin(dates, ordinals(hub.holidays))
    working &= (minutes >= hub.begins_minute) & (minutes < hub.ends_minute)
    return np.asarray(working.reshape(-1, 4).all(axis=1))


def _windows(hours: np.ndarray, start_ns: int) -> tuple[Window, ...]:
    edges = np.flatnonzero(np.diff(hours.astype(np.int8), prepend=0, append=0))
    return tuple(
        Window(start_ns + int(first) * NS_PER_HOUR, start_ns + int(last) * NS_PER_HOUR)
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    )
