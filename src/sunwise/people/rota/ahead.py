"""Planning ahead: what must be planned next so that at least 4 weeks are always published. Pure."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sunwise.people.rota.kept import DAY_NS, WINDOW_NS, Unit, window_of
from sunwise.people.rota.units import Span, next_hour_ns

DRAFTED_BEFORE_NS: Final = 14 * DAY_NS
"""So long before a window has to be published there is a draft of it to look at."""


class Task(NamedTuple):
    """One unit's rota to plan."""

    unit: Unit
    span: Span


def tasks(units: Iterable[Unit], known: set[tuple[str, int]], now_ns: int) -> list[Task]:
    """The rotas that are missing, the nearest window first, units in their order.

    `known` are the (unit, window) that have a draft or are published.
    """
    first = window_of(now_ns)
    windows = [first, first + WINDOW_NS]
    if first + WINDOW_NS - now_ns <= DRAFTED_BEFORE_NS:
        windows.append(first + 2 * WINDOW_NS)
    units = tuple(units)
    return [
        Task(unit, Span(window_ns=window_ns, from_ns=max(window_ns, next_hour_ns(now_ns))))
        for window_ns in windows
        for unit in units
        if (unit.id, window_ns) not in known
    ]
