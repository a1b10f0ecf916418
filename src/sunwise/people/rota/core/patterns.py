"""The hours of the UTC day at which duty is handed on, and the slots that they cut a window into.

A pattern holds for the whole window. Around the clock it is 2 to 4 blocks of 6 to 12 hours, rotated
to every hour; where only a part of the day is wanted, each part is cut into blocks of 3 to 12 hours.
"""

from collections.abc import Iterator
from itertools import islice, product
from typing import Final, NamedTuple

import numpy as np

from sunwise.contracts.people.directory import Role
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.burden import QUARTER_NS
from sunwise.people.rota.core.problem import HOURS_PER_DAY, Problem, Window, overlap, wanted_hours

LONGEST_H: Final = 12
SHORTEST_H: Final = 6
SHORTEST_PART_H: Final = 3
MOST_BLOCKS: Final = 4
MOST_PATTERNS: Final = 600


class Block(NamedTuple):
    """Hours of each day of the window, counted from its start; the end may pass 24."""

    start_h: int
    length_h: int


Pattern = tuple[Block, ...]


class Slot(NamedTuple):
    """One block of one day, cut to the hours that are wanted: what one person takes over."""

    start_ns: int
    end_ns: int
    column: int
    """Slots of one column follow each other from day to day; a streak stays in one."""
    day: int
    roles: tuple[Role, ...]
    """One person each, the most important first."""

    @property
    def need(self) -> int:
        """How many people."""
        return len(self.roles)

    @property
    def quarters(self) -> int:
        """How long it is, in full quarters of an hour."""
        return (self.end_ns - self.start_ns) // QUARTER_NS


def patterns(problem: Problem) -> tuple[Pattern, ...]:
    """Every pattern for the hours that are wanted on some day; a day is 24 h from the start on."""
    by_day = wanted_hours(problem).reshape(problem.days, HOURS_PER_DAY)
    clock = np.asarray(by_day.any(axis=0))
    if clock.all():
        return tuple(_around_the_clock())
    choices = [list(_parts(start, length)) for start, length in _arcs(clock)]
    return tuple(sum(chosen, ()) for chosen in islice(product(*choices), MOST_PATTERNS))


def slots(problem: Problem, pattern: Pattern) -> tuple[Slot, ...]:
    """The slots of the whole window, in order of time; what is fixed is nobody's slot."""
    stretches = demand(problem)
    found = []
    for day in range(-1, problem.days):
        for number, block in enumerate(pattern):
            begin_ns = problem.start_ns + (day * HOURS_PER_DAY + block.start_h) * NS_PER_HOUR
            window = Window(begin_ns, begin_ns + block.length_h * NS_PER_HOUR)
            inside = [each for each in stretches if overlap(each[:2], window)]
            for piece, (start_ns, end_ns, roles) in enumerate(inside):
                column = number + piece * len(pattern)
                cut = (max(start_ns, window.start_ns), min(end_ns, window.end_ns))
                found.append(Slot(*cut, column, day, roles))
    return tuple(sorted(found))


def demand(problem: Problem) -> list[tuple[int, int, tuple[Role, ...]]]:
    """(start_ns, end_ns, roles) of each stretch in which roles still need somebody."""
    whole = (Window(problem.start_ns, problem.end_ns),)
    wanted = whole if problem.wanted is None else problem.wanted
    edges = sorted(
        {min(max(at, problem.start_ns), problem.end_ns) for each in wanted for at in each}
        | {at for each in problem.fixed for at in each[:2]}
    )
    found: list[tuple[int, int, tuple[Role, ...]]] = []
    for window in map(Window, edges, edges[1:]):
        if not any(overlap(window, each) for each in wanted):
            continue
        taken = {each.role for each in problem.fixed if overlap(window, each[:2])}
        roles = tuple(role for role in problem.roles if role not in taken)
        if found and found[-1][1:] == (window.start_ns, roles):
            found[-1] = (found[-1][0], window.end_ns, roles)
        elif roles:
            found.append((*window, roles))
    return found


def _around_the_clock() -> Iterator[Pattern]:
    seen = set()
    for count in range(2, MOST_BLOCKS + 1):
        for lengths in product(range(SHORTEST_H, LONGEST_H + 1), repeat=count):
            if sum(lengths) != HOURS_PER_DAY:
                continue
            for turn in range(HOURS_PER_DAY):
                starts = [(turn + sum(lengths[:place])) % HOURS_PER_DAY for place in range(count)]
                pattern = tuple(sorted(map(Block, starts, lengths)))
                if pattern not in seen:
                    seen.add(pattern)
                    yield pattern


def _arcs(clock: np.ndarray) -> list[tuple[int, int]]:
    """(start, length) of each stretch of wanted hours on the circle of the day."""
    hours = len(clock)
    starts = [hour for hour in range(hours) if clock[hour] and not clock[hour - 1]]
    arcs = []
    for start in starts:
        length = 1
        while clock[(start + length) % hours]:
            length += 1
        arcs.append((start, length))
    return arcs


def _parts(start: int, length: int) -> Iterator[Pattern]:
    """The ways to cut a stretch into as few blocks as it takes, or one more."""
    least = -(-length // LONGEST_H)
    for count in range(least, least + 2):
        for lengths in product(range(1, LONGEST_H + 1), repeat=count):
            if sum(lengths) == length and (count == 1 or min(lengths) >= SHORTEST_PART_H):
                starts = [start + sum(lengths[:place]) for place in range(count)]
                yield tuple(map(Block, starts, lengths))
