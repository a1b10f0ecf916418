"""How well each service is owned: figures for its owners to act on, never a ranking of people."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

import msgspec

from sunwise.chassis.guard.analyses import DEFAULTS, Agreed, Analysis, Shows
from sunwise.contracts.people.directory import Service, Snapshot
from sunwise.daylight.zones import NS_PER_HOUR, UnknownZone
from sunwise.people.directory.capacity import dark_bands, daylight_hours, shown
from sunwise.people.directory.distance import DEPUTY_APART_H, nearest_minutes, start_of_day
from sunwise.people.directory.problems import View
from sunwise.people.directory.tiers import ROLES, eligible, unit_of

ENOUGH_PEOPLE: Final = 3
FRESH_H: Final = 24
"""Around the clock somebody takes over at least once a day."""


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """One service."""

    service: str
    bus_factor: int
    """People who could be on duty for it: active, skilled, at a hub that is allowed it."""
    daylight_share: float
    """Part of the hours of the coming year in which one of them has day, 0 to 1."""
    dark: str
    """The UTC hours in which, at some time of the year, none of them has; empty for never."""
    has_runbook: bool
    has_lead_and_deputy: bool
    """Both active, and the deputy far enough away the whole year."""
    handoff_age_h: Annotated[float | None, Shows(Analysis.SERVICE_SCORECARDS)]
    """Since its duty was last accepted; None where nobody knows, is on duty, or may be shown it."""
    is_handoff_fresh: Annotated[bool | None, Shows(Analysis.SERVICE_SCORECARDS)]
    """None where nobody is on duty around the clock, or it may not be shown."""
    advice: tuple[str, ...]
    """What would make it better, the most pressing first."""


def scorecards(
    snapshot: Snapshot,
    *,
    now_ns: int,
    handed_over_ns: Mapping[str, int],
    only: str = "",
    agreed: Agreed = DEFAULTS,
) -> list[Scorecard]:
    """Every service in order of id, or `only` one; `handed_over_ns`: when duty was accepted last."""
    view = View(
        {each.id: each for each in snapshot.people},
        {each.id: each for each in snapshot.teams},
        {each.id: each for each in snapshot.hubs},
        {each.id: each for each in snapshot.services},
    )
    return [
        _scorecard(each, view, now_ns, accepted_ns=handed_over_ns.get(each.id), agreed=agreed)
        for each in snapshot.services
        if only in ("", each.id)
    ]


def _scorecard(
    service: Service, view: View, now_ns: int, *, accepted_ns: int | None, agreed: Agreed
) -> Scorecard:
    people = eligible(unit_of(service), view)
    zones = sorted({person.zone for person in people})
    year_ns = start_of_day(now_ns)
    dark = dark_bands(zones, year_ns)
    is_around = service.tier in ROLES
    age_h = None if accepted_ns is None else (now_ns - accepted_ns) / NS_PER_HOUR
    is_fresh = age_h is not None and age_h <= FRESH_H
    shown_as = Analysis.SERVICE_SCORECARDS
    card = Scorecard(
        service=service.id,
        bus_factor=len(people),
        daylight_share=round(float(daylight_hours(zones, year_ns).mean()), 4),
        dark=shown(dark) if dark else "",
        has_runbook=bool(service.runbook),
        has_lead_and_deputy=_has_both(service, view, year_ns),
        handoff_age_h=agreed.figure(shown_as, people, lambda: age_h if is_around else None),
        is_handoff_fresh=agreed.figure(shown_as, people, lambda: is_fresh if is_around else None),
        advice=(),
    )
    return msgspec.structs.replace(card, advice=tuple(_advice(card)))


def _advice(card: Scorecard) -> Iterator[str]:
    if card.bus_factor < ENOUGH_PEOPLE:
        yield f"{card.bus_factor} could be on duty for it: bring more people in, at least {ENOUGH_PEOPLE}."
    if not card.has_lead_and_deputy:
        yield f"Name a lead, and a deputy at least {DEPUTY_APART_H} h away the whole year."
    if not card.has_runbook:
        yield "Write a runbook and give its address."
    if card.is_handoff_fresh is False:
        yield "Its last handoff was not accepted within a day: look at who holds the duty."
    if card.dark and card.is_handoff_fresh is not None:
        yield f"No owner has day {card.dark}: somebody is awake in their night, or hire there."


def _has_both(service: Service, view: View, year_ns: int) -> bool:
    lead = view.people.get(service.lead or "")
    deputy = view.people.get(service.deputy or "")
    if lead is None or deputy is None or not (lead.active and deputy.active):
        return False
    try:
        return nearest_minutes(lead.zone, deputy.zone, year_ns) >= DEPUTY_APART_H * 60
    except UnknownZone:
        return False
