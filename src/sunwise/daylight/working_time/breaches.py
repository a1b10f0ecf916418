"""Duty held against the rules: the check that every rota, swap and page must pass.

Independent of whoever made the plan: it looks at nothing but the duties. A breach names its rule, its
time and by how much.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from sunwise.daylight.night import DAY_BEGINS_MINUTE, DAY_ENDS_MINUTE
from sunwise.daylight.working_time.rules import Exemption, WorkingTime
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE, local

_DAY_NS: Final = 24 * NS_PER_HOUR
_WEEK_NS: Final = 7 * _DAY_NS
_MUCH_NIGHT_MINUTES: Final = 120  # with so much of it a duty is night duty
_NO_EXEMPTION: Final = Exemption()


class Duty(NamedTuple):
    """A stretch of duty, ns since 1970; the end is exclusive."""

    start_ns: int
    end_ns: int


class Breach(NamedTuple):
    """A rule that a duty breaks."""

    rule: str
    """Name of the field of WorkingTime or Exemption."""
    at_ns: int
    """Where it is broken: the start of the duty, or of the week, that breaks it."""
    found: float
    allowed: float


def breaches(
    duties: Sequence[Duty],
    rules: WorkingTime,
    *,
    zone: str,
    exemption: Exemption = _NO_EXEMPTION,
) -> list[Breach]:
    """Every rule that these duties of one person break, in order of time.

    `duties` in any order; those that touch or overlap count as one. Cost: O(duties).
    """
    joined = join(duties)
    found = [
        *_duty_lengths(joined, rules, zone),
        *_daily_rest(joined, rules),
        *_weekly_rest(joined, rules),
        *_weekly_hours(joined, rules),
        *_days_in_row(joined, rules, zone),
        *_nights_in_row(joined, rules, zone),
    ]
    if exemption.no_nights:
        found += _own_nights(joined, zone)
    return sorted(found, key=lambda breach: breach.at_ns)


def join(duties: Sequence[Duty]) -> list[Duty]:
    """The duties in order, those that touch or overlap as one."""
    joined: list[Duty] = []
    for duty in sorted(duties):
        if joined and duty.start_ns <= joined[-1].end_ns:
            joined[-1] = Duty(joined[-1].start_ns, max(joined[-1].end_ns, duty.end_ns))
        else:
            joined.append(duty)
    return joined


@lru_cache(maxsize=100_000)  # a planner asks for the same duties again and again
def night_minutes(duty: Duty, zone: str, *, begins_minute: int, ends_minute: int) -> int:
    """Minutes of the duty between those two times of the local day, by the minute.

    Counted as they pass: the hour that a clock change repeats is counted twice, the one that it
    skips is not.
    """
    return sum(
        _overlap(at, until, begins_minute, ends_minute) for at, until in _local_pieces(duty, zone)
    )


def _local_pieces(duty: Duty, zone: str) -> Iterator[tuple[int, int]]:
    """The duty cut at full UTC quarter hours into pieces, as minutes of the local day."""
    at = duty.start_ns
    step = 15 * NS_PER_MINUTE  # every zone changes at a full quarter of an hour
    while at < duty.end_ns:
        end = min(at - at % step + step, duty.end_ns)
        shown = local(at, zone)
        minute = shown.hour * 60 + shown.minute
        yield minute, minute + (end - at) // NS_PER_MINUTE
        at = end


def _overlap(at: int, until: int, begins: int, ends: int) -> int:
    spans = ((begins, ends),) if begins < ends else ((begins, 1_440), (0, ends))
    return sum(max(0, min(until, last) - max(at, first)) for first, last in spans)


def _duty_lengths(duties: list[Duty], rules: WorkingTime, zone: str) -> Iterator[Breach]:
    for duty in duties:
        hours = (duty.end_ns - duty.start_ns) / NS_PER_HOUR
        if hours > rules.max_duty_h:
            yield Breach("max_duty_h", duty.start_ns, hours, rules.max_duty_h)
        if hours > rules.max_night_duty_h and _is_night_duty(duty, rules, zone):
            yield Breach("max_night_duty_h", duty.start_ns, hours, rules.max_night_duty_h)


def _daily_rest(duties: list[Duty], rules: WorkingTime) -> Iterator[Breach]:
    for before, after in pairwise(duties):
        rest_h = (after.start_ns - before.end_ns) / NS_PER_HOUR
        if rest_h < rules.daily_rest_h:
            yield Breach("daily_rest_h", after.start_ns, rest_h, rules.daily_rest_h)


def _weekly_rest(duties: list[Duty], rules: WorkingTime) -> Iterator[Breach]:
    """Between two rests that are long enough there may be no 7 days without one."""
    if not duties:
        return
    rest_ns = rules.weekly_rest_h * NS_PER_HOUR
    since_ns = duties[0].start_ns
    for before, after in pairwise(duties):
        if after.start_ns - before.end_ns >= rest_ns:
            since_ns = after.start_ns
        elif after.end_ns - since_ns > _WEEK_NS - rest_ns:
            longest_h = (_WEEK_NS - (after.end_ns - since_ns)) / NS_PER_HOUR
            yield Breach("weekly_rest_h", after.start_ns, longest_h, rules.weekly_rest_h)
            since_ns = after.start_ns


def _weekly_hours(duties: list[Duty], rules: WorkingTime) -> Iterator[Breach]:
    for rule, limit_h, weeks in (
        ("week_limit_h", rules.week_limit_h, 1),
        ("weekly_cap_h", rules.weekly_cap_h, rules.reference_weeks),
    ):
        last = 0
        for number, duty in enumerate(duties):  # a window is fullest when it begins with a duty
            until_ns = duty.start_ns + weeks * _WEEK_NS
            counted_ns = sum(
                min(each.end_ns, until_ns) - each.start_ns
                for each in duties[number:]
                if each.start_ns < until_ns
            )
            hours = counted_ns * rules.standby_counts / NS_PER_HOUR / weeks
            if hours > limit_h and duty.start_ns >= last:
                yield Breach(rule, duty.start_ns, hours, limit_h)
                last = until_ns


def _days_in_row(duties: list[Duty], rules: WorkingTime, zone: str) -> Iterator[Breach]:
    """A duty counts for the local day on which it begins."""
    row: list[int] = []
    for duty in duties:
        day = local(duty.start_ns, zone).toordinal()
        if row and day > row[-1] + 1:
            row = []
        if not row or day != row[-1]:
            row.append(day)
        if len(row) > rules.max_days_in_row:
            yield Breach("max_days_in_row", duty.start_ns, len(row), rules.max_days_in_row)
            row = [day]


def _nights_in_row(duties: list[Duty], rules: WorkingTime, zone: str) -> Iterator[Breach]:
    row = 0
    before_ns = 0
    for duty in duties:
        follows = duty.start_ns - before_ns < _DAY_NS
        row = (row + 1 if follows else 1) if _is_night_duty(duty, rules, zone) else 0
        before_ns = duty.end_ns
        if row > rules.max_nights_in_row:
            yield Breach("max_nights_in_row", duty.start_ns, row, rules.max_nights_in_row)
            row = 1


def _own_nights(duties: list[Duty], zone: str) -> Iterator[Breach]:
    for duty in duties:
        minutes = night_minutes(
            duty, zone, begins_minute=DAY_ENDS_MINUTE, ends_minute=DAY_BEGINS_MINUTE
        )
        if minutes:
            yield Breach("no_nights", duty.start_ns, minutes / 60, 0)


def _is_night_duty(duty: Duty, rules: WorkingTime, zone: str) -> bool:
    minutes = night_minutes(
        duty,
        zone,
        begins_minute=rules.night_begins_minute,
        ends_minute=rules.night_ends_minute,
    )
    return minutes >= _MUCH_NIGHT_MINUTES
