"""What every slot would cost everybody: tables of people by slots, in one go."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.burden import PRICES, QUARTER_NS, QUARTERS_PER_HOUR, Prices, quarters
from sunwise.people.rota.core.patterns import Slot
from sunwise.people.rota.core.problem import Person, Problem, Window, absences


class Costs(NamedTuple):
    """Of some slots, (n_people, n_slots) each, people in the order of `Problem.able`."""

    night: np.ndarray
    """int32, quarters of an hour"""
    price: np.ndarray
    """int32, points"""
    free: np.ndarray
    """bool: not away or too near to what is theirs, not longer than a duty may be, no night for who
    does none"""


class CostTable:
    """The window of one problem, summed up so that any slot is a subtraction."""

    def __init__(self, problem: Problem, prices: Prices = PRICES) -> None:
        self._start_ns = problem.start_ns
        people = problem.able()
        clocks = [quarters(person, problem, prices) for person in people]
        n_quarters = problem.n_hours * QUARTERS_PER_HOUR
        self._night = _summed([clock.night for clock in clocks], n_quarters)
        self._price = _summed([clock.price for clock in clocks], n_quarters)
        self._away = _summed(
            [
                away_quarters((*absences(person, problem), *_resting(person, problem)), problem)
                for person in people
            ],
            n_quarters,
        )
        self._longest_ns = np.array([p.law.max_duty_h * NS_PER_HOUR for p in people])
        self._no_nights = np.array([p.exemption.no_nights for p in people], np.bool_)

    def of(self, slots: Sequence[Slot]) -> Costs:
        """The costs of these slots, cut to full quarters of an hour."""
        edges = np.array([slot[:2] for slot in slots], np.int64).reshape(-1, 2)
        first, last = (edges - self._start_ns).T // QUARTER_NS
        last = np.maximum(first, np.minimum(last, self._night.shape[1] - 1))
        night = self._night[:, last] - self._night[:, first]
        away = self._away[:, last] - self._away[:, first]
        too_long = (edges[:, 1] - edges[:, 0])[None, :] > self._longest_ns.reshape(-1, 1)
        free = (away == 0) & ~too_long
        free &= ~(self._no_nights.reshape(-1, 1) & (night > 0))
        return Costs(night, self._price[:, last] - self._price[:, first], free)


def _resting(person: Person, problem: Problem) -> Iterator[Window]:
    """What is theirs already, and the rest around it."""
    rest_ns = int(person.law.daily_rest_h * NS_PER_HOUR)
    fixed = [each[:2] for each in problem.fixed if each.person == person.id]
    for start_ns, end_ns in (*person.held, *fixed):
        yield Window(start_ns - rest_ns, end_ns + rest_ns)


def _summed(rows: list[np.ndarray], n_quarters: int) -> np.ndarray:
    """(n_people, n_quarters + 1) int32: sums from the start."""
    table = np.zeros((len(rows), n_quarters + 1), np.int32)
    if rows:
        np.cumsum(np.array(rows, np.int32), axis=1, out=table[:, 1:])
    return table


def away_quarters(windows: Sequence[Window], problem: Problem) -> np.ndarray:
    """(n_quarters,) bool: the quarters of an hour of which some part lies in a window."""
    found = np.zeros(problem.n_hours * QUARTERS_PER_HOUR, np.bool_)
    for start_ns, end_ns in windows:
        first = max(0, (start_ns - problem.start_ns) // QUARTER_NS)
        found[first : max(0, -((problem.start_ns - end_ns) // QUARTER_NS))] = True
    return found
