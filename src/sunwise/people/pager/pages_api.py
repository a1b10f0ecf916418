"""Pages over HTTP: which there are, whom they need, what a person may do about them."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Body as Given
from fastapi import Depends, FastAPI, HTTPException

from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.by_hand import by_hand, reach_test
from sunwise.people.pager.core.facts import Acknowledged, Body, Closed, Fired, Reassigned, Snoozed
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.need import concerns, needs
from sunwise.people.pager.core.pages import Page
from sunwise.people.pager.front import Front
from sunwise.people.pager.instance import Make

ID: Final = r"^[a-z0-9][a-z0-9._-]{0,63}$"
_SHOWN: Final = 1_000
Name = Annotated[str, Given(pattern=ID, embed=True)]
Summary = Annotated[str, Given(min_length=1, max_length=1_000)]
Key = Annotated[str, Given(max_length=64, pattern=r"^[A-Za-z0-9-]*$")]


def add_pages(app: FastAPI, front: Front) -> None:
    """Looking at pages."""
    person = Annotated[str, Depends(front.person)]

    @app.get("/v1/pages")
    async def pages(by: person, *, mine: bool = False) -> list[dict[str, Any]]:
        """Open pages, the worst and oldest first; `mine`: those that need the asker."""
        found = [front.board.pages[id_] for id_ in front.board.open_pages]
        if mine:
            now = front.instance.now()
            found = [
                page
                for page in found
                if needs(by, page, front.board, front.service.roster, now=now)
            ]
        found.sort(key=lambda page: (page.rank, page.opened_at_ns, page.id))
        return [_shown(front, page) for page in found[:_SHOWN]]

    @app.get("/v1/pages/{page}")
    async def page(page: str, by: person) -> dict[str, Any]:
        """One page with its alerts, and who was told by what, never when."""
        known = front.known(page)
        is_yours = concerns(by, known, front.service.roster, now=front.instance.now())
        alerts = [
            {
                "summary": alert.fired.summary,
                "labels": alert.fired.labels,
                "firing": key in known.open,
            }
            for key, alert in list(known.alerts.items())[:_SHOWN]
        ]
        told = [
            {
                "person": attempt.body.person,
                "channel": attempt.body.channel.rpartition("-")[0],
                "is_sent": attempt.body.is_sent,
            }
            for attempt in known.sent.values()
        ]
        return {**_shown(front, known), "is_yours": is_yours, "alerts": alerts, "told": told}


def add_acts(app: FastAPI, front: Front) -> None:
    """What a person does about a page."""
    person = Annotated[str, Depends(front.person)]

    @app.post("/v1/pages/{page}/acknowledge")
    async def take(page: str, by: person) -> dict[str, Any]:
        """Takes the page up."""
        return await front.take(page, by)

    @app.post("/v1/pages/{page}/close")
    async def close(page: str, by: person) -> dict[str, Any]:
        """Ends the page and all of its alerts that are known here."""
        front.known(page)
        return await front.store_body(Closed(page=page, person=by))

    @app.post("/v1/pages/{page}/snooze")
    async def snooze(
        page: str, for_s: Annotated[float, Given(gt=0, le=86_400, embed=True)], by: person
    ) -> dict[str, Any]:
        """Hears of it again later, a day at the latest."""
        front.known(page)
        return await front.store_body(Snoozed(page=page, person=by, for_s=for_s))

    @app.post("/v1/pages/{page}/reassign")
    async def reassign(page: str, to: Name, by: person) -> dict[str, Any]:
        """Asks somebody else first."""
        front.known(page)
        if front.service.roster.person(to) is None:
            raise HTTPException(422, f"Nobody is known as {to!r}.")
        return await front.store_body(Reassigned(page=page, to=to, person=by))


def _shown(front: Front, page: Page) -> dict[str, Any]:
    """A page as people see it: who holds it, never when somebody answered."""
    attention = page.attention.body if page.attention else None
    return {
        "id": page.id,
        "service": page.service,
        "severity": front.board.severities.at(page.rank).name,
        "summary": page.head.summary,
        "links": list(page.head.links),
        "opened_ns": page.opened_at_ns,
        "alerts_firing": len(page.open),
        "held_by": attention.person if isinstance(attention, Acknowledged) else None,
        "snoozed": isinstance(attention, Snoozed),
        "waiting_for": front.instance.desk.waiting_for.get(page.id, ""),
        "duty_as_of_ns": front.service.roster.as_of_ns,
    }


def add_by_hand(app: FastAPI, front: Front) -> None:
    """What a person fires themselves."""
    person = Annotated[str, Depends(front.person)]

    @app.post("/v1/pages")
    async def page(
        *, service: Name, summary: Summary, by: person, severity: Name = "", key: Key = ""
    ) -> dict[str, Any]:
        """Pages whoever is on duty for the service; the same `key`, the same page."""
        wanted = severity or front.board.severities.names[0]
        _check(front, service, wanted)
        key = key or uuid.uuid4().hex
        return await _fired(
            front,
            lambda board, now: by_hand(by, service, summary, wanted, key=key, board=board, now=now),
        )

    @app.post("/v1/reach-tests")
    async def test(by: person) -> dict[str, Any]:
        """Sends the asker a message to confirm, by the ways that they have set."""
        if front.service.roster.person(by) is None:
            raise HTTPException(422, f"The pager knows nobody called {by!r}.")
        return await _fired(front, lambda board, now: reach_test(by, board, now))


def _check(front: Front, service: str, severity: str) -> None:
    names = front.board.severities.names
    if severity not in names:
        raise HTTPException(422, f"There is no severity {severity!r}: take {', '.join(names)}.")
    if not front.service.roster.as_of_ns:
        raise HTTPException(
            503, "The pager has not heard who is on duty yet.", {"retry-after": "5"}
        )
    if not front.service.roster.knows(service):
        raise HTTPException(422, f"The pager knows no service {service!r}.")


async def _fired(front: Front, make: Make) -> dict[str, Any]:
    """Stores what was fired, and says on which page it is."""
    pages: list[str] = []

    def noted(board: Board, now: Moment) -> Sequence[Body]:
        bodies = make(board, now)
        pages[:] = [body.page for body in bodies if isinstance(body, Fired)]
        return bodies

    stored = await front.store(noted)
    return {"page": pages[0], **stored}
