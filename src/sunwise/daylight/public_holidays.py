"""Days off by law: public holidays of a country and its parts, as the library `holidays` knows them."""

import difflib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import holidays

MAX_YEARS: Final = 20


class UnknownPlace(ValueError):
    """No public holidays are known for this country or part; the message says what is."""


def public_holidays(country: str, subdivision: str, first: date, last: date) -> frozenset[date]:
    """The public holidays from `first` to `last`, inclusive, on the local calendar.

    `country` is ISO 3166-1 alpha-2; `subdivision` ISO 3166-2 with or without the country, or empty
    for what all of the country celebrates. Some days, such as those of the lunar calendar, are
    estimates until a government announces them. Raises UnknownPlace, and ValueError for a span that
    is backwards or beyond MAX_YEARS. Cost: about a millisecond a year the first time.
    """
    if last < first:
        raise ValueError(f"{last} is before {first}: swap them")
    if last.year - first.year > MAX_YEARS:
        raise ValueError(f"{first} to {last} is more than {MAX_YEARS} years: ask for less")
    part = subdivision.removeprefix(f"{country}-")
    years = range(first.year, last.year + 1)
    return frozenset(
        day for year in years for day in _of_year(country, part, year) if first <= day <= last
    )


def holiday_name(country: str, subdivision: str, day: date) -> str:
    """What the day is called there, in the country's language; empty for none. Raises UnknownPlace."""
    part = subdivision.removeprefix(f"{country}-")
    return _of_year(country, part, day.year).get(day, "")


@lru_cache(maxsize=4_096)
def _of_year(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    parts = _places().get(country)
    if parts is None:
        near = difflib.get_close_matches(country, _places(), n=3, cutoff=0.4)
        hint = f" (did you mean {', '.join(near)}?)" if near else ""
        raise UnknownPlace(
            f"no public holidays are known for country {country!r}{hint}: write ISO 3166-1 alpha-2"
        )
    if subdivision and subdivision not in parts:
        raise UnknownPlace(
            f"{country} has no part {subdivision!r} with holidays of its own "
            f"(it has {', '.join(parts) or 'none'}): leave it empty for those of the whole country"
        )
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    return MappingProxyType(dict(found))


@lru_cache(maxsize=1)
def _places() -> dict[str, list[str]]:
    """The parts of every country known."""
    return holidays.list_supported_countries(include_aliases=True)
