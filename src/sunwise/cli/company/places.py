"""Where the people of an invented company live, and how often."""

import csv
from functools import lru_cache
from importlib import resources
from typing import Final, NamedTuple

_FRIDAY_SATURDAY: Final = frozenset({"BD", "BH", "DZ", "EG", "IL", "JO", "KW", "OM", "QA", "SA"})
_MONDAY_TO_FRIDAY: Final = (0, 1, 2, 3, 4)
_SUNDAY_TO_THURSDAY: Final = (6, 0, 1, 2, 3)


class Place(NamedTuple):
    """A country, or a part of it, with one zone."""

    country: str
    zone: str
    subdivision: str
    weight: int
    """How many of a thousand or so live there."""
    language: str

    @property
    def weekdays(self) -> tuple[int, ...]:
        """The days of work; Monday is 0."""
        return _SUNDAY_TO_THURSDAY if self.country in _FRIDAY_SATURDAY else _MONDAY_TO_FRIDAY


@lru_cache(maxsize=1)
def places() -> tuple[Place, ...]:
    """All of them: a hundred countries, half of the people in Asia."""
    text = resources.files(__package__).joinpath("places.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(
        Place(row["country"], row["zone"], row["subdivision"], int(row["weight"]), row["language"])
        for row in rows
    )
