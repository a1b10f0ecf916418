"""Which rules hold in a country on a day: the rows of packs.toml, each with its source.

A country's own row, its union's and the house's floor hold together: of each rule the strictest.
Only how far standby counts is the law's alone to say, where there is a row.
"""

import tomllib
from datetime import date
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import Annotated, Any, Final

import msgspec

from sunwise.daylight.working_time.rules import Confidence, WorkingTime, strictest

HOUSE: Final = "HOUSE"
FILE: Final = "packs.toml"


class PackFault(ValueError):
    """The rows are not usable; the message names the row and what is wrong with it."""


class Packs(msgspec.Struct, frozen=True, kw_only=True):
    """Every row by country, in order of date, and the members of each union."""

    rows: dict[str, tuple[WorkingTime, ...]]
    members: dict[str, tuple[str, ...]]

    def rules_of(self, country: str, on: date) -> WorkingTime:
        """What binds duty there on that day; its `country` is the one asked for."""
        in_force = [row for row in self._rows_of(country) if _holds(row, on)]
        floor = self.rows[HOUSE][0]
        if not in_force:
            return msgspec.structs.replace(floor, country=country)
        silent = msgspec.structs.replace(
            floor, standby_counts=0.0, source="", note="", confidence=Confidence.PRIMARY
        )
        return msgspec.structs.replace(strictest(*in_force, silent), country=country)

    def rules_over(self, country: str, first: date, last: date) -> WorkingTime:
        """One row that keeps the law on every day from `first` to `last`, inclusive."""
        turns = {
            day
            for row in self._rows_of(country)
            for day in (row.effective_from, row.effective_until)
            if day is not None and first < day <= last
        }
        return strictest(*(self.rules_of(country, day) for day in sorted({first, *turns})))

    def _rows_of(self, country: str) -> list[WorkingTime]:
        """Its own, then those of the unions that it is a member of."""
        unions = (union for union, members in self.members.items() if country in members)
        return [row for name in (country, *unions) for row in self.rows.get(name, ())]


@lru_cache(maxsize=4_096)
def rules_of(country: str, on: date) -> WorkingTime:
    """What binds duty in a country (ISO 3166-1 alpha-2) on a day.

    Where no row holds it is the house's floor, with confidence assumed.
    """
    return packs().rules_of(country, on)


@lru_cache(maxsize=4_096)
def rules_over(country: str, first: date, last: date) -> WorkingTime:
    """The strictest of each rule on the days from `first` to `last`, inclusive: for a plan."""
    return packs().rules_over(country, first, last)


@lru_cache(maxsize=1)
def packs() -> Packs:
    """The rows that come with Sunwise, read once. Raises PackFault."""
    return read_packs(resources.files(__package__).joinpath(FILE).read_text("utf-8"))


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it stands."""

    members: dict[
        Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")],
        tuple[Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")], ...],
    ]
    row: list[dict[str, Any]]


def read_packs(text: str) -> Packs:
    """The rows of a pack file, checked. Raises PackFault."""
    try:
        written = msgspec.convert(tomllib.loads(text), _Written)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise PackFault(f"{FILE}: {fault}") from fault
    rows: dict[str, tuple[WorkingTime, ...]] = {}
    for number, fields in enumerate(written.row, start=1):
        row = _read_row(number, fields)
        rows[row.country] = (*rows.get(row.country, ()), row)
    for country, dated in rows.items():
        rows[country] = tuple(sorted(dated, key=lambda row: row.effective_from))
    _check_floor(rows)
    return Packs(rows=rows, members=written.members)


def _read_row(number: int, fields: dict[str, Any]) -> WorkingTime:
    name = f"row {number} ({fields.get('country', 'no country')}, {fields.get('effective_from')})"
    try:
        row = msgspec.convert(fields, WorkingTime)
    except msgspec.ValidationError as fault:
        raise PackFault(f"{FILE}, {name}: {fault}") from fault
    if row.effective_until is not None and row.effective_until <= row.effective_from:
        raise PackFault(f"{FILE}, {name}: effective_until must come after effective_from")
    return row


def _check_floor(rows: dict[str, tuple[WorkingTime, ...]]) -> None:
    for country, dated in rows.items():
        for before, after in pairwise(dated):
            if before.effective_until is None or before.effective_until > after.effective_from:
                raise PackFault(
                    f"{FILE}: the row of {country} from {before.effective_from} still holds when "
                    f"that from {after.effective_from} begins: give it "
                    f"effective_until = {after.effective_from}"
                )
    if len(rows.get(HOUSE, ())) != 1:
        raise PackFault(f"{FILE}: there must be one row of {HOUSE}, the floor for every country")


def _holds(row: WorkingTime, on: date) -> bool:
    return row.effective_from <= on and (row.effective_until is None or on < row.effective_until)
