"""The rota as a model: who takes which slot, every hard rule kept, gaps where nobody can.

One bool a (person, slot). Law binds within each person's row (`law_rows`), the slot's need across
rows. A streak costs once where it begins, so that long runs of days come out without a variable of
their own for each. (One bool a run was not kept beside it: that this one is better was seen on some
teams, not measured on all.)
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ortools.sat.python import cp_model

from sunwise.daylight.working_time import Duty
from sunwise.people.rota.core.burden import QUARTER_NS
from sunwise.people.rota.core.costs import CostTable
from sunwise.people.rota.core.law import Diary
from sunwise.people.rota.core.law_rows import LawRows
from sunwise.people.rota.core.patterns import Slot
from sunwise.people.rota.core.problem import Person, Problem
from sunwise.people.rota.core.roles import Crew


class Segment(NamedTuple):
    """A stretch in which no slot begins or ends: its need is filled by the slots over it."""

    need: int
    quarters: int
    places: tuple[int, ...]


class Model:
    """Variables and hard rules of one problem on one set of slots, and the terms to price."""

    def __init__(
        self, problem: Problem, slots: Sequence[Slot], table: CostTable, *, is_woven: bool = False
    ) -> None:
        """`is_woven`: slots may overlap, and those over an instant fill its need together."""
        self.problem = problem
        self.slots = tuple(slots)
        self.people = problem.able()
        self.costs = table.of(slots)
        self.cp = cp_model.CpModel()
        self.taken: dict[tuple[int, int], cp_model.IntVar] = {}
        """By person and slot; where there is none, the person cannot take it."""
        for number, person in enumerate(self.people):
            self._offer(number, person)
        self.segments = _woven(self.slots) if is_woven else _one_by_one(self.slots)
        self.gaps = [self._cover(segment) for segment in self.segments]
        self._hinted: set[tuple[int, int]] = set()

    def gap_quarters(self) -> cp_model.LinearExpr:
        """What is declared a gap, in quarters of an hour of one role."""
        return cp_model.LinearExpr.weighted_sum(
            self.gaps, [each.quarters for each in self.segments]
        )

    def night_quarters(self) -> cp_model.LinearExpr:
        """Duty outside of somebody's day, in quarters of an hour."""
        nights = [int(self.costs.night[key]) for key in self.taken]
        return cp_model.LinearExpr.weighted_sum(list(self.taken.values()), nights)

    def burdens(self) -> list[cp_model.LinearExpr]:
        """Points of each person, carried burden included."""
        terms: list[list[cp_model.IntVar]] = [[] for _ in self.people]
        points: list[list[int]] = [[] for _ in self.people]
        for (number, place), taken in self.taken.items():
            terms[number].append(taken)
            points[number].append(int(self.costs.price[number, place]))
        return [
            cp_model.LinearExpr.weighted_sum(own, prices) + person.carried
            for person, own, prices in zip(self.people, terms, points, strict=True)
        ]

    def worst(self) -> cp_model.IntVar:
        """Points of whoever bears most, or more: it is to be minimised."""
        carried = [person.carried for person in self.people]
        most = max(carried, default=0) + int(self.costs.price.sum())
        worst = self.cp.new_int_var(min(carried, default=0), most, "")
        self.cp.add_hint(worst, max(self._hinted_burdens(), default=0))
        for borne in self.burdens():
            self.cp.add(worst >= borne)
        return worst

    def unfairness(self) -> cp_model.LinearExpr:
        """Points: of whoever bears most times the people, all above the mean twice, and the sum.

        The mean is that of the hint.
        """
        hinted = self._hinted_burdens()
        mean = -(-sum(hinted) // max(1, len(hinted)))
        parts = [self.worst() * len(self.people)]
        most = int(self.costs.price.sum()) + sum(abs(person.carried) for person in self.people)
        for borne, before in zip(self.burdens(), hinted, strict=True):
            above = self.cp.new_int_var(0, most, "")
            self.cp.add_hint(above, max(0, before - mean))
            self.cp.add(above >= borne - mean)
            parts += [above * 2, borne]
        return cp_model.LinearExpr.sum(*parts)

    def streaks(self) -> cp_model.LinearExpr:
        """How many times somebody takes a column over who did not have it the day before."""
        yesterday = self._yesterdays()
        begun: list[cp_model.IntVar] = []
        for (number, place), taken in self.taken.items():
            earlier = (number, yesterday.get(place, -1))
            if earlier not in self.taken:
                begun.append(taken)
                continue
            begins = self.cp.new_bool_var("")
            self.cp.add_bool_or([begins, taken.negated(), self.taken[earlier]])
            hinted = (number, place) in self._hinted and earlier not in self._hinted
            self.cp.add_hint(begins, hinted)
            begun.append(begins)
        return cp_model.LinearExpr.weighted_sum(begun, [1] * len(begun))

    def hint(self, crew: Crew) -> None:
        """Begin the search there."""
        self.cp.model_proto.clear_solution_hint()
        self._hinted = {
            (number, place)
            for number, place in self.taken
            if self.people[number].id in crew.get(self.slots[place], ())
        }
        for key, taken in self.taken.items():
            self.cp.add_hint(taken, key in self._hinted)
        for gap, segment in zip(self.gaps, self.segments, strict=True):
            there = sum(len(crew.get(self.slots[place], ())) for place in segment.places)
            self.cp.add_hint(gap, max(0, segment.need - there))

    def crew(self, solver: cp_model.CpSolver) -> dict[Slot, list[str]]:
        """Who takes what in the solution; whoever it is day for comes first."""
        found: dict[Slot, list[tuple[int, str]]] = {slot: [] for slot in self.slots}
        for (number, place), taken in self.taken.items():
            if solver.boolean_value(taken):
                night = int(self.costs.night[number, place])
                found[self.slots[place]].append((night, self.people[number].id))
        return {slot: [who for _, who in sorted(people)] for slot, people in found.items()}

    def _offer(self, number: int, person: Person) -> None:
        """The slots that the person could take, one by one, and the law over all of them."""
        diary = Diary(person, self.problem)
        fixed = [Duty(*shift[:2]) for shift in self.problem.fixed if shift.person == person.id]
        for duty in fixed:
            diary.add(duty)
        mine: dict[Slot, cp_model.IntVar] = {}
        for place, slot in enumerate(self.slots):
            if self.costs.free[number, place] and diary.may(Duty(*slot[:2])):
                mine[slot] = self.taken[number, place] = self.cp.new_bool_var("")
        LawRows(self.cp, person, [*person.held, *fixed], mine).add()

    def _cover(self, segment: "Segment") -> cp_model.IntVar:
        gap = self.cp.new_int_var(0, segment.need, "")
        taken = [
            self.taken[number, place]
            for place in segment.places
            for number in range(len(self.people))
            if (number, place) in self.taken
        ]
        self.cp.add(cp_model.LinearExpr.sum(*taken, gap) == segment.need)
        return gap

    def _hinted_burdens(self) -> list[int]:
        borne = [person.carried for person in self.people]
        for number, place in self._hinted:
            borne[number] += int(self.costs.price[number, place])
        return borne

    def _yesterdays(self) -> dict[int, int]:
        places = {(slot.column, slot.day): place for place, slot in enumerate(self.slots)}
        return {
            place: places[slot.column, slot.day - 1]
            for place, slot in enumerate(self.slots)
            if (slot.column, slot.day - 1) in places
        }


def _one_by_one(slots: Sequence[Slot]) -> list[Segment]:
    return [Segment(slot.need, slot.quarters, (place,)) for place, slot in enumerate(slots)]


def _woven(slots: Sequence[Slot]) -> list[Segment]:
    """In order of time."""
    edges = sorted({at_ns for slot in slots for at_ns in slot[:2]})
    places: dict[tuple[int, int], list[int]] = {window: [] for window in pairwise(edges)}
    number = {at_ns: place for place, at_ns in enumerate(edges)}
    for place, slot in enumerate(slots):
        for window in pairwise(edges[number[slot.start_ns] : number[slot.end_ns] + 1]):
            places[window].append(place)
    return [
        Segment(slots[over[0]].need, (end_ns - start_ns) // QUARTER_NS, tuple(over))
        for (start_ns, end_ns), over in places.items()
        if over
    ]
