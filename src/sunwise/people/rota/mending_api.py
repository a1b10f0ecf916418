"""Re-plans over HTTP: absences, journeys, a hub or country that is lost; consequences shown first."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Path, Response

from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard.door import Requirement
from sunwise.chassis.guard.principal import Principal, person_of
from sunwise.chassis.guard.rights import Right, Scope
from sunwise.people.rota.errands import Tell, Wish, Work
from sunwise.people.rota.errands_api import ErrandDesk, Job
from sunwise.people.rota.kept import DAY_NS, RequestKind
from sunwise.people.rota.mending import Consequences, Mending
from sunwise.people.rota.page import Change, change_of
from sunwise.people.rota.store import Closure, Journey
from sunwise.people.rota.units import demand_zone
from sunwise.people.rota.views import RotaViews

Id = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
MOST_NS: Final = 2**62
"""Instants lie before: a window that begins there still has an end."""
Instant = Annotated[int, Body(ge=0, lt=MOST_NS)]
MaybeInstant = Annotated[int | None, Body(ge=0, lt=MOST_NS)]
"""Now when it is left out."""
PersonId = Annotated[str, Body(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
MaybePerson = Annotated[str | None, Body(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""Oneself when it is left out."""
Lost = Annotated[str, Body(pattern=r"^([A-Z]{2}|[a-z0-9][a-z0-9._-]{0,63})$")]
Dry = Annotated[bool, Body(description="Only show the consequences; nothing is changed.")]
_LONGEST_DAYS: Final = 92


@dataclass(frozen=True)
class Consequence:
    """What becomes of one rota."""

    unit: str
    window_ns: int
    services: list[str]
    """Whose duty it is: what people know the unit by."""
    vacated: list[dict[str, Any]]
    """Gaps at once: whoever had them cannot do them."""
    change: Change | None
    """Who would have what instead, and whose yes it waits for; its id is empty while only shown."""
    is_optimal: bool
    """Whether it is proven that fewer changes leave more gaps."""
    problem: str
    """Why it cannot be mended, and what to do."""


def add_mending(
    router: APIRouter,
    views: RotaViews,
    mending: Mending,
    errands: ErrandDesk,
    *,
    require: Callable[[Right], Requirement],
) -> None:
    """The routes of what forces a rota to change; each is a job whose result are consequences."""
    _absences(router, views, mending, errands, require=require)
    _planners(router, views, mending, errands, require=require)


def _absences(
    router: APIRouter,
    views: RotaViews,
    mending: Mending,
    errands: ErrandDesk,
    *,
    require: Callable[[Right], Requirement],
) -> None:
    absentee = Depends(require(Right.LEAVE_WRITE))

    @router.post(
        "/absences", status_code=202, summary="Somebody cannot be on duty: nobody asks why"
    )
    async def absent(
        principal: Annotated[Principal, absentee],
        response: Response,
        *,
        from_ns: Instant,
        until_ns: Instant,
        person: MaybePerson = None,
        is_dry: Dry = True,
    ) -> Job:
        whose, by = await _whose(views, principal, person), person_of(principal)
        _demand_span(from_ns, until_ns)
        closure = Closure(kind="person", subject=whose, from_ns=from_ns, until_ns=until_ns)

        work = _closing(mending, closure, by=by, is_dry=is_dry)
        wish = Wish(kind="absence", about=whose, by=by, content=(from_ns, until_ns, is_dry))
        return errands.accepted(wish, work, response)

    @router.post("/journeys", status_code=202, summary="Another time zone for a while, as declared")
    async def travels(
        principal: Annotated[Principal, absentee],
        response: Response,
        *,
        zone_name: Annotated[str, Body(alias="zone", max_length=64)],
        from_ns: Instant,
        until_ns: Instant,
        is_dry: Dry = True,
    ) -> Job:
        by = person_of(principal)
        _demand_span(from_ns, until_ns)
        demand_zone(zone_name, by)
        journey = Journey(person=by, from_ns=from_ns, until_ns=until_ns, zone=zone_name)

        async def work(tell: Tell) -> list[Consequence]:
            found = await mending.travels(journey, by=by, is_dry=is_dry, tell=tell)
            return [_shown(each) for each in found]

        content = (zone_name, from_ns, until_ns, is_dry)
        wish = Wish(kind="journey", about=by, by=by, content=content)
        return errands.accepted(wish, work, response)


def _planners(
    router: APIRouter,
    views: RotaViews,
    mending: Mending,
    errands: ErrandDesk,
    *,
    require: Callable[[Right], Requirement],
) -> None:
    planner = Depends(require(Right.ROTA_PLAN))

    @router.post("/lost", status_code=202, summary="A hub or a country is lost for a while")
    async def lost(
        principal: Annotated[Principal, planner],
        response: Response,
        *,
        place: Lost,
        from_ns: Instant,
        until_ns: Instant,
        is_dry: Dry = True,
    ) -> Job:
        principal.demand(Right.ROTA_PLAN, Scope.ALL)
        by = person_of(principal)
        _demand_span(from_ns, until_ns)
        kind = "country" if place.isupper() else "hub"
        closure = Closure(kind=kind, subject=place, from_ns=from_ns, until_ns=until_ns)

        work = _closing(mending, closure, by=by, is_dry=is_dry)
        wish = Wish(kind="lost", about=place, by=by, content=(from_ns, until_ns, is_dry))
        return errands.accepted(wish, work, response)

    @router.post(
        "/units/{unit}/replan",
        status_code=202,
        summary="Mend a published rota with the fewest changes, as a job",
    )
    async def replan(
        unit: Id,
        principal: Annotated[Principal, planner],
        response: Response,
        *,
        at_ns: MaybeInstant = None,
        is_dry: Dry = True,
    ) -> Job:
        window_ns = await views.window_to_plan(principal, unit, at_ns)
        by = person_of(principal)

        async def work(_tell: Tell) -> list[Consequence]:
            of = await views.desk.ground(await views.desk.unit(unit)) if is_dry else None
            kind = RequestKind.DIRECTORY
            return [_shown(await mending.mend(unit, window_ns, kind=kind, by=by, assumed=of))]

        wish = Wish(kind="replan", about=unit, by=by, content=(window_ns, is_dry))
        return errands.accepted(wish, work, response)


def _closing(mending: Mending, closure: Closure, *, by: str, is_dry: bool) -> Work:
    async def work(tell: Tell) -> list[Consequence]:
        found = await mending.absent(closure, by=by, is_dry=is_dry, tell=tell)
        return [_shown(each) for each in found]

    return work


async def _whose(views: RotaViews, principal: Principal, person: str | None) -> str:
    """Oneself, or somebody of the teams that one leads. Raises NotAllowed."""
    own = person_of(principal)
    if person in (None, own):
        return own
    teams = (await asyncio.to_thread(views.snapshot)).teams
    leads = any(team.lead == own and person in team.members for team in teams)
    principal.demand_for(Right.LEAVE_WRITE, person, leads=leads)
    return person


def _demand_span(from_ns: int, until_ns: int) -> None:
    if not from_ns < until_ns <= from_ns + _LONGEST_DAYS * DAY_NS:
        raise Permanent(
            f"Name a stretch of at most {_LONGEST_DAYS} days that ends after it begins."
        )


def _shown(found: Consequences) -> Consequence:
    return Consequence(
        unit=found.unit,
        window_ns=found.window_ns,
        services=list(found.services),
        vacated=[piece._asdict() for piece in found.vacated],
        change=None if found.request is None else change_of(found.request),
        is_optimal=found.is_optimal,
        problem=found.problem,
    )
