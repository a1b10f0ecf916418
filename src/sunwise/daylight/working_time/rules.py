"""The rules that bind one person's duty: their country's, and their own exemptions."""

from datetime import date
from enum import StrEnum
from functools import reduce
from typing import Annotated

import msgspec

Hours = Annotated[float, msgspec.Meta(ge=0, le=168)]
Days = Annotated[int, msgspec.Meta(ge=1, le=14)]
NightBegins = Annotated[int, msgspec.Meta(ge=720, lt=1_440)]
NightEnds = Annotated[int, msgspec.Meta(ge=0, lt=720)]


class Confidence(StrEnum):
    """How far a row can be relied on."""

    PRIMARY = "primary"  # read in the law itself
    SECONDARY = "secondary"  # read in a summary, of an authority or a lawyer
    ASSUMED = "assumed"  # nobody verified it


class WorkingTime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the law of one country demands between two dates; a row of a pack.

    The defaults are the house's floor: what holds where a law is silent, and the least that anybody
    is owed where it asks for less.
    """

    country: Annotated[str, msgspec.Meta(pattern="^([A-Z]{2}|HOUSE)$")]
    """ISO 3166-1 alpha-2; EU for what binds every member, HOUSE for the floor."""
    effective_from: date
    effective_until: date | None = None
    """The first day on which it no longer holds; None for as long as is known."""
    daily_rest_h: Hours = 11
    """Uninterrupted rest between two duties; a pause of less than half an hour makes them one."""
    weekly_rest_h: Hours = 35
    """Uninterrupted rest; from the end of one to the end of the next at most 7 days pass."""
    max_duty_h: Hours = 12
    """The longest duty without the daily rest."""
    max_days_in_row: Days = 6
    """Local days on which a duty begins, one after the other."""
    weekly_cap_h: Hours = 48
    """Counted hours a week, averaged over any `reference_weeks`."""
    week_limit_h: Hours = 60
    """Counted hours in any 7 days, whatever the average."""
    reference_weeks: Annotated[int, msgspec.Meta(ge=1, le=52)] = 4
    """Weeks over which `weekly_cap_h` is an average."""
    standby_counts: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """The part of standby without a call that counts as work."""
    night_begins_minute: NightBegins = 23 * 60
    """Of the local day: where the law's own night begins, which is not ours of 22:00 to 07:00."""
    night_ends_minute: NightEnds = 6 * 60
    """Of the next local day."""
    max_nights_in_row: Annotated[int, msgspec.Meta(ge=0, le=14)] = 5
    """Nights, one after the other, of which duty takes 2 h or more."""
    max_night_duty_h: Hours = 12
    """The longest duty that holds 2 h or more of that night."""
    notice_days: Annotated[int, msgspec.Meta(ge=0, le=60)] = 14
    """A change later than this needs the person's own yes."""
    source: Annotated[str, msgspec.Meta(min_length=10)]
    """Law and article."""
    confidence: Confidence = Confidence.ASSUMED
    note: str = ""


class Exemption(msgspec.Struct, frozen=True, kw_only=True):
    """What one person is spared beyond the law. It has no field for a reason."""

    no_nights: bool = False
    """No duty outside local 07:00 to 22:00."""
    max_week_h: Hours | None = None
    max_days_in_row: Days | None = None


def strictest(first: WorkingTime, *others: WorkingTime) -> WorkingTime:
    """One row that breaks none of them: of each rule the strictest, of two nights the longer.

    Country, sources and note are those of all, in their order; the confidence is the weakest.
    """
    return reduce(_stricter, others, first)


def _stricter(one: WorkingTime, two: WorkingTime) -> WorkingTime:
    least = {name: min(getattr(one, name), getattr(two, name)) for name in _LESS_IS_STRICTER}
    most = {name: max(getattr(one, name), getattr(two, name)) for name in _MORE_IS_STRICTER}
    ends = [row.effective_until for row in (one, two) if row.effective_until is not None]
    return WorkingTime(
        **least,
        **most,
        country=one.country,
        effective_from=max(one.effective_from, two.effective_from),
        effective_until=min(ends, default=None),
        source=_both(one.source, two.source),
        confidence=max(one.confidence, two.confidence, key=_WEAKNESS.index),
        note=_both(one.note, two.note),
    )


_LESS_IS_STRICTER = (
    "max_duty_h",
    "max_days_in_row",
    "weekly_cap_h",
    "week_limit_h",
    "reference_weeks",
    "night_begins_minute",
    "max_nights_in_row",
    "max_night_duty_h",
)
_MORE_IS_STRICTER = (
    "daily_rest_h",
    "weekly_rest_h",
    "standby_counts",
    "night_ends_minute",
    "notice_days",
)
_WEAKNESS = (Confidence.PRIMARY, Confidence.SECONDARY, Confidence.ASSUMED)


def _both(one: str, two: str) -> str:
    return one if not two or two in one else f"{one}; {two}" if one else two


def exempted(rules: WorkingTime, exemption: Exemption) -> WorkingTime:
    """The stricter of both."""
    week = exemption.max_week_h
    days = exemption.max_days_in_row
    return msgspec.structs.replace(
        rules,
        weekly_cap_h=rules.weekly_cap_h if week is None else min(week, rules.weekly_cap_h),
        week_limit_h=rules.week_limit_h if week is None else min(week, rules.week_limit_h),
        max_days_in_row=rules.max_days_in_row if days is None else min(days, rules.max_days_in_row),
    )
