"""A lawful rota at once: slot by slot, whoever is awake, was there yesterday, and has borne least.

The solver starts from it and is never worse; a repaired round robin is judged beside it.
"""

from collections.abc import Sequence
from typing import Final

from sunwise.daylight.working_time import Duty
from sunwise.people.rota.core.burden import PRICES, Prices, Quarters, hours, quarters, total
from sunwise.people.rota.core.law import Diary
from sunwise.people.rota.core.patterns import Pattern, Slot, slots
from sunwise.people.rota.core.problem import Person, Problem, Rota
from sunwise.people.rota.core.roles import with_roles

LONGEST_STREAK_DAYS: Final = 5


def greedy(problem: Problem, pattern: Pattern, prices: Prices = PRICES) -> Rota:
    """A rota on that pattern that breaks no rule; with gaps where it finds nobody."""
    return with_roles(greedy_crew(problem, slots(problem, pattern), prices), problem.fixed)


def greedy_crew(
    problem: Problem, wanted: Sequence[Slot], prices: Prices = PRICES
) -> dict[Slot, list[str]]:
    """Who takes each slot, in order of time."""
    candidates = [_Candidate(person, problem, prices) for person in problem.able()]
    crew: dict[Slot, list[str]] = {}
    for slot in sorted(wanted):
        chosen: list[str] = []
        for candidate in sorted(candidates, key=lambda each: each.rank(slot)):
            if len(chosen) < slot.need and candidate.takes(slot):
                chosen.append(candidate.person.id)
        crew[slot] = chosen
    return crew


class _Candidate:
    """One person, and what they have taken so far."""

    def __init__(self, person: Person, problem: Problem, prices: Prices) -> None:
        self.person = person
        self._diary = Diary(person, problem)
        self._clock: Quarters = quarters(person, problem, prices)
        self._borne = float(person.carried)
        self._last: Slot | None = None
        self._streak_days = 0
        for shift in problem.fixed:
            if shift.person == person.id:
                self._diary.add(Duty(shift.start_ns, shift.end_ns))
                self._borne += self._price(shift[:2])

    def rank(self, slot: Slot) -> tuple[float, bool, float, str]:
        """The lowest is asked first."""
        night_h = hours(self._clock.night, self._clock.start_ns, slot[:2])
        return night_h, not self._follows(slot), self._borne, self.person.id

    def takes(self, slot: Slot) -> bool:
        """Whether they take it on: only if it is lawful."""
        duty = Duty(slot.start_ns, slot.end_ns)
        if not self._diary.may(duty):
            return False
        self._streak_days = self._streak_days + 1 if self._follows(slot) else 1
        self._diary.add(duty)
        self._borne += self._price(slot[:2])
        self._last = slot
        return True

    def _follows(self, slot: Slot) -> bool:
        last = self._last
        return (
            last is not None
            and (last.column, last.day + 1) == (slot.column, slot.day)
            and self._streak_days < LONGEST_STREAK_DAYS
        )

    def _price(self, window: tuple[int, int]) -> float:
        return total(self._clock.price, self._clock.start_ns, window)
