"""Time zones by their IANA names, and the local time of many UTC hours at once."""

import difflib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import metadata, resources
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

NS_PER_S: Final = 1_000_000_000
NS_PER_MINUTE: Final = 60 * NS_PER_S
NS_PER_HOUR: Final = 60 * NS_PER_MINUTE
MINUTES_PER_DAY: Final = 1_440
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class UnknownZone(ValueError):
    """No time zone of this name; the message names those that are near."""


@lru_cache(maxsize=1_024)
def zone(name: str) -> ZoneInfo:
    """The zone `Area/City`, by the `tzdata` package that is installed with Sunwise.

    Never by the machine's own database: two machines would disagree about an hour, and a rota could not
    say by which rules it was planned. Raises UnknownZone.
    """
    if name not in zone_names():
        near = difflib.get_close_matches(name, sorted(zone_names()), n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "write it as Area/City."
        raise UnknownZone(f"{name!r} is not a time zone: {hint}")
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every name that `zone` knows."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


def tzdata_version() -> str:
    """Which time zone database plans are made with, such as 2026.6."""
    return metadata.version("tzdata")


def instant(at_ns: int) -> datetime:
    """A UTC datetime, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=at_ns // 1_000)


def nanoseconds(at: datetime) -> int:
    """The instant of an aware datetime, ns since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 1_000


def local(at_ns: int, name: str) -> datetime:
    """The instant as a clock in that zone shows it. Raises UnknownZone."""
    return instant(at_ns).astimezone(zone(name))


def offset_minutes(at_ns: int, name: str) -> int:
    """What that zone is ahead of UTC at the instant, in whole minutes."""
    delta = local(at_ns, name).utcoffset()
    assert delta is not None, "aware"
    return int(delta.total_seconds() // 60)


def offsets_minutes(
    name: str, start_ns: int, n_slots: int, *, slot_minutes: int = 60
) -> np.ndarray:
    """(n_slots,) int32: what the zone is ahead of UTC at the start of each slot, minutes.

    Cost: one question a day of slots, and a search where two days differ.
    """
    found = np.empty(n_slots, np.int32)
    per_day = max(1, MINUTES_PER_DAY // slot_minutes)
    step_ns = slot_minutes * NS_PER_MINUTE
    at = 0
    before = offset_minutes(start_ns, name)
    while at < n_slots:
        end = min(at + per_day, n_slots)
        after = offset_minutes(start_ns + end * step_ns, name)
        if before == after:
            found[at:end] = before
        else:  # a change within the day; two in one day do not happen
            for slot in range(at, end):
                found[slot] = offset_minutes(start_ns + slot * step_ns, name)
        at, before = end, after
    return found


def local_minutes(name: str, start_ns: int, n_slots: int, *, slot_minutes: int = 60) -> np.ndarray:
    """(n_slots,) int32: minutes since local midnight at the start of each slot, 0 to 1439."""
    utc = (start_ns // NS_PER_MINUTE) + np.arange(n_slots, dtype=np.int64) * slot_minutes
    ahead = offsets_minutes(name, start_ns, n_slots, slot_minutes=slot_minutes)
    minutes: np.ndarray = (utc + ahead) % MINUTES_PER_DAY
    return minutes.astype(np.int32)


def local_days(name: str, start_ns: int, n_slots: int, *, slot_minutes: int = 60) -> np.ndarray:
    """(n_slots,) int32: days since 1970-01-01 on the local calendar at the start of each slot."""
    utc = (start_ns // NS_PER_MINUTE) + np.arange(n_slots, dtype=np.int64) * slot_minutes
    ahead = offsets_minutes(name, start_ns, n_slots, slot_minutes=slot_minutes)
    days: np.ndarray = (utc + ahead) // MINUTES_PER_DAY
    return days.astype(np.int32)
