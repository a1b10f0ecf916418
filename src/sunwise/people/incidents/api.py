"""Incidents over HTTP: open, follow, close, review, export."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query, Response

from sunwise.chassis.guard.door import Requirement
from sunwise.chassis.guard.principal import Principal, person_of
from sunwise.chassis.guard.rights import Right
from sunwise.chassis.http.refusals import Refusals
from sunwise.contracts.people.incidents import IncidentState
from sunwise.daylight.zones import UnknownZone, zone
from sunwise.people.incidents.desk import IncidentDesk, Opening
from sunwise.people.incidents.export import export
from sunwise.people.incidents.lifecycle import Held, Why
from sunwise.people.incidents.pages import (
    Clocks,
    Page,
    Row,
    ShownReview,
    page_of,
    review_of,
    row_of,
)
from sunwise.people.incidents.review import markdown
from sunwise.people.incidents.store import MAX_TEXT

Require = Callable[[Right], Requirement]
IncidentId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]
ServiceId = Annotated[str, Body(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Title = Annotated[str, Body(min_length=1, max_length=200)]
SeverityBody = Annotated[int, Body(ge=1, le=4, description="1 is the worst.")]
RoleName = Annotated[str, Body(pattern=r"^[a-z][a-z-]{0,31}$")]
Revision = Annotated[int, Body(ge=1, description="Of the incident as it was read.")]
ReadVersion = Annotated[int, Body(ge=0, description="Of the review that was read; 0 for none.")]
_answered: Final = Refusals({Why.UNKNOWN: 404, Why.TOO_MUCH: 422, Why.SAME_PERSON: 403}).answered


def incidents_router(desk: IncidentDesk, *, require: Require) -> APIRouter:
    """The routes of incidents."""
    router = APIRouter(prefix="/people/incidents", tags=["incidents"])
    for add in (_reading, _telling, _changing, _reviewing):
        add(router, desk, require)
    return router


def _clocks(
    zone: Annotated[str, Query(description="The reader's time zone.")] = "UTC",
    beside: Annotated[str, Query(description="The other's, shown beside it.")] = "UTC",
) -> Clocks:
    try:
        for name in (zone, beside):
            _known_zone(name)
    except UnknownZone as unknown:
        raise HTTPException(422, str(unknown)) from unknown
    return Clocks(zone=zone, beside=beside)


_known_zone = zone
OnClocks = Annotated[Clocks, Depends(_clocks)]


def _reading(router: APIRouter, desk: IncidentDesk, require: Require) -> None:
    reader = Depends(require(Right.INCIDENTS_READ))

    @router.get("", summary="Open incidents, and the newest of the others")
    async def newest(_principal: Annotated[Principal, reader], clocks: OnClocks) -> list[Row]:
        return [row_of(incident, clocks) for incident in await desk.newest()]

    @router.get("/{incident}", summary="One incident, whole, for its page")
    async def page(
        incident: IncidentId, _principal: Annotated[Principal, reader], clocks: OnClocks
    ) -> Page:
        return await _page(desk, await _answered(desk.find(incident)), clocks)

    @router.get("/{incident}/export", summary="All of it, with the chain of its timeline")
    async def exported(incident: IncidentId, _principal: Annotated[Principal, reader]) -> Response:
        held = await _answered(desk.find(incident))
        review = await _answered(desk.review(incident))
        body = export(held, await _answered(desk.timeline(incident)), review)
        return Response(body, media_type="application/json")


def _telling(router: APIRouter, desk: IncidentDesk, require: Require) -> None:
    writer = Depends(require(Right.INCIDENTS_WRITE))

    @router.post("", status_code=201, summary="Open an incident")
    async def opened(
        *,
        title: Title,
        severity: SeverityBody,
        service: ServiceId,
        principal: Annotated[Principal, writer],
        clocks: OnClocks,
        services: Annotated[list[ServiceId], Body(max_length=64)] = [],  # noqa: B006 - FastAPI copies it
    ) -> Page:
        opening = Opening(title, severity, service, services)
        return await _page(desk, await _answered(desk.open(opening, person_of(principal))), clocks)

    @router.post("/{incident}/notes", summary="Write something down in its timeline")
    async def noted(
        incident: IncidentId,
        text: Annotated[str, Body(embed=True, min_length=1, max_length=2_000)],
        principal: Annotated[Principal, writer],
        clocks: OnClocks,
    ) -> Page:
        noting = desk.note(incident, text, person_of(principal))
        return await _page(desk, await _answered(noting), clocks)


def _changing(router: APIRouter, desk: IncidentDesk, require: Require) -> None:
    writer = Depends(require(Right.INCIDENTS_WRITE))

    @router.post("/{incident}/state", summary="Mitigate, resolve or reopen it")
    async def moved(
        incident: IncidentId,
        *,
        state: Annotated[IncidentState, Body()],
        revision: Revision,
        principal: Annotated[Principal, writer],
        clocks: OnClocks,
    ) -> Page:
        moving = desk.move(incident, state, person_of(principal), revision=revision)
        return await _page(desk, await _answered(moving), clocks)

    @router.post("/{incident}/severity", summary="Give it another severity")
    async def graded(
        incident: IncidentId,
        *,
        severity: SeverityBody,
        revision: Revision,
        principal: Annotated[Principal, writer],
        clocks: OnClocks,
    ) -> Page:
        grading = desk.grade(incident, severity, person_of(principal), revision=revision)
        return await _page(desk, await _answered(grading), clocks)

    @router.post("/{incident}/roles", summary="Take a role in it")
    async def took(
        incident: IncidentId,
        *,
        role: RoleName,
        revision: Revision,
        principal: Annotated[Principal, writer],
        clocks: OnClocks,
    ) -> Page:
        taking = desk.take_role(incident, role, person_of(principal), revision=revision)
        return await _page(desk, await _answered(taking), clocks)


def _reviewing(router: APIRouter, desk: IncidentDesk, require: Require) -> None:
    reader = Depends(require(Right.INCIDENTS_READ))
    writer = Depends(require(Right.INCIDENTS_WRITE))

    @router.get("/{incident}/review", summary="Its review")
    async def review(
        incident: IncidentId, _principal: Annotated[Principal, reader], clocks: OnClocks
    ) -> ShownReview:
        return review_of(await _answered(desk.review(incident)), clocks)

    @router.get("/{incident}/review.md", summary="Its review in Markdown")
    async def review_text(
        incident: IncidentId, _principal: Annotated[Principal, reader], clocks: OnClocks
    ) -> Response:
        found = await _answered(desk.review(incident))
        text = markdown(found.draft, found.text, zone=clocks.zone, beside=clocks.beside)
        return Response(text, media_type="text/markdown; charset=utf-8")

    @router.put("/{incident}/review", summary="Write what was found out")
    async def written(
        incident: IncidentId,
        *,
        text: Annotated[str, Body(max_length=MAX_TEXT, description="Markdown.")],
        read_version: ReadVersion,
        principal: Annotated[Principal, writer],
        clocks: OnClocks,
    ) -> ShownReview:
        person = person_of(principal)
        writing = desk.write_review(incident, person, text, read_version=read_version)
        return review_of(await _answered(writing), clocks)

    @router.post("/{incident}/review/accept", summary="Accept what somebody else wrote")
    async def accepted(
        incident: IncidentId,
        read_version: Annotated[int, Body(embed=True, ge=0)],
        principal: Annotated[Principal, writer],
        clocks: OnClocks,
    ) -> ShownReview:
        accepting = desk.accept_review(incident, person_of(principal), read_version=read_version)
        return review_of(await _answered(accepting), clocks)


async def _page(desk: IncidentDesk, held: Held, clocks: Clocks) -> Page:
    entries = await _answered(desk.timeline(held.incident.id))
    return page_of(held, entries, await desk.named(held), clocks=clocks)
