"""A published rota mended with the fewest changes, and what would change for whom.

Nothing is changed by this: it shows a proposal. Whoever's hours change later than their notice allows
has to say yes, and silence is no yes.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec
from ortools.sat.python import cp_model

from sunwise.contracts.people.directory import Role
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.burden import PRICES, Prices
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.costs import CostTable
from sunwise.people.rota.core.cp_sat import solver_of
from sunwise.people.rota.core.greedy import greedy_crew
from sunwise.people.rota.core.model import Model
from sunwise.people.rota.core.patterns import SHORTEST_PART_H, Slot
from sunwise.people.rota.core.problem import (
    HOURS_PER_DAY,
    BadProblem,
    Gap,
    Person,
    Problem,
    Rota,
    Shift,
    absences,
    checked,
    overlap,
)
from sunwise.people.rota.core.ranking import gap_weight
from sunwise.people.rota.core.roles import assigned

DAY_NS: Final = HOURS_PER_DAY * NS_PER_HOUR
CHANGES_PER_FORCED: Final = 2
QUARTERS_PER_CHANGE: Final = 8
"""A change is worth two hours of somebody's night."""
POINTS_PER_PART: Final = 8
"""One shift that two people share is as dear as two hours of duty by day."""


class ReplanEffort(msgspec.Struct, frozen=True, kw_only=True):
    """How long may be searched; a unit of deterministic time is about a CPU second."""

    fewest: float = 1.5
    nights: float = 1.0


REPLAN_EFFORT: Final = ReplanEffort()


class Change(NamedTuple):
    """One shift that passes from one to another; None is a gap."""

    start_ns: int
    end_ns: int
    role: Role
    before: str | None
    after: str | None
    consent: tuple[str, ...]
    """Whose yes it needs: it comes later than their notice allows. Whoever cannot do it any more is
    not asked."""


class Replan(msgspec.Struct, frozen=True, kw_only=True):
    """The mended rota, beside the present one."""

    rota: Rota
    changes: tuple[Change, ...]
    n_forced: int
    """Shifts that whoever has them cannot do any more: no mending moves fewer. A gap that is filled
    moves nobody's."""
    optimal: bool
    """Whether it is proven that fewer changes leave more gaps."""


def replan(
    problem: Problem,
    present: Rota,
    now_ns: int,
    *,
    effort: ReplanEffort = REPLAN_EFFORT,
    prices: Prices = PRICES,
) -> Replan:
    """The present rota, mended for the problem as it is now: absences, people who came or left.

    What begins before `now_ns` stays, but a running shift of somebody who is away by now is cut there.
    Gaps are filled first; then as few shifts change hands as can (two people may share one that nobody
    can keep), at most CHANGES_PER_FORCED times the
    forced ones for the sake of nights. Raises BadProblem where the present rota leaves a hole.
    """
    checked(problem)
    frozen, movable = _split(problem, present, now_ns)
    problem = msgspec.structs.replace(problem, fixed=frozen)
    mending = _Mending(problem, movable, CostTable(problem, prices))
    optimal = mending.solve(effort)
    rota = mending.rota(present, now_ns)
    findings = check(problem, rota)
    if findings:
        raise BadProblem(f"the present rota cannot be mended ({findings[0]}): plan it anew.")
    return Replan(
        rota=rota,
        changes=tuple(_changes(problem, present, rota, now_ns)),
        n_forced=len(mending.forced),
        optimal=optimal,
    )


def _outside(window: tuple[int, int], part: Slot) -> list[tuple[int, int]]:
    """What the part leaves of the window."""
    if not overlap(window, part[:2]):
        return [window]
    pieces = ((window[0], part.start_ns), (part.end_ns, window[1]))
    return [piece for piece in pieces if piece[0] < piece[1]]


