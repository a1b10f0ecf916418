"""All units of a company together, a row for each way to plan."""

from collections.abc import Sequence
from statistics import mean
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.rota.measure import GREEDY, SUNWISE, WAYS, Measured
from sunwise.people.rota.core.bounds import Bounds as Limits

_COLUMNS: Final = (
    "way", "gap %", "open %", "night %", "holiday %", "worst-off", "mean worst", "Gini", "longest h",
    "breaches", "CPU s",
)  # fmt: skip


class Row(NamedTuple):
    """Hours are shares of the hours wanted, in percent."""

    way: str
    gap: float
    """Declared gaps."""
    open: float
    """Gaps that nobody declared."""
    night: float
    holiday: float
    worst: float
    """Burden of the worst-off of all, points."""
    mean_worst: float
    """Of each unit's worst-off, on average."""
    gini: float
    """Of the burden within a unit, on average."""
    longest_h: float
    breaches: float
    cpu_s: float


class Bounds(NamedTuple):
    """What no rota does better, in percent of the hours wanted."""

    clock: float
    night: float
    gap: float


def rows(measured: Sequence[Measured]) -> list[Row]:
    """A row for each way, in their order."""
    return [
        _row(way, [each for each in measured if each.way == way])
        for way in WAYS
        if any(each.way == way for each in measured)
    ]


def _row(way: str, own: list[Measured]) -> Row:
    wanted_h = sum(each.verdict.wanted_h for each in own)
    return Row(
        way,
        gap=100 * sum(each.verdict.declared_h for each in own) / wanted_h,
        open=100 * sum(each.verdict.open_h for each in own) / wanted_h,
        night=100 * sum(each.verdict.night_h for each in own) / wanted_h,
        holiday=100 * sum(each.stats.holiday_h for each in own) / wanted_h,
        worst=max(each.stats.worst_burden for each in own),
        mean_worst=mean(each.stats.worst_burden for each in own),
        gini=mean(each.stats.gini for each in own),
        longest_h=max(each.stats.longest_h for each in own),
        breaches=sum(each.verdict.n_breaches for each in own),
        cpu_s=sum(each.cpu_s for each in own),
    )


def bounds(measured: Sequence[Measured]) -> Bounds:
    """The bounds of Sunwise's plans, added up."""
    own = [each for each in measured if each.bounds is not None]
    wanted_h = sum(each.verdict.wanted_h for each in own)
    return Bounds(
        clock=100 * sum(each.verdict.clock_bound_h for each in own) / wanted_h,
        night=100 * sum(each.bounds.night_h for each in own if each.bounds) / wanted_h,
        gap=100 * sum(each.bounds.gap_h for each in own if each.bounds) / wanted_h,
    )


def not_carried(measured: Sequence[Measured]) -> list[str]:
    """The units that nobody could cover whole, and the hours that are proven to be missing."""
    return [
        f"{each.unit} lacks {each.bounds.gap_h:g} h"
        for each in measured
        if each.bounds is not None and each.bounds.gap_h > 0
    ]


def avoidable_gap_h(measured: Sequence[Measured]) -> float:
    """Hours of gap beyond those proven."""
    return sum(each.stats.gap_h - each.bounds.gap_h for each in measured if each.bounds is not None)


def with_fewer_gaps(measured: Sequence[Measured]) -> list[str]:
    """The rivals that left less uncovered than the plan: so much of its gap was avoidable."""
    own = {each.unit: each.stats.gap_h for each in measured if each.way == SUNWISE}
    return [f"{each.unit} ({each.way})" for each in measured if each.stats.gap_h < own[each.unit]]


def worse_than_greedy(measured: Sequence[Measured]) -> list[str]:
    """The units in which the plan is worse than greedy on the same pattern."""
    at_once = {each.unit: each.rank for each in measured if each.way == GREEDY}
    own = (each for each in measured if each.way == SUNWISE)
    return [each.unit for each in own if each.rank > at_once[each.unit]]


def beaten_bounds(measured: Sequence[Measured]) -> list[str]:
    """The units in which another way did what was proven impossible: a bound would be wrong.

    A bound counts what people have in other units. A rival has given them other hours there, and is
    held against it only where nobody had any.
    """
    limits = {each.unit: each.bounds for each in measured if each.bounds is not None}
    gaps = {each.unit: each.stats.gap_h for each in measured if each.way == SUNWISE}
    return [
        f"{each.unit} ({each.way})"
        for each in measured
        if (each.way in (SUNWISE, GREEDY) or not each.held_h)
        and _beats(each, limits[each.unit], gaps[each.unit])
    ]


def _beats(each: Measured, limit: Limits, gap_h: float) -> bool:
    as_few_gaps = each.stats.gap_h <= gap_h
    return each.stats.gap_h < limit.gap_h or (as_few_gaps and each.stats.night_h < limit.night_h)


def show(title: str, measured: Sequence[Measured]) -> None:
    """Prints the table."""
    table = Table(title=title, title_justify="left")
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column == "way" else "right")
    for row in rows(measured):
        table.add_row(row.way, *(f"{value:,.2f}" for value in row[1:]))
    limits = bounds(measured)
    table.add_section()
    table.add_row("bound by the clock alone", "", "", f"{limits.clock:.2f}")
    table.add_row("bound proven", f"{limits.gap:.2f}", "", f"{limits.night:.2f}")
    Console(width=140).print(table)
