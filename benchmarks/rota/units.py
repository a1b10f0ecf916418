"""What is to be planned of a company: a problem for each of its units, four weeks long."""

from datetime import date
from typing import Final

import msgspec

from sunwise.cli.company import Company
from sunwise.people.rota.core.problem import Problem
from sunwise.people.rota.units import Ground, Span, midnight_ns, problem_of, units_of

DAYS: Final = 28


def units(company: Company, first: date) -> list[Problem]:
    """The problems that the rota service would solve, in its order, from `first` 00:00 UTC on."""
    snapshot = msgspec.structs.replace(company.snapshot, leave=company.leave)
    ground = Ground(snapshot=snapshot)
    span = Span(window_ns=midnight_ns(first))
    return [problem_of(unit, ground, span) for unit in units_of(snapshot)]


def connected(problems: list[Problem]) -> list[list[Problem]]:
    """The problems that share people, together and in order: they are planned one after the other."""
    groups: list[tuple[set[str], list[int]]] = []
    for number, problem in enumerate(problems):
        names = {person.id for person in problem.people}
        near = [group for group in groups if group[0] & names]
        together = sorted([number, *(each for _, numbers in near for each in numbers)])
        groups = [group for group in groups if group not in near]
        groups.append((names.union(*(others for others, _ in near)), together))
    return [[problems[number] for number in numbers] for _, numbers in groups]
