"""Which changes need a second person: who owns a service that runs around the clock, and its tier."""

from collections.abc import Iterable, Mapping
from typing import Final

from sunwise.contracts.people.directory import Service
from sunwise.people.directory.changes import Change, Verb
from sunwise.people.directory.merging import Merged
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.tiers import ROLES

FIELDS: Final = frozenset({"team", "tier", "lead", "deputy"})


def for_two(
    changes: Iterable[Change], before: Mapping[Key, Merged], after: Mapping[Key, Merged]
) -> tuple[Change, ...]:
    """The changes that one person alone may not make; none of a service that is new."""
    return tuple(
        each
        for each in changes
        if each.kind is Kind.SERVICE
        and each.verb is not Verb.ADDED
        and each.field in FIELDS
        and any(_is_around_the_clock(each.id, merged) for merged in (before, after))
    )


def _is_around_the_clock(service: str, merged: Mapping[Key, Merged]) -> bool:
    found = merged.get(Key(Kind.SERVICE, service))
    return found is not None and isinstance(found.thing, Service) and found.thing.tier in ROLES
