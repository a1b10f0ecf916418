"""Which working-time rules hold in which country, and where they come from."""
# ruff: noqa: INP001 - scripts of the documents; they show what modules keep private

from collections.abc import Iterator
from datetime import date
from typing import Final

from docs.reference.generator.markdown import code, comments, table

from sunwise.chassis.config import describe_settings
from sunwise.daylight.working_time import Confidence, Exemption, WorkingTime, packs
from sunwise.daylight.working_time.packs import HOUSE

_ABOUT: Final = ("country", "effective_from", "effective_until", "source", "confidence", "note")
_RULES: Final = tuple(name for name in WorkingTime.__struct_fields__ if name not in _ABOUT)
_MINUTES: Final = ("night_begins_minute", "night_ends_minute")


def working_time_page() -> str:
    """Which working-time rules hold in which country, and where they come from."""
    countries = sorted(set(packs().rows) - {HOUSE})
    as_of = max(row.effective_from for row in _rows())
    columns = " | ".join(("Rule", "floor", *countries))
    exemptions = ", ".join(code(name) for name in Exemption.__struct_fields__)
    return f"""# Working time

**Not legal advice.** These rows are what Sunwise plans by, each with its source and how far it was
verified. Have those that bind you read by somebody who answers for it. A wrong row is a bug.

{_how_sure()}

The rules are hard: no rota and no swap breaks one, and a page only with somebody who has opted in to be
called in their rest. Where only a breach would fill a slot, the slot is a declared gap: [why follow the sun works only for owners](../explanation/why-follow-the-sun.md).

## The rules

{table("Rule | Floor | Meaning", _rule_rows())}
The floor holds where a law is silent, and is the least that anybody is owed where a law asks for less.
It alone holds in every country that is not on this page, with confidence *assumed*: nobody has looked
its law up. Only how far standby counts is the law's alone to say, where there is a row.

Lengths are hours that pass: a duty from 19:00 to 07:00 over the night on which the clocks go back is
13 h. Days and nights are those of the person's own clock. Duty counts whole, whether a page comes
or not, unless `standby_counts` says less. Work beside duty is rest as far as these rules know, unless
it is handed in as duty.

A row assumes no collective agreement, no opt-out and no permit. What one person is spared beyond the
law ({exemptions}) is kept without a reason.

## What holds

As of {as_of}, the floor applied; times of night on the local clock. Where a plan spans a change of law,
the stricter of each rule holds for all of it.

{table(columns, _effective_rows(countries, as_of))}
What holds for EU holds for each member, together with its own row where it has one:
{", ".join(packs().members["EU"])}.

## Where it comes from

As each law has it, before the floor is applied. Confidence is {_confidences()}.
{"".join(_section(row) for row in _rows())}"""


def _how_sure() -> str:
    """How many rows were read in the law itself, and which."""
    rows = list(_rows())
    read = [row.country for row in rows if row.confidence is Confidence.PRIMARY]
    return f"""**Most rows were not read in the law itself.** Of {len(rows)} rows {len(read)} were: {" and ".join(read)} (*primary*). The
other {len(rows) - len(read)} come from summaries by an authority or a lawyer (*secondary*), which leave out exceptions, trades and case
law. Where a row holds together with another, it is as sure as the weaker of them."""


def _rows() -> Iterator[WorkingTime]:
    for country, dated in sorted(packs().rows.items()):
        if country != HOUSE:
            yield from dated


def _rule_rows() -> Iterator[tuple[object, ...]]:
    floor = packs().rows[HOUSE][0]
    for described in describe_settings(WorkingTime, ""):
        name = described.name.removeprefix(".")
        if name in _RULES:
            yield code(name), _value(floor, name), described.meaning


def _effective_rows(countries: list[str], as_of: date) -> Iterator[tuple[object, ...]]:
    known = packs()
    held = [known.rows[HOUSE][0], *(known.rules_of(country, as_of) for country in countries)]
    for name in _RULES:
        yield code(name), *(_value(rules, name) for rules in held)
    yield "confidence", *(rules.confidence.value for rules in held)


def _section(row: WorkingTime) -> str:
    floor = packs().rows[HOUSE][0]
    until = f" until {row.effective_until}" if row.effective_until else ""
    asked = [
        f"{code(name)} {_value(row, name)}"
        for name in _RULES
        if getattr(row, name) != getattr(floor, name)
    ]
    return f"""
### {row.country} from {row.effective_from}{until}

{row.source}. Confidence: {row.confidence.value}.

Other than the floor: {", ".join(asked) or "nothing"}.

{row.note}
"""


def _value(rules: WorkingTime, name: str) -> str:
    value = getattr(rules, name)
    return f"{value // 60:02}:{value % 60:02}" if name in _MINUTES else f"{value:g}"


def _confidences() -> str:
    meanings = comments(Confidence)
    return ", ".join(f"*{each.value}* ({meanings[each.name]})" for each in Confidence)
