"""The draft of an incident's review: facts with their evidence, and what is not known.

The same timeline gives the same draft. It names roles, never people, and says nowhere how long
anybody took: it is about what happened. What people found out stands in the text that they write.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from sunwise.contracts.people.facts import Evidence, FactKind
from sunwise.contracts.people.incidents import Incident, IncidentState
from sunwise.daylight.zones import NS_PER_MINUTE, local
from sunwise.people.incidents.timeline import Entry, EntryKind, anchor

MAX_FACTS: Final = 500
_MEANT: Final = re.compile(r"([\\`*_{}\[\]()<>#+!|~-])")


class ReviewState(StrEnum):
    """How far a review is."""

    DRAFT = "draft"  # generated, nobody has written yet
    EDITED = "edited"
    ACCEPTED = "accepted"


class ReviewFact(Struct, frozen=True, kw_only=True):
    """One fact, and where to see it."""

    text: str
    at_ns: int
    role: str = ""
    """What whoever did it was there for."""
    evidence: tuple[Evidence, ...]
    """One at least, each with an address."""


class Draft(Struct, frozen=True, kw_only=True):
    """A review as far as it can be generated."""

    incident: Incident
    summary: tuple[ReviewFact, ...]
    timeline: tuple[ReviewFact, ...]
    unknown: tuple[str, ...]
    """What the timeline does not tell, in words."""


def draft_of(incident: Incident, entries: Sequence[Entry]) -> Draft:
    """The draft; entries in any order."""
    ordered = sorted(entries, key=lambda entry: (entry.at_ns, entry.seq))
    shown = [entry for entry in ordered if entry.what is not None][:MAX_FACTS]
    return Draft(
        incident=incident,
        summary=tuple(_summary(incident, ordered)),
        timeline=tuple(_fact(entry) for entry in shown),
        unknown=tuple(_unknown(incident, ordered, n_left_out=len(ordered) - len(shown))),
    )


def _fact(entry: Entry) -> ReviewFact:
    assert entry.what is not None, "what is erased is not told"
    return ReviewFact(
        text=entry.what, at_ns=entry.at_ns, role=entry.actor_role, evidence=(anchor(entry),)
    )


def _summary(incident: Incident, entries: list[Entry]) -> Iterable[ReviewFact]:
    opened = _last(entries, EntryKind.OPENED)
    if opened is None:
        return
    yield ReviewFact(
        text=f"{incident.title}: severity {incident.severity}, {incident.state.value}.",
        at_ns=opened.at_ns,
        evidence=(anchor(opened),),
    )
    first = _first_sign(entries)
    if first is not None and first.at_ns < opened.at_ns:
        yield _span("The first sign was recorded", "before the incident was opened", first, opened)
    for kind, words in ((EntryKind.MITIGATED, "mitigated"), (EntryKind.RESOLVED, "resolved")):
        end = _last(entries, kind)
        if end is not None:
            yield _span(f"It was {words}", "after it was opened", opened, end)


def _span(before: str, after: str, first: Entry, last: Entry) -> ReviewFact:
    minutes = max(0, last.at_ns - first.at_ns) // NS_PER_MINUTE
    return ReviewFact(
        text=f"{before} {minutes} min {after}.",
        at_ns=last.at_ns,
        evidence=(anchor(first), anchor(last)),
    )


def _first_sign(entries: list[Entry]) -> Entry | None:
    signs = (FactKind.ALERT, FactKind.PAGE, FactKind.SLO)
    return next((entry for entry in entries if entry.fact in signs), None)


def _last(entries: list[Entry], kind: EntryKind) -> Entry | None:
    return next((entry for entry in reversed(entries) if entry.kind is kind), None)


def _unknown(incident: Incident, entries: list[Entry], *, n_left_out: int) -> Iterable[str]:
    if _last(entries, EntryKind.OPENED) is None:
        yield "When it was opened is not known."
    if _first_sign(entries) is None:
        yield "What first showed it is not known: no alert, page or objective is in the timeline."
    if not any(entry.fact in {FactKind.DEPLOY, FactKind.CHANGE} for entry in entries):
        yield "Whether a change came before it is not known: none is in the timeline."
    if _last(entries, EntryKind.MITIGATED) is None and incident.state != IncidentState.RESOLVED:
        yield "When users stopped noticing it is not known."
    if incident.state is not IncidentState.RESOLVED:
        yield "When it ended is not known: it is not resolved."
    yield "Its causes, and what users noticed, no timeline can tell: write them below."
    if n_left_out:
        yield f"{n_left_out} entries of the timeline are erased or beyond {MAX_FACTS}."


def markdown(draft: Draft, text: str, *, zone: str, beside: str) -> str:
    """The review in Markdown, its times on two clocks. Raises UnknownZone."""
    lines = [f"# {_plain(draft.incident.title)}", "", "## Summary", ""]
    lines += [_line(fact, zone, beside) for fact in draft.summary]
    lines += ["", "## Timeline", ""]
    lines += [_line(fact, zone, beside) for fact in draft.timeline]
    lines += ["", "## Not known", ""]
    lines += [f"- {unknown}" for unknown in draft.unknown]
    lines += ["", "## Findings", "", text or "Nobody has written them yet.", ""]
    return "\n".join(lines)


def _line(fact: ReviewFact, zone: str, beside: str) -> str:
    links = " ".join(
        f"[{_plain(f'{each.kind} {each.ref}')}]({_address(each.url)})" for each in fact.evidence
    )
    role = f" ({_plain(fact.role)})" if fact.role else ""
    clocks = f"{_clock(fact.at_ns, zone)} ({_clock(fact.at_ns, beside)})"
    return f"- {clocks}: {_plain(fact.text)}{role} {links}"


def _clock(at_ns: int, zone: str) -> str:
    return f"{local(at_ns, zone):%Y-%m-%d %H:%M} {zone}"


def _plain(text: str) -> str:
    """The text with nothing in it that Markdown or HTML would act on."""
    return _MEANT.sub(r"\\\1", " ".join(text.split()))


def _address(url: str) -> str:
    return url.replace("(", "%28").replace(")", "%29").replace("<", "%3C").replace(">", "%3E")
