"""Units of planning, and the problem that each of them is in a window: the directory put as hours.

A unit is a (team, tier, skills, activity). People shared between teams are planned in turn: `units_of`
gives the order, and the hours of every other rota that somebody is in are held for the next one.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

import msgspec

from sunwise.chassis.errors import Permanent
from sunwise.contracts.people.directory import Hub, Person, Snapshot, Tier
from sunwise.daylight.public_holidays import UnknownPlace, public_holidays
from sunwise.daylight.working_time import Duty, Exemption, WorkingTime, rules_over
from sunwise.daylight.zones import (
    NS_PER_HOUR,
    NS_PER_S,
    UnknownZone,
    instant,
    offsets_minutes,
    tzdata_version,
    zone,
)
from sunwise.people.rota.core import problem as core
from sunwise.people.rota.core.cover import BusinessHours, business, daylight, outside
from sunwise.people.rota.core.problem import Problem, Window
from sunwise.people.rota.kept import DAY_NS, WINDOW_NS, Inputs, Unit
from sunwise.people.rota.store import Closure, Journey
from sunwise.people.rota.turns import Turn

_ORDER: Final = {tier: place for place, tier in enumerate(Tier)}
_DAY: Final = timedelta(days=1)
_EVERY_DAY: Final = frozenset(range(7))
_encode: Final = msgspec.msgpack.Encoder(order="deterministic").encode


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What plans stand on: everything that is known about people and their hours."""

    snapshot: Snapshot
    n_erased: int = 0
    """How many erasures there had been before the snapshot: what is planned on it fits no later count."""
    turns: Mapping[str, tuple[tuple[str, int, Turn], ...]] = {}
    """(unit, window, turn) of every rota, by person."""
    carried: Mapping[str, int] = {}
    """Burden by person, points."""
    closures: tuple[Closure, ...] = ()
    journeys: tuple[Journey, ...] = ()


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What is planned of one window."""

    window_ns: int
    from_ns: int = 0
    """Hours before are nobody's any more: a full UTC hour within the window."""

    @property
    def end_ns(self) -> int:
        """Exclusive."""
        return self.window_ns + WINDOW_NS


def units_of(snapshot: Snapshot) -> tuple[Unit, ...]:
    """The units in the order of planning: the dearest tier first, then the smallest team.

    Of one team those that not everybody may do come first: others can do the rest.
    """
    services: dict[tuple[str, Tier, tuple[str, ...], str], list[str]] = defaultdict(list)
    sizes = {team.id: len(team.members) for team in snapshot.teams}
    for each in snapshot.services:
        if each.tier is not Tier.BEST_EFFORT and each.team in sizes:
            skills = tuple(sorted(each.skills))
            services[each.team, each.tier, skills, each.activity].append(each.id)
    units = [
        Unit(
            id=_unit_id(team, tier, skills, activity),
            team=team,
            tier=tier,
            skills=skills,
            activity=activity,
            services=tuple(sorted(names)),
        )
        for (team, tier, skills, activity), names in services.items()
    ]
    return tuple(sorted(units, key=lambda u: (_ORDER[u.tier], sizes[u.team], u.is_open, u.id)))


def _unit_id(team: str, tier: Tier, skills: tuple[str, ...], activity: str) -> str:
    if not skills and not activity:
        return f"{team}.{tier.value}"
    digest = hashlib.sha256(_encode([skills, activity])).hexdigest()[:6]
    return f"{team[:48]}.{tier.value}.{digest}"


class ZoneGone(Permanent):
    """Somebody's time zone is none; the message says whose, and what to write instead."""


def demand_zone(name: str, whose: str) -> None:
    """Returns if there is such a zone. Raises ZoneGone."""
    try:
        zone(name)
    except UnknownZone as fault:
        raise ZoneGone(f"{whose}: {fault}") from fault


def problem_of(unit: Unit, ground: Ground, span: Span) -> Problem:
    """The unit's problem in that window. Raises ZoneGone."""
    snapshot = ground.snapshot
    team = next((team for team in snapshot.teams if team.id == unit.team), None)
    members = frozenset(team.members if team else ())
    hubs = {hub.id: hub for hub in snapshot.hubs if unit.activity in hub.activities}
    for hub in hubs.values():
        demand_zone(hub.zone, hub.id)
    people = tuple(
        person_of(each, ground, span, unit=unit, hub=hubs.get(each.hub or ""))
        for each in snapshot.people
        if each.id in members and each.active
    )
    return Problem(
        unit=unit.id,
        start_ns=span.window_ns,
        people=people,
        roles=unit.roles,
        wanted=_wanted(unit, people, span, hubs),
        skills=frozenset(unit.skills),
    )


def inputs_of(problem: Problem, snapshot: Snapshot) -> Inputs:
    """What the problem was made from; what other plans and the ledger add is left out."""
    people = [msgspec.structs.replace(person, held=(), carried=0) for person in problem.able()]
    n_hours = problem.n_hours
    clocks = {p.zone: offsets_minutes(p.zone, problem.start_ns, n_hours).tobytes() for p in people}
    content = _encode([people, sorted(clocks.items()), problem.roles, sorted(problem.skills)])
    return Inputs(
        directory_version=snapshot.version,
        tzdata=tzdata_version(),
        digest=hashlib.sha256(content).hexdigest(),
    )


