"""What becomes of published rotas when somebody cannot do what is theirs: consequences, shown first.

Nobody is on duty while they are away: their turns become gaps at once, escalated until somebody has
them. Who would fill them is a request; whoever's own yes it needs is asked, and around the clock
everybody who gets hours.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.problem import Problem, Rota, Shift, overlap
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.errands import Tell
from sunwise.people.rota.jobs import Mended, ReplanJob
from sunwise.people.rota.kept import WINDOW_NS, Kept, Request, RequestKind, RequestState, State
from sunwise.people.rota.publishing import asked_of, vacated
from sunwise.people.rota.store import Closure, Journey
from sunwise.people.rota.turns import Piece, pieces, reassigned, rota_of
from sunwise.people.rota.units import Ground, Span, inputs_of, problem_of, second_ns

NOBODY: Final = ""


def untold(_n_done: int, _n_all: int) -> None:
    """Nobody hears how far it is."""


class Consequences(msgspec.Struct, frozen=True, kw_only=True):
    """What one rota would become, or became."""

    unit: str
    window_ns: int
    services: tuple[str, ...] = ()
    """Of the unit: what people know it by."""
    vacated: tuple[Piece, ...] = ()
    """Gaps at once: whoever had them cannot do them."""
    request: Request | None = None
    """Who would have what instead; None: nothing changes hands."""
    is_optimal: bool = True
    """Whether it is proven that fewer changes leave more gaps."""
    problem: str = ""
    """Why it cannot be mended, and what to do."""
    is_put_off: bool = False
    """It was not even tried to the end: that is for later, and what is vacated stays so until then."""


class Mending:
    """Re-plans with the fewest changes. May raise Permanent and Retryable."""

    def __init__(self, desk: RotaDesk) -> None:
        self._desk = desk
        self._store = desk.store

    async def absent(
        self, closure: Closure, *, by: str, is_dry: bool, tell: Tell = untold
    ) -> list[Consequences]:
        """Somebody cannot be on duty then, or everybody of a hub or a country."""
        if closure.until_ns <= max(closure.from_ns, self._desk.clock.now_ns()):
            raise Permanent("This time is over: say when it ends.")
        kind = RequestKind.ABSENCE if closure.kind == "person" else RequestKind.LOST
        of = await self._desk.ground_now()
        touched = self._touched(of, _people_of(closure, of), closure.from_ns, closure.until_ns)
        if is_dry:
            of = msgspec.structs.replace(of, closures=(*of.closures, closure))
        else:
            await self._desk.blocking(self._store.add_closure, closure)
        assumed = of if is_dry else None
        return await self._mend_all(touched, kind=kind, by=by, assumed=assumed, tell=tell)

    async def travels(
        self, journey: Journey, *, by: str, is_dry: bool, tell: Tell = untold
    ) -> list[Consequences]:
        """Somebody lives by another clock for a while."""
        of = await self._desk.ground_now()
        touched = self._touched(of, {journey.person}, journey.from_ns, journey.until_ns)
        if is_dry:
            of = msgspec.structs.replace(of, journeys=(*of.journeys, journey))
        else:
            await self._desk.blocking(self._store.add_journey, journey)
        kind, assumed = RequestKind.TRAVEL, of if is_dry else None
        return await self._mend_all(touched, kind=kind, by=by, assumed=assumed, tell=tell)

    async def _mend_all(
        self,
        touched: Sequence[tuple[str, int]],
        *,
        kind: RequestKind,
        by: str,
        assumed: Ground | None,
        tell: Tell,
    ) -> list[Consequences]:
        found: list[Consequences] = []
        for unit, window_ns in touched:
            tell(len(found), len(touched))
            found.append(await self.mend(unit, window_ns, kind=kind, by=by, assumed=assumed))
        return found

    async def mend(
        self,
        unit_id: str,
        window_ns: int,
        *,
        kind: RequestKind,
        by: str,
        assumed: Ground | None = None,
    ) -> Consequences:
        """The published rota for things as they are, or with `assumed` only what would become of it."""
        kept = await self._desk.published(unit_id, window_ns)
        unit = await self._desk.unit(unit_id)
        of = assumed or await self._desk.ground(unit)
        now_ns = second_ns(self._desk.clock.now_ns())
        span = Span(window_ns=window_ns, from_ns=max(window_ns, _hour_ns(now_ns)))
        problem = problem_of(unit, of, span)
        gone = vacated(problem, kept.turns, now_ns)
        try:
            mended = await self._solved(problem, kept, span, gone, now_ns=now_ns)
        except (Permanent, Retryable) as fault:  # whoever is away is off duty all the same
            mended, why, is_put_off = None, str(fault), isinstance(fault, Retryable)
        else:
            why, is_put_off = "", False
        request = None
        if mended is not None:
            request = _request(kept, mended, gone, kind=kind, by=by)
            asked = asked_of(
                problem, request.changes, now_ns=now_ns, takers=unit.is_around_the_clock
            )
            request = msgspec.structs.replace(request, asked=tuple(asked))
            request = request if request.changes else None
        found = Consequences(
            unit=unit_id,
            window_ns=window_ns,
            services=unit.services,
            vacated=tuple(gone),
            request=request,
            is_optimal=mended is not None and mended.optimal,
            problem=why,
            is_put_off=is_put_off,
        )
        return found if assumed is not None else await self._done(found, of)

    async def _solved(
        self,
        problem: Problem,
        kept: Kept,
        span: Span,
        gone: Sequence[Piece],
        *,
        now_ns: int,
    ) -> Mended:
        present = _from(rota_of(kept.turns), span.from_ns)
        promised = tuple(
            Shift(*turn[:3], turn.person)
            for turn in kept.turns
            if turn.is_actual
            and turn.person is not None
            and turn.start_ns >= now_ns
            and not any(each.role == turn.role and overlap(each[:2], turn[:2]) for each in gone)
        )
        problem = msgspec.structs.replace(problem, fixed=promised)
        answer = await self._desk.solve(ReplanJob(problem=problem, present=present, now_ns=now_ns))
        assert isinstance(answer, Mended), "what was asked"
        return answer

    async def _done(self, found: Consequences, of: Ground) -> Consequences:
        """Vacates at once, asks whoever is to be asked, and takes back what was asked before."""
        unit = await self._desk.unit(found.unit)
        key = found.unit, found.window_ns
        if found.vacated:
            await self._desk.blocking(self._store.amend, *key, found.vacated, "absence")
        for old in await self._desk.blocking(self._store.requests, RequestState.OPEN):
            if (old.unit, old.window_ns) == key and old.asked_by == NOBODY:
                await self._desk.blocking(self._store.close_request, old.id, RequestState.WITHDRAWN)
        request = found.request
        if request is not None:
            asked, n_erased = request, of.n_erased
            request = await self._desk.blocking(
                lambda: self._store.request(asked, n_erased=n_erased)
            )
        if not found.is_put_off:
            inputs = inputs_of(problem_of(unit, of, Span(window_ns=found.window_ns)), of.snapshot)
            await self._desk.blocking(self._store.settle, *key, inputs)
        return msgspec.structs.replace(found, request=request)

    def _touched(
        self, of: Ground, people: Iterable[str], from_ns: int, until_ns: int
    ) -> list[tuple[str, int]]:
        """(unit, window) of published rotas in which any of them has hours then."""
        published = self._store.windows(State.PUBLISHED)
        now_ns = self._desk.clock.now_ns()
        return sorted(
            {
                (unit, window_ns)
                for person in people
                for unit, window_ns, turn in of.turns.get(person, ())
                if (unit, window_ns) in published
                and overlap(turn[:2], (max(from_ns, now_ns), until_ns))
                and window_ns + WINDOW_NS > now_ns
            },
            key=lambda each: (each[1], each[0]),
        )


def _people_of(closure: Closure, of: Ground) -> set[str]:
    if closure.kind == "person":
        return {closure.subject}
    field = "hub" if closure.kind == "hub" else "country"
    return {p.id for p in of.snapshot.people if getattr(p, field) == closure.subject}


def _request(
    kept: Kept, mended: Mended, gone: Sequence[Piece], *, kind: RequestKind, by: str
) -> Request:
    """The changes that are left once what is gone is a gap."""
    after_gone = reassigned(kept.turns, gone)
    wanted = reassigned(kept.turns, mended.changes)
    now_ns = min((piece.start_ns for piece in mended.changes), default=kept.window_ns)
    return Request(
        unit=kept.unit,
        window_ns=kept.window_ns,
        kind=kind,
        asked_by=by,
        changes=pieces(after_gone, wanted, now_ns),
        n_forced=mended.n_forced,
    )


def _from(rota: Rota, from_ns: int) -> Rota:
    """What is left of the rota from then on."""
    return Rota(
        shifts=tuple(
            each._replace(start_ns=max(each.start_ns, from_ns))
            for each in rota.shifts
            if each.end_ns > from_ns
        ),
        gaps=tuple(
            each._replace(start_ns=max(each.start_ns, from_ns))
            for each in rota.gaps
            if each.end_ns > from_ns
        ),
    )


def _hour_ns(at_ns: int) -> int:
    return at_ns - at_ns % NS_PER_HOUR
