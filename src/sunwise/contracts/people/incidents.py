"""Incidents, and what happened in a shift: answered on `people.incidents`.

`IncidentChanged` is published on `people.incidents.changed`; whoever misses one sees it in the next
answer. A page that is bad enough opens one by a request to `people.incidents.open`, however often it asks.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.facts import TimelineFact

SUBJECT: Final = "people.incidents"
CHANGED: Final = "people.incidents.changed"
OPEN: Final = "people.incidents.open"
MAX_FACTS: Final = 1_000
Severity = Annotated[int, Meta(ge=1, le=4)]
"""1 is the worst."""


class IncidentState(StrEnum):
    """How far an incident is."""

    OPEN = "open"
    MITIGATED = "mitigated"  # users no longer notice it; its cause is still there
    RESOLVED = "resolved"


class Incident(Struct, frozen=True, kw_only=True):
    """An incident, without its timeline."""

    id: str
    title: str
    severity: Severity
    state: IncidentState
    service: Id
    """Whose owners lead it."""
    services: tuple[Id, ...] = ()
    """All that are touched, that one among them."""
    opened_ns: int
    resolved_ns: int | None = None
    revision: int = 1
    """Rises with every change."""
    group: str = ""
    """Of the pages that opened it; empty: somebody did."""


class IncidentChanged(Struct, frozen=True, kw_only=True):
    """An incident was opened, or is not what it was."""

    incident: Incident
    at_ns: int


class OpenIncident(Struct, frozen=True, kw_only=True, tag="open"):
    """A page asks for an incident: a new one, unless its group has one that is not resolved."""

    page: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)")]
    """Opens one incident at most, also when it is resolved before the page is closed."""
    group: Annotated[str, Meta(min_length=1, max_length=64)]
    service: Id
    severity: Severity
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    at_ns: int
    """When it fired."""


class IncidentOpened(Struct, frozen=True, kw_only=True, tag="opened"):
    """There is one."""

    id: str
    is_new: bool


class GetShift(Struct, frozen=True, kw_only=True, tag="get-shift"):
    """What happened to these services between two times, and what is open or known to come."""

    services: tuple[Id, ...]
    from_ns: int
    until_ns: int
    """Exclusive; the end of the shift."""
    coming_until_ns: int
    """The end of the next shift: facts that are known of up to then are told too."""


class Shift(Struct, frozen=True, kw_only=True, tag="shift"):
    """The answer."""

    incidents: tuple[Incident, ...] = ()
    """That are not resolved, or were in that time."""
    facts: tuple[TimelineFact, ...] = ()
    """By time: those of the shift, those before it that are still open, and those to come."""
    n_left_out: int = 0
    """Facts beyond MAX_FACTS: the oldest."""


IncidentsQuery = GetShift
IncidentsReply = Shift
