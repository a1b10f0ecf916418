"""An incident as its reader sees it, its times on two clocks. Nowhere when a person did something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.facts import Evidence
from sunwise.contracts.people.incidents import Incident, IncidentState
from sunwise.daylight.zones import instant, local
from sunwise.people.incidents.lifecycle import Held
from sunwise.people.incidents.review import ReviewFact
from sunwise.people.incidents.store import Review
from sunwise.people.incidents.timeline import ChainBroken, Entry, anchor, verify

MAX_ENTRIES = 1_000


@dataclass(frozen=True)
class Clocks:
    """The two clocks of a page: the reader's zone, and the other's beside it."""

    zone: str
    beside: str


@dataclass(frozen=True)
class Time:
    """An instant."""

    ns: int
    utc: str
    yours: str
    theirs: str


@dataclass(frozen=True)
class Link:
    """Evidence."""

    kind: str
    ref: str
    url: str


@dataclass(frozen=True)
class ShownEntry:
    """One entry of the timeline."""

    seq: int
    at: Time
    kind: str
    what: str | None
    """None: erased."""
    source: str
    role: str
    person: Id | None
    """None: not a person, or nobody may know any more."""
    evidence: Link


@dataclass(frozen=True)
class Row:
    """One incident in a list."""

    id: str
    title: str
    severity: int
    state: str
    service: Id
    services: list[Id]
    opened: Time
    resolved: Time | None


@dataclass(frozen=True)
class Page:
    """One incident, whole."""

    incident: Row
    revision: int
    roles: dict[str, Id]
    may_become: list[str]
    """States that it can be moved to."""
    entries: list[ShownEntry]
    """By time, the newest MAX_ENTRIES."""
    n_left_out: int
    chain_fault: str
    """What is wrong with the timeline; empty when it is what was recorded."""


@dataclass(frozen=True)
class ShownFact:
    """One fact of a review."""

    text: str
    at: Time
    role: str
    evidence: list[Link]


@dataclass(frozen=True)
class ShownReview:
    """A review."""

    incident: Row
    version: int
    state: str
    author: Id | None
    summary: list[ShownFact]
    timeline: list[ShownFact]
    unknown: list[str]
    findings: str


_MAY_BECOME = {
    IncidentState.OPEN: ["mitigated", "resolved"],
    IncidentState.MITIGATED: ["open", "resolved"],
    IncidentState.RESOLVED: ["open"],
}


def row_of(incident: Incident, clocks: Clocks) -> Row:
    """An incident in a list."""
    return Row(
        id=incident.id,
        title=incident.title,
        severity=incident.severity,
        state=incident.state.value,
        service=incident.service,
        services=list(incident.services),
        opened=_time(incident.opened_ns, clocks),
        resolved=None if incident.resolved_ns is None else _time(incident.resolved_ns, clocks),
    )


def page_of(
    held: Held, entries: Sequence[Entry], named: Mapping[str, Id], *, clocks: Clocks
) -> Page:
    """An incident, whole; `named` says whom the pseudonyms mean."""
    fault = ""
    try:
        verify(entries)
    except ChainBroken as broken:
        fault = str(broken)
    ordered = sorted(entries, key=lambda entry: (entry.at_ns, entry.seq))
    return Page(
        incident=row_of(held.incident, clocks),
        revision=held.incident.revision,
        roles=dict(held.roles),
        may_become=_MAY_BECOME[held.incident.state],
        entries=[_entry(entry, named, clocks) for entry in ordered[-MAX_ENTRIES:]],
        n_left_out=max(0, len(ordered) - MAX_ENTRIES),
        chain_fault=fault,
    )


def review_of(review: Review, clocks: Clocks) -> ShownReview:
    """A review."""
    draft = review.draft
    return ShownReview(
        incident=row_of(draft.incident, clocks),
        version=review.version,
        state=review.state.value,
        author=review.author,
        summary=[_fact(fact, clocks) for fact in draft.summary],
        timeline=[_fact(fact, clocks) for fact in draft.timeline],
        unknown=list(draft.unknown),
        findings=review.text,
    )


def _entry(entry: Entry, named: Mapping[str, Id], clocks: Clocks) -> ShownEntry:
    return ShownEntry(
        seq=entry.seq,
        at=_time(entry.at_ns, clocks),
        kind=entry.kind.value if entry.fact is None else entry.fact.value,
        what=entry.what,
        source=entry.source,
        role=entry.actor_role,
        person=named.get(entry.actor) if entry.actor is not None else None,
        evidence=_link(anchor(entry)),
    )


def _fact(fact: ReviewFact, clocks: Clocks) -> ShownFact:
    return ShownFact(
        text=fact.text,
        at=_time(fact.at_ns, clocks),
        role=fact.role,
        evidence=[_link(each) for each in fact.evidence],
    )


def _link(evidence: Evidence) -> Link:
    return Link(kind=evidence.kind, ref=evidence.ref, url=evidence.url)


def _time(at_ns: int, clocks: Clocks) -> Time:
    return Time(
        ns=at_ns,
        utc=f"{instant(at_ns):%Y-%m-%d %H:%M} UTC",
        yours=f"{local(at_ns, clocks.zone):%a %Y-%m-%d %H:%M} {clocks.zone}",
        theirs=f"{local(at_ns, clocks.beside):%a %Y-%m-%d %H:%M} {clocks.beside}",
    )
