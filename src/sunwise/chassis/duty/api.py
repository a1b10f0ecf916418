"""Who is on duty, over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query

from sunwise.chassis.duty.board import DutyBoard
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
    published for then)."""
    person: str | None
    since_ns: int
    until_ns: int
    version: int
    as_of_ns: int
    is_stale: bool
    gap_owner: str | None


def duty_router(
    board: DutyBoard, *, now_ns: Callable[[], int], require: Callable[[Right], Any]
) -> APIRouter:
    """The route of the board; `require` is the guard's."""
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
        facts = msgspec.structs.asdict(answer)
        return OnDuty(service=service, role=role, at_ns=instant_ns, **facts)

    return router
