"""Who has accepted which duty: published by handoff, read by rota, pager, directory and pages.

Events carry `seq`, which counts by one over all handoffs, and are published on
`people.handoff.<tag>`; a heartbeat on `people.handoff.head` names the newest. Whoever misses one asks
`people.handoff` for those after the last that it has. No event says when somebody was told of a
handoff or how long they took.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from sunwise.contracts.people.directory import Id, Role

SUBJECT: Final = "people.handoff"
EVENTS: Final = "people.handoff.*"
PAGE_EVENTS: Final = 500


class Step(StrEnum):
    """As what somebody is asked to take the duty over, in the order of asking."""

    INCOMING = "incoming"
    SECONDARY = "secondary"
    DEPUTY = "deputy"


class HandoffState(StrEnum):
    """How far a handoff is."""

    PLANNED = "planned"  # nobody is asked yet
    OFFERED = "offered"  # asked; the outgoing keeps the duty
    UNHELD = "unheld"  # asked; the outgoing is released, and nobody has the duty
    ACCEPTED = "accepted"  # somebody holds it
    LAPSED = "lapsed"  # nobody accepted before the next handoff of the same duty came
    WITHDRAWN = "withdrawn"  # the rota has changed: there is no such seam any more


FINAL: Final = frozenset({HandoffState.ACCEPTED, HandoffState.LAPSED, HandoffState.WITHDRAWN})


class HandoffAsked(Struct, frozen=True, kw_only=True, tag="asked"):
    """Somebody is asked to read the note and accept."""

    seq: int = 0
    handoff: str
    services: tuple[Id, ...]
    role: Role
    person: Id
    step: Step
    at_ns: int
    """When the duty changes hands by plan."""


class HandoffUnanswered(Struct, frozen=True, kw_only=True, tag="unanswered"):
    """Everybody who can be asked was asked, and nobody has accepted: somebody must step in."""

    seq: int = 0
    handoff: str
    services: tuple[Id, ...]
    role: Role
    outgoing: Id
    unheld_ns: int
    """When the outgoing is released at the latest."""


class HandoffUnheld(Struct, frozen=True, kw_only=True, tag="unheld"):
    """The outgoing is released and nobody holds the duty: a gap, to be escalated at once."""

    seq: int = 0
    handoff: str
    services: tuple[Id, ...]
    role: Role
    outgoing: Id
    since_ns: int
    """From when nobody has it: up to then the outgoing kept it."""
    at_ns: int = 0
    """When the duty changes hands by plan."""


class HandoffAccepted(Struct, frozen=True, kw_only=True, tag="accepted"):
    """Somebody has accepted and holds the duty; the rota marks their slot actual."""

    seq: int = 0
    handoff: str
    services: tuple[Id, ...]
    role: Role
    outgoing: Id
    holder: Id
    step: Step
    """As what they were asked."""
    since_ns: int
    """From when they hold it: not before the duty changes hands by plan."""
    until_ns: int
    """The end of the shift by plan."""
    at_ns: int = 0
    """When the duty changes hands by plan."""
    kept_until_ns: int = 0
    """Until when the outgoing kept it beyond that; not after `at_ns`: not for a minute."""


class HandoffClosed(Struct, frozen=True, kw_only=True, tag="closed"):
    """It is over without an acceptance."""

    seq: int = 0
    handoff: str
    services: tuple[Id, ...]
    role: Role
    state: HandoffState
    """LAPSED or WITHDRAWN."""
    outgoing: Id | None = None
    at_ns: int = 0
    """When the duty changes hands by plan."""
    kept_until_ns: int = 0
    """Until when the outgoing kept it beyond that; not after `at_ns`: not for a minute."""


HandoffEvent = HandoffAsked | HandoffUnanswered | HandoffUnheld | HandoffAccepted | HandoffClosed


class HandoffHead(Struct, frozen=True, kw_only=True, tag="head"):
    """A heartbeat."""

    seq: int
    """Of the newest event."""
    at_ns: int


class GetHandoffEvents(Struct, frozen=True, kw_only=True, tag="get-events"):
    """The events after `after`, in order, at most PAGE_EVENTS of them."""

    after: Annotated[int, Meta(ge=0)]


class HandoffEvents(Struct, frozen=True, kw_only=True, tag="events"):
    """Events without a gap between them."""

    events: tuple[HandoffEvent, ...]
    head: int
    """`seq` of the newest event there is."""


class GetFreshness(Struct, frozen=True, kw_only=True, tag="get-freshness"):
    """How the services' handoffs went lately."""


class ServiceFreshness(Struct, frozen=True, kw_only=True):
    """Of one service, for its scorecard."""

    service: Id
    is_fresh: bool
    """The newest handoff of each of its roles was accepted."""
    newest_ns: int
    """When the duty changed hands by plan, the last time."""
    n_accepted: int
    """Of those in the 28 days before the question."""
    n_due: int
    """Handoffs that came due in them."""
    accepted_ns: int | None = None
    """From when the duty that was accepted last is held; None: none was."""


class Freshness(Struct, frozen=True, kw_only=True, tag="freshness"):
    """Every service that had a handoff in the last 28 days."""

    as_of_ns: int
    services: tuple[ServiceFreshness, ...]


class GetOpenHandoffs(Struct, frozen=True, kw_only=True, tag="get-open"):
    """What is offered now and nobody has accepted."""


class Asked(Struct, frozen=True, kw_only=True):
    """Somebody who is asked to accept and has not yet. Nothing says since when."""

    person: Id
    step: Step


class OpenHandoff(Struct, frozen=True, kw_only=True):
    """A handoff that waits for somebody."""

    handoff: str
    services: tuple[Id, ...]
    role: Role
    state: HandoffState
    """OFFERED or UNHELD."""
    at_ns: int
    """When the duty changes hands by plan."""
    unheld_ns: int
    """When the outgoing is released at the latest."""
    asked: tuple[Asked, ...]
    """In the order of asking."""
    is_unanswered: bool
    """Everybody who can be asked was, and has had their time."""
    holder: Id | None = None
    """Who keeps the duty at the time of the answer; None: nobody does."""


class OpenHandoffs(Struct, frozen=True, kw_only=True, tag="open"):
    """All of them, the soonest first."""

    as_of_ns: int
    handoffs: tuple[OpenHandoff, ...]


HandoffQuery = GetHandoffEvents | GetFreshness | GetOpenHandoffs
HandoffReply = HandoffEvents | Freshness | OpenHandoffs


def event_subject(event: HandoffEvent | HandoffHead) -> str:
    """Where the event is published."""
    return f"{SUBJECT}.{event.__struct_config__.tag}"
