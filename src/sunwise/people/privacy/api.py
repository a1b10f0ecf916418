"""Privacy over HTTP: all that is held of somebody, erasing them, the inventory."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Path, Response

from sunwise.chassis.guard import Principal, Right
from sunwise.chassis.guard.changes_api import Change, PersonId, answer_of
from sunwise.chassis.personal import Holder
from sunwise.people.privacy.export import exported, is_whole
from sunwise.people.privacy.inventory import inventory
from sunwise.people.privacy.proposing import ErasureProposing
from sunwise.people.privacy.store import PrivacyStore

Require = Callable[[Right], Callable[..., Principal]]
Json = dict[str, Any]
_ErasureId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]


def privacy_router(
    store: PrivacyStore,
    holders: Mapping[str, Holder],
    proposing: ErasureProposing,
    *,
    require: Require,
) -> APIRouter:
    """All routes; each asks for a right."""
    router = APIRouter(prefix="/privacy", tags=["privacy"])
    exporter = Annotated[Principal, Depends(require(Right.PEOPLE_EXPORT))]
    eraser = Annotated[Principal, Depends(require(Right.PEOPLE_ERASE))]

    @router.get("/people/{person}", summary="All that is held of somebody, by service")
    def export(person: PersonId, principal: exporter, response: Response) -> Json:
        principal.demand_for(Right.PEOPLE_EXPORT, person)
        is_own = principal.person_id == person
        found = exported(holders, proposing.traces(person), is_own=is_own)
        response.status_code = 200 if is_whole(found) else 206
        return found

    @router.delete("/people/{person}", summary="Erase somebody everywhere, for good: two people")
    def erase(person: PersonId, principal: eraser, response: Response) -> Change:
        principal.demand_for(Right.PEOPLE_ERASE, person)
        return answer_of(proposing.submit(principal, person), response)

    @router.get("/erasures", summary="Erasures: what is gone, what remains and why, what waits")
    def erasures(_principal: eraser) -> list[Json]:
        found: list[Json] = msgspec.to_builtins(store.newest())
        return found

    @router.get("/erasures/{erasure}", summary="One erasure")
    def one(erasure: _ErasureId, _principal: eraser) -> Json:
        found = store.find(erasure)
        if found is None:
            raise HTTPException(404, "There is no such erasure.")
        shown: Json = msgspec.to_builtins(found)
        return shown

    @router.get("/inventory", summary="What is kept about people, why, who reads it, how long")
    def kept(_principal: exporter) -> Json:
        shown: Json = msgspec.to_builtins(inventory())
        return shown

    return router
