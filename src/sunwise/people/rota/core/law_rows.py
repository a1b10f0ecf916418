"""The rules of one person's duty as rows of the model: what their slots must not break together.

What a slot breaks by itself, or beside what the person holds, never becomes a variable (`Diary.may`).
The rows hold the rest as `daylight.working_time.breaches` reads it, and one thing stricter: a second
duty that begins on the same local day counts as a day of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, groupby
from typing import Final, NamedTuple

from ortools.sat.python import cp_model

from sunwise.daylight.working_time import Duty, WorkingTime, night_minutes
from sunwise.daylight.zones import NS_PER_HOUR, local
from sunwise.people.rota.core.burden import QUARTER_NS
from sunwise.people.rota.core.patterns import Slot
from sunwise.people.rota.core.problem import HOURS_PER_DAY, Person

DAY_NS: Final = HOURS_PER_DAY * NS_PER_HOUR
WEEK_NS: Final = 7 * DAY_NS
NIGHT_DUTY_MINUTES: Final = 120

Taken = cp_model.IntVar | int


class _Duty(NamedTuple):
    """A duty that may be taken, or one that is: then `taken` is 1."""

    start_ns: int
    end_ns: int
    taken: Taken


class LawRows:
    """Adds the rows of one person to the model."""

    def __init__(
        self,
        cp: cp_model.CpModel,
        person: Person,
        held: Iterable[Duty],
        variables: Mapping[Slot, cp_model.IntVar],
    ) -> None:
        self._cp = cp
        self._person = person
        self._law: WorkingTime = person.law
        self._free = [_Duty(*slot[:2], taken) for slot, taken in sorted(variables.items())]
        self._all = sorted(
            [*self._free, *(_Duty(*duty, 1) for duty in held)], key=lambda duty: duty[:2]
        )
        self._starts = list(dict.fromkeys(duty.start_ns for duty in self._all))
        self._last_ns = max((duty.end_ns for duty in self._all), default=0)

    def add(self) -> None:
        """All of them."""
        if not self._free:
            return
        self._daily_rest()
        self._days_in_row()
        self._hours(self._law.week_limit_h, 1)
        self._hours(self._law.weekly_cap_h, self._law.reference_weeks)
        self._weekly_rest()
        self._nights_in_row()

    def _daily_rest(self) -> None:
        rest_ns = int(self._law.daily_rest_h * NS_PER_HOUR)
        for at_ns in dict.fromkeys(each.start_ns for each in self._free):
            near = [
                each.taken for each in self._free if each.start_ns <= at_ns < each.end_ns + rest_ns
            ]
            if len(near) > 1:
                self._cp.add_at_most_one(near)

    def _days_in_row(self) -> None:
        by_day: dict[int, list[Taken]] = defaultdict(list)
        for each in self._all:
            by_day[local(each.start_ns, self._person.zone).toordinal()].append(each.taken)
        self._rows(by_day, self._law.max_days_in_row)

    def _hours(self, limit_h: float, weeks: int) -> None:
        if not self._law.standby_counts:
            return
        limit = int(limit_h * weeks / self._law.standby_counts * NS_PER_HOUR) // QUARTER_NS
        for from_ns in self._starts:  # it is fullest when it begins with a duty
            until_ns = from_ns + weeks * WEEK_NS
            inside = [
                (each.taken, (min(each.end_ns, until_ns) - each.start_ns) // QUARTER_NS)
                for each in self._all
                if from_ns <= each.start_ns < until_ns
            ]
            self._at_most([taken for taken, _ in inside], limit, [size for _, size in inside])
            if until_ns >= self._last_ns:  # later windows hold less
                return

    def _weekly_rest(self) -> None:
        """Whoever begins a duty has a rest within the 7 days from then on, beginning after a duty."""
        rest_ns = int(self._law.weekly_rest_h * NS_PER_HOUR)
        rests: dict[int, Taken] = {}
        for window_ns, begun in groupby(self._all, key=lambda each: each.start_ns):
            last_ns = window_ns + WEEK_NS - rest_ns
            ends = {each.end_ns for each in self._all if window_ns < each.end_ns <= last_ns}
            for end_ns in sorted(ends - rests.keys()):
                rests[end_ns] = self._rest(end_ns, end_ns + rest_ns)
            choices = [rests[end_ns] for end_ns in sorted(ends)]
            if any(isinstance(choice, int) and choice for choice in choices):
                continue
            variables = [choice for choice in choices if not isinstance(choice, int)]
            for each in begun:
                begins = [] if isinstance(each.taken, int) else [each.taken.negated()]
                if begins or variables:
                    self._cp.add_bool_or([*begins, *variables])

    def _rest(self, start_ns: int, end_ns: int) -> Taken:
        """1 when nothing can be in that stretch, 0 when something is, else a variable."""
        inside = [each for each in self._all if each.start_ns < end_ns and start_ns < each.end_ns]
        if any(isinstance(each.taken, int) for each in inside):
            return 0
        if not inside:
            return 1
        rest = self._cp.new_bool_var("")
        for each in inside:
            if not isinstance(each.taken, int):
                self._cp.add_implication(rest, each.taken.negated())
        return rest

    def _nights_in_row(self) -> None:
        by_night: dict[int, list[Taken]] = defaultdict(list)
        for each in self._all:
            if self._is_night(each):
                begun = local(each.start_ns, self._person.zone)
                early = begun.hour * 60 + begun.minute < self._law.night_ends_minute
                by_night[begun.toordinal() - early].append(each.taken)
        self._rows(by_night, self._law.max_nights_in_row)

    def _rows(self, by_day: Mapping[int, list[Taken]], most: int) -> None:
        for first in range(min(by_day, default=0), max(by_day, default=0) - most + 1):
            row = chain.from_iterable(by_day.get(first + day, ()) for day in range(most + 1))
            self._at_most(list(row), most)

    def _is_night(self, duty: _Duty) -> bool:
        minutes = night_minutes(
            Duty(*duty[:2]),
            self._person.zone,
            begins_minute=self._law.night_begins_minute,
            ends_minute=self._law.night_ends_minute,
        )
        return minutes >= NIGHT_DUTY_MINUTES

    def _at_most(
        self, taken: Sequence[Taken], most: int, sizes: Sequence[int] | None = None
    ) -> None:
        """What is held counts, and is no reason for a model without solution."""
        weighted = list(zip(taken, sizes or [1] * len(taken), strict=True))
        held = sum(size for each, size in weighted if isinstance(each, int))
        free = [(each, size) for each, size in weighted if not isinstance(each, int)]
        if free and held + sum(size for _, size in free) > most:
            expression = cp_model.LinearExpr.weighted_sum(*map(list, zip(*free, strict=True)))
            self._cp.add(expression <= max(0, most - held))
