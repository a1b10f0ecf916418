"""All rules held against one state of the directory."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sunwise.contracts.people.directory import Leave
from sunwise.daylight.zones import instant
from sunwise.people.directory.capacity import Law
from sunwise.people.directory.days_off import days_off
from sunwise.people.directory.distance import start_of_day
from sunwise.people.directory.merging import Merged
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.problems import Problem, Problems, Rule, View
from sunwise.people.directory.references import References
from sunwise.people.directory.sameness import sameness
from sunwise.people.directory.tiers import tiers


def view_of(merged: Mapping[Key, Merged]) -> View:
    """The objects that are known well enough, by id."""
    tables: dict[Kind, dict[str, Any]] = {kind: {} for kind in Kind}
    waiting = set()
    for key in sorted(merged):
        thing = merged[key].thing
        if thing is None:
            waiting.add(key)
        else:
            tables[key.kind][key.id] = thing
    return View(
        tables[Kind.PERSON],
        tables[Kind.TEAM],
        tables[Kind.HUB],
        tables[Kind.SERVICE],
        frozenset(waiting),
    )


def check(
    merged: Mapping[Key, Merged], leave: Iterable[Leave], *, law: Law, now_ns: int
) -> tuple[Problem, ...]:
    """Everything that speaks against the state, the whole year from now."""
    view = view_of(merged)
    year_ns = start_of_day(now_ns)
    return (
        *_unusable(merged),
        *References(view, year_ns=year_ns).problems(),
        *sameness(view),
        *tiers(view, law, year_ns=year_ns),
        *days_off(leave, view),
    )


def today(now_ns: int) -> date:
    """The UTC day of an instant."""
    return instant(now_ns).date()


def _unusable(merged: Mapping[Key, Merged]) -> Problems:
    for key, found in merged.items():
        if found.missing:
            fields = ", ".join(found.missing)
            text = f"nobody says its {fields}: state it in any source"
            field = found.missing[0]
            yield Problem(rule=Rule.INCOMPLETE, kind=key.kind, id=key.id, field=field, text=text)
        elif found.fault:
            yield Problem(rule=Rule.MALFORMED, kind=key.kind, id=key.id, text=found.fault)
