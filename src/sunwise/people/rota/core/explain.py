"""Why there are gaps: which rules conflict, what each would buy if lifted, and who is missing.

Nothing is lifted by this. It says what a planner, a lead or whoever hires could change. It can be told
to end early, and then says what it has: a set of rules that is enough, though a smaller one may be.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec
from ortools.sat.python import cp_model

from sunwise.daylight.night import DAY_BEGINS_MINUTE, DAY_ENDS_MINUTE
from sunwise.daylight.working_time import Exemption, WorkingTime
from sunwise.people.rota.core.burden import QUARTERS_PER_HOUR
from sunwise.people.rota.core.costs import CostTable
from sunwise.people.rota.core.cp_sat import solver_of
from sunwise.people.rota.core.greedy import greedy_crew
from sunwise.people.rota.core.model import Model
from sunwise.people.rota.core.patterns import Pattern, Slot, slots
from sunwise.people.rota.core.problem import HOURS_PER_DAY, Person, Problem, checked
from sunwise.people.rota.core.ranking import floor_of, gap_weight, ranked
from sunwise.people.rota.core.roles import Crew

SECONDS: Final = 1.0
MOST_HIRES: Final = 24
UNBOUND: Final = 1_000
HOUSE_RULES: Final = WorkingTime(
    country="HOUSE", effective_from=date(1970, 1, 1), source="the floor of the house"
)
TimeLeft = Callable[[], bool]
"""Whether another step may begin; one takes some seconds."""


def always() -> bool:
    """There is time for everything."""
    return True


class Relaxation(NamedTuple):
    """One rule, and the hours of gap that close when it alone is lifted for everybody."""

    rule: str
    closed_h: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a window cannot be covered."""

    gap_h: float
    conflict: tuple[str, ...]
    """These rules cannot all hold without a gap, and without any one of them there is none. Empty
    when nobody is there, whatever the rules."""
    relaxations: tuple[Relaxation, ...]
    """Those that buy something, the most first."""
    is_finished: bool = True
    """Whether there was time to try every rule: else some of the conflict may not be needed, and some
    that buy something may not be there."""


class Band(NamedTuple):
    """So many more people are wanted whose day is these hours of the UTC day; it may pass 24."""

    start_h: int
    end_h: int
    people: int


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """Who would have to join so that the window can lawfully be covered."""

    people: int
    bands: tuple[Band, ...] = ()
    is_enough: bool = True
    """Whether they close every gap: else time or MOST_HIRES ended the search, and it takes more."""


def _with_rules(**fields: float) -> Callable[[Person], Person]:
    def lift(person: Person) -> Person:
        rules = msgspec.structs.replace(person.rules, **fields)
        return msgspec.structs.replace(person, rules=rules)

    return lift


def _with(**fields: Any) -> Callable[[Person], Person]:  # noqa: ANN401 - fields of Person
    return lambda person: msgspec.structs.replace(person, **fields)


LIFTS: Final[dict[str, Callable[[Person], Person]]] = {
    "weekly_rest_h": _with_rules(weekly_rest_h=0),
    "daily_rest_h": _with_rules(daily_rest_h=0),
    "max_duty_h": _with_rules(max_duty_h=HOURS_PER_DAY),
    "max_night_duty_h": _with_rules(max_night_duty_h=HOURS_PER_DAY),
    "max_nights_in_row": _with_rules(max_nights_in_row=UNBOUND),
    "max_days_in_row": _with_rules(max_days_in_row=UNBOUND),
    "week_limit_h": _with_rules(week_limit_h=UNBOUND),
    "weekly_cap_h": _with_rules(weekly_cap_h=UNBOUND),
    "exemption": _with(exemption=Exemption()),
    "closed": _with(closed=()),
    "held": _with(held=()),
    "leave": _with(leave=frozenset()),
    "skills": lambda person: person,  # a rule of the unit: see `lifted`
}
"""The rules by name. The law comes first, so that where leave or skills explain a gap they are named."""


def lifted(problem: Problem, rules: Iterable[str]) -> Problem:
    """The problem without those rules."""
    people = problem.people
    for rule in rules:
        people = tuple(map(LIFTS[rule], people))
    skills = frozenset() if "skills" in rules else problem.skills
    return msgspec.structs.replace(problem, people=people, skills=skills)


