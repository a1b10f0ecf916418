"""`make bench-rota`: rotas beside round robins that keep the same law, and beside what is possible.

`python -m benchmarks.rota.run [--short] [--teams N] [--people N]`
"""

import argparse
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from statistics import mean
from typing import Final, NamedTuple

from benchmarks.report import Figure, publish
from benchmarks.rota import kubernetes
from benchmarks.rota.kubernetes import kubernetes_company
from benchmarks.rota.measure import SUNWISE, Measured, measure
from benchmarks.rota.table import (
    avoidable_gap_h,
    beaten_bounds,
    bounds,
    not_carried,
    rows,
    show,
    with_fewer_gaps,
    worse_than_greedy,
)
from benchmarks.rota.units import DAYS, connected, units
from sunwise.cli.company import Company, invented_company

METHOD: Final = """
Four weeks from 19 October 2026 (the clocks go back in Europe on the 25th and in America on 1
November) and from 8 March 2027 (forward on the 14th and the 28th). Real teams of Kubernetes of 5 to
12 people, one role around the clock, each planned as if it were alone; zones and countries are
guessed from commit offsets (benchmarks/rota/kubernetes.py says how). Invented companies of 60 and
5,000 people in up to 110 countries (sunwise.cli.company, seed 7), with leave, exemptions and public
holidays; people in two teams are planned for one after the other. Rivals are re-implemented from
their source and repaired: whoever may not lawfully take a slot of 8 hours is passed over for the
next, and where nobody is left the slot is a declared gap. Every rota is counted again and held
against the law by code that shares nothing with the planner. Nights are hours outside 07:00 to 22:00
on the clock of whoever is on duty, of the hours wanted. The clock bound counts hours in which too
few people have daylight; the proven bound is the solver's under all hard rules. Burden is in points:
a quarter of an hour by day is 1, by night 3, 0:00 to 5:00 4, weekend +1, holiday +2. Gini and mean
worst-off are means over the units. A plan is one process on one core.
"""
AUTUMN: Final = date(2026, 10, 19)
SPRING: Final = date(2027, 3, 8)
SEED: Final = 7
ALL_PEOPLE: Final = 5_000
_SHORT_TEAMS: Final = 3


class Set(NamedTuple):
    """What is planned, and when."""

    name: str
    company: Callable[[date, date], Company]
    first: date
    shared: bool = True
    """Whether somebody in two teams is one person, or two."""
    thorough: bool = True
    """Whether fronts and re-plans are measured too."""


def main() -> None:
    """Measures, prints a table for each set, and writes the results unless it was cut short."""
    arguments = _arguments()
    figures: list[Figure] = []
    try:
        for each in sets(arguments.people, short=arguments.short):
            figures += measured_set(each, arguments.teams)
    except KeyboardInterrupt:
        print("Interrupted: the sets that were not finished are left out.")
    if arguments.short or arguments.teams or arguments.people != ALL_PEOPLE:
        print("Not all was measured: benchmarks/results/rota.json stays as it is.")
    else:
        publish("rota", METHOD, figures)


def sets(n_people: int, *, short: bool) -> Iterator[Set]:
    """What there is to measure; the teams of Kubernetes only where their data is."""
    if not short:  # the longest first: what is interrupted later still has it
        yield Set(f"{n_people:,} people, autumn", _invented(n_people), AUTUMN, thorough=False)
    if kubernetes.DATA.exists():
        yield Set("Kubernetes, autumn", lambda *_: kubernetes_company(), AUTUMN, shared=False)
    else:
        print(f"No teams of Kubernetes: {kubernetes.DATA} is not there.")
    yield Set("60 people, autumn", _invented(60), AUTUMN)
    if not short:
        yield Set("60 people, spring", _invented(60), SPRING)


def measured_set(each: Set, most_units: int | None = None) -> list[Figure]:
    """The figures of a set; its table is printed."""
    company = each.company(each.first, each.first + timedelta(days=DAYS))
    problems = units(company, each.first)[:most_units]
    groups = connected(problems) if each.shared else [[problem] for problem in problems]
    began = time.perf_counter()
    measured = measure(groups, thorough=each.thorough)
    wall_s = time.perf_counter() - began
    show(f"{each.name}: {len(problems)} units", measured)
    for name in not_carried(measured):
        print(f"  cannot be carried lawfully: {name}")
    figures = [
        *_figures(each.name, measured),
        *_mending(each.name, measured),
        *_choosing(each.name, measured),
    ]
    if not each.thorough:
        target = "<= 30" if len(company.snapshot.people) == ALL_PEOPLE else ""
        figures.append(Figure(f"{each.name}: every way, wall", wall_s / 60, "min", target))
    return figures


