"""`GET /pages/...`: one answer for each view, so that a page is there after one question."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query

from sunwise.chassis.duty.holding import HeldNow, as_planned
from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard import Principal, Right, person_of
from sunwise.contracts.people.directory import Snapshot
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.web.rota_view import RotaView, midnight_before, rota_view
from sunwise.web.seen import (
    AHEAD_NS,
    BACK_NS,
    Board,
    Names,
    People,
    Reader,
    Seen,
    duty_state,
    names_of,
)
from sunwise.web.shell import shell_router
from sunwise.web.swaps import (
    Consequences,
    Effect,
    Move,
    MoveWish,
    Open,
    Request,
    ShiftName,
    Stretch,
    SwapAsked,
    SwapDesk,
    SwapWish,
    effects_of,
    key_of,
)
from sunwise.web.today import (
    OnDuty,
    ServiceNow,
    Today,
    services_now,
    today_of,
)
from sunwise.web.waiting import Waits

_DAY_NS: Final = 24 * NS_PER_HOUR
_MOST_NAMES: Final = 500
_MOST_MOVES: Final = 1_000
_MOST_NS: Final = 368 * _DAY_NS
_TOO_LONG: Final = "Moves end after they begin, and are 368 days together at most: ask for fewer."
_CHANGED: Final = "The rota has changed since you looked: see what the swap would mean now."
_NO_DESK: Final = "This server cannot change the rota: ask whoever plans it."

_FromNs = Annotated[int | None, Query(ge=0, lt=2**62)]
_Services = Annotated[
    list[str] | None,
    Query(max_length=50, description="Ids; those that are not known are left out."),
]
_TeamId = Annotated[str | None, Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


@dataclass(frozen=True)
class Sources:
    """Where the pages' answers come from."""

    snapshot: Callable[[], Snapshot]
    """The newest directory; may block."""
    board: Board
    now_ns: Callable[[], int]
    waits: Callable[[Principal], Awaitable[Waits]]
    swaps: SwapDesk | None = None
    """None: nobody here may change the rota."""
    held: HeldNow = as_planned
    """Which duties are not held by whom the rota names."""


def web_routers(sources: Sources, *, require: Callable[[Right], Any]) -> list[APIRouter]:
    """The shells of all pages, and the answers that they ask for."""
    router = APIRouter(prefix="/pages", tags=["pages"])
    _reading(router, sources, Depends(require(Right.ROTA_READ)))
    _reading_services(router, sources, Depends(require(Right.ROTA_READ)))
    _swapping(router, sources, Depends(require(Right.ROTA_SWAP)))
    _weighing(router, sources, require)
    return [shell_router(), router]


def _reading(router: APIRouter, sources: Sources, reader: Any) -> None:  # noqa: ANN401
    @router.get("/you", summary="Who the reader is, in which zone, and what time it is")
    def you(principal: Annotated[Principal, reader]) -> Reader:
        seen = People(sources.snapshot()).seen(person_of(principal))
        return Reader(id=seen.id, name=seen.name, zone=seen.zone, now_ns=sources.now_ns())

    @router.get("/today", summary="The page Today")
    async def today(principal: Annotated[Principal, reader]) -> Today:
        person = person_of(principal)
        snapshot = await asyncio.to_thread(sources.snapshot)
        return today_of(
            snapshot,
            await _on_duty(sources),
            you=person,
            duty=duty_state(sources.board, sources.now_ns()),
            waits=await sources.waits(principal),
        )

    @router.post("/names", summary="What people and services are called")
    async def names(
        _principal: Annotated[Principal, reader],
        people: Annotated[list[str], Body(max_length=_MOST_NAMES)],
        services: Annotated[list[str], Body(max_length=_MOST_NAMES)],
    ) -> Names:
        snapshot = await asyncio.to_thread(sources.snapshot)
        return names_of(snapshot, people, services)

    @router.get("/rota", summary="The page Rota: a team's shifts")
    async def rota(
        principal: Annotated[Principal, reader],
        team: _TeamId = None,
        from_ns: _FromNs = None,
        days: Annotated[int, Query(ge=1, le=35)] = 7,
    ) -> RotaView:
        now_ns, you = sources.now_ns(), person_of(principal)
        snapshot = await asyncio.to_thread(sources.snapshot)
        zone = People(snapshot).seen(you).zone
        begins_ns = midnight_before(now_ns if from_ns is None else from_ns, zone)
        span_ns = begins_ns, begins_ns + days * _DAY_NS
        view = rota_view(
            snapshot,
            sources.board.slots(*span_ns),
            now_ns=now_ns,
            you=you,
            team=team,
            duty=duty_state(sources.board, sources.now_ns()),
            span_ns=span_ns,
            can_swap=sources.swaps is not None,
            principal=principal,
        )
        if team is not None and view.team is None:
            raise HTTPException(404, f"The directory has no team {team}.")
        return view


