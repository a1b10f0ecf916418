"""Countries by name, as the time zone database calls them."""

from functools import lru_cache
from importlib import resources


def country_name(country: str) -> str:
    """In English, such as Germany for `DE`; the code itself where it is none of ISO 3166-1."""
    return _names().get(country, country)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    table = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return dict(rows)
