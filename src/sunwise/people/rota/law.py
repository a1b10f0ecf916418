"""What one person may still take on: their duties so far, asked of `daylight` one at a time."""

from collections.abc import Iterable
from typing import Final

from sunwise.daylight.working_time import Breach, Duty, breaches
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.problem import Person, Problem, absences, overlap

_WEEK_NS: Final = 7 * 24 * NS_PER_HOUR


class Diary:
    """The duties of one person: held, and taken on in this plan."""

    def __init__(self, person: Person, problem: Problem) -> None:
        self.person = person
        self._law = person.law
        self._reach_ns = (max(2, person.law.reference_weeks) + 1) * _WEEK_NS
        self._away = absences(person, problem)
        self._duties: list[Duty] = sorted(person.held)
        self._known = {(each.rule, each.at_ns) for each in self._breaches(self._duties)}

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
        found = self._breaches([*near, duty])
        return all((each.rule, each.at_ns) in self._known for each in found)

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
