"""Why a change of a rota may not be, in words for whoever wanted it. Pure.

Colleagues read it: that somebody is away, or personally spared something, is told as no more than that
they cannot be on duty then.
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from sunwise.daylight.zones import UnknownZone, instant, local
from sunwise.people.rota.core.check import Finding
from sunwise.people.rota.core.problem import Person

_CANNOT: Final = "cannot be on duty then"
_WHY: Final = MappingProxyType(
    {
        "daily_rest_h": "would rest too little between two duties",
        "weekly_rest_h": "would have too little rest in a week",
        "max_duty_h": "would be on duty for too long in one piece",
        "max_night_duty_h": "would be on duty for too long in one night",
        "max_nights_in_row": "would have too many nights in a row",
        "max_days_in_row": "would be on duty too many days in a row",
        "week_limit_h": "would have too many hours in one week",
        "weekly_cap_h": "would have too many hours a week on average",
        "no_nights": _CANNOT,
        "away": _CANNOT,
        "busy": "is on duty for other services then",
        "both-roles": "would be primary and secondary at once",
        "skills": "lacks a skill that these services ask for",
        "unknown": "does not own these services",
        "fixed": "has begun this shift already",
        "hole": "Nobody would be on duty, and no gap is declared",
        "double": "Two people would have the same duty",
        "unwanted": "These services ask for nobody then",
    }
)
_RULE: Final = "would break a rule of working time"


def refusal(finding: Finding, people: Iterable[Person]) -> str:
    """Who, what stands against it, when on their own clock, and what to do instead."""
    person = next((each for each in people if each.id == finding.person), None)
    why = _WHY.get(finding.what, _RULE)
    said = f"{finding.person} {why}" if finding.person else why
    return f"{said} ({_clock(finding.at_ns, person)}). Choose another shift, or ask somebody else."


def _clock(at_ns: int, person: Person | None) -> str:
    utc = f"{instant(at_ns):%a %d %b %H:%M} UTC"
    try:
        own = local(at_ns, person.zone) if person else None
    except UnknownZone:
        own = None
    if own is None or person is None:
        return utc
    return f"{own:%a %d %b %H:%M} in {person.zone.rpartition('/')[2].replace('_', ' ')}, {utc}"