def explain(problem: Problem, is_time_left: TimeLeft = always) -> Explanation | None:
    """Why the problem has gaps; None when it need not have any.

    Cost: a minute where people are scarce; it ends within a step of there being no time left.
    """
    chosen = _chosen(checked(problem))
    whole = least_gap(problem, chosen)
    if not whole:
        return None
    conflict, is_tried = _conflict(problem, chosen, is_time_left)
    bought: dict[str, int] = {}
    for rule in LIFTS:
        without = lifted(problem, [rule])
        if without == problem:
            continue
        if not is_time_left():
            is_tried = False
            break
        bought[rule] = whole - min(whole, least_gap(without, chosen, enough=whole))
    return Explanation(
        gap_h=whole / QUARTERS_PER_HOUR,
        conflict=conflict,
        relaxations=tuple(
            Relaxation(rule, closed / QUARTERS_PER_HOUR)
            for rule, closed in sorted(bought.items(), key=lambda item: -item[1])
            if closed > 0
        ),
        is_finished=is_tried,
    )


def missing(
    problem: Problem, rules: WorkingTime = HOUSE_RULES, is_time_left: TimeLeft = always
) -> Missing:
    """The fewest hires found, under those rules, with which there is no gap. Cost: a second each.

    Where is chosen so that nights are fewest. It is what a tier asks of a team that cannot carry it.
    """
    chosen = _chosen(checked(problem))
    bands: Counter[int] = Counter()
    while has_gap := least_gap(problem, chosen, enough=1) > 0:
        number = bands.total()
        if number == MOST_HIRES or not is_time_left():
            break
        offers = [_joined(problem, number, ahead_h, rules) for ahead_h in range(-11, 13)]
        floors = [_floor(offer, chosen) for offer in offers]
        best = floors.index(min(floors))
        problem = offers[best]
        bands[(DAY_BEGINS_MINUTE // 60 - (best - 11)) % HOURS_PER_DAY] += 1
    day_h = (DAY_ENDS_MINUTE - DAY_BEGINS_MINUTE) // 60
    return Missing(
        people=bands.total(),
        bands=tuple(Band(start, start + day_h, people) for start, people in sorted(bands.items())),
        is_enough=not has_gap,
    )


def least_gap(problem: Problem, chosen: Sequence[Pattern], *, enough: int = UNBOUND**2) -> int:
    """The fewest quarters of gap found on those patterns; `enough` as soon as there are as many."""
    table = CostTable(problem)
    weight = gap_weight(problem)
    floors = [floor_of(problem, table, pattern) // weight for pattern in chosen]
    if min(floors) >= enough:
        return enough
    best: int | None = None
    for floor, pattern in sorted(zip(floors, chosen, strict=True)):
        if best is None or floor < best:
            found = _least_gap_on(problem, slots(problem, pattern), table, floor)
            best = found if best is None else min(best, found)
    assert best is not None, "at least one pattern is chosen"
    return best


def _least_gap_on(problem: Problem, wanted: Sequence[Slot], table: CostTable, floor: int) -> int:
    crew = greedy_crew(problem, wanted)
    greedy_gap = _gap(crew)
    if greedy_gap <= floor:
        return greedy_gap
    model = Model(problem, wanted, table)
    model.hint(crew)
    model.cp.minimize(model.gap_quarters())
    solver = solver_of(SECONDS)
    if solver.solve(model.cp) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return greedy_gap
    return min(greedy_gap, round(solver.objective_value))


def _gap(crew: Crew) -> int:
    return sum(slot.quarters * (slot.need - len(people)) for slot, people in crew.items())


def _conflict(
    problem: Problem, chosen: Sequence[Pattern], is_time_left: TimeLeft
) -> tuple[tuple[str, ...], bool]:
    """Each rule is lifted for good if there is a gap without it too: what is left is the conflict.

    And whether each of those that are left was tried.
    """
    needed: list[str] = []
    left = list(LIFTS)
    while left:
        without = lifted(problem, left[:1])
        if without != problem:  # else nobody is bound by it
            if not is_time_left():
                return (*needed, *left), False
            if not least_gap(without, chosen, enough=1):
                needed.append(left[0])
                without = problem
        problem = without
        left.pop(0)
    return tuple(needed), True


def _chosen(problem: Problem) -> list[Pattern]:
    """The best pattern of each number of blocks."""
    best: dict[int, Pattern] = {}
    for entry in ranked(problem, CostTable(problem)):
        best.setdefault(len(entry.pattern), entry.pattern)
    return list(best.values())


def _joined(problem: Problem, number: int, ahead_h: int, rules: WorkingTime) -> Problem:
    """With one more person, so many hours ahead of UTC, who has the skills."""
    hire = Person(
        id=f"hire-{number:02}", zone=f"Etc/GMT{-ahead_h:+d}", rules=rules, skills=problem.skills
    )
    return msgspec.structs.replace(problem, people=(*problem.people, hire))


def _floor(problem: Problem, chosen: Sequence[Pattern]) -> int:
    table = CostTable(problem)
    return min(floor_of(problem, table, pattern) for pattern in chosen)
