"""The figures of a rota: what is not covered, and what it costs whom."""

import msgspec

from sunwise.people.rota.core.burden import (
    PRICES,
    Prices,
    Quarters,
    hours,
    length_h,
    quarters,
    total,
)
from sunwise.people.rota.core.check import check, duties_by_person
from sunwise.people.rota.core.problem import Problem, Rota, Shift, wanted_hours


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Hours are hours of one role; two roles count twice. Burden is in points, see `burden`."""

    wanted_h: float
    gap_h: float
    """Without anybody, declared or not."""
    declared_gap_h: float
    night_h: float
    """Outside the local 07:00 to 22:00 of whoever is on duty."""
    holiday_h: float
    weekend_h: float
    worst_burden: float
    """Of the person who bears most, carried burden included."""
    gini: float
    """Of that burden over everybody who is able; 0 is even."""
    longest_h: float
    """The longest stretch of one person's duty, whichever roles."""
    n_shifts: int
    n_breaches: int
    """All that `check` finds but holes."""
    burden: dict[str, float]
    """By person, carried burden included."""


def stats(problem: Problem, rota: Rota, prices: Prices = PRICES) -> Stats:
    """The figures of that rota within the problem's window."""
    clocks = {person.id: quarters(person, problem, prices) for person in problem.people}
    known = tuple(shift for shift in rota.shifts if shift.person in clocks)
    burden = burdens(problem, rota, prices)
    wanted_h = float(wanted_hours(problem).sum()) * len(problem.roles)
    covered_h = sum(length_h(shift[:2]) for shift in rota.shifts)
    return Stats(
        wanted_h=wanted_h,
        gap_h=wanted_h - covered_h,
        declared_gap_h=sum(length_h(gap[:2]) for gap in rota.gaps),
        night_h=_hours(known, clocks, "night"),
        holiday_h=_hours(known, clocks, "holiday"),
        weekend_h=_hours(known, clocks, "weekend"),
        worst_burden=max(burden.values(), default=0.0),
        gini=gini(list(burden.values())),
        longest_h=_longest(known),
        n_shifts=len(rota.shifts),
        n_breaches=sum(finding.what != "hole" for finding in check(problem, rota)),
        burden=burden,
    )


def burdens(problem: Problem, rota: Rota, prices: Prices = PRICES) -> dict[str, float]:
    """Points by person of those who are able, carried burden included."""
    found = {person.id: float(person.carried) for person in problem.able()}
    clocks = {person.id: quarters(person, problem, prices) for person in problem.able()}
    for shift in rota.shifts:
        if shift.person in found:
            clock = clocks[shift.person]
            found[shift.person] += total(clock.price, clock.start_ns, shift[:2])
    return found


def gini(values: list[float]) -> float:
    """The Gini coefficient: 0 when all are equal, near 1 when one has all."""
    ordered = sorted(values)
    whole = sum(ordered)
    if whole <= 0:
        return 0.0
    count = len(ordered)
    weighted = sum(place * value for place, value in enumerate(ordered, 1))
    return 2 * weighted / (count * whole) - (count + 1) / count


def _hours(shifts: tuple[Shift, ...], clocks: dict[str, Quarters], field: str) -> float:
    return sum(
        hours(getattr(clock, field), clock.start_ns, shift[:2])
        for shift in shifts
        for clock in (clocks[shift.person],)
    )


def _longest(shifts: tuple[Shift, ...]) -> float:
    longest = 0.0
    for own in duties_by_person(shifts).values():
        since_ns, until_ns = own[0][:2]
        for shift in own:
            if shift.start_ns > until_ns:
                since_ns = shift.start_ns
            until_ns = max(until_ns, shift.end_ns)
            longest = max(longest, length_h((since_ns, until_ns)))
    return longest