def _wanted(
    unit: Unit, people: tuple[core.Person, ...], span: Span, hubs: Mapping[str, Hub]
) -> tuple[Window, ...] | None:
    """None for the whole window around the clock."""
    days = WINDOW_NS // DAY_NS
    if unit.activity:
        offices = [_office(hub, span) for hub in hubs.values()]
        windows = business(offices, span.window_ns, days)
    elif unit.tier is Tier.DAYLIGHT:
        able = [each for each in people if frozenset(unit.skills) <= each.skills]
        windows = daylight(able, span.window_ns, days)
    elif span.from_ns <= span.window_ns:
        return None
    else:
        windows = (Window(span.window_ns, span.end_ns),)
    cut = (Window(max(start, span.from_ns), end) for start, end in windows)
    return tuple(window for window in cut if window.start_ns < window.end_ns)


def person_of(
    person: Person, ground: Ground, span: Span, *, unit: Unit, hub: Hub | None = None
) -> core.Person:
    """Somebody as the plan sees them; `hub` is theirs if the unit's activity is allowed there."""
    first, last = _dates(span)
    clock = _zone(person, ground.journeys, span)
    demand_zone(clock, person.id)
    rules = rules_over(person.country, first, last)
    return core.Person(
        id=person.id,
        zone=clock,
        rules=rules,
        exemption=_exemption(person),
        skills=frozenset(person.skills),
        weekend=_EVERY_DAY - frozenset(person.hours.weekdays),
        holidays=holidays_of(person.country, person.subdivision, span),
        leave=_leave(person, ground.snapshot, span),
        closed=_closed(person, ground.closures, span, unit=unit, hub=hub),
        held=_held(person, ground, span, unit=unit, rules=rules),
        carried=ground.carried.get(person.id, 0),
    )


def _exemption(person: Person) -> Exemption:
    own = person.exempt
    return Exemption(
        no_nights=own.no_nights, max_week_h=own.max_week_h, max_days_in_row=own.max_days_in_row
    )


def _zone(person: Person, journeys: Iterable[Journey], span: Span) -> str:
    """The zone of most of what is planned: whoever travels is planned by the clock they live by."""
    at_home_ns = span.end_ns - max(span.from_ns, span.window_ns)
    away: dict[str, int] = defaultdict(int)
    for each in journeys:
        if each.person == person.id:
            start_ns = max(each.from_ns, span.from_ns, span.window_ns)
            there_ns = max(0, min(each.until_ns, span.end_ns) - start_ns)
            away[each.zone] += there_ns
            at_home_ns -= there_ns
    return max([(at_home_ns, person.zone), *((ns, zone) for zone, ns in away.items())])[1]


def _leave(person: Person, snapshot: Snapshot, span: Span) -> frozenset[date]:
    first, last = _dates(span)
    found: set[date] = set()
    for leave in snapshot.leave:
        if leave.person == person.id:
            begin, end = max(first, leave.first), min(last, leave.last)
            found.update(begin + n * _DAY for n in range((end - begin).days + 1))
    return frozenset(found)


def _closed(
    person: Person,
    closures: Iterable[Closure],
    span: Span,
    *,
    unit: Unit,
    hub: Hub | None,
) -> tuple[Window, ...]:
    subjects = {("person", person.id), ("hub", person.hub), ("country", person.country)}
    found = [
        Window(each.from_ns, each.until_ns)
        for each in closures
        if (each.kind, each.subject) in subjects
        and each.from_ns < span.end_ns
        and span.window_ns < each.until_ns
    ]
    if unit.activity and hub is None:
        found.append(Window(span.window_ns, span.end_ns))
    elif hub is not None:
        found += outside(_office(hub, span), span.window_ns, WINDOW_NS // DAY_NS)
    return tuple(found)


def _office(hub: Hub, span: Span) -> BusinessHours:
    return BusinessHours(zone=hub.zone, holidays=holidays_of(hub.country, "", span))


def _held(
    person: Person, ground: Ground, span: Span, *, unit: Unit, rules: WorkingTime
) -> tuple[Duty, ...]:
    """The person's other turns, as far back and ahead as the law looks, and what is over of these."""
    reach_ns = (max(2, rules.reference_weeks) + 1) * 7 * DAY_NS
    found = []
    for name, window_ns, turn in ground.turns.get(person.id, ()):
        end_ns = turn.end_ns
        if (name, window_ns) == (unit.id, span.window_ns):
            end_ns = min(end_ns, span.from_ns)
        is_near = end_ns > span.window_ns - reach_ns and turn.start_ns < span.end_ns + reach_ns
        if is_near and turn.start_ns < end_ns:
            found.append(Duty(turn.start_ns, end_ns))
    return tuple(sorted(found))


def holidays_of(country: str, subdivision: str, span: Span) -> frozenset[date]:
    """The public holidays of the window; none where none are known."""
    first, last = _dates(span)
    try:
        return public_holidays(country, subdivision, first, last)
    except UnknownPlace:
        return holidays_of(country, "", span) if subdivision else frozenset()


def _dates(span: Span) -> tuple[date, date]:
    """Every local date that the window can touch, wherever somebody is."""
    return (instant(span.window_ns) - _DAY).date(), (instant(span.end_ns) + _DAY).date()


def midnight_ns(day: date) -> int:
    """The instant of 00:00 UTC."""
    return (day - date(1970, 1, 1)).days * DAY_NS


def second_ns(at_ns: int) -> int:
    """The full second that holds the instant: what changes hands now begins there.

    A browser's numbers keep full seconds exactly, nanoseconds not.
    """
    return at_ns - at_ns % NS_PER_S


def next_hour_ns(at_ns: int) -> int:
    """The first full UTC hour from then on."""
    return -(-at_ns // NS_PER_HOUR) * NS_PER_HOUR
