"""The rules that bind one person's duty: their country's, and their own exemptions."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

Hours = Annotated[float, msgspec.Meta(ge=0, le=168)]


class Confidence(StrEnum):
    """How far a row can be relied on."""

    PRIMARY = "primary"  # read in the law itself
    SECONDARY = "secondary"  # read in a summary by an authority
    ASSUMED = "assumed"  # nobody verified it


class WorkingTime(msgspec.Struct, frozen=True, kw_only=True):
    """What the law of one country demands between two dates; a row of a pack."""

    country: str
    """ISO 3166-1 alpha-2, or EU for what binds every member."""
    effective_from: date
    effective_until: date | None = None
    """The first day on which it no longer holds; None for as long as is known."""
    daily_rest_h: Hours = 11
    """Uninterrupted rest between two duties."""
    weekly_rest_h: Hours = 35
    """Uninterrupted rest that every 7 days must hold."""
    max_duty_h: Hours = 12
    """The longest duty without such a rest."""
    max_days_in_row: Annotated[int, msgspec.Meta(ge=1, le=14)] = 6
    """Local days with duty, one after the other."""
    weekly_cap_h: Hours = 48
    """Counted hours a week, averaged over `reference_weeks`."""
    week_limit_h: Hours = 60
    """Counted hours in any 7 days, whatever the average."""
    reference_weeks: Annotated[int, msgspec.Meta(ge=1, le=52)] = 1
    standby_counts: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """The part of standby without a call that counts as work."""
    night_begins_minute: Annotated[int, msgspec.Meta(ge=0, lt=1440)] = 23 * 60
    """Of the local day: where the law's own night begins, which is not ours of 22:00 to 07:00."""
    night_ends_minute: Annotated[int, msgspec.Meta(ge=0, lt=1440)] = 6 * 60
    max_nights_in_row: Annotated[int, msgspec.Meta(ge=0, le=14)] = 5
    """Duties, one after the other, that hold 2 h or more of that night."""
    max_night_duty_h: Hours = 12
    """The longest duty that holds 2 h or more of that night."""
    notice_days: Annotated[int, msgspec.Meta(ge=0, le=60)] = 14
    """A change later than this needs the person's own yes."""
    source: str
    """Law and article, with an address."""
    confidence: Confidence = Confidence.ASSUMED
    note: str = ""


class Exemption(msgspec.Struct, frozen=True, kw_only=True):
    """What one person is spared beyond the law. It has no field for a reason."""

    no_nights: bool = False
    """No duty outside local 07:00 to 22:00."""
    max_week_h: Hours | None = None
    max_days_in_row: Annotated[int, msgspec.Meta(ge=1, le=14)] | None = None


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
