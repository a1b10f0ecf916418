"""Rotas over HTTP: see, plan, publish, swap, take, agree; the ledger of oneself; calendars."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query, Response

from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard.door import Requirement
from sunwise.chassis.guard.principal import Principal, person_of
from sunwise.chassis.guard.rights import Right
from sunwise.chassis.guard.store import Feed
from sunwise.contracts.people.directory import Role
from sunwise.people.rota.errands import Errands, Tell, Wish
from sunwise.people.rota.errands_api import ErrandDesk, Job, add_jobs
from sunwise.people.rota.kept import DAY_NS, WINDOW_NS, window_of
from sunwise.people.rota.mending import Mending
from sunwise.people.rota.mending_api import MOST_NS, Id, Instant, PersonId, add_mending
from sunwise.people.rota.page import Change, Page, change_of
from sunwise.people.rota.proposing import RotaProposing
from sunwise.people.rota.taking import Taking
from sunwise.people.rota.views import RotaViews

At = Annotated[int, Query(ge=0, lt=MOST_NS)]
WindowAt = Annotated[int, Path(ge=0, lt=MOST_NS)]
UnitId = Annotated[str, Body(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
Dry = Annotated[bool, Body(description="Only show what would change.")]
_LONGEST_DAYS: Final = 92
_CALENDAR: Final = "text/calendar; charset=utf-8"


@dataclass(frozen=True)
class Published:
    """What publishing came to."""

    state: str
    """`published`, or `proposed` while a second person must approve."""
    change: str
    """Id of the proposal; empty where none is needed."""
    asked: list[Change]
    """What people have to agree to first: until then it is a gap."""


@dataclass(frozen=True)
class Booked:
    """One row of one's own ledger."""

    seq: int
    window_ns: int
    kind: str
    points: int


@dataclass(frozen=True)
class Verified:
    """The burden ledger is as it was written."""

    n_rows: int


@dataclass(frozen=True)
class ShiftName:
    """A shift by its unit, its role and any instant of it."""

    unit: UnitId
    at_ns: Instant
    role: Role = Role.PRIMARY


def rota_router(
    views: RotaViews,
    mending: Mending,
    proposing: RotaProposing,
    *,
    taking: Taking,
    require: Callable[[Right], Requirement],
    feed: Callable[..., Feed],
) -> APIRouter:
    """The routes of the rota; `require` and `feed` are the guard's."""
    errands = ErrandDesk(Errands(views.desk.clock))
    router = APIRouter(prefix="/people/rota", tags=["rota"])
    _reading(router, views, require)
    _planning(router, views, proposing, errands, require=require)
    _accepting(router, views, require)
    _choosing(router, views, errands, require)
    _shifts(router, views, taking, require)
    add_mending(router, views, mending, errands, require=require)
    add_jobs(router, errands, require=require)
    _ledger(router, views, require)
    _feeds(router, views, feed)
    return router


def _reading(router: APIRouter, views: RotaViews, require: Callable[[Right], Requirement]) -> None:
    reader = Depends(require(Right.ROTA_READ))

    @router.get("/units", summary="What is planned together, and how far")
    async def units(_principal: Annotated[Principal, reader]) -> list[dict[str, Any]]:
        return await views.units()

    @router.get("/units/{unit}", summary="A unit's rota, complete for its page")
    async def unit_page(
        unit: Id,
        _principal: Annotated[Principal, reader],
        from_ns: At | None = None,
        until_ns: At | None = None,
    ) -> Page:
        return await views.page(unit, _span(views, from_ns, until_ns))

    @router.get("/units/{unit}/drafts/{window_ns}", summary="The newest draft of 4 weeks")
    async def draft(
        unit: Id, window_ns: WindowAt, _principal: Annotated[Principal, reader]
    ) -> Page:
        return await views.draft(unit, window_ns)

    @router.get("/teams/{team}", summary="The rotas of a team's units")
    async def team_pages(
        team: Id,
        _principal: Annotated[Principal, reader],
        from_ns: At | None = None,
        until_ns: At | None = None,
    ) -> list[Page]:
        span = _span(views, from_ns, until_ns)
        units = await views.units_of_team(team)
        return [await views.page(unit.id, span) for unit in units]

    @router.get("/gaps", summary="Gaps to come that nobody has accepted")
    async def gaps(_principal: Annotated[Principal, reader]) -> list[dict[str, Any]]:
        return await views.open_gaps()


