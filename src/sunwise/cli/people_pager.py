"""The pager as people meet it behind the people plane's door: pages that need them, and a page by hand.

Each answer is a pager instance's own, of the other one when the first is silent.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, HTTPException, Path

from sunwise.chassis import addresses
from sunwise.chassis.guard import NotAllowed, Principal, Right, Scope, person_of
from sunwise.chassis.guard.door import Requirement
from sunwise.chassis.json_client import RequestRefused
from sunwise.contracts.people.directory import Snapshot
from sunwise.people.pager.client import PagerClient
from sunwise.web.waiting import PAGE, Act, Asked, Waiting

_HELD: Final = "you hold it; open since"
_UNHELD: Final = "nobody holds it; open since"
_WEB: Final = ("https://", "http://")
PageId = Annotated[str, Path(pattern=r"^[0-9a-f]{20}$")]
ServiceId = Annotated[str, Body(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Name = Annotated[str, Body(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Subscription = Annotated[str, Body(embed=True, min_length=1, max_length=2_048)]


class PagerDesk:
    """Asks the pagers for one person at a time, beside the event loop."""

    def __init__(self, pagers: PagerClient) -> None:
        self._pagers = pagers

    async def ask(
        self, principal: Principal, method: str, path: str, content: object = None
    ) -> Any:  # noqa: ANN401 - the pager's own answer
        """What a pager answers to this person. Raises Retryable, NotAllowed and HTTPException."""
        return await self._asked(method, path, content, person=person_of(principal))

    async def operate(self, method: str, path: str, content: object = None) -> Any:  # noqa: ANN401 - the pager's own answer
        """What a pager answers to its operator. Raises Retryable and HTTPException."""
        return await self._asked(method, path, content)

    async def _asked(self, method: str, path: str, content: object, *, person: str = "") -> Any:  # noqa: ANN401
        try:
            return await asyncio.to_thread(
                self._pagers.ask, method, path, person=person, content=content
            )
        except RequestRefused as refused:
            raise HTTPException(refused.status, str(refused)) from refused


def pager_router(desk: PagerDesk, *, require: Callable[[Right], Requirement]) -> APIRouter:
    """The routes of pages."""
    router = APIRouter(prefix="/pager", tags=["pager"])
    _add_pages(router, desk, Depends(require(Right.PAGER_ACK)))
    _add_paging(router, desk, Depends(require(Right.PAGER_SEND)))
    _add_browsers(router, desk, Depends(require(Right.PAGER_ACK)))
    _add_keys(router, desk, Depends(require(Right.KEYS_MANAGE)))
    return router


def pages_waiting(desk: PagerDesk, snapshot: Callable[[], Snapshot]) -> Asked:
    """Pages that need the reader."""

    async def ask(principal: Principal) -> list[Waiting]:
        pages = await desk.ask(principal, "GET", "/v1/pages?mine=true")
        services = (await asyncio.to_thread(snapshot)).services if pages else ()
        names = {service.id: service.name for service in services}
        return [_waiting(page, names, principal) for page in pages]

    return ask


def _waiting(page: dict[str, Any], names: Mapping[str, str], principal: Principal) -> Waiting:
    is_held = page["held_by"] == principal.person_id
    act = Act("It is over", "close") if is_held else Act("I hold it", "acknowledge")
    name = names.get(page["service"], page["service"])
    summary: str = page["summary"]
    shown = (each for each in page.get("links", ()) if each.startswith(_WEB))
    return Waiting(
        kind=PAGE,
        title=summary if name in summary else f"{name}: {summary}",
        detail=f"Page ({page['severity']}), {_HELD if is_held else _UNHELD}",
        link=next(shown, addresses.page(page["id"])),
        at_ns=page["opened_ns"],
        is_urgent=not is_held,
        act=Act(act.label, f"/pager/pages/{page['id']}/{act.path}"),
    )


def _add_pages(router: APIRouter, desk: PagerDesk, reader: Any) -> None:  # noqa: ANN401
    @router.get("/pages", summary="Open pages, the worst and oldest first")
    async def pages(principal: Annotated[Principal, reader], *, mine: bool = False) -> Any:  # noqa: ANN401
        return await desk.ask(principal, "GET", f"/v1/pages?mine={str(mine).lower()}")

    @router.get("/pages/{page}", summary="One page: its alerts, and who was told by what")
    async def page(page: PageId, principal: Annotated[Principal, reader]) -> Any:  # noqa: ANN401
        return await desk.ask(principal, "GET", f"/v1/pages/{page}")

    @router.post("/pages/{page}/acknowledge", summary="Hold the page")
    async def acknowledge(page: PageId, principal: Annotated[Principal, reader]) -> Any:  # noqa: ANN401
        await _demand_theirs(desk, principal, page)
        return await desk.ask(principal, "POST", f"/v1/pages/{page}/acknowledge")

    @router.post("/pages/{page}/close", summary="It is over, with all alerts known by now")
    async def close(page: PageId, principal: Annotated[Principal, reader]) -> Any:  # noqa: ANN401
        await _demand_theirs(desk, principal, page)
        return await desk.ask(principal, "POST", f"/v1/pages/{page}/close")


async def _demand_theirs(desk: PagerDesk, principal: Principal, page: str) -> None:
    """Returns if the page asked them, or their service is in trouble. Raises NotAllowed."""
    if principal.may(Right.PAGER_ACK, Scope.ALL):
        return
    shown = await desk.ask(principal, "GET", f"/v1/pages/{page}")
    if not shown["is_yours"]:
        raise NotAllowed(
            f"This page asked others: those it asked and the owners of {shown['service']} may hold "
            "and end it, or whoever plans."
        )


def _add_paging(router: APIRouter, desk: PagerDesk, sender: Any) -> None:  # noqa: ANN401
    @router.post("/pages", status_code=201, summary="Page whoever is on duty for a service")
    async def page(
        *,
        principal: Annotated[Principal, sender],
        service: ServiceId,
        summary: Annotated[str, Body(min_length=1, max_length=1_000)],
        severity: Annotated[str, Body(max_length=64)] = "",
        key: Annotated[str, Body(max_length=64, pattern=r"^[A-Za-z0-9-]*$")] = "",
    ) -> Any:  # noqa: ANN401
        wanted = {"service": service, "summary": summary, "severity": severity, "key": key}
        said = {name: value for name, value in wanted.items() if value}
        return await desk.ask(principal, "POST", "/v1/pages", said)

    @router.post("/reach-tests", status_code=201, summary="Have a test message sent to oneself")
    async def test(principal: Annotated[Principal, sender]) -> Any:  # noqa: ANN401
        return await desk.ask(principal, "POST", "/v1/reach-tests")


def _add_browsers(router: APIRouter, desk: PagerDesk, reader: Any) -> None:  # noqa: ANN401
    @router.get("/push-key", summary="What a browser subscribes with; empty: no web push here")
    async def push_key(principal: Annotated[Principal, reader]) -> Any:  # noqa: ANN401
        return await desk.ask(principal, "GET", "/v1/push-key")

    @router.put("/browsers", summary="Be reached by this browser first")
    async def subscribe(principal: Annotated[Principal, reader], subscription: Subscription) -> Any:  # noqa: ANN401
        return await desk.ask(principal, "PUT", "/v1/browsers", {"subscription": subscription})

    @router.delete("/browsers", summary="Be reached by this browser no more")
    async def unsubscribe(
        principal: Annotated[Principal, reader], subscription: Subscription
    ) -> Any:  # noqa: ANN401
        return await desk.ask(principal, "DELETE", "/v1/browsers", {"subscription": subscription})


def _add_keys(router: APIRouter, desk: PagerDesk, manager: Any) -> None:  # noqa: ANN401
    @router.get("/keys", summary="Keys in force, without their secrets")
    async def keys(_principal: Annotated[Principal, manager]) -> Any:  # noqa: ANN401
        return await desk.operate("GET", "/v1/keys")

    @router.post("/keys", status_code=201, summary="Make a key for a sender of alerts")
    async def make(
        _principal: Annotated[Principal, manager], name: Name, service: ServiceId
    ) -> Any:  # noqa: ANN401
        return await desk.operate("POST", "/v1/keys", {"name": name, "service": service})

    @router.delete("/keys/{key}", summary="The key opens nothing any more")
    async def revoke(
        _principal: Annotated[Principal, manager],
        key: Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")],
    ) -> Any:  # noqa: ANN401
        return await desk.operate("DELETE", f"/v1/keys/{key}")
