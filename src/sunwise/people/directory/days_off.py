"""Leave: whole days, of somebody, and none twice."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from sunwise.contracts.people.directory import Leave
from sunwise.people.directory.objects import Kind
from sunwise.people.directory.problems import Problem, Problems, Rule, View

MAX_DAYS: Final = 732


def days_off(leave: Iterable[Leave], view: View) -> Problems:
    """Leave that is nobody's, ends before it begins, or overlaps with other leave."""
    by_person: dict[str, list[Leave]] = defaultdict(list)
    for each in leave:
        by_person[each.person].append(each)
        if fault := _fault(each, view):
            yield _problem(each.person, fault)
    for person, theirs in by_person.items():
        ordered = sorted(theirs, key=lambda each: (each.first, each.last))
        for before, after in pairwise(ordered):
            if after.first <= before.last:
                yield _problem(
                    person,
                    f"leave {_span(after)} overlaps with leave {_span(before)}: move one, or enter "
                    "both as one",
                )


def _fault(leave: Leave, view: View) -> str:
    if leave.person not in view.people:
        return f"leave {_span(leave)} is of nobody in the directory: add the person first"
    days = (leave.last - leave.first).days + 1
    if days < 1:
        return f"leave {_span(leave)} ends before it begins: swap the two days"
    if days > MAX_DAYS:
        return f"leave {_span(leave)} has {days} days, at most {MAX_DAYS}: check the years"
    return ""


def _span(leave: Leave) -> str:
    return f"{leave.first} to {leave.last}"


def _problem(person: str, text: str) -> Problem:
    return Problem(rule=Rule.LEAVE, kind=Kind.PERSON, id=person, field="leave", text=text)
