"""Handoffs over HTTP: read, write the note, accept, step down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query

from sunwise.chassis.guard.door import Requirement
from sunwise.chassis.guard.principal import Principal, person_of
from sunwise.chassis.guard.rights import Right
from sunwise.chassis.http.refusals import Refusals
from sunwise.daylight.public_holidays import UnknownPlace, holiday_name
from sunwise.people.handoff.acceptance import Why
from sunwise.people.handoff.desk import HandoffDesk
from sunwise.people.handoff.page import Page, Row
from sunwise.people.handoff.store import MAX_TEXT, Note

HandoffId = Annotated[str, Path(pattern=r"^[0-9a-f]{20}$")]
ServiceId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Version = Annotated[int, Body(ge=0, description="Version of the note that was read; 0 for none.")]
Text = Annotated[str, Body(max_length=MAX_TEXT, description="Markdown.")]

_answered: Final = Refusals(
    {Why.UNKNOWN: 404, Why.UNLAWFUL: 403, Why.NOT_OUTGOING: 403, Why.NOT_ASKED: 403}
).answered


@dataclass(frozen=True)
class NoteVersion:
    """One version of a note."""

    version: int
    author: str | None
    text: str


@dataclass(frozen=True)
class HolidayShown:
    """A day of a place, as the library of holidays knows it."""

    country: str
    part: str
    day: date
    name: str
    """Empty: it is no public holiday there."""


def handoff_router(desk: HandoffDesk, *, require: Callable[[Right], Requirement]) -> APIRouter:
    """The routes of handoffs."""
    router = APIRouter(prefix="/people/handoffs", tags=["handoff"])
    _reading(router, desk, require)
    _acting(router, desk, require)
    return router


def _reading(router: APIRouter, desk: HandoffDesk, require: Callable[[Right], Requirement]) -> None:
    reader = Depends(require(Right.ROTA_READ))

    @router.get("", summary="What you hand over, and what waits for you")
    async def mine(principal: Annotated[Principal, reader]) -> list[Row]:
        return await desk.mine(person_of(principal))

    @router.get(
        "/of/{service}", summary="A service's handoffs of the last four weeks, newest first"
    )
    async def history(service: ServiceId, principal: Annotated[Principal, reader]) -> list[Row]:
        return await desk.history(service, person_of(principal))

    @router.get("/holidays/{country}/{day}", summary="Whether a day is a public holiday there")
    def holiday(
        country: Annotated[str, Path(pattern=r"^[A-Z]{2}$")],
        day: date,
        _principal: Annotated[Principal, reader],
        part: Annotated[str, Query(max_length=16)] = "",
    ) -> HolidayShown:
        try:
            return HolidayShown(country, part, day, holiday_name(country, part, day))
        except UnknownPlace as unknown:
            raise HTTPException(404, str(unknown)) from unknown

    @router.get("/{handoff}", summary="One handoff, whole, for its page")
    async def page(handoff: HandoffId, principal: Annotated[Principal, reader]) -> Page:
        return await _answered(desk.page(handoff, person_of(principal)))

    @router.get("/{handoff}/note/versions", summary="Every version of its note")
    async def versions(
        handoff: HandoffId, _principal: Annotated[Principal, reader]
    ) -> list[NoteVersion]:
        return [_shown(note) for note in await _answered(desk.versions(handoff))]


def _acting(router: APIRouter, desk: HandoffDesk, require: Callable[[Right], Requirement]) -> None:
    writer = Depends(require(Right.HANDOFF_WRITE))
    taker = Depends(require(Right.HANDOFF_ACCEPT))

    @router.put("/{handoff}/note", summary="Write the next version of the note")
    async def write(
        handoff: HandoffId,
        text: Text,
        read_version: Version,
        principal: Annotated[Principal, writer],
    ) -> NoteVersion:
        person = person_of(principal)
        note = await _answered(desk.write_note(handoff, person, text, read_version=read_version))
        return _shown(note)

    @router.post("/{handoff}/accept", summary="Take the duty over")
    async def accept(
        handoff: HandoffId,
        read_version: Annotated[int, Body(embed=True, ge=0)],
        principal: Annotated[Principal, taker],
    ) -> Page:
        person = person_of(principal)
        await _answered(desk.accept(handoff, person, read_version=read_version))
        return await _answered(desk.page(handoff, person))

    @router.post("/{handoff}/step-down", summary="Leave a duty that nobody has accepted")
    async def step_down(handoff: HandoffId, principal: Annotated[Principal, taker]) -> Page:
        person = person_of(principal)
        await _answered(desk.step_down(handoff, person))
        return await _answered(desk.page(handoff, person))


def _shown(note: Note) -> NoteVersion:
    return NoteVersion(version=note.version, author=note.author, text=note.text)
