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
    found = [
        *_coverage(problem, rota),
        *_fixed(problem, rota),
        *_people(problem, rota),
    ]
    return sorted(found, key=lambda finding: finding.at_ns)


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
        yield from _law(person, shifts)


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


def _law(person: Person, shifts: list[Shift]) -> Iterator[Finding]:
    """What the shifts add to the breaches that were held before."""
    taken = [Duty(shift.start_ns, shift.end_ns) for shift in shifts]
    known = _breaches(person, [])
    for breach in added(known, _breaches(person, taken)):
        yield Finding(breach.rule, breach.at_ns, person.id)
    if known:
        for duty in taken:
            rule = overfull(person.law, [*person.held, *taken], duty)
            if rule:
                yield Finding(rule, duty.start_ns, person.id)


def _breaches(person: Person, taken: list[Duty]) -> list[Breach]:
    return breaches(
        [*person.held, *taken],
        person.law,
        zone=person.zone,
        exemption=person.exemption,
    )
