"""Which changes need a second person: whatever changes who answers for a service around the clock.

That is the service's owner, lead, deputy and tier, the skills and the activity that its duty asks for,
and the members and the lead of the team that owns it: whoever is a member is paged, is planned and may
approve as an owner; with other skills or another activity a service leaves the rota that is in force.
And whether any of these people works here: whoever is said to have left, or is named by nobody any more,
is out of all duty and out of the door. Saying of oneself that one is a member opens nothing. New services
and new teams are not meant: nobody answers for them yet.

The rule binds people, by page, command, API or import, whatever source they speak for. An identity
provider at the SCIM door is bound by the table of precedence instead: an administrator has configured
it by making its key, and who works here is its to say.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sunwise.contracts.people.directory import Id, Service, Snapshot, Team
from sunwise.people.directory.changes import Change, Verb
from sunwise.people.directory.merging import Merged
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.tiers import ROLES

FIELDS: Final = {
    Kind.SERVICE: frozenset({"team", "tier", "lead", "deputy", "skills", "activity"}),
    Kind.TEAM: frozenset({"members", "lead"}),
    Kind.PERSON: frozenset({"active"}),
}
"""Of the services around the clock, of the teams that own one, and of the people who answer for one."""


def for_two(
    changes: Iterable[Change], before: Mapping[Key, Merged], after: Mapping[Key, Merged]
) -> tuple[Change, ...]:
    """The changes that one person alone may not make."""
    wanted = [each for each in changes if _is_meant(each)]
    if not wanted:
        return ()
    answering = _answering(before) | _answering(after)
    return tuple(each for each in wanted if Key(each.kind, each.id) in answering)


def concerned(changes: Iterable[Change], snapshot: Snapshot) -> set[Id]:
    """The services that the changes are about: themselves, or those of a team or person that changes.

    A service that goes is among them also once it is gone: else nobody would be told of the decision.
    """
    about = {
        Key(each.kind, each.id)
        for each in changes
        if each.kind is not Kind.PERSON or _is_meant(each)
    }
    teams = {each.id: each for each in snapshot.teams}
    named = {key.id for key in about if key.kind is Kind.SERVICE}
    return named | {
        each.id
        for each in snapshot.services
        if not about.isdisjoint(_answer_for(each, teams.get(each.team)))
    }


def _is_meant(change: Change) -> bool:
    """Of whoever goes, the name stands for all that was said."""
    if change.kind is Kind.PERSON and change.verb is Verb.REMOVED:
        return change.field == "name"
    return change.verb is not Verb.ADDED and change.field in FIELDS.get(change.kind, ())


def _answering(merged: Mapping[Key, Merged]) -> set[Key]:
    """The services around the clock, and who answers for one."""
    found: set[Key] = set()
    for each in merged.values():
        service = each.thing
        if isinstance(service, Service) and service.tier in ROLES:
            team = merged.get(Key(Kind.TEAM, service.team), Merged(None)).thing
            found |= _answer_for(service, team if isinstance(team, Team) else None)
    return found


def _answer_for(service: Service, team: Team | None) -> set[Key]:
    """The service itself, its team, and the people of either."""
    people = {service.lead, service.deputy}
    if team is not None:
        people |= {team.lead, *team.members}
    found = {Key(Kind.PERSON, each) for each in people if each is not None}
    return found | {Key(Kind.SERVICE, service.id), Key(Kind.TEAM, service.team)}
