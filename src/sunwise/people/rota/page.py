"""A unit's rota as a page shows it: shifts on both clocks, everybody's nights, gaps, bounds, what waits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from sunwise.chassis.guard.analyses import Agreed, Analysis, Shows
from sunwise.contracts.people.directory import Person, Snapshot
from sunwise.daylight.night import night_slots
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE, UnknownZone, local
from sunwise.people.rota.kept import Kept, Request, Unit
from sunwise.people.rota.turns import Turn

_QUARTER_NS = 15 * NS_PER_MINUTE


@dataclass(frozen=True)
class Shift:
    """One shift or gap."""

    start_ns: int
    end_ns: int
    role: str
    person: str | None
    """None: a gap."""
    is_actual: bool
    gap_owner: str | None
    """Who has accepted the gap; a gap without is escalated."""
    local_start: str
    """On the clock of whoever has it, ISO 8601."""
    local_end: str
    taken_from: str | None
    """Who has the role before."""
    their_start: str
    """The start on the clock of whoever has the role before."""
    night_h: Annotated[float | None, Shows(Analysis.NIGHTS_PER_PERSON)]
    """None where nobody has agreed that it is shown, and for a gap."""


@dataclass(frozen=True)
class Seat:
    """Somebody of the team."""

    id: str
    name: str
    zone: str
    nights: list[tuple[int, int]]
    """Outside of their 07:00 to 22:00, ns; for shading."""


@dataclass(frozen=True)
class Change:
    """A change that waits for somebody, or did."""

    id: str
    unit: str
    window_ns: int
    kind: str
    state: str
    asked_by: str
    changes: list[dict[str, Any]]
    """start_ns, end_ns, role, before, after: who has it now, and who would."""
    waits_for: list[str]
    agreed: list[str]
    n_forced: int
    is_emergency: bool
    """Taken over at once: whoever lost it was told, not asked."""


@dataclass(frozen=True)
class Page:
    """One unit over one stretch of time."""

    unit: str
    team: str
    tier: str
    services: list[str]
    from_ns: int
    until_ns: int
    as_of_ns: int
    versions: dict[int, int]
    """Of the published rota, by window."""
    drafts: dict[int, int]
    """Newest draft that waits to be published, by window."""
    shifts: list[Shift]
    people: list[Seat]
    figures: dict[int, dict[str, Any]]
    """By window: bounds and nights, of the team; see `burdens` for what each bears."""
    burdens: Annotated[dict[int, dict[str, Any]] | None, Shows(Analysis.BURDEN_OF_TEAM)]
    """By window: `worst_burden`, `gini` and the `front` of other choices; None where forbidden."""
    changes: list[Change]
    n_open_gaps: int
    """Gaps to come that nobody has accepted."""


def page_of(
    unit: Unit,
    kept: Iterable[Kept],
    snapshot: Snapshot,
    *,
    span: tuple[int, int],
    now_ns: int,
    drafts: Mapping[int, int],
    requests: Iterable[Request],
    agreed: Agreed,
) -> Page:
    """The page of these published rotas (or of one draft) from `span[0]` to `span[1]`."""
    rotas = tuple(kept)
    people = {person.id: person for person in snapshot.people}
    team = next((team for team in snapshot.teams if team.id == unit.team), None)
    turns = [t for each in rotas for t in each.turns if t.end_ns > span[0] and t.start_ns < span[1]]
    shown = {t.person for t in turns if t.person in people} | set(team.members if team else ())
    seen = [people[each] for each in sorted(shown) if each in people]
    open_gaps = [t for t in turns if t.person is None and t.gap_owner is None and t.end_ns > now_ns]
    return Page(
        unit=unit.id,
        team=unit.team,
        tier=unit.tier.value,
        services=list(unit.services),
        from_ns=span[0],
        until_ns=span[1],
        as_of_ns=now_ns,
        versions={each.window_ns: each.version for each in rotas},
        drafts=dict(drafts),
        shifts=shifts_of(turns, people, agreed),
        people=[_seat(each, span) for each in seen],
        figures={each.window_ns: _figures(each) for each in rotas},
        burdens=agreed.figure(Analysis.BURDEN_OF_TEAM, seen, lambda: _burdens(rotas)),
        changes=[change_of(each) for each in requests],
        n_open_gaps=len(open_gaps),
    )


def shifts_of(turns: Iterable[Turn], people: Mapping[str, Person], agreed: Agreed) -> list[Shift]:
    """The turns on the clocks of whoever has them, and of whoever had the role before."""
    before: dict[str, Turn] = {}
    found = []
    for turn in sorted(turns, key=lambda each: each[:3]):
        earlier = before.get(turn.role)
        outgoing = earlier.person if earlier and earlier.end_ns == turn.start_ns else None
        found.append(_shift(turn, outgoing, people, agreed))
        before[turn.role] = turn
    return found


def change_of(request: Request) -> Change:
    """The request as JSON shows it."""
    return Change(
        id=request.id,
        unit=request.unit,
        window_ns=request.window_ns,
        kind=request.kind.value,
        state=request.state.value,
        asked_by=request.asked_by,
        changes=[piece._asdict() for piece in request.changes],
        waits_for=list(request.waits_for()),
        agreed=sorted(who for who, is_yes in request.answers.items() if is_yes),
        n_forced=request.n_forced,
        is_emergency=request.is_emergency,
    )


def _shift(turn: Turn, outgoing: str | None, people: Mapping[str, Person], agreed: Agreed) -> Shift:
    person = people.get(turn.person or "")
    return Shift(
        start_ns=turn.start_ns,
        end_ns=turn.end_ns,
        role=turn.role.value,
        person=turn.person,
        is_actual=turn.is_actual,
        gap_owner=turn.gap_owner,
        local_start=_local(turn.start_ns, person),
        local_end=_local(turn.end_ns, person),
        taken_from=outgoing,
        their_start=_local(turn.start_ns, people.get(outgoing or "")),
        night_h=None
        if person is None
        else agreed.figure(Analysis.NIGHTS_PER_PERSON, [person], lambda: _night_h(turn, person)),
    )


def _seat(person: Person, span: tuple[int, int]) -> Seat:
    return Seat(person.id, person.name, person.zone, _nights(person, span))


def _nights(person: Person, span: tuple[int, int]) -> list[tuple[int, int]]:
    start_ns = span[0] - span[0] % _QUARTER_NS
    night = _is_night(person, start_ns, span[1]).astype(np.int8)
    edges = np.flatnonzero(np.diff(night, prepend=0, append=0)).tolist()
    at = [start_ns + edge * _QUARTER_NS for edge in edges]
    return list(zip(at[::2], at[1::2], strict=True))


def _night_h(turn: Turn, person: Person) -> float:
    night = _is_night(person, turn.start_ns, turn.end_ns)
    return float(night.sum()) * _QUARTER_NS / NS_PER_HOUR


def _is_night(person: Person, start_ns: int, end_ns: int) -> np.ndarray:
    """(n_quarters,) bool; never for somebody whose zone has vanished."""
    n_slots = (end_ns - start_ns) // _QUARTER_NS
    try:
        return night_slots(person.zone, start_ns, n_slots, slot_minutes=15)
    except UnknownZone:
        return np.zeros(n_slots, np.bool_)


def _local(at_ns: int, person: Person | None) -> str:
    """Empty for nobody, and for somebody whose zone has vanished."""
    if person is None:
        return ""
    try:
        return local(at_ns, person.zone).isoformat(timespec="minutes")
    except UnknownZone:
        return ""


_BURDENS: Final = ("worst_burden", "gini", "front")


def _burdens(rotas: Iterable[Kept]) -> dict[int, dict[str, Any]]:
    return {each.window_ns: _burdens_of(each) for each in rotas}


def _burdens_of(kept: Kept) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(kept.figures)
    facts["front"] = [{k: v for k, v in each.items() if k != "rota"} for each in facts["front"]]
    return {name: facts[name] for name in _BURDENS}


def _figures(kept: Kept) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(kept.figures)
    for name in _BURDENS:
        del facts[name]
    return facts | {"inputs": msgspec.to_builtins(kept.inputs), "state": kept.state.value}
