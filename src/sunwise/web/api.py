"""`GET /pages/...`: one answer for each view, so that a page is there after one question."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, HTTPException, Query

from sunwise.chassis.guard import Principal, Right
from sunwise.contracts.people.directory import Snapshot
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.web.rota_view import RotaView, rota_view
from sunwise.web.seen import Board, People, Seen, duty_state
from sunwise.web.shell import shell_router
from sunwise.web.swaps import Consequences, SwapAsked, SwapDesk, SwapWish
from sunwise.web.today import (
    AHEAD_NS,
    BACK_NS,
    OnDuty,
    ServiceNow,
    Today,
    services_now,
    today_of,
)
from sunwise.web.waiting import Waits

_DAY_NS: Final = 24 * NS_PER_HOUR
_NO_DESK: Final = "This server cannot change the rota: ask whoever plans it."

_FromNs = Annotated[int | None, Query(ge=0, lt=2**62)]
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


def web_routers(sources: Sources, *, require: Callable[[Right], Any]) -> list[APIRouter]:
    """The shells of all pages, and the answers that they ask for."""
    router = APIRouter(prefix="/pages", tags=["pages"])
    _reading(router, sources, Depends(require(Right.ROTA_READ)))
    _swapping(router, sources, Depends(require(Right.ROTA_SWAP)))
    return [shell_router(), router]


def _reading(router: APIRouter, sources: Sources, reader: Any) -> None:  # noqa: ANN401
    @router.get("/you", summary="Who the reader is, and in which zone")
    def you(principal: Annotated[Principal, reader]) -> Seen:
        return People(sources.snapshot()).seen(_person(principal))

    @router.get("/today", summary="The page Today")
    async def today(principal: Annotated[Principal, reader]) -> Today:
        person = _person(principal)
        snapshot = await asyncio.to_thread(sources.snapshot)
        return today_of(
            snapshot,
            _on_duty(sources),
            you=person,
            duty=duty_state(sources.board),
            waits=await sources.waits(principal),
        )

    @router.get("/services", summary="Who is on duty, for every service")
    async def services(principal: Annotated[Principal, reader]) -> list[ServiceNow]:
        snapshot = await asyncio.to_thread(sources.snapshot)
        return services_now(snapshot, _on_duty(sources), snapshot.services, you=_person(principal))

    @router.get("/rota", summary="The page Rota: a team's shifts")
    async def rota(
        principal: Annotated[Principal, reader],
        team: _TeamId = None,
        from_ns: _FromNs = None,
        days: Annotated[int, Query(ge=1, le=35)] = 7,
    ) -> RotaView:
        now_ns = sources.now_ns()
        begins_ns = now_ns - now_ns % _DAY_NS if from_ns is None else from_ns
        span_ns = begins_ns, begins_ns + days * _DAY_NS
        view = rota_view(
            await asyncio.to_thread(sources.snapshot),
            sources.board.slots(*span_ns),
            now_ns=now_ns,
            you=_person(principal),
            team=team,
            duty=duty_state(sources.board),
            span_ns=span_ns,
            can_swap=sources.swaps is not None,
        )
        if team is not None and view.team is None:
            raise HTTPException(404, f"The directory has no team {team}.")
        return view


def _swapping(router: APIRouter, sources: Sources, swapper: Any) -> None:  # noqa: ANN401
    @router.post("/swaps/consequences", summary="What a swap would mean; nothing changes")
    async def consequences(
        principal: Annotated[Principal, swapper], wish: SwapWish
    ) -> Consequences:
        return await _desk(sources).consequences(principal, wish)

    @router.post("/swaps", summary="Swap, or ask those who must agree")
    async def swap(
        principal: Annotated[Principal, swapper],
        wish: SwapWish,
        key: Annotated[str, Body(max_length=128)],
    ) -> SwapAsked:
        return await _desk(sources).ask(principal, wish, key)


def _on_duty(sources: Sources) -> OnDuty:
    now_ns = sources.now_ns()
    return OnDuty(sources.board.slots(now_ns - BACK_NS, now_ns + AHEAD_NS), now_ns)


def _desk(sources: Sources) -> SwapDesk:
    if sources.swaps is None:
        raise HTTPException(404, _NO_DESK)
    return sources.swaps


def _person(principal: Principal) -> str:
    if principal.person_id is None:
        raise HTTPException(403, "Pages are for people: come with a personal token.")
    return principal.person_id
