"""PagerDuty's Events API v2: what `POST /v2/enqueue` takes and answers.

https://developer.pagerduty.com/docs/events-api-v2-overview
"""

import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from sunwise.people.pager.core.facts import digest
from sunwise.people.pager.core.intake import Signal
from sunwise.people.pager.formats.refusals import Malformed, cut, cut_labels, decoded

MAX_BYTES: Final = 512 * 1_024
_MAX_KEY: Final = 255


class _Payload(Struct, frozen=True, kw_only=True):
    summary: Annotated[str, Meta(min_length=1)]
    source: Annotated[str, Meta(min_length=1)]
    severity: Literal["critical", "error", "warning", "info"]
    component: str | None = None
    group: str | None = None
    class_: str | None = msgspec.field(default=None, name="class")
    custom_details: Any = None


class _Link(Struct, frozen=True, kw_only=True):
    href: str


class Event(Struct, frozen=True, kw_only=True):
    """One event as a sender writes it."""

    routing_key: str
    event_action: Literal["trigger", "acknowledge", "resolve"]
    dedup_key: Annotated[str, Meta(max_length=_MAX_KEY)] | None = None
    payload: _Payload | None = None
    links: tuple[_Link, ...] | None = None
    client_url: str | None = None


_decoder: Final = msgspec.json.Decoder(Event)


def read_event(body: bytes) -> Event:
    """The event, with a `dedup_key` made up where a trigger brings none. Raises Malformed."""
    event = decoded(_decoder, body, "an event")
    if event.event_action == "trigger":
        if event.payload is None:
            raise Malformed("'payload' is missing or blank")
        if not event.dedup_key:
            return msgspec.structs.replace(event, dedup_key=uuid.uuid4().hex)
    elif not event.dedup_key:
        raise Malformed("'dedup_key' is missing or blank")
    return event


def signal_of(event: Event) -> Signal:
    """The signal of a trigger or a resolve."""
    payload = event.payload
    assert event.dedup_key, "read_event has seen to it"
    if payload is None:
        return Signal(
            key=event.dedup_key, is_firing=False, summary="", severity="", labels={}, group=""
        )
    links = [link.href for link in event.links or ()]
    return Signal(
        key=event.dedup_key,
        is_firing=event.event_action == "trigger",
        summary=cut(payload.summary),
        severity=payload.severity,
        labels=_labels(payload),
        group=digest("event", event.dedup_key),
        links=tuple(map(cut, [*links, *([event.client_url] if event.client_url else [])])),
    )


def _labels(payload: _Payload) -> dict[str, str]:
    details = payload.custom_details
    flat = details.items() if isinstance(details, dict) else ()
    named = {
        "source": payload.source,
        "component": payload.component,
        "group": payload.group,
        "class": payload.class_,
    }
    return cut_labels(
        {name: value for name, value in (*named.items(), *flat) if isinstance(value, str)}
    )


def accepted(dedup_key: str) -> bytes:
    """The body of 202."""
    return msgspec.json.encode(
        {"status": "success", "message": "Event processed", "dedup_key": dedup_key}
    )


def invalid(*errors: str) -> bytes:
    """The body of 400."""
    return msgspec.json.encode(
        {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    )


def throttled() -> bytes:
    """The body of 429."""
    return msgspec.json.encode(
        {
            "status": "throttle exceeded",
            "message": "Requests for this service are arriving too quickly.  Please retry later.",
        }
    )
