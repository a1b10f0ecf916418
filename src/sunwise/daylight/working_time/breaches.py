"""Duty held against the rules: the check that every rota, swap and page must pass.

Independent of whoever made the plan: it looks at nothing but the duties. A breach names its rule, its
time and by how much. Lengths are hours that pass, so a duty over the hour that autumn repeats is one
hour longer than its clock says.

What is not handed in is rest. A plan is checked together with the duties before it, from the start
of the longest average on, or a breach over the seam is not seen.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from sunwise.daylight.night import DAY_BEGINS_MINUTE, DAY_ENDS_MINUTE
from sunwise.daylight.working_time.rules import Exemption, WorkingTime, exempted
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE, local, offset_minutes

_DAY_NS: Final = 24 * NS_PER_HOUR
_WEEK_NS: Final = 7 * _DAY_NS
_STEP_NS: Final = 15 * NS_PER_MINUTE  # every zone changes at a full quarter of an hour
_PAUSE_NS: Final = 30 * NS_PER_MINUTE  # less than this between two duties is no rest
_MUCH_NIGHT_NS: Final = 2 * NS_PER_HOUR  # with so much of it a duty is night duty
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
    """The start of the duty that breaks it, or of the weeks that hold too much."""
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

    `duties` in any order; those that touch or overlap count as one, and so do those with a pause of less
    than half an hour between them, which counts as duty. The exemption is applied to the rules. What
    breaks no rule breaks none without one of its joined duties either. Raises ValueError for a duty that
    ends before it begins. Cost: O(n log n) duties.
    """
    joined = join(duties)
    rules = exempted(rules, exemption)
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
    """The duties in order, those with no more than a pause between them as one. Raises ValueError.

    Such a pause comes about where somebody goes on in another role, and accepts it a minute late.
    """
    joined: list[Duty] = []
    for duty in sorted(duties):
        if duty.end_ns <= duty.start_ns:
            raise ValueError(f"{duty} must end after it begins: swap or drop it")
        if joined and duty.start_ns - joined[-1].end_ns < _PAUSE_NS:
            joined[-1] = Duty(joined[-1].start_ns, max(joined[-1].end_ns, duty.end_ns))
        else:
            joined.append(duty)
    return joined


def night_minutes(duty: Duty, zone: str, *, begins_minute: int, ends_minute: int) -> int:
    """Minutes of the duty between those two times of the local day, cut to whole ones.

    Counted as they pass: the hour that a clock change repeats is counted twice, the one that it
    skips is not.
    """
    nights = _nights(duty, zone, begins_minute=begins_minute, ends_minute=ends_minute)
    return sum(ns for _, ns in nights) // NS_PER_MINUTE


