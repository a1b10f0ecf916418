"""How people are reached, over HTTP: the ways that each has set, and browsers that subscribe themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Body as Given
from fastapi import Depends, FastAPI, HTTPException

from sunwise.people.pager.channels.outbound import AddressRefused
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.escalation import contacts_of
from sunwise.people.pager.core.facts import Body, ChannelKind, Contact, ContactsSet
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.front import Front

if TYPE_CHECKING:
    from sunwise.people.pager.channels.web_push import Pusher

MAX_WAYS: Final = 8
Address = Annotated[str, Given(embed=True, min_length=1, max_length=2_048)]


@dataclass(frozen=True)
class ContactIn:
    """One way to reach a person."""

    kind: ChannelKind
    address: str


def add_contacts(app: FastAPI, front: Front) -> None:
    """The asker's own ways, and nobody else's."""
    person = Annotated[str, Depends(front.person)]

    @app.get("/v1/contacts")
    async def contacts(by: person) -> list[ContactIn]:
        """How the asker is reached, the first way first."""
        return [ContactIn(kind=each.kind, address=each.address) for each in _ways(front, by)]

    @app.put("/v1/contacts")
    async def set_contacts(wanted: list[ContactIn], by: person) -> dict[str, Any]:
        """How the asker wants to be reached, the first way first; none: by e-mail."""
        if len(wanted) > MAX_WAYS:
            raise HTTPException(422, f"At most {MAX_WAYS} ways.")
        ways = tuple(Contact(kind=each.kind, address=each.address) for each in wanted)
        return await front.store_body(ContactsSet(person=by, contacts=ways))

    _add_browsers(app, front)


def _add_browsers(app: FastAPI, front: Front) -> None:
    person = Annotated[str, Depends(front.person)]

    @app.get("/v1/push-key")
    async def push_key(_by: person) -> dict[str, str]:
        """What a browser subscribes with; empty when web push is not set up."""
        pusher = front.service.courier.pusher
        return {"key": pusher.public_key if pusher else ""}

    @app.put("/v1/browsers")
    async def subscribe(subscription: Address, by: person) -> dict[str, Any]:
        """A browser becomes the asker's first way; its other ways stay behind it."""
        contact = _browser(front.service.courier.pusher, subscription)

        def ways(before: Sequence[Contact]) -> tuple[Contact, ...]:
            return (contact, *(each for each in before if each != contact))[:MAX_WAYS]

        return await front.store(_changed(front, by, ways))

    @app.delete("/v1/browsers")
    async def unsubscribe(subscription: Address, by: person) -> dict[str, Any]:
        """The browser is no way any more."""
        gone = Contact(kind=ChannelKind.WEB_PUSH, address=subscription)
        return await front.store(
            _changed(front, by, lambda before: tuple(each for each in before if each != gone))
        )


def _browser(pusher: "Pusher | None", subscription: str) -> Contact:
    if pusher is None:
        raise HTTPException(409, "Web push is not set up: [pager.channels.web_push]")
    try:
        pusher.read(subscription)
    except (ValueError, AddressRefused) as error:
        raise HTTPException(422, f"This is no subscription that can be used: {error}") from error
    return Contact(kind=ChannelKind.WEB_PUSH, address=subscription)


def _changed(
    front: Front, person: str, change: Callable[[Sequence[Contact]], tuple[Contact, ...]]
) -> Callable[[Board, Moment], Sequence[Body]]:
    def make(_board: Board, _now: Moment) -> Sequence[Body]:
        return [ContactsSet(person=person, contacts=change(_ways(front, person)))]

    return make


def _ways(front: Front, person: str) -> tuple[Contact, ...]:
    known = front.service.roster.person(person)
    if known is None:
        raise HTTPException(422, f"The pager knows nobody called {person!r}.")
    return contacts_of(front.board, known)
