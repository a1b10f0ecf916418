"""Why a rota has gaps, in words for whoever leads, plans or hires."""

from collections.abc import Iterator
from typing import Any, Final

RULES: Final = {
    "weekly_rest_h": "the weekly rest",
    "daily_rest_h": "the rest between two duties",
    "max_duty_h": "the longest duty in one piece",
    "max_night_duty_h": "the longest duty at night",
    "max_nights_in_row": "the nights in a row",
    "max_days_in_row": "the days in a row",
    "week_limit_h": "the hours in one week",
    "weekly_cap_h": "the average hours of a week",
    "exemption": "what somebody is personally spared",
    "closed": "absences, and hubs that are closed or lost",
    "held": "what they do in other rotas",
    "leave": "leave",
    "skills": "the skills that the services ask for",
}
_NO_LAW: Final = ("exemption", "closed", "held", "leave", "skills")
_DAY_BEGINS_H: Final = 7
_PLACES: Final = (
    *("Accra", "Lagos", "Johannesburg", "Nairobi", "Dubai", "Karachi", "Dhaka", "Bangkok"),
    *("Singapore", "Tokyo", "Brisbane", "Noumea", "Suva", "Pago Pago", "Honolulu", "Anchorage"),
    *("Los Angeles", "Denver", "Mexico City", "Lima", "La Paz", "Buenos Aires"),
    *("South Georgia", "Praia"),
)
"""A place for each hour from UTC, eastwards around the world, by its standard time."""


def explanation_lines(found: dict[str, Any]) -> Iterator[str]:
    """How much cannot be covered, what stands against it, and who would close it."""
    explanation = found["explanation"]
    if explanation is None:
        yield "There need not be a gap: every hour that is left can lawfully be covered."
        yield "A gap in the rota in force is closed by a new plan: sunwise rota plan NAME"
        return
    yield f"{explanation['gap_h']:g} h that are left of these 4 weeks cannot lawfully be covered."
    yield from _against(explanation)
    if not explanation["is_finished"]:
        yield f"This is what {found['seconds']:.0f} s were enough for: fewer of these rules may stand"
        yield "against it, and hours may be left out."
    yield from _hires(found["missing"])


def _against(explanation: dict[str, Any]) -> Iterator[str]:
    conflict = explanation["conflict"]
    if conflict:
        yield "Together these stand against it; without any one of them there need be no gap:"
        yield from (f"  {RULES.get(rule, rule)}{_origin(rule)}" for rule in conflict)
    else:
        yield "No rule stands against it: there are too few people."
    if explanation["relaxations"]:
        yield "Hours that would be covered if one alone did not hold for anybody:"
        for rule, closed_h in explanation["relaxations"]:
            yield f"  {closed_h:5g} h without {RULES.get(rule, rule)}"


def _origin(rule: str) -> str:
    return "" if rule in _NO_LAW else " (law: nobody may waive it)"


def _hires(missing: dict[str, Any] | None) -> Iterator[str]:
    if not missing or not missing["people"]:
        return
    yield "Who would close it, with every rule kept:"
    for start_h, end_h, people in missing["bands"]:
        place = _PLACES[(_DAY_BEGINS_H - start_h) % len(_PLACES)]
        who = "1 more person" if people == 1 else f"{people} more people"
        yield f"  {who} whose day is {start_h:02}:00 to {end_h % 24:02}:00 UTC, as in {place}"
    if not missing["is_enough"]:
        yield "  and more than these: they leave a gap, and the search ended there"
