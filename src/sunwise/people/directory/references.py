"""Every reference leads somewhere, and lead and deputy are who they may be."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

from sunwise.contracts.people.directory import Service, Team
from sunwise.daylight.zones import UnknownZone, zone
from sunwise.people.directory.distance import DEPUTY_APART_H, nearest_minutes
from sunwise.people.directory.objects import Kind, Thing
from sunwise.people.directory.problems import Problem, Problems, Rule, View

_MAX_HINTS: Final = 50  # looking for what was meant costs as much as all other checks


class References:
    """The check of one view."""

    def __init__(self, view: View, *, year_ns: int) -> None:
        self._view = view
        self._year_ns = year_ns
        self._hints_left = _MAX_HINTS

    def problems(self) -> Problems:
        """Whatever leads nowhere, in order of kind."""
        view = self._view
        for person in view.people.values():
            yield from self._zone(Kind.PERSON, person.id, person.zone)
            yield from self._leads(Kind.PERSON, person.id, {"hub": (Kind.HUB, person.hub)})
        for hub in view.hubs.values():
            yield from self._zone(Kind.HUB, hub.id, hub.zone)
        for team in view.teams.values():
            yield from self._team(team)
        for service in view.services.values():
            yield from self._service(service)

    def _team(self, team: Team) -> Problems:
        yield from self._leads(
            Kind.TEAM,
            team.id,
            {"lead": (Kind.PERSON, team.lead), "parent": (Kind.TEAM, team.parent)},
        )
        for member in team.members:
            yield from self._leads(Kind.TEAM, team.id, {"members": (Kind.PERSON, member)})
        if len(set(team.members)) < len(team.members):
            twice = sorted({each for each in team.members if team.members.count(each) > 1})
            yield _problem(
                team, "members", Rule.DUPLICATE, f"{', '.join(twice)} stands in it twice"
            )
        yield from self._inactive(team, "lead", team.lead)
        if self._is_its_own_ancestor(team):
            yield _problem(
                team, "parent", Rule.DANGLING, "is its own parent, over some steps: cut the circle"
            )

    def _is_its_own_ancestor(self, team: Team) -> bool:
        seen, at = set(), team.parent
        while at is not None and at in self._view.teams and at not in seen:
            if at == team.id:
                return True
            seen.add(at)
            at = self._view.teams[at].parent
        return False

    def _service(self, service: Service) -> Problems:
        yield from self._leads(
            Kind.SERVICE,
            service.id,
            {
                "team": (Kind.TEAM, service.team),
                "lead": (Kind.PERSON, service.lead),
                "deputy": (Kind.PERSON, service.deputy),
            },
        )
        yield from self._inactive(service, "lead", service.lead)
        yield from self._inactive(service, "deputy", service.deputy)
        yield from self._deputy(service)

    def _deputy(self, service: Service) -> Problems:
        if service.deputy is None:
            return
        if service.lead is None or service.deputy == service.lead:
            text = "has a deputy but no other lead: name a lead in a zone far away"
            yield _problem(service, "deputy", Rule.LEADING, text)
            return
        people = self._view.people
        lead, deputy = people.get(service.lead), people.get(service.deputy)
        if lead is None or deputy is None:
            return  # said already
        try:
            apart_h = nearest_minutes(lead.zone, deputy.zone, self._year_ns) / 60
        except UnknownZone:
            return  # said already
        if apart_h < DEPUTY_APART_H:
            yield _problem(
                service,
                "deputy",
                Rule.LEADING,
                f"deputy {deputy.id} ({deputy.zone}) is at some time of the year only {apart_h:g} h "
                f"from lead {lead.id} ({lead.zone}): name a deputy at least {DEPUTY_APART_H} h away "
                "the whole year, or none yet",
            )

    def _inactive(self, thing: Team | Service, field: str, person: str | None) -> Problems:
        found = self._view.people.get(person or "")
        if found is not None and not found.active:
            yield _problem(
                thing, field, Rule.INACTIVE, f"its {field} {person} has left: name another"
            )

    def _zone(self, kind: Kind, id_: str, name: str) -> Problems:
        try:
            zone(name)
        except UnknownZone as error:
            yield Problem(
                rule=Rule.ZONE,
                kind=kind,
                id=id_,
                field="zone",
                text=f"{error} Declare a zone that is in the database; until then {id_} is taken "
                "for nobody who could be on duty.",
            )

    def _leads(
        self, kind: Kind, id_: str, wanted: Mapping[str, tuple[Kind, str | None]]
    ) -> Problems:
        for field, (of, target) in wanted.items():
            if target is not None and not self._view.is_known(of, target):
                yield Problem(
                    rule=Rule.DANGLING,
                    kind=kind,
                    id=id_,
                    field=field,
                    text=f"{field} {target!r} is no {of} in the directory"
                    f"{self._hint(target, self._view.of(of))}",
                )

    def _hint(self, target: str, known: Iterable[str]) -> str:
        if not self._hints_left:
            return ""
        self._hints_left -= 1
        near = difflib.get_close_matches(target, list(known), n=2)
        return f": did you mean {' or '.join(near)}?" if near else ": add it first, or with it"


def _problem(thing: Thing, field: str, rule: Rule, text: str) -> Problem:
    kind = Kind.TEAM if isinstance(thing, Team) else Kind.SERVICE
    return Problem(rule=rule, kind=kind, id=thing.id, field=field, text=text)