def _reading_services(router: APIRouter, sources: Sources, reader: Any) -> None:  # noqa: ANN401
    @router.get("/services", summary="Who is on duty, for every service or for some")
    async def services(
        principal: Annotated[Principal, reader], of: _Services = None
    ) -> list[ServiceNow]:
        snapshot = await asyncio.to_thread(sources.snapshot)
        wanted = [each for each in snapshot.services if of is None or each.id in of]
        on_duty = await _on_duty(sources)
        return services_now(snapshot, on_duty, wanted, you=person_of(principal))


def _swapping(router: APIRouter, sources: Sources, swapper: Any) -> None:  # noqa: ANN401
    @router.post("/swaps/consequences", summary="What a swap would mean; nothing changes")
    async def consequences(
        principal: Annotated[Principal, swapper], wish: SwapWish
    ) -> Consequences:
        return await _consequences(sources, principal, wish)

    @router.post("/swaps", summary="Swap as shown, or ask those who must agree")
    async def swap(
        principal: Annotated[Principal, swapper],
        wish: SwapWish,
        key: Annotated[str, Body(max_length=128)],
    ) -> SwapAsked:
        shown = await _consequences(sources, principal, wish)
        if not shown.is_allowed or shown.key != key:
            raise HTTPException(409, shown.reason or _CHANGED)
        wanted = await _desk(sources).ask(principal, wish)
        return SwapAsked(is_applied=not wanted.asks, asks=await _seen(sources, wanted.asks))

    @router.get("/swaps", summary="Changes of the rota that wait for your yes")
    async def requests(principal: Annotated[Principal, swapper]) -> list[Request]:
        if sources.swaps is None:
            return []
        found = await sources.swaps.waiting_for(person_of(principal))
        snapshot = await asyncio.to_thread(sources.snapshot)
        return [_request(each, snapshot) for each in found]

    @router.post("/swaps/{change}/answer", status_code=204, summary="Your own yes or no")
    async def answer(
        principal: Annotated[Principal, swapper],
        change: Annotated[str, Path(pattern=r"^[a-zA-Z0-9._-]{1,80}$")],
        is_yes: Annotated[bool, Body(embed=True)],
    ) -> None:
        await _desk(sources).answer(person_of(principal), change, is_yes=is_yes)


def _weighing(router: APIRouter, sources: Sources, require: Callable[[Right], Any]) -> None:
    reader = Depends(require(Right.ROTA_READ))
    publisher = Depends(require(Right.ROTA_PUBLISH))

    @router.post("/effects", summary="What changes of hands mean for each person; nothing changes")
    async def effects(
        _principal: Annotated[Principal, reader],
        moves: Annotated[list[MoveWish], Body(embed=True, max_length=_MOST_MOVES)],
    ) -> list[Effect]:
        lengths_ns = [each.until_ns - each.since_ns for each in moves]
        if any(length_ns <= 0 for length_ns in lengths_ns) or sum(lengths_ns) > _MOST_NS:
            raise HTTPException(422, _TOO_LONG)
        snapshot = await asyncio.to_thread(sources.snapshot)
        wanted = [Move(**asdict(each)) for each in moves]
        return await asyncio.to_thread(effects_of, wanted, snapshot)

    @router.post("/gaps/accept", status_code=204, summary="Accept a gap by your name")
    async def accept_gap(principal: Annotated[Principal, publisher], gap: ShiftName) -> None:
        await _desk(sources).accept_gap(principal, gap)


async def _consequences(sources: Sources, principal: Principal, wish: SwapWish) -> Consequences:
    try:
        wanted = await _desk(sources).dry(principal, wish)
    except Permanent as refused:
        return Consequences(is_allowed=False, reason=str(refused), effects=[], asks=[], key="")
    snapshot = await asyncio.to_thread(sources.snapshot)
    return Consequences(
        is_allowed=True,
        reason="",
        effects=effects_of(wanted.moves, snapshot),
        asks=await _seen(sources, wanted.asks),
        key=key_of(wanted, sources.now_ns()),
    )


async def _seen(sources: Sources, people: Iterable[str]) -> list[Seen]:
    known = People(await asyncio.to_thread(sources.snapshot))
    return [known.seen(person) for person in people]


def _stretch(move: Move, snapshot: Snapshot) -> Stretch:
    people = People(snapshot)
    return Stretch(
        role=move.role,
        since_ns=move.since_ns,
        until_ns=move.until_ns,
        before=people.seen_or_none(move.before),
        after=people.seen_or_none(move.after),
    )


def _request(change: Open, snapshot: Snapshot) -> Request:
    return Request(
        id=change.id,
        why=change.why,
        asked_by=People(snapshot).seen_or_none(change.asked_by),
        moves=[_stretch(move, snapshot) for move in change.moves],
        effects=effects_of(change.moves, snapshot),
    )


async def _on_duty(sources: Sources) -> OnDuty:
    now_ns = sources.now_ns()
    slots = sources.board.slots(now_ns - BACK_NS, now_ns + AHEAD_NS)
    return OnDuty(slots, now_ns, await sources.held())


def _desk(sources: Sources) -> SwapDesk:
    if sources.swaps is None:
        raise HTTPException(404, _NO_DESK)
    return sources.swaps
