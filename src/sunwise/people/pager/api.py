"""The edge for people and operators: pages, what may be done about them, links, telephone answers.

Senders and the other instance come in by `receivers`. A person shows a key of their own as a bearer
token; an operator the token that only the secret file gives.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

import msgspec
from fastapi import Body as Given
from fastapi import Depends, FastAPI, HTTPException, Request, Response

from sunwise.chassis.http.misfits import answer_misfits
from sunwise.chassis.telemetry import METRICS
from sunwise.people.pager.channels.phone import DIGITS_PATH, SMS_PATH, STATUS_PATH
from sunwise.people.pager.contacts_api import add_contacts
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import (
    ContactsSet,
    Fact,
    KeyRevoked,
    Received,
    Silenced,
    Unsilenced,
    digest,
)
from sunwise.people.pager.core.intake import OWN_SENDER, acknowledge
from sunwise.people.pager.core.pages import Page
from sunwise.people.pager.events import events_of
from sunwise.people.pager.front import Front
from sunwise.people.pager.keys import new_key
from sunwise.people.pager.link_page import link_page
from sunwise.people.pager.links import PATH as LINK_PATH
from sunwise.people.pager.links import LinkRefused
from sunwise.people.pager.pages_api import Name, add_acts, add_by_hand, add_pages
from sunwise.people.pager.personal_api import add_personal
from sunwise.people.pager.service import PagerService
from sunwise.people.pager.wake_ups import wake_ups_of

_NS: Final = 1_000_000_000
_MAX_EVENTS: Final = 2_000
_EMPTY_TWIML: Final = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
Seconds = Annotated[float, Given(gt=0, le=7 * 86_400, embed=True)]


def pager_api(service: PagerService) -> FastAPI:
    """The application for everything that is not a sender's or the other instance's."""
    app = FastAPI(title="Sunwise pager", docs_url=None, redoc_url=None)
    answer_misfits(app)
    front = Front(service)
    add_pages(app, front)
    add_acts(app, front)
    add_by_hand(app, front)
    _add_silences(app, front)
    add_contacts(app, front)
    _add_operation(app, front)
    _add_links(app, front)
    add_personal(app, service.instance, operator=Depends(front.operator))
    if service.courier.twilio is not None:
        _add_telephone(app, front)
    return app


def _add_silences(app: FastAPI, front: Front) -> None:
    person = Annotated[str, Depends(front.person)]

    @app.get("/v1/silences")
    async def silences(_by: person) -> list[dict[str, Any]]:
        """Silences that hold or will hold."""
        now_ns = front.instance.now().wall_ns
        found = [
            each.body
            for id_, each in front.board.silences.items()
            if id_ not in front.board.unsilenced
        ]
        return [
            {name: getattr(body, name) for name in ("id", "labels", "from_ns", "until_ns", "why")}
            for body in found
            if isinstance(body, Silenced) and body.until_ns > now_ns
        ]

    @app.post("/v1/silences")
    async def silence(
        *,
        labels: Annotated[dict[str, str], Given(min_length=1, max_length=16)],
        for_s: Seconds,
        why: Annotated[str, Given(min_length=1, max_length=1_024)],
        by: person,
        from_ns: Annotated[int, Given(ge=0, lt=2**62)] = 0,
    ) -> dict[str, Any]:
        """Keeps alerts with these labels quiet for a while."""
        longest_s = front.board.policy.max_silence_s
        if for_s > longest_s:
            raise HTTPException(422, f"At most {longest_s:g} s; ask again when they are over.")
        begins_ns = from_ns or front.instance.now().wall_ns
        named = [f"{name}={value}" for name, value in sorted(labels.items())]
        id_ = digest("silence", by, begins_ns, *named, key=front.board.key)
        body = Silenced(
            id=id_,
            labels=labels,
            from_ns=begins_ns,
            until_ns=begins_ns + int(for_s * _NS),
            person=by,
            why=why,
        )
        return {"id": id_, **await front.store_body(body)}

    @app.delete("/v1/silences/{silence}")
    async def unsilence(silence: str, by: person) -> dict[str, Any]:
        """Ends a silence before its time."""
        if silence not in front.board.silences:
            raise HTTPException(404, f"There is no silence {silence}.")
        return await front.store_body(Unsilenced(id=silence, person=by))


def _add_operation(app: FastAPI, front: Front) -> None:
    operator = Depends(front.operator)

    @app.get("/healthz")
    async def health() -> dict[str, Any]:
        """Whether it lives, sends, and reaches the other instance."""
        return {
            "order": front.instance.order,
            "active": front.instance.is_active(),
            "peer_reachable": front.instance.is_peer_reachable,
            "duty_as_of_ns": front.service.roster.as_of_ns,
            "open_pages": len(front.board.open_pages),
            "open_alerts": front.board.n_open_alerts,
            "keys": len(front.board.keys),
        }

    @app.get("/metrics", dependencies=[Depends(front.scraper)])
    async def metrics() -> Response:
        """Prometheus's text format."""
        return Response(METRICS.text(), media_type="text/plain; version=0.0.4")

    @app.get("/v1/events", dependencies=[operator])
    async def events(after: str = "") -> dict[str, Any]:
        """What happened behind `after` (the `next` of the answer before), for incidents and ledgers."""
        facts, following = await _facts_after(front, after)
        secret = front.service.secret
        return {
            "events": msgspec.to_builtins(events_of(facts, front.board, secret=secret)),
            "wake_ups": msgspec.to_builtins(wake_ups_of(facts, front.board, secret=secret)),
            "next": following,
        }

    @app.post("/v1/keys", dependencies=[operator])
    async def make_key(
        name: Name, service: Annotated[str, Given(max_length=64, embed=True)] = ""
    ) -> dict[str, Any]:
        """A new key, shown this once: a sender's with a service, else the person's `name`."""
        if name == OWN_SENDER:
            raise HTTPException(422, f"{OWN_SENDER!r} is the pager's own name: take another.")
        secret, fact = new_key(name, service)
        stored = await front.store_body(fact)
        return {"id": fact.id, "key": secret, **stored}

    @app.get("/v1/keys", dependencies=[operator])
    async def keys() -> list[dict[str, Any]]:
        """Keys in force, without their secrets."""
        return [
            {"id": key.id, "name": key.name, "service": key.service}
            for key in front.board.keys.values()
            if key.id not in front.board.revoked_keys
        ]

    @app.delete("/v1/keys/{key}", dependencies=[operator])
    async def revoke(key: str) -> dict[str, Any]:
        """The key opens nothing any more, at either instance."""
        if key not in {each.id for each in front.board.keys.values()}:
            raise HTTPException(404, f"There is no key {key}.")
        return await front.store_body(KeyRevoked(id=key))


