"""What may become of an incident: each act gives the incident as it is then, and what to record."""

import hashlib
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sunwise.chassis import addresses
from sunwise.chassis.errors import Refused
from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.facts import Evidence
from sunwise.contracts.people.incidents import Incident, IncidentState, OpenIncident
from sunwise.people.incidents.timeline import Entry, EntryKind

MAX_ROLES: Final = 16
_SOURCE: Final = "incidents"
_PAGER: Final = "pager"


class Why(StrEnum):
    """Why something cannot be done."""

    UNKNOWN = "unknown"
    EDITED = "edited"
    STATE = "state"
    TOO_MUCH = "too-much"
    SAME_PERSON = "same-person"


class Held(Struct, frozen=True, kw_only=True):
    """An incident with who does what for it. People are named here, never in the chain."""

    incident: Incident
    roles: dict[str, Id] = {}
    """Such as commander or scribe."""
    people: tuple[Id, ...] = ()
    """Everybody who has done something for it: whose pseudonyms the timeline may show."""


class By(Struct, frozen=True, kw_only=True):
    """Who acts, and when."""

    person: Id
    pseudonym: str | None
    """None: the directory could not be asked; the entry says their role only."""
    now_ns: int


Step = tuple[Held, Entry]


def opened(incident: Incident, by: By) -> Step:
    """A new incident."""
    held = Held(incident=incident, people=(by.person,))
    what = f"Opened with severity {incident.severity}: {incident.title}"
    return held, _entry(held, EntryKind.OPENED, what, by)


def opened_by_page(wanted: OpenIncident) -> Step:
    """What the page asks for; nobody has opened it."""
    incident = Incident(
        id=hashlib.sha256(f"page {wanted.page}".encode()).hexdigest()[:12],
        title=wanted.title,
        severity=wanted.severity,
        state=IncidentState.OPEN,
        service=wanted.service,
        services=(wanted.service,),
        opened_ns=wanted.at_ns,
        group=wanted.group,
    )
    entry = Entry(
        incident=incident.id,
        at_ns=wanted.at_ns,
        kind=EntryKind.OPENED,
        source=_PAGER,
        evidence=Evidence(kind="page", ref=wanted.page, url=addresses.page(wanted.page)),
        actor_role=_PAGER,
        what=f"Opened by a page with severity {wanted.severity}: {wanted.title}",
    )
    return Held(incident=incident), entry


def mitigated(held: Held, by: By) -> Step:
    """Users no longer notice it. Raises Refused."""
    _demand(held, IncidentState.OPEN)
    return _moved(held, IncidentState.MITIGATED, EntryKind.MITIGATED, by)


def resolved(held: Held, by: By) -> Step:
    """Its cause is gone. Raises Refused."""
    _demand(held, IncidentState.OPEN, IncidentState.MITIGATED)
    return _moved(held, IncidentState.RESOLVED, EntryKind.RESOLVED, by)


def reopened(held: Held, by: By) -> Step:
    """It is there again. Raises Refused."""
    _demand(held, IncidentState.MITIGATED, IncidentState.RESOLVED)
    return _moved(held, IncidentState.OPEN, EntryKind.REOPENED, by)


def graded(held: Held, severity: int, by: By) -> Step:
    """Its severity is another. Raises Refused."""
    before = held.incident.severity
    if severity == before:
        raise Refused(Why.STATE, f"Its severity is {severity} already.")
    changed = _changed(held, by, severity=severity)
    what = f"Severity changed from {before} to {severity}."
    return changed, _entry(changed, EntryKind.SEVERITY, what, by)


def role_taken(held: Held, role: str, person: Id, by: By) -> Step:
    """Somebody does something for it now. Raises Refused."""
    roles = {**held.roles, role: person}
    if len(roles) > MAX_ROLES:
        raise Refused(Why.TOO_MUCH, f"An incident has at most {MAX_ROLES} roles: reuse one.")
    changed = replace(_changed(held, by), roles=roles)
    what = f"The role {role} is held by somebody new."
    return changed, _entry(changed, EntryKind.ROLE, what, by)


def noted(held: Held, text: str, by: By) -> Step:
    """Somebody wrote something down."""
    changed = _changed(held, by)
    return changed, _entry(changed, EntryKind.NOTE, text, by)


def _demand(held: Held, *states: IncidentState) -> None:
    state = held.incident.state
    if state not in states:
        wanted = " or ".join(each.value for each in states)
        raise Refused(Why.STATE, f"It is {state.value}; this is for an incident that is {wanted}.")


def _moved(held: Held, state: IncidentState, kind: EntryKind, by: By) -> Step:
    is_over = state is IncidentState.RESOLVED
    at_ns = max(by.now_ns, held.incident.opened_ns) if is_over else None
    changed = _changed(held, by, state=state, resolved_ns=at_ns)
    return changed, _entry(changed, kind, f"The incident is {state.value}.", by)


def _changed(held: Held, by: By, **fields: object) -> Held:
    incident = replace(held.incident, revision=held.incident.revision + 1, **fields)
    return replace(held, incident=incident, people=_with(held.people, by.person))


def _with(people: tuple[Id, ...], person: Id) -> tuple[Id, ...]:
    return people if person in people else (*people, person)


def _entry(held: Held, kind: EntryKind, what: str, by: By) -> Entry:
    roles = sorted(role for role, person in held.roles.items() if person == by.person)
    return Entry(
        incident=held.incident.id,
        at_ns=by.now_ns,
        kind=kind,
        source=_SOURCE,
        actor_role=roles[0] if roles else "responder",
        actor=by.pseudonym,
        what=what,
    )
