"""Facts over HTTP: any CI tells deploys, approvals and objectives; anybody sees what was told."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body, Depends, HTTPException

from sunwise.chassis import addresses
from sunwise.chassis.guard.door import Requirement
from sunwise.chassis.guard.principal import Principal
from sunwise.chassis.guard.rights import Right
from sunwise.chassis.http.refusals import Refusals
from sunwise.contracts.people.facts import FactKind, TimelineFact
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.incidents.desk import IncidentDesk
from sunwise.people.incidents.lifecycle import Why

FACTS: Final = "/v1/facts"
MAX_TOLD: Final = 100
_PAST_NS: Final = 35 * 24 * NS_PER_HOUR
_FUTURE_NS: Final = 366 * 24 * NS_PER_HOUR
_EVIDENCE: Final = {
    FactKind.DEPLOY: "deploy",
    FactKind.DEPLOY_PLANNED: "deploy",
    FactKind.CHANGE: "change",
    FactKind.APPROVAL: "approval",
    FactKind.APPROVAL_DECIDED: "approval",
    FactKind.SLO: "slo",
    FactKind.LISTING: "listing",
}
"""What a sender may tell, and what its evidence is. Alerts and pages are the pager's to tell."""
_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$"
_NO_SLUG: Final = re.compile(r"[^a-z0-9]+")
_answered: Final = Refusals({Why.UNKNOWN: 404}).answered


@dataclass(frozen=True)
class Told:
    """One thing that happened, or will."""

    id: Annotated[str, Body(pattern=_ID, description="Yours: told again it is the same fact.")]
    kind: Annotated[FactKind, Body(description=f"One of {', '.join(sorted(_EVIDENCE))}.")]
    services: Annotated[list[str], Body(min_length=1, max_length=64, description="Whose it is.")]
    what: Annotated[str, Body(description="One sentence, without people's names.")]
    at: Annotated[datetime | None, Body(description="With its offset; now when left out.")] = None
    ref: Annotated[
        str,
        Body(
            max_length=80,
            description="What a plan and its end, or a question and its answer, share.",
        ),
    ] = ""
    url: Annotated[str, Body(description="Where anybody can see for themselves.")] = ""


@dataclass(frozen=True)
class Recorded:
    """A fact that is stored."""

    id: str
    """Its own among all facts."""
    is_new: bool
    """False: it had been told before, and stays as it was."""
    url: str
    """Where people see it."""


@dataclass(frozen=True)
class Stored:
    """All that was told is stored."""

    facts: list[Recorded]
    unknown_services: list[str]
    """The directory does not have these (yet): nobody will see their facts."""


@dataclass(frozen=True)
class Shown:
    """A fact as it was told."""

    id: str
    kind: str
    services: list[str]
    what: str
    at_ns: int
    source: str
    url: str
    """The evidence elsewhere; empty where this is all there is."""


def facts_router(
    desk: IncidentDesk,
    *,
    require: Callable[[Right], Requirement],
    services: Callable[[], frozenset[str]],
) -> APIRouter:
    """The routes; `services` are those that the directory has, and may block."""
    router = APIRouter(prefix=FACTS, tags=["incidents"])
    teller = Depends(require(Right.FACTS_TELL))
    reader = Depends(require(Right.INCIDENTS_READ))

    @router.post("", summary="Tell deploys, approvals and objectives: all are stored, or none")
    async def tell(
        facts: Annotated[list[Told], Body(embed=True, min_length=1, max_length=MAX_TOLD)],
        principal: Annotated[Principal, teller],
    ) -> Stored:
        found = [_fact(told, _source(principal), desk.now_ns()) for told in facts]
        are_new = await desk.tell_facts(found)
        known = await asyncio.to_thread(services)
        return Stored(
            facts=[
                Recorded(id=fact.id, is_new=is_new, url=addresses.fact(fact.id))
                for fact, is_new in zip(found, are_new, strict=True)
            ],
            unknown_services=sorted({name for f in found for name in f.services} - known),
        )

    @router.get("/{fact:path}", summary="One fact, as it was told")
    async def read(fact: str, _principal: Annotated[Principal, reader]) -> Shown:
        return _shown(await _answered(desk.fact(fact)))

    return router


def _fact(told: Told, source: str, now_ns: int) -> TimelineFact:
    """The fact, its id and reference within those of its source. Raises HTTPException 422."""
    if told.kind not in _EVIDENCE:
        kinds = ", ".join(sorted(_EVIDENCE))
        raise HTTPException(422, f"{told.id}: nobody tells {told.kind.value} here, but {kinds}.")
    content: dict[str, Any] = {
        "id": f"{source}:{told.id}",
        "kind": told.kind.value,
        "services": sorted(set(told.services)),
        "what": told.what,
        "at_ns": _at_ns(told, now_ns),
        "source": source,
        "evidence": {
            "kind": _EVIDENCE[told.kind],
            "ref": f"{source}:{told.ref or told.id}",
            "url": told.url,
        },
    }
    try:
        return msgspec.convert(content, TimelineFact)
    except msgspec.ValidationError as fault:
        raise HTTPException(422, f"{told.id}: {fault}") from fault


def _at_ns(told: Told, now_ns: int) -> int:
    if told.at is None:
        return now_ns
    if told.at.tzinfo is None:
        raise HTTPException(422, f"{told.id}: write `at` with its offset, 2026-11-27T10:00:00Z.")
    at_ns = int(told.at.timestamp()) * 1_000_000_000
    if not now_ns - _PAST_NS <= at_ns <= now_ns + _FUTURE_NS:
        raise HTTPException(422, f"{told.id}: `at` is more than 35 days ago or 366 days ahead.")
    return at_ns


def _source(principal: Principal) -> str:
    """Who tells: an integration's name as an id; a person is never named by it."""
    name = "person" if principal.person_id is not None else principal.sender
    return _NO_SLUG.sub("-", name.lower()).strip("-")[:40] or "integration"


def _shown(fact: TimelineFact) -> Shown:
    return Shown(
        id=fact.id,
        kind=fact.kind.value,
        services=list(fact.services),
        what=fact.what,
        at_ns=fact.at_ns,
        source=fact.source,
        url=fact.evidence.url,
    )
