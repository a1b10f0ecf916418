"""What one person may still take on: their duties so far, asked of `daylight` one at a time.

What was broken before is nobody's reason to refuse, and no leave to break it further.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sunwise.daylight.working_time import Breach, Duty, WorkingTime, breaches
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.problem import Person, Problem, absences, overlap

_WEEK_NS: Final = 7 * 24 * NS_PER_HOUR


def added(before: Iterable[Breach], after: Iterable[Breach]) -> list[Breach]:
    """Those after that are new, or further from what is allowed than they were before."""
    known = {(each.rule, each.at_ns): _how_far(each) for each in before}
    return [each for each in after if _how_far(each) > known.get((each.rule, each.at_ns), 0)]


def overfull(law: WorkingTime, duties: Sequence[Duty], duty: Duty) -> str:
    """The limit of hours that is broken in a stretch of weeks with that one duty in it, or nothing.

    `breaches` names one of several stretches that overlap: beside one that was broken before, a new
    one would not be seen. `duties` hold the duty.
    """
    for rule, limit_h, weeks in (
        ("week_limit_h", law.week_limit_h, 1),
        ("weekly_cap_h", law.weekly_cap_h, law.reference_weeks),
    ):
        for first_ns in {each.start_ns for each in duties if each.start_ns <= duty.start_ns}:
            until_ns = first_ns + weeks * _WEEK_NS
            held_ns = sum(
                min(each.end_ns, until_ns) - each.start_ns
                for each in duties
                if first_ns <= each.start_ns < until_ns
            )
            over = held_ns * law.standby_counts > limit_h * weeks * NS_PER_HOUR
            if over and duty.start_ns < until_ns:
                return rule
    return ""


def _how_far(breach: Breach) -> float:
    return abs(breach.found - breach.allowed)


class Diary:
    """The duties of one person: held, and taken on in this plan."""

    def __init__(self, person: Person, problem: Problem) -> None:
        self.person = person
        self._law = person.law
        self._reach_ns = (max(2, person.law.reference_weeks) + 1) * _WEEK_NS
        self._away = absences(person, problem)
        self._duties: list[Duty] = sorted(person.held)
        self._known = self._breaches(self._duties)

    def may(self, duty: Duty) -> bool:
        """Whether the person may lawfully take it on: free, not away, and no new breach."""
        if duty.end_ns - duty.start_ns > self._law.max_duty_h * NS_PER_HOUR:
            return False
        if any(overlap(duty, window) for window in self._away):
            return False
        if self._too_near(duty):
            return False
        near = [
            each
            for each in self._duties
            if each.end_ns > duty.start_ns - self._reach_ns
            and each.start_ns < duty.end_ns + self._reach_ns
        ]
        if added(self._known, self._breaches([*near, duty])):
            return False
        return not self._known or not overfull(self._law, [*near, duty], duty)

    def add(self, duty: Duty) -> None:
        """Takes it on."""
        self._duties.append(duty)

    def remove(self, duty: Duty) -> None:
        """Gives it up."""
        self._duties.remove(duty)

    def _too_near(self, duty: Duty) -> bool:
        """Overlap is a refusal, even where joining the two would be lawful; so is too short a rest."""
        rest_ns = int(self._law.daily_rest_h * NS_PER_HOUR)
        return any(
            duty.start_ns < each.end_ns + rest_ns and each.start_ns < duty.end_ns + rest_ns
            for each in self._duties
        )

    def _breaches(self, duties: Iterable[Duty]) -> list[Breach]:
        return breaches(
            list(duties),
            self._law,
            zone=self.person.zone,
            exemption=self.person.exemption,
        )
