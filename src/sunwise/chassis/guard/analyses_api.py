"""Analyses over HTTP: what there is, what was agreed where; allowed and forbidden by two people."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Body, Depends, Path, Response

from sunwise.chassis.guard.analyses import PLACE, TABLE, Agreement, Analyses, Analysis
from sunwise.chassis.guard.changes_api import Change, answer_of, deciding
from sunwise.chassis.guard.door import Guard
from sunwise.chassis.guard.principal import Principal
from sunwise.chassis.guard.rights import Right
from sunwise.chassis.guard.two_people import TwoPeople

KIND: Final = "analysis.switch"
_Place = Annotated[str, Path(pattern=PLACE)]
_Words = Annotated[str, Body(min_length=2, max_length=200)]


@dataclass(frozen=True)
class Place:
    """What was agreed in one place."""

    place: str
    is_allowed: bool
    reference: str
    agreed_by: str
    agreed_on: str


@dataclass(frozen=True)
class Listed:
    """One analysis."""

    analysis: str
    shows: str
    is_per_person: bool
    is_allowed_elsewhere: bool
    """Where nothing was agreed."""
    places: list[Place]


def add_analyses(router: APIRouter, guard: Guard, two_people: TwoPeople) -> None:
    """The routes: everybody may see what can be seen of them."""
    analyses = Analyses(guard.store)
    anybody = Depends(guard.signed_in())
    switcher = Depends(guard.require(Right.ANALYSIS_SWITCH))
    two_people.register(
        KIND,
        Right.ANALYSIS_SWITCH,
        lambda proposal: analyses.enter(
            msgspec.json.decode(proposal.content, type=Agreement), by=deciding(proposal)
        ),
    )

    @router.get("/analyses", summary="Analyses of people, and what was agreed about them")
    def listed(_principal: Annotated[Principal, anybody]) -> list[Listed]:
        agreements = analyses.all()
        return [_listed(analysis, agreements) for analysis in Analysis]

    @router.put("/analyses/{analysis}/{place}", summary="Allow or forbid one: two people")
    def switch(
        *,
        analysis: Analysis,
        place: _Place,
        principal: Annotated[Principal, switcher],
        response: Response,
        is_allowed: Annotated[bool, Body()],
        reference: _Words,
        agreed_by: _Words,
        agreed_on: Annotated[date, Body()],
    ) -> Change:
        agreement = Agreement(
            analysis=analysis,
            place=place,
            is_allowed=is_allowed,
            reference=reference,
            agreed_by=agreed_by,
            agreed_on=agreed_on.isoformat(),
        )
        verb = "Allow" if is_allowed else "Forbid"
        proposal = two_people.submit(
            principal,
            kind=KIND,
            content=msgspec.json.encode(agreement),
            summary=f"{verb} {analysis.value}, {place}: {agreed_by}, {reference}",
        )
        return answer_of(proposal, response)


def _listed(analysis: Analysis, agreements: list[Agreement]) -> Listed:
    about = TABLE[analysis]
    places = [
        Place(each.place, each.is_allowed, each.reference, each.agreed_by, each.agreed_on)
        for each in agreements
        if each.analysis is analysis
    ]
    return Listed(
        analysis=analysis.value,
        shows=about.shows,
        is_per_person=about.is_per_person,
        is_allowed_elsewhere=not about.is_per_person,
        places=places,
    )
