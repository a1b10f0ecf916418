"""Somebody's day and night: 07:00 to 22:00 on their own clock, and everything else."""

from typing import Final

import numpy as np

from sunwise.daylight.zones import local_minutes

DAY_BEGINS_MINUTE: Final = 7 * 60
DAY_ENDS_MINUTE: Final = 22 * 60


def is_day(minute_of_day: np.ndarray) -> np.ndarray:
    """Bool, elementwise: whether local 07:00 <= time < 22:00."""
    return (minute_of_day >= DAY_BEGINS_MINUTE) & (minute_of_day < DAY_ENDS_MINUTE)


def night_slots(name: str, start_ns: int, n_slots: int, *, slot_minutes: int = 60) -> np.ndarray:
    """(n_slots,) bool: whether each slot begins in that zone's night."""
    return ~is_day(local_minutes(name, start_ns, n_slots, slot_minutes=slot_minutes))
