"""Where the web pages show what evidence points at: paths of the server that serves the people plane."""

from datetime import date
from urllib.parse import quote


def incident(incident: str, *, entry: int | None = None) -> str:
    """The page of an incident; with `entry`, that row of its timeline."""
    return f"/incidents/{incident}" + ("" if entry is None else f"#entry-{entry}")


def fact(fact: str) -> str:
    """A fact as it was told."""
    return f"/evidence/fact/{quote(fact, safe=':')}"


def page(page: str) -> str:
    """A page: what fires, and who holds it."""
    return f"/evidence/page/{page}"


def holiday(country: str, day: date, *, part: str = "") -> str:
    """A day of a country, or of a part of it."""
    return f"/evidence/holiday/{country}/{day.isoformat()}" + (f"?part={part}" if part else "")
