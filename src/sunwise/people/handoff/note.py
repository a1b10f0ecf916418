"""The note of a handoff, drafted from facts: the same facts give the same note.

Every line carries its evidence; what could not be asked is said to be unknown, never left out.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from sunwise.chassis import addresses
from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.duty import DutySlot
from sunwise.contracts.people.facts import ENDS, Evidence, FactKind, TimelineFact
from sunwise.contracts.people.incidents import Incident, IncidentState, Shift
from sunwise.daylight.countries import country_name
from sunwise.people.handoff.seams import Seam


class Section(StrEnum):
    """The parts of a note, in the order of reading."""

    OPEN_INCIDENTS = "open-incidents"
    CLOSED_INCIDENTS = "closed-incidents"
    ALERTS = "alerts"
    CHANGES = "changes"
    APPROVALS = "approvals"
    OBJECTIVES = "objectives"
    RISKS = "risks"
    NOTES = "notes"


class Line(Struct, frozen=True, kw_only=True):
    """One thing that the incoming should know."""

    text: str
    at_ns: int
    evidence: Evidence
    services: tuple[Id, ...] = ()
    is_open: bool = False
    """It is still going on, or waits for somebody."""


class Part(Struct, frozen=True, kw_only=True):
    """One section."""

    section: Section
    lines: tuple[Line, ...] = ()
    is_known: bool = True
    """False: whoever knows could not be asked. That is not the same as nothing."""


class Holiday(Struct, frozen=True, kw_only=True):
    """A public holiday of some of the owners."""

    country: str
    subdivision: str = ""
    day: date
    name: str = ""
    begins_ns: int
    """Local midnight of the first of them."""
    n_owners: int
    is_outgoings: bool = False
    """It is one where the outgoing lives."""
    is_incomings: bool = False


class Material(Struct, frozen=True, kw_only=True):
    """What a note is drafted from."""

    seam: Seam
    shift: Shift | None
    """None: the incidents service did not answer."""
    gaps: tuple[DutySlot, ...] | None = None
    """Declared gaps of these services in the next shift; None: the rota is not known."""
    teams: Mapping[Id, Id] = {}
    """Whose services they are."""
    holidays: tuple[Holiday, ...] | None = None
    """Public holidays near where its owners live; None: not known."""


_SECTION_OF: Final = {
    FactKind.ALERT: Section.ALERTS,
    FactKind.PAGE: Section.ALERTS,
    FactKind.DEPLOY: Section.CHANGES,
    FactKind.DEPLOY_PLANNED: Section.CHANGES,
    FactKind.CHANGE: Section.CHANGES,
    FactKind.LISTING: Section.CHANGES,
    FactKind.APPROVAL: Section.APPROVALS,
    FactKind.SLO: Section.OBJECTIVES,
    FactKind.NOTE: Section.NOTES,
}
_ONLY_OPEN: Final = frozenset({FactKind.APPROVAL, FactKind.DEPLOY_PLANNED})
"""What ended them is told, or nobody needs to know any more."""
_COMING: Final = frozenset({FactKind.DEPLOY_PLANNED, FactKind.LISTING})


def draft(material: Material) -> tuple[Part, ...]:
    """The note, every section of it."""
    parts = []
    for section in Section:
        lines = sorted(_lines(section, material), key=_order)
        is_known = material.shift is not None
        if section is Section.RISKS:
            is_known = None not in (material.shift, material.gaps, material.holidays)
        parts.append(Part(section=section, lines=tuple(lines), is_known=is_known))
    return tuple(parts)


def _order(line: Line) -> tuple[bool, int, str, str]:
    return (not line.is_open, line.at_ns, line.text, line.evidence.ref)


def _lines(section: Section, material: Material) -> Iterable[Line]:
    shift = material.shift or Shift()
    match section:
        case Section.OPEN_INCIDENTS:
            yield from _incidents(shift, is_wanted=lambda state: state != IncidentState.RESOLVED)
        case Section.CLOSED_INCIDENTS:
            yield from _incidents(shift, is_wanted=lambda state: state == IncidentState.RESOLVED)
        case Section.RISKS:
            yield from _risks(material, shift)
        case _:
            yield from _facts(section, material.seam, shift.facts)


def _incidents(shift: Shift, is_wanted: Callable[[IncidentState], bool]) -> Iterable[Line]:
    for incident in shift.incidents:
        if is_wanted(incident.state):
            yield Line(
                text=f"Severity {incident.severity}, {incident.state.value}: {incident.title}",
                at_ns=incident.resolved_ns or incident.opened_ns,
                evidence=_of_incident(incident),
                services=incident.services,
                is_open=incident.state != IncidentState.RESOLVED,
            )


def _of_incident(incident: Incident) -> Evidence:
    return Evidence(kind="incident", ref=incident.id, url=addresses.incident(incident.id))


def _facts(section: Section, seam: Seam, facts: tuple[TimelineFact, ...]) -> Iterable[Line]:
    for fact in facts:
        if _SECTION_OF.get(fact.kind) is not section or fact.at_ns >= seam.until_ns:
            continue
        if fact.kind in _COMING and fact.at_ns >= seam.at_ns:
            continue  # a risk
        is_open = fact.kind in ENDS.values() and not is_ended(fact, facts)
        if fact.kind in _ONLY_OPEN and not is_open:
            continue
        yield _line(fact, is_open=is_open)


def is_ended(fact: TimelineFact, facts: Iterable[TimelineFact]) -> bool:
    """Whether one of the facts ends it, at the same time or later."""
    return any(
        ENDS.get(other.kind) is fact.kind
        and other.evidence.ref == fact.evidence.ref
        and other.at_ns >= fact.at_ns
        for other in facts
    )


def _risks(material: Material, shift: Shift) -> Iterable[Line]:
    seam = material.seam
    done = {fact.evidence.ref for fact in shift.facts if fact.kind is FactKind.DEPLOY}
    for fact in shift.facts:
        is_coming = fact.kind in _COMING and seam.at_ns <= fact.at_ns < seam.until_ns
        if is_coming and fact.evidence.ref not in done:
            yield _line(fact, is_open=True)
    for gap in material.gaps or ():
        accepted = (
            f"{gap.gap_owner} has accepted that" if gap.gap_owner else "nobody has accepted it"
        )
        yield Line(
            text=f"Nobody is on duty as {gap.role.value} of {gap.service}: {accepted}.",
            at_ns=gap.since_ns,
            evidence=Evidence(
                kind="duty",
                ref=f"{gap.service}:{gap.role.value}:{gap.since_ns}",
                url=_rota(material.teams.get(gap.service, ""), gap.since_ns),
            ),
            services=(gap.service,),
            is_open=True,
        )
    yield from map(_holiday, material.holidays or ())


def _holiday(holiday: Holiday) -> Line:
    day = holiday.day.isoformat()
    whose = [f"{holiday.n_owners} of the owners"]
    whose += ["the outgoing among them"] if holiday.is_outgoings else []
    whose += ["the incoming among them"] if holiday.is_incomings else []
    name = f" ({holiday.name})" if holiday.name else ""
    place = country_name(holiday.country)
    return Line(
        text=f"Public holiday in {place} on {day}{name}: {', '.join(whose)}.",
        at_ns=holiday.begins_ns,
        evidence=Evidence(
            kind="holiday",
            ref=f"{holiday.country}:{day}",
            url=addresses.holiday(holiday.country, holiday.day, part=holiday.subdivision),
        ),
    )


def _rota(team: Id, at_ns: int) -> str:
    return f"/rota?team={team}&from={at_ns}" if team else f"/rota?from={at_ns}"


def _line(fact: TimelineFact, *, is_open: bool) -> Line:
    return Line(
        text=fact.what,
        at_ns=fact.at_ns,
        evidence=fact.evidence,
        services=fact.services,
        is_open=is_open,
    )
