"""How people react: whether they do, and after how long, by whether it is their day.

The numbers are assumptions, not measurements of anybody: what is asked is what the machinery does with
people who are mostly prompt, sometimes slow, and now and then do not react at all.
"""

import math
from collections.abc import Iterable
from random import Random
from typing import Final

from sunwise.contracts.people.directory import Person, Snapshot
from sunwise.people.pager.core.responders import is_night
from sunwise.people.rota.store import Closure

REACTS: Final = {("duty", "day"): 0.95, ("duty", "night"): 0.88,
                 ("free", "day"): 0.75, ("free", "night"): 0.50}  # fmt: skip
"""How likely a message is reacted to."""
REACTS_IN_S: Final = {"day": 75.0, "night": 210.0}
"""The median."""
SPREAD: Final = 0.8  # of the logarithm
TESTS_ANSWERED: Final = {"day": 0.985, "night": 0.95}
FIXES_IN_S: Final = 20 * 60.0
"""The median from acknowledgement to the sender's all-clear."""
LONGEST_FIX_S: Final = 3.5 * 3_600
ACCEPTS_BEFORE: Final = 0.93
"""How likely the incoming accepts before the duty changes hands."""
ACCEPTS_LATE: Final = 0.75
"""How likely, of the others, in the half hour after it; then the next one is asked."""
STANDS_IN: Final = {"day": 0.85, "night": 0.5}
"""How likely the secondary or the deputy accepts when asked."""
SAYS_YES: Final = 0.85
"""How likely somebody agrees to hours that are not theirs."""


class Habits:
    """The people of a directory, and who cannot be reached when."""

    def __init__(self, snapshot: Snapshot, random: Random) -> None:
        self.people = {person.id: person for person in snapshot.people}
        self.closures: list[Closure] = []
        self._random = random

    def reacts_in_s(self, person: Person, at_ns: int, *, is_on_duty: bool) -> float | None:
        """After so long to a message; None: not to this one."""
        if self.is_out(person.id, at_ns):
            return None
        part = part_of_day(person, at_ns)
        if self._random.random() >= REACTS["duty" if is_on_duty else "free", part]:
            return None
        return self._around(REACTS_IN_S[part])

    def answers_test_in_s(self, person: Person, at_ns: int) -> float | None:
        """After so long to the test at the start of a shift; None: never."""
        part = part_of_day(person, at_ns)
        if self.is_out(person.id, at_ns) or self._random.random() >= TESTS_ANSWERED[part]:
            return None
        return self._around(REACTS_IN_S[part])

    def fixes_in_s(self) -> float:
        """From acknowledgement to all-clear."""
        return min(self._around(FIXES_IN_S), LONGEST_FIX_S)

    def is_out(self, person: str, at_ns: int) -> bool:
        """Whether nothing reaches the person: their hub is lost."""
        hub = self.people[person].hub
        return any(
            each.subject == hub and each.from_ns <= at_ns < each.until_ns for each in self.closures
        )

    def _around(self, median_s: float) -> float:
        return median_s * math.exp(self._random.gauss(0, SPREAD))


def part_of_day(person: Person, at_ns: int) -> str:
    """`day` or `night` on the person's clock."""
    return "night" if is_night(person, at_ns) else "day"


def quantile(values: Iterable[float], part: float) -> float:
    """The value below which that part lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
