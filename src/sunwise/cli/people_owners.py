"""Who owns a service, and whose day it is now: out of the directory's snapshot alone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path

from sunwise.chassis.guard import Principal, Right
from sunwise.chassis.guard.analyses import DEFAULTS, Agreed, AgreedNow, Analysis, Shows
from sunwise.contracts.people.directory import Person, Service, Snapshot
from sunwise.daylight.night import DAY_BEGINS_MINUTE, DAY_ENDS_MINUTE
from sunwise.daylight.zones import UnknownZone, local
from sunwise.people.directory.problems import Problem, Rule
from sunwise.people.directory.scorecard import scorecards
from sunwise.people.directory.store import DirectoryStore

_Id = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


@dataclass(frozen=True)
class Owner:
    """One of the people who own a service."""

    person_id: str
    name: str
    zone: str
    """As declared."""
    local_time: str
    """HH:MM; empty for a zone that is known no more."""
    is_day: bool
    """Whether it is between 07:00 and 22:00 there: nothing is known of what they are doing."""


@dataclass(frozen=True)
class Owned:
    """A service and its owners, those whose day it is first."""

    service: str
    name: str
    tier: str
    team: str
    team_name: str
    lead: str | None
    deputy: str | None
    runbook: str
    owners: list[Owner]
    handoff_age_h: Annotated[int | None, Shows(Analysis.SERVICE_SCORECARDS)]
    """Full hours since its duty was last accepted; None where nobody knows or it is not shown."""
    is_handoff_fresh: bool | None
    """None where nobody is on duty around the clock."""
    cannot_be_carried: str
    """Why the team cannot carry the tier, with how many people are missing in which hours."""


def owners_router(
    store: DirectoryStore,
    *,
    now_ns: Callable[[], int],
    require: Callable[[Right], Any],
    handed_over: Callable[[], Mapping[str, int]],
    agreed: AgreedNow = Agreed,
) -> APIRouter:
    """The route; `handed_over` is when the duty of each service was accepted last.

    `agreed` tells which figures may be shown.
    """
    router = APIRouter(tags=["directory"])

    @router.get("/owners/{service}", summary="Who owns a service, and whose day it is")
    def owners(
        service: _Id, _principal: Annotated[Principal, Depends(require(Right.DIRECTORY_READ))]
    ) -> Owned:
        found = owned(
            store.snapshot(),
            service,
            now_ns=now_ns(),
            handed_over_ns=handed_over().get(service),
            problems=store.state().problems,
            agreed=agreed(),
        )
        if found is None:
            raise HTTPException(404, f"The directory has no service {service}.")
        return found

    return router


def owned(
    directory: Snapshot,
    service_id: str,
    *,
    now_ns: int,
    handed_over_ns: int | None = None,
    problems: Iterable[Problem] = (),
    agreed: Agreed = DEFAULTS,
) -> Owned | None:
    """The service with its owners; None for one that the directory does not have."""
    service = next((each for each in directory.services if each.id == service_id), None)
    if service is None:
        return None
    accepted = {} if handed_over_ns is None else {service_id: handed_over_ns}
    [card] = scorecards(
        directory, now_ns=now_ns, handed_over_ns=accepted, only=service_id, agreed=agreed
    )
    too_few = (
        each.text for each in problems if each.rule is Rule.CAPACITY and each.id == service_id
    )
    team = next((each for each in directory.teams if each.id == service.team), None)
    members = frozenset(team.members if team else ())
    people = [each for each in directory.people if each.id in members and each.active]
    return Owned(
        service=service.id,
        name=service.name,
        tier=service.tier.value,
        team=service.team,
        team_name=team.name if team else service.team,
        lead=service.lead,
        deputy=service.deputy,
        runbook=service.runbook,
        owners=_sorted((_owner(each, now_ns) for each in people), service),
        handoff_age_h=agreed.figure(
            Analysis.SERVICE_SCORECARDS, people, lambda: _full_hours(card.handoff_age_h)
        ),
        is_handoff_fresh=card.is_handoff_fresh,
        cannot_be_carried=next(too_few, ""),
    )


def _full_hours(age_h: float | None) -> int | None:
    return None if age_h is None else int(age_h)


def _sorted(owners: Iterable[Owner], service: Service) -> list[Owner]:
    first = {service.lead: 0, service.deputy: 1}
    return sorted(
        owners, key=lambda each: (not each.is_day, first.get(each.person_id, 2), each.person_id)
    )


def _owner(person: Person, now_ns: int) -> Owner:
    try:
        at = local(now_ns, person.zone)
    except UnknownZone:
        minute, shown = -1, ""
    else:
        minute, shown = at.hour * 60 + at.minute, f"{at:%H:%M}"
    return Owner(
        person_id=person.id,
        name=person.name,
        zone=person.zone,
        local_time=shown,
        is_day=DAY_BEGINS_MINUTE <= minute < DAY_ENDS_MINUTE,
    )
