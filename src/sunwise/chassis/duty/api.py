"""Who is on duty, over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query

from sunwise.chassis.duty.answer import Standing
from sunwise.chassis.duty.board import DutyBoard
from sunwise.chassis.duty.holding import HeldNow, Holding, as_planned
from sunwise.chassis.guard import Principal, Right
from sunwise.contracts.people.directory import Role

_Service = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


@dataclass(frozen=True)
class OnDuty:
    """Who is on duty for a service at one instant."""

    service: str
    role: str
    at_ns: int
    standing: str
    """planned, actual, gap (nobody may lawfully), nobody (outside of its hours), unknown (nothing is
    published for then); and now, while whoever is planned has not accepted: kept (whoever had it
    before has it still), unheld (nobody has it)."""
    person: str | None
    """Who has it; for unheld nobody."""
    planned: str | None
    """Whom the rota names for then."""
    since_ns: int
    until_ns: int
    version: int
    as_of_ns: int
    is_stale: bool
    gap_owner: str | None


def duty_router(
    board: DutyBoard,
    *,
    now_ns: Callable[[], int],
    require: Callable[[Right], Any],
    held: HeldNow = as_planned,
) -> APIRouter:
    """The route of the board; `require` is the guard's, `held` tells what is not held as planned."""
    router = APIRouter(tags=["duty"])

    @router.get("/duty/{service}", summary="Who is on duty, now or at an instant")
    async def duty(
        service: _Service,
        _principal: Annotated[Principal, Depends(require(Right.ROTA_READ))],
        role: Annotated[Role, Query()] = Role.PRIMARY,
        at_ns: Annotated[int | None, Query(ge=0, lt=2**62)] = None,
    ) -> OnDuty:
        instant_ns = now_ns() if at_ns is None else at_ns
        answer = board.duty(service, role, instant_ns)
        facts = msgspec.structs.asdict(answer) | {"planned": answer.person}
        if at_ns is None and answer.standing is Standing.PLANNED:
            facts |= _in_fact((await held()).get((service, role)))
        return OnDuty(service=service, role=role, at_ns=instant_ns, **facts)

    return router


def _in_fact(holding: Holding | None) -> dict[str, Any]:
    """What is otherwise than planned."""
    if holding is None:
        return {}
    standing = "unheld" if holding.holder is None else "kept"
    return {"standing": standing, "person": holding.holder}
