"""The directory as others read it: what is known well enough, cut into pages that a message holds."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import msgspec

from sunwise.contracts.people.directory import (
    PAGE_PEOPLE,
    DirectoryPage,
    Person,
    Service,
    Snapshot,
    Team,
)
from sunwise.people.directory.holding import view_of
from sunwise.people.directory.planning import State
from sunwise.people.directory.problems import View
from sunwise.people.directory.tiers import is_known

_MAX_PAGE_BYTES: Final = 700_000  # of the bus's 1 MiB
_KINDS: Final = ("people", "teams", "hubs", "services", "leave")
_encode: Final = msgspec.msgpack.Encoder().encode


def snapshot_of(state: State, *, today: date) -> Snapshot:
    """The state at its version, in order of id; no reference in it leads nowhere."""
    view = view_of(state.merged)
    current = (each for each in state.leave if each.last >= today and each.person in view.people)
    return Snapshot(
        version=state.version,
        people=tuple(_person(each, view) for each in view.people.values()),
        teams=tuple(_team(each, view) for each in view.teams.values()),
        hubs=tuple(view.hubs.values()),
        services=tuple(_service(s, view) for s in view.services.values() if s.team in view.teams),
        leave=tuple(sorted(current, key=lambda each: (each.person, each.first))),
    )


def _person(person: Person, view: View) -> Person:
    """Whoever's zone has vanished from the database could be on duty at no hour: not active."""
    hub = person.hub if person.hub in view.hubs else None
    is_active = person.active and is_known(person.zone)
    if (hub, is_active) == (person.hub, person.active):
        return person
    return msgspec.structs.replace(person, hub=hub, active=is_active)


def _team(team: Team, view: View) -> Team:
    known = tuple(each for each in team.members if each in view.people)
    lead = team.lead if team.lead in view.people else None
    parent = team.parent if team.parent in view.teams else None
    if (known, lead, parent) == (team.members, team.lead, team.parent):
        return team
    return msgspec.structs.replace(team, members=known, lead=lead, parent=parent)


def _service(service: Service, view: View) -> Service:
    lead = service.lead if service.lead in view.people else None
    deputy = service.deputy if service.deputy in view.people else None
    if (lead, deputy) == (service.lead, service.deputy):
        return service
    return msgspec.structs.replace(service, lead=lead, deputy=deputy)


def pages(snapshot: Snapshot) -> list[DirectoryPage]:
    """At least one page; each is far below what the bus carries."""
    parts = _parts({kind: getattr(snapshot, kind) for kind in _KINDS})
    return [
        DirectoryPage(snapshot=Snapshot(version=snapshot.version, **part), n_pages=len(parts))
        for part in parts
    ]


def _parts(things: dict[str, Sequence[Any]]) -> list[dict[str, Any]]:
    most = max(map(len, things.values()))
    if most <= PAGE_PEOPLE and (most < 2 or len(_encode(things)) <= _MAX_PAGE_BYTES):
        return [things]
    half = {kind: len(each) // 2 for kind, each in things.items()}
    return [
        *_parts({kind: each[: half[kind]] for kind, each in things.items()}),
        *_parts({kind: each[half[kind] :] for kind, each in things.items()}),
    ]
