"""Where claims come from, and whom to believe about which field: precedence.toml."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from sunwise.people.directory.objects import FIELDS, Kind


class Source(StrEnum):
    """Who says something."""

    MANUAL = "manual"
    CSV = "csv"
    SCIM = "scim"
    BACKSTAGE = "backstage"
    OWNERS = "owners"
    CODEOWNERS = "codeowners"


class PrecedenceFault(ValueError):
    """The table of precedence is not usable; the message says which row."""


Precedence = Mapping[tuple[Kind, str], tuple[Source, ...]]
"""The sources of every field, most believed first."""


@lru_cache(maxsize=1)
def precedence() -> Precedence:
    """The table that comes with Sunwise, read once. Raises PrecedenceFault."""
    return read_precedence(
        resources.files(__package__).joinpath("precedence.toml").read_text("utf-8")
    )


def read_precedence(text: str) -> Precedence:
    """The table of every field. Raises PrecedenceFault."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise PrecedenceFault(f"precedence.toml: {fault}") from fault
    otherwise = _row("otherwise", table.get("otherwise"))
    found = {(kind, field): otherwise for kind in Kind for field in FIELDS[kind]}
    for kind in Kind:
        for field, row in table.get(kind, {}).items():
            if (kind, field) not in found:
                raise PrecedenceFault(f"precedence.toml: a {kind} has no field {field!r}")
            found[kind, field] = _row(f"{kind}.{field}", row)
    return found


def _row(name: str, row: Any) -> tuple[Source, ...]:  # noqa: ANN401 - whatever the file holds
    if not isinstance(row, list) or sorted(row) != sorted(Source):
        raise PrecedenceFault(
            f"precedence.toml: {name} must name each of {', '.join(Source)} once, not {row}"
        )
    return tuple(Source(each) for each in row)
