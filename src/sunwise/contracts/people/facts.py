"""What happened, told once by whoever knows it: timelines, reviews and handoff notes are made of it.

Any service may tell a fact: it sends a request to `people.facts.record`, which is answered once the
fact is stored, or publishes it on `people.facts`, where it may be lost. A fact that comes again (the
same `id`) is the same fact. Every fact links to its evidence.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from sunwise.contracts.people.directory import Id

SUBJECT: Final = "people.facts"
RECORD: Final = "people.facts.record"
Text = Annotated[str, Meta(min_length=1, max_length=500)]
Reference = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^\S+$(?!\n)")]
Address = Annotated[str, Meta(max_length=1_000, pattern=r"^(https?://\S+|/\S*)?$(?!\n)")]


class FactKind(StrEnum):
    """What sort of thing happened, or will."""

    ALERT = "alert"
    ALERT_RESOLVED = "alert-resolved"  # of the alert with the same evidence
    PAGE = "page"
    PAGE_ACKNOWLEDGED = "page-acknowledged"  # says that it was, never who did
    PAGE_CLOSED = "page-closed"  # of the page with the same evidence
    DEPLOY = "deploy"
    DEPLOY_PLANNED = "deploy-planned"  # `at_ns` is when it will be
    SLO = "slo"  # an objective was changed, missed or met again
    LISTING = "listing"  # `at_ns` is when it trades
    APPROVAL = "approval"  # somebody waits for an approval
    APPROVAL_DECIDED = "approval-decided"  # of the approval with the same evidence
    CHANGE = "change"  # any other change of what runs
    NOTE = "note"  # somebody wrote it down


ENDS: Final = {
    FactKind.ALERT_RESOLVED: FactKind.ALERT,
    FactKind.PAGE_CLOSED: FactKind.PAGE,
    FactKind.APPROVAL_DECIDED: FactKind.APPROVAL,
    FactKind.DEPLOY: FactKind.DEPLOY_PLANNED,
}
"""What a fact ends: the one of that kind with the same evidence is open until then."""


class Evidence(Struct, frozen=True, kw_only=True):
    """Where somebody can see for themselves."""

    kind: Annotated[str, Meta(pattern=r"^[a-z][a-z-]{0,31}$(?!\n)")]
    """What is there: alert, page, deploy, event, listing, approval, slo, timeline, ..."""
    ref: Reference
    """Its id there: an alert's, a deploy's, a position in the event log."""
    url: Address = ""
    """Its address, where it has one: http(s), or a path of this server."""


class Actor(Struct, frozen=True, kw_only=True):
    """Who did it: what they were there for, and their id."""

    role: Annotated[str, Meta(min_length=1, max_length=64)]
    person: Id | None = None


class TimelineFact(Struct, frozen=True, kw_only=True):
    """One thing that happened, or will."""

    id: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^\S+$(?!\n)")]
    """Unique among all facts, the same when it is told again: begin it with the source's name."""
    kind: FactKind
    services: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=64)]
    """Whose it is."""
    what: Text
    """One sentence, without people's names."""
    at_ns: int
    """When it happened, or will."""
    source: Id
    """The service that tells it."""
    evidence: Evidence
    actor: Actor | None = None


class FactRecorded(Struct, frozen=True, kw_only=True, tag="recorded"):
    """It is stored."""

    id: str
    is_new: bool
    """False: it had been told before."""
