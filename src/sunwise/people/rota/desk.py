"""What is done with rotas, from whichever door it comes: plan, publish, re-plan, swap, take, agree.

Whoever gives or takes hours is judged by the same `check` as any plan. Nothing that needs somebody's
yes is applied without it: silence is none.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent
from sunwise.chassis.personal import ERASED
from sunwise.contracts.people.directory import Role, Snapshot
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.problem import Problem
from sunwise.people.rota.grounds import (
    CARRIED_WINDOWS,
    HeardNow,
    PseudonymsOf,
    ground,
    with_carried,
)
from sunwise.people.rota.jobs import Answer, Explained, ExplainJob, Job, PlanJob, Planned
from sunwise.people.rota.kept import (
    WINDOW_NS,
    Kept,
    Request,
    RequestKind,
    RequestState,
    State,
    Unit,
    window_of,
)
from sunwise.people.rota.publishing import Publication, demand_lawful, publication
from sunwise.people.rota.rows import NoSuch
from sunwise.people.rota.store import RotaStore
from sunwise.people.rota.turns import (
    Moved,
    Piece,
    Stale,
    Turn,
    reassigned,
    to_come,
    turn_at,
    turns_of,
)
from sunwise.people.rota.units import Ground, Span, inputs_of, next_hour_ns, problem_of, second_ns

_T = TypeVar("_T")
_TRIES: Final = 5
EMERGENCY_NS: Final = NS_PER_HOUR
"""A shift that begins sooner is taken at once: there is no time to wait for an answer."""
Blocking = Callable[..., Awaitable[Any]]
"""Runs a call that blocks: `asyncio.to_thread`, or at once in a simulation."""
Solve = Callable[[Job], Awaitable[Answer]]
"""`Planner.run`."""


class RotaDesk:
    """Serves people and the service alike. May raise Permanent (what to change) and Retryable."""

    def __init__(
        self,
        store: RotaStore,
        clock: Clock,
        *,
        heard: HeardNow,
        pseudonyms: PseudonymsOf,
        solve: Solve,
        blocking: Blocking = asyncio.to_thread,
    ) -> None:
        self.store = store
        self.clock = clock
        self._heard = heard
        self.pseudonyms = pseudonyms
        self.solve = solve
        self.blocking = blocking

    # --- planning and publishing ---

    async def plan(self, unit_id: str, window_ns: int) -> Kept:
        """A new draft of that window, kept for whoever publishes it."""
        unit = await self.unit(unit_id)
        now_ns = self.clock.now_ns()
        span = Span(window_ns=window_ns, from_ns=max(window_ns, next_hour_ns(now_ns)))
        if window_ns != window_of(window_ns) or span.from_ns >= span.end_ns:
            raise Permanent("Plan a window that is not over: begin at the Monday of its 4 weeks.")
        of = await self.ground(unit)
        problem = problem_of(unit, of, span)
        planned = await self.solve(PlanJob(problem=problem))
        assert isinstance(planned, Planned), "what was asked"
        draft = Kept(
            unit=unit.id,
            window_ns=window_ns,
            inputs=inputs_of(problem_of(unit, of, Span(window_ns=window_ns)), of.snapshot),
            figures=planned.figures,
            turns=turns_of(planned.rota),
        )
        kept: Kept = await self.blocking(lambda: self.store.save_draft(draft, n_erased=of.n_erased))
        return kept

    async def choose(self, unit_id: str, window_ns: int, number: int) -> Kept:
        """The newest draft with another point of its front than the default.

        Raises NoSuch, Moved, and Stale when the point gives hours to somebody who was erased since.
        """
        n_erased = await self.blocking(self.store.n_erased)
        draft = await self.newest_draft(unit_id, window_ns)
        if not 0 <= number < len(draft.figures.front):
            raise NoSuch(f"The front of this draft has {len(draft.figures.front)} points, from 0.")
        point = draft.figures.front[number]
        if any(shift.person == ERASED for shift in point.rota.shifts):
            raise Stale("Somebody was erased since this draft was made: plan it again.")
        figures = msgspec.structs.replace(
            draft.figures,
            night_h=point.night_h,
            worst_burden=point.worst_burden,
            gini=point.gini,
        )
        chosen = msgspec.structs.replace(draft, figures=figures, turns=turns_of(point.rota))
        kept: Kept = await self.blocking(lambda: self.store.save_draft(chosen, n_erased=n_erased))
        return kept

    async def explain(self, unit_id: str, window_ns: int) -> Explained:
        """Why the rest of the window has gaps, and who would have to join."""
        unit = await self.unit(unit_id)
        span = Span(window_ns=window_ns, from_ns=max(window_ns, next_hour_ns(self.clock.now_ns())))
        problem = problem_of(unit, await self.ground(unit), span)
        explained = await self.solve(ExplainJob(problem=problem))
        assert isinstance(explained, Explained), "what was asked"
        return explained

    def publish(self, unit_id: str, window_ns: int, version: int, *, by: str) -> list[Request]:
        """Puts exactly this draft in force; what somebody must agree to is asked. Blocks."""

        def act(seen: int) -> list[Request]:
            draft = self.store.find(unit_id, window_ns, State.DRAFT)
            if draft is None or draft.version != version:
                raise Stale("This draft is not the newest any more: look at the rota again.")
            present = self.store.find(unit_id, window_ns, State.PUBLISHED)
            found = self._publication(draft, present, by)
            if present is not None and found.requests:
                return [self.store.request(each, seen=seen) for each in found.requests]
            return self.store.publish(draft, found.turns, found.requests, seen=seen)

        return self._at_one_version(act)

    def _publication(self, draft: Kept, present: Kept | None, by: str) -> Publication:
        unit = self._unit_now(draft.unit)
        now_ns = self.clock.now_ns()
        of = ground(self.store, self._heard, now_ns=now_ns)
        problem = problem_of(unit, of, _span_of(draft))
        demand_lawful(problem, present.turns if present else (), draft.turns)
        return publication(problem, draft, present, now_ns=now_ns, asked_by=by)

    def _at_one_version(self, act: Callable[[int], _T]) -> _T:
        """What `act` does at the version of the duty table that it is given. Blocks. Raises Moved.

        What is lawful by itself need not be so beside what somebody else does at the same time: then
        it is looked at again.
        """
        for _ in range(_TRIES):
            with contextlib.suppress(Moved):
                return act(self.store.version())
        raise Moved("The rota changes too often now: try again.", after_s=1.0)

    # --- one shift ---

    async def shift(self, unit_id: str, role: Role, start_ns: int) -> tuple[Kept, Turn]:
        """The published turn that begins then, or holds that instant. Raises NoSuch."""
        kept = await self.published(unit_id, window_of(start_ns))
        turn = turn_at(kept.turns, role, start_ns)
        if turn is None:
            raise NoSuch("There is no such shift in the published rota: look at it again.")
        return kept, turn

    async def swap(
        self,
        mine: tuple[str, Role, int],
        taker: str,
        *,
        by: str,
        back: tuple[str, Role, int] | None = None,
        is_dry: bool = False,
    ) -> Request:
        """`by`'s shift goes to `taker` once they say yes; `back` is one of theirs in return."""
        kept, turn = await self.shift(*mine)
        if turn.person != by:
            raise Permanent("Only your own shift is yours to offer.")
        changes = [self._passed(turn, taker)]
        if back is not None:
            other, returned = await self.shift(*back)
            if (other.unit, other.window_ns) != (kept.unit, kept.window_ns):
                raise Permanent("Swap shifts of one rota and one window: offer the two separately.")
            if returned.person != taker:
                raise Permanent(f"That shift is not {taker}'s to give: look at the rota again.")
            changes.append(self._passed(returned, by))
        request = Request(
            unit=kept.unit,
            window_ns=kept.window_ns,
            kind=RequestKind.SWAP,
            asked_by=by,
            changes=tuple(changes),
            asked=tuple(sorted({by, taker})),
            answers={by: True},
        )
        return await self._asked(request, is_dry=is_dry)

    async def take(
        self, unit_id: str, role: Role, at_ns: int, *, by: str, is_dry: bool = False
    ) -> Request:
        """`by` takes over what is left of a shift, once whoever loses it says yes.

        At once: a gap, and in an emergency, that is a shift that runs or begins within the hour, the
        first time: two who take the same shift in turn ask each other from then on.
        """
        kept, turn = await self.shift(unit_id, role, max(at_ns, self.clock.now_ns()))
        if turn.person == by:
            raise Permanent("This shift is yours already.")
        passed = self._passed(turn, by)
        is_near = passed.start_ns <= self.clock.now_ns() + EMERGENCY_NS
        is_emergency = (
            is_near and turn.person is not None and not await self._has_taken(kept, passed)
        )
        request = Request(
            unit=kept.unit,
            window_ns=kept.window_ns,
            kind=RequestKind.TAKE,
            asked_by=by,
            changes=(passed,),
            asked=(by,) if is_emergency else tuple(sorted({by, turn.person or by})),
            is_emergency=is_emergency,
            answers={by: True},
        )
        return await self._asked(request, is_dry=is_dry)

    async def _has_taken(self, kept: Kept, wanted: Piece) -> bool:
        """Whether whoever wants what is left of the shift took it at once before, and lost it since."""
        taken: list[Request] = await self.blocking(self.store.taken_since, kept.window_ns)
        return any(
            request.is_emergency
            and request.unit == kept.unit
            and (piece.role, piece.end_ns, piece.after)
            == (wanted.role, wanted.end_ns, wanted.after)
            for request in taken
            for piece in request.changes
        )

    async def answer(self, request_id: str, person: str, *, is_yes: bool) -> Request:
        """A person's own word; the last yes applies the change, if it is lawful by now."""

        def act(seen: int) -> Request:
            request = self.store.find_request(request_id)
            if is_yes and request.state is RequestState.OPEN and person in request.asked:
                try:
                    self._demand_lawful(request)
                except Stale:
                    self.store.close_request(request_id, RequestState.STALE)
                    raise
            return self.store.answer(request_id, person, is_yes=is_yes, seen=seen)

        answered: Request = await self.blocking(self._at_one_version, act)
        return answered

    async def accept_gap(self, unit_id: str, role: Role, at_ns: int, *, owner: str) -> Kept:
        """The gap that holds the instant, accepted by name. Whoever leads the unit's team may."""
        kept, turn = await self.shift(unit_id, role, at_ns)
        accepted: Kept = await self.blocking(
            self.store.accept_gap, kept.unit, kept.window_ns, turn, owner
        )
        return accepted

    def _passed(self, turn: Turn, to: str) -> Piece:
        now_ns = second_ns(self.clock.now_ns())
        if turn.end_ns <= now_ns:
            raise Permanent("This shift is over.")
        return Piece(max(turn.start_ns, now_ns), turn.end_ns, turn.role, turn.person, to)

    async def _asked(self, request: Request, *, is_dry: bool) -> Request:
        def act(seen: int) -> Request:
            self._demand_lawful(request)
            return request if is_dry else self.store.request(request, seen=seen)

        asked: Request = await self.blocking(self._at_one_version, act)
        return asked

    def _demand_lawful(self, request: Request) -> None:
        """Returns if its changes may be made now. Blocks. Raises Unlawful and Stale."""
        now_ns = self.clock.now_ns()
        kept = self._published_now(request.unit, request.window_ns)
        of = ground(self.store, self._heard, now_ns=now_ns)
        problem = problem_of(self._unit_now(request.unit), of, _span_of(kept))
        is_swap = request.kind is RequestKind.SWAP
        changes = to_come(request.changes, now_ns, is_whole=is_swap)
        demand_lawful(problem, kept.turns, reassigned(kept.turns, changes))

    # --- looking things up ---

    def snapshot(self) -> Snapshot | None:
        """The directory as heard last; None before that."""
        heard = self._heard()
        return None if heard is None else heard.snapshot

    async def unit(self, unit_id: str) -> Unit:
        """Raises NoSuch."""
        found: Unit = await self.blocking(self._unit_now, unit_id)
        return found

    def _unit_now(self, unit_id: str) -> Unit:
        unit = self.store.units().get(unit_id)
        if unit is None:
            raise NoSuch(f"There is no unit {unit_id!r}: list them to see what is planned.")
        return unit

    async def newest_draft(self, unit_id: str, window_ns: int, version: int | None = None) -> Kept:
        """Raises NoSuch."""
        found: Kept | None = await self.blocking(self.store.find, unit_id, window_ns, State.DRAFT)
        if found is None or version not in (None, found.version):
            raise NoSuch("There is no such draft any more: plan it, or look at the newest.")
        return found

    async def published(self, unit_id: str, window_ns: int) -> Kept:
        """What is in force. Raises NoSuch."""
        found: Kept = await self.blocking(self._published_now, unit_id, window_ns)
        return found

    def _published_now(self, unit_id: str, window_ns: int) -> Kept:
        found = self.store.find(unit_id, window_ns, State.PUBLISHED)
        if found is None:
            raise NoSuch(f"No rota of {unit_id} is published then: plan it and publish it first.")
        return found

    async def ground(self, unit: Unit) -> Ground:
        """What a plan of the unit stands on, the burden of its people carried over."""
        of = await self.ground_now()
        members = next((t.members for t in of.snapshot.teams if t.id == unit.team), ())
        pseudonyms = await self.pseudonyms(members)
        since_ns = window_of(self.clock.now_ns()) - CARRIED_WINDOWS * WINDOW_NS
        points = await self.blocking(self.store.points_since, since_ns)
        return with_carried(of, pseudonyms, points)

    async def problem(self, kept: Kept) -> tuple[Problem, Ground]:
        """The problem that the published rota answers, as it is now."""
        unit = await self.unit(kept.unit)
        of = await self.ground(unit)
        return problem_of(unit, of, _span_of(kept)), of

    async def ground_now(self) -> Ground:
        """What is known now, without the burden that is carried."""
        found: Ground = await self.blocking(
            lambda: ground(self.store, self._heard, now_ns=self.clock.now_ns())
        )
        return found


def _span_of(kept: Kept) -> Span:
    """The hours that the rota covers."""
    first_ns = min((turn.start_ns for turn in kept.turns), default=kept.window_ns)
    return Span(window_ns=kept.window_ns, from_ns=first_ns)