def _planning(
    router: APIRouter,
    views: RotaViews,
    proposing: RotaProposing,
    errands: ErrandDesk,
    *,
    require: Callable[[Right], Requirement],
) -> None:
    planner = Depends(require(Right.ROTA_PLAN))
    publisher = Depends(require(Right.ROTA_PUBLISH))

    @router.post(
        "/units/{unit}/plan",
        status_code=202,
        summary="Plan 4 weeks, as a job: a draft that nobody sees on duty",
    )
    async def plan(
        unit: Id,
        principal: Annotated[Principal, planner],
        response: Response,
        at_ns: Annotated[Instant | None, Body(embed=True)] = None,
    ) -> Job:
        window_ns = await views.window_to_plan(principal, unit, at_ns)

        async def work(_tell: Tell) -> Page:
            await views.desk.plan(unit, window_ns)
            return await views.draft(unit, window_ns)

        wish = Wish(kind="plan", about=unit, by=principal.name, content=(window_ns,))
        return errands.accepted(wish, work, response)

    @router.post("/units/{unit}/publish", summary="Put a draft in force: around the clock, by two")
    async def publish(
        unit: Id,
        principal: Annotated[Principal, publisher],
        response: Response,
        *,
        window_ns: Instant,
        version: Annotated[int, Body(ge=1)],
    ) -> Published:
        await views.demand_for_unit(principal, Right.ROTA_PUBLISH, unit)
        found = await views.desk.unit(unit)
        if not found.is_around_the_clock:
            asked = await asyncio.to_thread(
                lambda: views.desk.publish(unit, window_ns, version, by=person_of(principal))
            )
            return Published("published", "", [change_of(each) for each in asked])
        kept = await views.desk.newest_draft(unit, window_ns, version)
        proposal = await asyncio.to_thread(proposing.submit, principal, kept)
        if proposal.outcome:
            raise Permanent(proposal.outcome)
        is_done = proposal.state.value == "applied"
        response.status_code = 200 if is_done else 202
        asked = await views.assigned(unit, window_ns) if is_done else []
        state = "published" if is_done else "proposed"
        return Published(state, proposal.id, [change_of(each) for each in asked])


def _accepting(
    router: APIRouter, views: RotaViews, require: Callable[[Right], Requirement]
) -> None:
    publisher = Depends(require(Right.ROTA_PUBLISH))

    @router.post("/gaps/accept", summary="Accept by name that nobody may lawfully do it")
    async def accept_gap(shift: ShiftName, principal: Annotated[Principal, publisher]) -> Page:
        await views.demand_for_unit(principal, Right.ROTA_PUBLISH, shift.unit)
        owner = person_of(principal)
        kept = await views.desk.accept_gap(shift.unit, shift.role, shift.at_ns, owner=owner)
        return await views.page(shift.unit, (kept.window_ns, kept.window_ns + WINDOW_NS))


def _choosing(
    router: APIRouter,
    views: RotaViews,
    errands: ErrandDesk,
    require: Callable[[Right], Requirement],
) -> None:
    planner = Depends(require(Right.ROTA_PLAN))

    @router.post("/units/{unit}/choose", summary="Another point of a draft's front")
    async def choose(
        unit: Id,
        principal: Annotated[Principal, planner],
        *,
        window_ns: Instant,
        point: Annotated[int, Body(ge=0, description="Its number in the front, from 0.")],
    ) -> Page:
        await views.demand_for_unit(principal, Right.ROTA_PLAN, unit)
        await views.desk.choose(unit, window_ns, point)
        return await views.draft(unit, window_ns)

    @router.post(
        "/units/{unit}/explain",
        status_code=202,
        summary="Why there are gaps, and what would close them, as a job",
    )
    async def explain(
        unit: Id,
        principal: Annotated[Principal, planner],
        response: Response,
        at_ns: Annotated[Instant | None, Body(embed=True)] = None,
    ) -> Job:
        window_ns = await views.window_to_plan(principal, unit, at_ns)

        async def work(_tell: Tell) -> dict[str, Any]:
            found: dict[str, Any] = msgspec.to_builtins(await views.desk.explain(unit, window_ns))
            return found

        wish = Wish(kind="explain", about=unit, by=principal.name, content=(window_ns,))
        return errands.accepted(wish, work, response)


