"""What a cell of a table means: lists, hours, yes and no, days."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from sunwise.contracts.people.directory import Tier

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN: Final = re.compile(r"^(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\b\s*(.*)$")
_YES: Final = frozenset({"yes", "true", "1", "y", "x"})
_NO: Final = frozenset({"no", "false", "0", "n"})


class BadCell(ValueError):
    """A cell that cannot be read; the message says what to write."""


def words(text: str) -> list[str]:
    """The entries of a list: between spaces, commas, semicolons or bars."""
    return [each for each in re.split(r"[\s,;|]+", text) if each]


def flag(text: str) -> bool:
    """Yes or no. Raises BadCell."""
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise BadCell(f"{text!r:.40} is neither yes nor no")


def hours(text: str) -> dict[str, Any]:
    """`09:00-18:00 mon-fri`; without days it is Monday to Friday. Raises BadCell."""
    begins, ends, rest = _span(text)
    return {"begins_minute": begins, "ends_minute": ends, "weekdays": _weekdays(rest or "mon-fri")}


def emergency(text: str) -> dict[str, Any]:
    """`20:00-23:00`, or `20:00-23:00 also in rest`. Raises BadCell."""
    begins, ends, rest = _span(text)
    if rest.lower() not in ("", "also in rest"):
        raise BadCell(f"{text!r:.40}: write 20:00-23:00, or 20:00-23:00 also in rest")
    return {"begins_minute": begins, "ends_minute": ends, "also_in_rest": bool(rest)}


def number(text: str) -> float:
    """A number. Raises BadCell."""
    try:
        return float(text)
    except ValueError as error:
        raise BadCell(f"{text!r:.40} is no number") from error


def whole(text: str) -> int:
    """A whole number. Raises BadCell."""
    if not text.isdecimal():
        raise BadCell(f"{text!r:.40} is no whole number")
    return int(text)


def day(text: str) -> date:
    """`2027-01-31`. Raises BadCell."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadCell(f"{text!r:.40} is no day: write it as 2027-01-31") from error


def tier(text: str) -> str:
    """One of the tiers. Raises BadCell."""
    if text.lower() in list(Tier):
        return text.lower()
    raise BadCell(f"{text!r:.40} is no tier: write {', '.join(Tier)}")


def _span(text: str) -> tuple[int, int, str]:
    match = _SPAN.match(text)
    if match is None:
        raise BadCell(f"{text!r:.40}: write hours as 09:00-18:00")
    first_h, first_m, last_h, last_m = map(int, match.groups()[:4])
    begins, ends = first_h * 60 + first_m, last_h * 60 + last_m
    if max(begins, ends) > 1_440 or max(first_m, last_m) > 59:
        raise BadCell(f"{text!r:.40}: a day has 24 hours of 60 minutes")
    return begins, ends, match[5].strip()


def _weekdays(text: str) -> list[int]:
    found: set[int] = set()
    for part in words(text.lower()):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise BadCell(f"{text!r:.40}: write days as mon-fri or sun,mon,tue")
        start, n = _DAYS.index(first), (_DAYS.index(last or first) - _DAYS.index(first)) % 7
        found |= {(start + step) % 7 for step in range(n + 1)}
    return sorted(found)


READERS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "languages": words,
        "skills": words,
        "handles": words,
        "members": words,
        "activities": words,
        "active": flag,
        "hours": hours,
        "emergency": emergency,
        "country": str.upper,
        "tier": tier,
    }
)
"""How the cells of a column are read; those of any other are taken as they are."""
EXEMPTIONS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {"no_nights": flag, "max_week_h": number, "max_days_in_row": whole}
)
"""Columns that together are what a person is spared."""
