"""An invented company in the directory, as if somebody had entered it by hand."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard import GuardStore
from sunwise.cli.company import invented_company
from sunwise.cli.people_parts import rota_database
from sunwise.cli.terminal import Terminal
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


def load_rota(
    data: Path,
    directory: DirectoryStore,
    guard: GuardStore,
    people: tuple[str, str],
    *,
    clock: Clock,
) -> None:
    """The company's rota, agreed to by everybody in it: some seconds for 60 people."""
    from sunwise.cli.people_demo_rota import Administrators, DemoRota  # it loads the solver

    database = rota_database(data)
    rota = DemoRota(database, directory, guard, clock)
    who = Administrators(*people)

    async def agree(told: Callable[[str], None]) -> None:
        await rota.agree(who, told)
        await rota.leave_something_to_do(who)

    try:
        with Terminal().waiting("Planning the rota, and asking everybody ...") as told:
            asyncio.run(agree(told))
    finally:
        database.dispose()


def _claims(kind: Kind, things: Iterable[Thing]) -> Iterable[Claim]:
    for thing in things:
        said = msgspec.to_builtins(thing)
        yield Claim(key=Key(kind, said.pop("id")), said=said)
