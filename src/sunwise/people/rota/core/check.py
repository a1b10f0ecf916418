"""The judge of a rota, whoever made it: it knows the problem and the law, and no plan."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from sunwise.daylight.working_time import Breach, Duty, breaches
from sunwise.daylight.zones import NS_PER_HOUR, instant
from sunwise.people.rota.core.law import added, overfull
from sunwise.people.rota.core.problem import (
    Person,
    Problem,
    Rota,
    Shift,
    absences,
    overlap,
    wanted_hours,
)


class Finding(NamedTuple):
    """Something that is wrong with a rota."""

    what: str
    """`hole`, `double`, `both-roles`, `busy` (on duty for others then), `unknown`, `skills`, `away`,
    `unwanted`, `fixed`, or the rule of WorkingTime or Exemption that is broken."""
    at_ns: int
    person: str = ""

    def __str__(self) -> str:
        """For people."""
        return f"{self.what} {self.person} {instant(self.at_ns):%a %d %b %H:%M} UTC"


def check(problem: Problem, rota: Rota) -> list[Finding]:
    """All that is wrong, in order of time; empty for a rota that may be published."""
    return _ordered([*_plan(problem, rota), *_laws(problem, rota, Rota())])


def worse(problem: Problem, before: Rota, after: Rota) -> list[Finding]:
    """All that is wrong after and was not before, or was less wrong, in order of time."""
    known = set(_plan(problem, before))
    new = (finding for finding in _plan(problem, after) if finding not in known)
    return _ordered([*new, *_laws(problem, after, before)])


def _ordered(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda finding: finding.at_ns)


def _plan(problem: Problem, rota: Rota) -> Iterator[Finding]:
    """All but the law."""
    yield from _coverage(problem, rota)
    yield from _fixed(problem, rota)
    yield from _people(problem, rota)


def duties_by_person(shifts: tuple[Shift, ...]) -> dict[str, list[Shift]]:
    """Each person's shifts, in order of time."""
    found: dict[str, list[Shift]] = defaultdict(list)
    for shift in sorted(shifts):
        found[shift.person].append(shift)
    return found


def _coverage(problem: Problem, rota: Rota) -> Iterator[Finding]:
    """Each wanted hour of a role is in one shift or one declared gap, and no other hour is."""
    wanted = wanted_hours(problem)
    for role in problem.roles:
        edges = sorted(
            [(each.start_ns, each.end_ns) for each in rota.shifts if each.role == role]
            + [(each.start_ns, each.end_ns) for each in rota.gaps if each.role == role]
        )
        for before, after in pairwise(edges):
            if after[0] < before[1]:
                yield Finding("double", after[0])
        for hour in range(problem.n_hours):
            begin = problem.start_ns + hour * NS_PER_HOUR
            end = begin + NS_PER_HOUR
            held_ns = sum(max(0, min(e, end) - max(s, begin)) for s, e in _near(edges, begin, end))
            if wanted[hour] and held_ns < NS_PER_HOUR:
                yield Finding("hole", begin)
            if held_ns and not wanted[hour]:
                yield Finding("unwanted", begin)


def _near(edges: list[tuple[int, int]], begin: int, end: int) -> Iterator[tuple[int, int]]:
    return (each for each in edges if overlap(each, (begin, end)))


def _fixed(problem: Problem, rota: Rota) -> Iterator[Finding]:
    for shift in problem.fixed:
        kept = any(
            each.person == shift.person
            and each.role == shift.role
            and each.start_ns <= shift.start_ns
            and shift.end_ns <= each.end_ns
            for each in rota.shifts
        )
        if not kept:
            yield Finding("fixed", shift.start_ns, shift.person)


def _people(problem: Problem, rota: Rota) -> Iterator[Finding]:
    known = {person.id: person for person in problem.people}
    for name, shifts in duties_by_person(rota.shifts).items():
        person = known.get(name)
        if person is None:
            yield Finding("unknown", shifts[0].start_ns, name)
            continue
        if not problem.skills <= person.skills:
            yield Finding("skills", shifts[0].start_ns, name)
        for before, after in pairwise(shifts):
            if after.start_ns < before.end_ns:
                yield Finding("both-roles", after.start_ns, name)
        yield from _elsewhere(person, shifts, problem)


def _elsewhere(person: Person, shifts: list[Shift], problem: Problem) -> Iterator[Finding]:
    """Shifts, but for the fixed, while the person is away or on duty for another unit."""
    away = absences(person, problem)
    fixed = {(each.start_ns, each.end_ns) for each in problem.fixed if each.person == person.id}
    for shift in shifts:
        window = (shift.start_ns, shift.end_ns)
        if window in fixed:
            continue
        for what, taken in (("away", away), ("busy", person.held)):
            if any(overlap(window, each) for each in taken):
                yield Finding(what, shift.start_ns, person.id)


def _laws(problem: Problem, rota: Rota, before: Rota) -> Iterator[Finding]:
    taken, had = duties_by_person(rota.shifts), duties_by_person(before.shifts)
    for person in problem.people:
        if person.id in taken:
            yield from _law(person, _duties(taken[person.id]), _duties(had.get(person.id, [])))


def _law(person: Person, taken: list[Duty], had: list[Duty]) -> Iterator[Finding]:
    """What the duties add to the breaches there were with those that the person had."""
    known = _breaches(person, had)
    for breach in added(known, _breaches(person, taken)):
        yield Finding(breach.rule, breach.at_ns, person.id)
    if not known:
        return
    for duty in taken:
        is_new = not any(
            each.start_ns <= duty.start_ns and duty.end_ns <= each.end_ns for each in had
        )
        rule = overfull(person.law, [*person.held, *taken], duty) if is_new else ""
        if rule:
            yield Finding(rule, duty.start_ns, person.id)


def _duties(shifts: list[Shift]) -> list[Duty]:
    return [Duty(shift.start_ns, shift.end_ns) for shift in shifts]


def _breaches(person: Person, taken: list[Duty]) -> list[Breach]:
    return breaches(
        [*person.held, *taken],
        person.law,
        zone=person.zone,
        exemption=person.exemption,
    )