def _split(
    problem: Problem, present: Rota, now_ns: int
) -> tuple[tuple[Shift, ...], list[Shift | Gap]]:
    """What stays as it is, and what may change hands."""
    people = {person.id: person for person in problem.able()}
    frozen = list(problem.fixed)
    movable: list[Shift | Gap] = [gap for gap in present.gaps if gap.start_ns >= now_ns]
    for shift in present.shifts:
        promised = any(
            each.role == shift.role and overlap(each[:2], shift[:2]) for each in problem.fixed
        )
        if promised:
            continue
        if shift.start_ns >= now_ns:
            movable.append(shift)
        elif shift.end_ns <= now_ns or not _gone(people.get(shift.person), problem, shift, now_ns):
            frozen.append(shift)
        else:
            frozen.append(shift._replace(end_ns=now_ns))
            movable.append(shift._replace(start_ns=now_ns))
    return tuple(sorted(frozen)), movable


def _gone(person: Person | None, problem: Problem, shift: Shift, now_ns: int) -> bool:
    rest = (now_ns, shift.end_ns)
    return person is None or any(overlap(rest, away) for away in absences(person, problem))


class _Mending:
    """The model of the shifts that may change hands."""

    def __init__(self, problem: Problem, movable: Sequence[Shift | Gap], table: CostTable) -> None:
        self._problem = problem
        self._held: dict[Slot, dict[str, Role]] = {}
        for slot, pieces in _slots(problem, movable):
            self._held[slot] = {
                piece.person: piece.role for piece in pieces if isinstance(piece, Shift)
            }
        self._parts = self._split_open(table)
        wanted = tuple(sorted([*self._held, *self._parts]))
        self._model = Model(problem, wanted, table, is_woven=bool(self._parts))
        numbers = {person.id: number for number, person in enumerate(self._model.people)}
        keys = {
            (place, who): (numbers.get(who, -1), place)
            for place, slot in enumerate(self._model.slots)
            for who in self._held.get(slot, ())
        }
        taken = self._model.taken
        self.forced = [key for key, mine in keys.items() if mine not in taken]
        self._keepers = [taken[mine] for mine in keys.values() if mine in taken]
        self._crew: dict[Slot, list[str]] = {
            slot: [who for who in self._held.get(slot, ()) if keys[place, who] in taken]
            for place, slot in enumerate(self._model.slots)
        }

    def solve(self, effort: ReplanEffort) -> bool:
        """Whether the fewest changes are proven."""
        model = self._model
        if not model.slots:
            return True
        kept = cp_model.LinearExpr.weighted_sum(self._keepers, [1] * len(self._keepers))
        shared = self._shared()
        several = len(self._parts) * len(model.people) + 1
        weight = several * (len(self._keepers) + 1)
        model.hint(self._crew)
        model.cp.minimize(model.gap_quarters() * weight - kept * several + shared)
        fewest, optimal = self._solved(effort.fewest)
        if fewest is None:
            self._crew = greedy_crew(self._problem, tuple(self._held))
            return False
        n_kept = round(fewest.value(kept))
        n_changes = len(self.forced) + len(self._keepers) - n_kept
        spare = max(0, CHANGES_PER_FORCED * len(self.forced) - n_changes)
        model.cp.add(model.gap_quarters() <= round(fewest.value(model.gap_quarters())))
        model.cp.add(kept >= n_kept - spare)
        model.hint(self._crew)
        model.cp.minimize(
            (model.night_quarters() - kept * QUARTERS_PER_CHANGE) * gap_weight(self._problem)
            + model.unfairness()
            + shared * POINTS_PER_PART
        )
        self._solved(effort.nights)
        return optimal

    def rota(self, present: Rota, now_ns: int) -> Rota:
        """The frozen shifts, and who holds the others; past gaps stay."""
        shifts = list(self._problem.fixed)
        gaps = [gap for gap in present.gaps if gap.start_ns < now_ns]
        for slot, people in self._crew.items():
            held = assigned(people, slot.roles, self._held.get(slot, {}))
            window = slot.start_ns, slot.end_ns
            shifts += [Shift(*window, role, who) for who, role in held.items()]
            missing = [role for role in slot.roles if role not in held.values()]
            if slot not in self._parts:
                gaps += [Gap(*rest, role) for role in missing for rest in self._uncovered(slot)]
        return Rota(shifts=tuple(sorted(shifts)), gaps=tuple(sorted(gaps)))

    def _split_open(self, table: CostTable) -> dict[Slot, Slot]:
        """Beginnings and ends of what nobody can keep, and what each is a part of: two may share it.

        Only of one role: where there are several, a slot's crew is told apart by its roles.
        """
        if len(self._problem.roles) > 1:
            return {}
        wanted = tuple(self._held)
        free = table.of(wanted).free
        numbers = {person.id: number for number, person in enumerate(self._problem.able())}
        found = {}
        for place, slot in enumerate(wanted):
            if any(who in numbers and free[numbers[who], place] for who in self._held[slot]):
                continue
            least_ns = SHORTEST_PART_H * NS_PER_HOUR
            first_ns = -(-(slot.start_ns + least_ns) // NS_PER_HOUR) * NS_PER_HOUR
            for cut_ns in range(first_ns, slot.end_ns - least_ns + 1, NS_PER_HOUR):
                for part in (slot._replace(end_ns=cut_ns), slot._replace(start_ns=cut_ns)):
                    found[part] = slot
        return found

    def _shared(self) -> cp_model.LinearExpr:
        """How many parts are taken."""
        slots = self._model.slots
        parts = [
            taken for (_, place), taken in self._model.taken.items() if slots[place] in self._parts
        ]
        return cp_model.LinearExpr.sum(*parts)

    def _uncovered(self, slot: Slot) -> list[tuple[int, int]]:
        """What the parts that are taken leave of it."""
        rest = [(slot.start_ns, slot.end_ns)]
        for part, whole in self._parts.items():
            if whole == slot and self._crew.get(part):
                rest = [piece for each in rest for piece in _outside(each, part)]
        return rest

    def _solved(self, seconds: float) -> tuple[cp_model.CpSolver | None, bool]:
        solver = solver_of(seconds)
        status = solver.solve(self._model.cp)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None, False
        self._crew = self._model.crew(solver)
        return solver, status == cp_model.OPTIMAL


def _slots(
    problem: Problem, movable: Sequence[Shift | Gap]
) -> list[tuple[Slot, list[Shift | Gap]]]:
    """One slot a stretch, with the roles that have it; those of one time of day are a column."""
    stretches: dict[tuple[int, int], list[Shift | Gap]] = defaultdict(list)
    for piece in movable:
        stretches[piece.start_ns, piece.end_ns].append(piece)
    found = []
    columns: dict[int, set[int]] = defaultdict(set)  # the days that each column has already
    for (start_ns, end_ns), pieces in sorted(stretches.items()):
        day, in_day_ns = divmod(start_ns - problem.start_ns, DAY_NS)
        column = 2 * (in_day_ns // 1_000_000_000)
        column += day in columns[column]
        columns[column].add(day)
        roles = tuple(role for role in problem.roles if role in {piece.role for piece in pieces})
        found.append((Slot(start_ns, end_ns, column, day, roles), pieces))
    return found


def _changes(problem: Problem, present: Rota, rota: Rota, now_ns: int) -> list[Change]:
    """The pieces in which whoever holds a role differs, in order of time."""
    people = {person.id: person for person in problem.people}
    found = []
    for role in problem.roles:
        before, after = ([s for s in r.shifts if s.role == role] for r in (present, rota))
        edges = sorted({at for shift in (*before, *after) for at in shift[:2] if at >= now_ns})
        for window in pairwise(edges):
            one, other = _holder(before, window), _holder(after, window)
            if one != other:
                asked = tuple(
                    who
                    for who in (one, other)
                    if who in people and _late(people[who], problem, window, now_ns)
                )
                found.append(Change(*window, role, one, other, asked))
    return sorted(found)


def _holder(shifts: Sequence[Shift], window: tuple[int, int]) -> str | None:
    return next((shift.person for shift in shifts if overlap(shift[:2], window)), None)


def _late(person: Person, problem: Problem, window: tuple[int, int], now_ns: int) -> bool:
    """Whether the change needs the person's yes: nobody who is away is asked."""
    if any(overlap(window, away) for away in absences(person, problem)):
        return False
    return window[0] - now_ns < person.law.notice_days * DAY_NS
