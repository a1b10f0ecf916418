"""What is kept about people, why, who reads it and for how long: inventory.toml, held against the schemas."""

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Annotated

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=2)]


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column that needs more words than its purpose."""

    purpose: Text
    type: str = ""
    """What the bytes in it are: `module:Name` of a message, or `hash`, or `secret`."""
    readers: str = ""
    """Where they differ from the table's."""
    retention: str = ""


class KeptTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table."""

    purpose: Text
    readers: Text
    retention: Text
    days: int | None = None
    """After so many days it is pruned by the service's clock; None: by what `retention` says."""
    columns: dict[str, Text | Kept]
    """Purpose by column."""


@lru_cache(maxsize=1)
def inventory() -> dict[str, KeptTable]:
    """Every table of the people plane, by name. Raises msgspec.ValidationError."""
    text = resources.files("sunwise.people").joinpath("inventory.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, KeptTable])
