"""Which changes need a second person: whatever changes who answers for a service around the clock.

That is the service's owner, lead, deputy and tier, the skills and the activity that its duty asks for,
and the members and the lead of the team that owns it: whoever is a member is paged, is planned and may
approve as an owner; with other skills or another activity a service leaves the rota that is in force.
Saying of oneself that one is a member opens nothing. New services and new teams are not meant: nobody
answers for them yet.

The rule binds people, by page, command, API or import, whatever source they speak for. An identity
provider at the SCIM door is bound by the table of precedence instead: an administrator has configured
it by making its key, and who works here is its to say.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sunwise.contracts.people.directory import Id, Service
from sunwise.people.directory.changes import Change, Verb
from sunwise.people.directory.merging import Merged
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.tiers import ROLES

FIELDS: Final = {
    Kind.SERVICE: frozenset({"team", "tier", "lead", "deputy", "skills", "activity"}),
    Kind.TEAM: frozenset({"members", "lead"}),
}
"""Of the services around the clock, and of the teams that own one."""


def for_two(
    changes: Iterable[Change], before: Mapping[Key, Merged], after: Mapping[Key, Merged]
) -> tuple[Change, ...]:
    """The changes that one person alone may not make."""
    wanted = [
        each
        for each in changes
        if each.verb is not Verb.ADDED and each.field in FIELDS.get(each.kind, ())
    ]
    if not wanted:
        return ()
    services = [*_around_the_clock(before), *_around_the_clock(after)]
    answering = {Key(Kind.SERVICE, service.id) for service in services}
    answering |= {Key(Kind.TEAM, service.team) for service in services}
    return tuple(each for each in wanted if Key(each.kind, each.id) in answering)


def concerned(changes: Iterable[Change], services: Iterable[Service]) -> set[Id]:
    """The services that the changes are about: themselves, or owned by a team that changes."""
    about = {Key(each.kind, each.id) for each in changes}
    named = {key.id for key in about if key.kind is Kind.SERVICE}
    return named | {each.id for each in services if Key(Kind.TEAM, each.team) in about}


def _around_the_clock(merged: Mapping[Key, Merged]) -> list[Service]:
    found = (each.thing for each in merged.values())
    return [each for each in found if isinstance(each, Service) and each.tier in ROLES]