def _figures(name: str, measured: list[Measured]) -> Iterator[Figure]:
    limits = bounds(measured)
    for row in rows(measured):
        about = f"{name}: {row.way}"
        target = "== 0" if row.way == SUNWISE else ""
        yield Figure(f"{about}, breaches of law", row.breaches, "", target)
        yield Figure(f"{about}, open gaps", row.open, "% of hours", target)
        yield Figure(f"{about}, declared gaps", row.gap, "% of hours")
        yield Figure(f"{about}, nights", row.night, "% of hours")
        yield Figure(f"{about}, public holidays", row.holiday, "% of hours")
        yield Figure(f"{about}, worst-off", row.worst, "points")
        yield Figure(f"{about}, worst-off, mean", row.mean_worst, "points")
        yield Figure(f"{about}, Gini", row.gini, "")
        yield Figure(f"{about}, longest duty", row.longest_h, "h")
        yield Figure(f"{about}, CPU", row.cpu_s, "s")
        if row.way == SUNWISE:
            yield Figure(
                f"{about}, nights over the bound", row.night - limits.night, "points", "<= 1"
            )
    yield Figure(f"{name}: nights by the clock bound", limits.clock, "% of hours")
    yield Figure(f"{name}: nights by the proven bound", limits.night, "% of hours")
    yield Figure(f"{name}: avoidable gaps", avoidable_gap_h(measured), "h", "== 0")
    yield Figure(f"{name}: rivals with fewer gaps", len(with_fewer_gaps(measured)), "", "== 0")
    yield Figure(f"{name}: units that cannot be carried", len(not_carried(measured)), "")
    yield Figure(f"{name}: units worse than greedy", len(worse_than_greedy(measured)), "", "== 0")
    yield Figure(f"{name}: proven bounds beaten", len(beaten_bounds(measured)), "", "== 0")


def _mending(name: str, measured: list[Measured]) -> Iterator[Figure]:
    found = [each.mended for each in measured if each.mended is not None]
    if found:
        forced, changed = sum(m.n_forced for m in found), sum(m.n_changed for m in found)
        most = max(m.n_changed / m.n_forced for m in found)
        about = f"{name}: re-plan"
        yield Figure(f"{about}, forced moves", forced, "shifts")
        yield Figure(f"{about}, changes for each forced move", changed / forced, "", "<= 2")
        yield Figure(f"{about}, the same in the worst unit", most, "", "<= 2")
        beyond = [m for m in found if m.n_changed > 2 * m.n_forced]
        unproven = sum(not m.is_proven for m in beyond)
        yield Figure(f"{about}, units with more than twice the forced moves", len(beyond), "")
        yield Figure(f"{about}, those without proof that it takes so many", unproven, "", "== 0")
        yield Figure(f"{about}, CPU in the slowest unit", max(m.cpu_s for m in found), "s", "< 5")
        yield Figure(f"{about}, breaches of law", sum(m.n_breaches for m in found), "", "== 0")
        yield Figure(f"{about}, more gaps", sum(m.more_gap_h for m in found), "h")


def _choosing(name: str, measured: list[Measured]) -> Iterator[Figure]:
    """The front beside the round robin of three windows."""
    found = [each.choices for each in measured if each.choices is not None]
    if found:
        nights = sum(c.least_night_h for c in found)
        rival_nights = sum(c.rival_night_h for c in found)
        halved = mean(c.least_night_h <= c.rival_night_h / 2 for c in found)
        gini = mean(c.least_gini - c.rival_gini for c in found)
        as_even = mean(c.least_gini <= c.rival_gini for c in found)
        about = f"{name}: front"
        yield Figure(
            f"{about}, its fewest nights / round robin's", nights / rival_nights, "", "<= 0.5"
        )
        yield Figure(f"{about}, units with half the nights", 100 * halved, "%")
        yield Figure(f"{about}, its lowest Gini - round robin's, mean", gini, "", "<= 0")
        yield Figure(f"{about}, units with its Gini", 100 * as_even, "%")
        yield Figure(f"{about}, points, mean", mean(c.n_points for c in found), "")
        yield Figure(f"{about}, CPU, mean", mean(c.cpu_s for c in found), "s")


def _invented(n_people: int) -> Callable[[date, date], Company]:
    return lambda first, last: invented_company(n_people, seed=SEED, first=first, last=last)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="3 units of each small set")
    parser.add_argument("--teams", type=int, help="so many units of each set at most")
    parser.add_argument("--people", type=int, default=ALL_PEOPLE, help="of the large company")
    arguments = parser.parse_args()
    if arguments.short and not arguments.teams:
        arguments.teams = _SHORT_TEAMS
    return arguments


if __name__ == "__main__":
    main()
