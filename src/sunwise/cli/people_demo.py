"""An invented company in the directory, as if somebody had entered it by hand."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import msgspec

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent
from sunwise.cli.company import invented_company
from sunwise.contracts.people.directory import Snapshot, Tier
from sunwise.daylight.zones import instant
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.demo import load_demo
from sunwise.people.directory.objects import Key, Kind, Thing
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.sources import Source
from sunwise.people.directory.store import DirectoryStore

_DAYS: Final = 28


class NoSuchCompany(Permanent):
    """No company of that size can be invented."""


def load_company(
    directory: DirectoryStore, n_people: int | None, *, seed: int, clock: Clock
) -> Snapshot:
    """The company as the directory has it from now on; without a size it is Meridian's 60 people.

    Raises NoSuchCompany and Refused.
    """
    first = instant(clock.now_ns()).date()
    if n_people is None:
        load_demo(directory, today=first, author="demo")
        return directory.snapshot()
    last = first + timedelta(days=_DAYS)
    try:
        company = invented_company(n_people, seed=seed, first=first, last=last)
    except ValueError as fault:
        raise NoSuchCompany(str(fault)) from fault
    invented = company.snapshot
    claims = [
        *_claims(Kind.HUB, invented.hubs),
        *_claims(Kind.PERSON, invented.people),
        *_claims(Kind.TEAM, invented.teams),
        *_claims(Kind.SERVICE, invented.services),
    ]
    directory.apply(
        ChangeSet(source=Source.MANUAL, claims=tuple(claims), leave_added=company.leave),
        author="demo",
    )
    return directory.snapshot()


def leads(snapshot: Snapshot) -> tuple[str, str]:
    """Two people who lead services that somebody is on duty for, the same for the same company."""
    on_duty = (each for each in snapshot.services if each.tier is not Tier.BEST_EFFORT)
    first, second, *_ = sorted({each.lead for each in on_duty if each.lead})
    return first, second


def _claims(kind: Kind, things: Iterable[Thing]) -> Iterable[Claim]:
    for thing in things:
        said = msgspec.to_builtins(thing)
        yield Claim(key=Key(kind, said.pop("id")), said=said)