def _shifts(
    router: APIRouter,
    views: RotaViews,
    taking: Taking,
    require: Callable[[Right], Requirement],
) -> None:
    swapper = Depends(require(Right.ROTA_SWAP))
    taker = Depends(require(Right.DUTY_TAKE))

    @router.post("/swap", summary="Offer your shift to somebody, perhaps for one of theirs")
    async def swap(
        principal: Annotated[Principal, swapper],
        *,
        mine: ShiftName,
        taker: PersonId,
        back: ShiftName | None = None,
        is_dry: Dry = False,
    ) -> Change:
        returned = (back.unit, back.role, back.at_ns) if back else None
        request = await views.desk.swap(
            (mine.unit, mine.role, mine.at_ns),
            taker,
            by=person_of(principal),
            back=returned,
            is_dry=is_dry,
        )
        return change_of(request)

    @router.post("/take", summary="Take over what is left of a shift")
    async def take(
        principal: Annotated[Principal, taker],
        *,
        shift: ShiftName,
        is_dry: Dry = False,
    ) -> Change:
        """Whoever loses it is asked, or told where it runs or begins within the hour."""
        named = shift.unit, shift.role, shift.at_ns
        return change_of(await taking.take(principal, named, is_dry=is_dry))

    @router.get("/changes", summary="Changes that you asked for or are asked about")
    async def changes(principal: Annotated[Principal, swapper]) -> list[Change]:
        person = person_of(principal)
        return [change_of(each) for each in await views.requests_of(person)]

    @router.post("/changes/{change}/answer", summary="Your own yes or no; silence is neither")
    async def answer(
        change: Id,
        is_yes: Annotated[bool, Body(embed=True)],
        principal: Annotated[Principal, swapper],
    ) -> Change:
        return change_of(await views.desk.answer(change, person_of(principal), is_yes=is_yes))


def _ledger(router: APIRouter, views: RotaViews, require: Callable[[Right], Requirement]) -> None:
    reader = Depends(require(Right.PEOPLE_EXPORT))
    auditor = Depends(require(Right.AUDIT_READ))

    @router.get("/ledger", summary="Your own rows of the burden ledger")
    async def own_ledger(principal: Annotated[Principal, reader]) -> list[Booked]:
        rows = await views.ledger_of(person_of(principal))
        return [Booked(each.seq, each.window_ns, each.kind, each.points) for each in rows]

    @router.get("/ledger/verified", summary="Whether the burden ledger's chain is whole")
    async def verified(_principal: Annotated[Principal, auditor]) -> Verified:
        return Verified(await views.verify_ledger())


def _feeds(router: APIRouter, views: RotaViews, feed: Callable[..., Feed]) -> None:
    @router.get("/feeds/{feed}", summary="A calendar, by its secret address")
    async def calendar_of(shown: Annotated[Feed, Depends(feed)]) -> Response:
        return Response(await views.calendar(shown.shows), media_type=_CALENDAR)


def _span(views: RotaViews, from_ns: int | None, until_ns: int | None) -> tuple[int, int]:
    """Four weeks from the window that holds today, where nothing else is asked for."""
    first = window_of(views.now_ns()) if from_ns is None else from_ns
    last = first + WINDOW_NS if until_ns is None else until_ns
    if not first < last <= first + _LONGEST_DAYS * DAY_NS:
        raise HTTPException(422, f"Ask for a stretch of at most {_LONGEST_DAYS} days.")
    return first, last