async def _facts_after(front: Front, after: str) -> tuple[list[Fact], str]:
    """Up to _MAX_EVENTS facts behind a cursor `ORIGIN:SEQ,...`, and the cursor behind those."""
    try:
        known = {origin: int(seq) for origin, _, seq in
                 (part.partition(":") for part in after.split(",") if part)}  # fmt: skip
    except ValueError as error:
        raise HTTPException(422, "`after` is the `next` of an answer before.") from error
    facts: list[Fact] = []
    for origin, seq in front.board.have.items():
        if seq > known.get(origin, 0) and len(facts) < _MAX_EVENTS:
            room = _MAX_EVENTS - len(facts)
            facts += await front.service.journal.after(origin, known.get(origin, 0), room)
    known.update((fact.origin, fact.seq) for fact in facts)
    return facts, ",".join(f"{origin}:{seq}" for origin, seq in sorted(known.items()))


def _add_links(app: FastAPI, front: Front) -> None:
    links = front.service.links

    @app.get(LINK_PATH + "{token}")
    async def show(token: str) -> Response:
        """What the link would do, with the button that does it."""
        return await _with_link(token, "GET")

    @app.post(LINK_PATH + "{token}")
    async def use(token: str) -> Response:
        """Does it."""
        return await _with_link(token, "POST")

    async def _with_link(token: str, method: str) -> Response:
        try:
            link = links.read(token, now_ns=front.instance.now().wall_ns)
        except LinkRefused as error:
            return link_page("This link does not work", str(error), status=410)
        if link.action == "received":
            if method == "POST":
                received = Received(page=link.page, key=link.key)
                await front.store_body(received)
            return link_page("Received", "Thank you: messages reach you.")
        page = front.board.pages.get(link.page)
        what = page.head.summary if page else f"Page {link.page}"
        if link.id in front.board.used_links:
            return link_page("Acknowledged already", what)
        if method == "GET":
            return link_page(what, _asks(front, page), button="I hold it")
        taken = acknowledge(front.board, link.page, link.person, link=link.id, rank=link.rank)
        await front.store_body(taken)
        return link_page("Acknowledged: you hold it", f"{what} (say on Today when it is over)")


def _asks(front: Front, page: Page | None) -> str:
    """Of what the page is, and what pressing the button means."""
    about = "Page"
    if page is not None:
        severity = front.board.severities.at(page.rank).name
        about = f"Page ({severity}) for {page.service}"
    return f"{about}. Who holds it looks after it; nobody else is asked meanwhile."


def _add_telephone(app: FastAPI, front: Front) -> None:
    twilio = front.service.courier.twilio
    assert twilio is not None, "only called with one"

    async def form_of(request: Request) -> dict[str, str]:
        body = (await request.body()).decode("utf-8", "replace")
        fields = dict(parse_qsl(body, keep_blank_values=True))
        query = f"?{request.url.query}" if request.url.query else ""
        url = twilio.public(request.url.path + query)
        if not twilio.is_genuine(url, fields, request.headers.get("x-twilio-signature", "")):
            raise HTTPException(403, "Not signed by Twilio.")
        return fields

    genuine: Callable[..., Awaitable[dict[str, str]]] = form_of
    Form = Annotated[dict[str, str], Depends(genuine)]  # noqa: N806 - a type

    @app.post(STATUS_PATH)
    async def status(fields: Form, page: str, key: str) -> Response:
        """Says that an SMS has arrived."""
        if fields.get("MessageStatus") == "delivered":
            received = Received(page=page, key=key)
            await front.store_body(received)
        return Response(_EMPTY_TWIML, media_type="text/xml")

    @app.post(DIGITS_PATH)
    async def digits(fields: Form, page: str, person: str) -> Response:
        """1 was pressed in a call."""
        if fields.get("Digits") == "1":
            await front.take(page, person)
        return Response(_EMPTY_TWIML, media_type="text/xml")

    @app.post(SMS_PATH)
    async def sms(fields: Form) -> Response:
        """Somebody answered `ACK CODE`."""
        words = fields.get("Body", "").split()
        person = _person_at(front.board, fields.get("From", ""))
        if person and len(words) == 2 and words[0].lower() == "ack":
            for page in sorted(front.board.open_pages):
                if page.startswith(words[1].lower()) and len(words[1]) >= 6:
                    await front.take(page, person)
        return Response(_EMPTY_TWIML, media_type="text/xml")


def _person_at(board: Board, number: str) -> str | None:
    """Who is reached at a telephone number."""
    for person, known in board.contacts.items():
        body = known.body
        if isinstance(body, ContactsSet) and number in {each.address for each in body.contacts}:
            return person
    return None