@lru_cache(maxsize=100_000)  # a planner asks for the same duties again and again
def _nights(
    duty: Duty, zone: str, *, begins_minute: int, ends_minute: int
) -> tuple[tuple[int, int], ...]:
    """Each night of the duty, by the local day since 1970 on which it begins, and ns in it."""
    begins_ns, ends_ns = begins_minute * NS_PER_MINUTE, ends_minute * NS_PER_MINUTE
    if ends_minute <= begins_minute:
        ends_ns += _DAY_NS
    nights: dict[int, int] = defaultdict(int)
    for at_ns, until_ns in _local_stretches(duty, zone):
        for night in range(at_ns // _DAY_NS - 1, until_ns // _DAY_NS + 1):
            midnight_ns = night * _DAY_NS
            first_ns = max(at_ns, midnight_ns + begins_ns)
            last_ns = min(until_ns, midnight_ns + ends_ns)
            if first_ns < last_ns:
                nights[night] += last_ns - first_ns
    return tuple(nights.items())


def _local_stretches(duty: Duty, zone: str) -> Iterator[tuple[int, int]]:
    """The duty as local ns since 1970, cut by day and wherever the clocks change."""
    at_ns = duty.start_ns
    while at_ns < duty.end_ns:
        offset = offset_minutes(at_ns, zone)
        until_ns = min(at_ns + _DAY_NS, duty.end_ns)
        if offset_minutes(until_ns, zone) != offset:
            until_ns = min(at_ns - at_ns % _STEP_NS + _STEP_NS, duty.end_ns)
        ahead_ns = offset * NS_PER_MINUTE
        yield at_ns + ahead_ns, until_ns + ahead_ns
        at_ns = until_ns


def _duty_lengths(duties: list[Duty], rules: WorkingTime, zone: str) -> Iterator[Breach]:
    for duty in duties:
        hours = (duty.end_ns - duty.start_ns) / NS_PER_HOUR
        if hours > rules.max_duty_h:
            yield Breach("max_duty_h", duty.start_ns, hours, rules.max_duty_h)
        if hours > rules.max_night_duty_h and _is_night_duty(duty, rules, zone):
            yield Breach("max_night_duty_h", duty.start_ns, hours, rules.max_night_duty_h)


def _is_night_duty(duty: Duty, rules: WorkingTime, zone: str) -> bool:
    return sum(ns for _, ns in _nights_of_law(duty, rules, zone)) >= _MUCH_NIGHT_NS


def _nights_of_law(duty: Duty, rules: WorkingTime, zone: str) -> tuple[tuple[int, int], ...]:
    return _nights(
        duty,
        zone,
        begins_minute=rules.night_begins_minute,
        ends_minute=rules.night_ends_minute,
    )


def _daily_rest(duties: list[Duty], rules: WorkingTime) -> Iterator[Breach]:
    for before, after in pairwise(duties):
        rest_h = (after.start_ns - before.end_ns) / NS_PER_HOUR
        if rest_h < rules.daily_rest_h:
            yield Breach("daily_rest_h", after.start_ns, rest_h, rules.daily_rest_h)


def _weekly_rest(duties: list[Duty], rules: WorkingTime) -> Iterator[Breach]:
    """From one long rest to the end of the next at most 7 days: a duty too late for that breaks it.

    So 6 duties of 12 h from Monday to Saturday leave 36 h to Monday, and 7 are one too many.
    """
    rest_ns = rules.weekly_rest_h * NS_PER_HOUR
    since_ns = before_ns = 0
    for number, duty in enumerate(duties):
        if number == 0 or duty.start_ns - before_ns >= rest_ns:
            since_ns = duty.start_ns
        before_ns = duty.end_ns
        left_ns = since_ns + _WEEK_NS - duty.end_ns
        if left_ns < rest_ns:
            left_h = max(0, left_ns) / NS_PER_HOUR
            yield Breach("weekly_rest_h", duty.start_ns, left_h, rules.weekly_rest_h)


def _weekly_hours(duties: list[Duty], rules: WorkingTime) -> Iterator[Breach]:
    yield from _hours_in("week_limit_h", duties, rules, weeks=1)
    yield from _hours_in("weekly_cap_h", duties, rules, weeks=rules.reference_weeks)


def _hours_in(rule: str, duties: list[Duty], rules: WorkingTime, *, weeks: int) -> Iterator[Breach]:
    """One breach for each stretch of so many weeks with too much, none of which overlap.

    Some window that begins with a duty is the fullest: one that begins within rest or ends within
    duty loses nothing by moving.
    """
    limit_h: float = getattr(rules, rule)
    before_ns = _running_total(duties)
    beyond = 0
    last_ns = 0
    for number, duty in enumerate(duties):
        until_ns = duty.start_ns + weeks * _WEEK_NS
        while beyond < len(duties) and duties[beyond].start_ns < until_ns:
            beyond += 1
        late_ns = max(0, duties[beyond - 1].end_ns - until_ns)
        counted_ns = before_ns[beyond] - before_ns[number] - late_ns
        hours = counted_ns * rules.standby_counts / NS_PER_HOUR / weeks
        if hours > limit_h and duty.start_ns >= last_ns:
            yield Breach(rule, duty.start_ns, hours, limit_h)
            last_ns = until_ns


def _running_total(duties: list[Duty]) -> list[int]:
    """Ns of duty before each duty, and of all at the end."""
    return list(accumulate((duty.end_ns - duty.start_ns for duty in duties), initial=0))


def _days_in_row(duties: list[Duty], rules: WorkingTime, zone: str) -> Iterator[Breach]:
    """A duty counts for the local day on which it begins; each day too many is a breach."""
    begun = {local(duty.start_ns, zone).toordinal(): duty.start_ns for duty in reversed(duties)}
    for day, row in _rows(sorted(begun)):
        if row > rules.max_days_in_row:
            yield Breach("max_days_in_row", begun[day], row, rules.max_days_in_row)


def _nights_in_row(duties: list[Duty], rules: WorkingTime, zone: str) -> Iterator[Breach]:
    """Each night too many is a breach, at the start of the first duty in it."""
    spent_ns: dict[int, int] = defaultdict(int)
    begun: dict[int, int] = {}
    for duty in duties:
        for night, ns in _nights_of_law(duty, rules, zone):
            spent_ns[night] += ns
            begun.setdefault(night, duty.start_ns)
    for night, row in _rows(sorted(n for n, ns in spent_ns.items() if ns >= _MUCH_NIGHT_NS)):
        if row > rules.max_nights_in_row:
            yield Breach("max_nights_in_row", begun[night], row, rules.max_nights_in_row)


def _rows(days: list[int]) -> Iterator[tuple[int, int]]:
    """Each day with its number in the row of days that follow each other."""
    row = 0
    for number, day in enumerate(days):
        row = row + 1 if number and day == days[number - 1] + 1 else 1
        yield day, row


def _own_nights(duties: list[Duty], zone: str) -> Iterator[Breach]:
    for duty in duties:
        minutes = night_minutes(
            duty, zone, begins_minute=DAY_ENDS_MINUTE, ends_minute=DAY_BEGINS_MINUTE
        )
        if minutes:
            yield Breach("no_nights", duty.start_ns, minutes / 60, 0)
