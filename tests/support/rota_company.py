"""A company of eight around the world and its rota, for tests of the rota service; plans without a solver."""

from itertools import cycle

from sqlalchemy import Engine

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.errors import Permanent
from sunwise.contracts.people.directory import Leave, Person, Role, Snapshot, Tier
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.greedy import greedy
from sunwise.people.rota.core.patterns import Block
from sunwise.people.rota.jobs import Failed, PlanJob, Planned
from sunwise.people.rota.kept import Figures, Inputs, Kept, window_of
from sunwise.people.rota.planning_process import answer
from sunwise.people.rota.store import RotaStore
from sunwise.people.rota.turns import Turn
from tests.support.snapshots import owned, somebody, team_of

NOW = 1_795_737_600_000_000_000  # 2026-11-27 00:00 UTC, a Friday
WINDOW = window_of(NOW)
DAY = 24 * NS_PER_HOUR
ZONES = {
    "ana": ("Asia/Tokyo", "JP"),
    "bo": ("Europe/Paris", "FR"),
    "cy": ("America/New_York", "US"),
    "di": ("America/Los_Angeles", "US"),
    "eve": ("Africa/Nairobi", "KE"),
    "fay": ("Asia/Singapore", "SG"),
    "gil": ("America/Sao_Paulo", "BR"),
    "hal": ("Asia/Tokyo", "JP"),
}
EIGHT_HOURS = tuple(Block(start, 8) for start in (0, 8, 16))
UNIT = "core.24x7-one"


def person(name: str, **facts) -> Person:
    return somebody(name, *ZONES[name], **facts)


def company(*leave: Leave, tier: Tier = Tier.ONE_ROLE, version: int = 1, **facts) -> Snapshot:
    services = ("ledger", "matching")
    about = {
        "people": tuple(map(person, ZONES)),
        "teams": (team_of(*ZONES, lead="eve"),),
        "services": tuple(owned(each, tier, lead="bo", deputy="ana") for each in services),
    }
    return Snapshot(version=version, leave=leave, **about | facts)


def turn(start_h: float, end_h: float, who: str | None, *, role=Role.PRIMARY, **facts) -> Turn:
    """Hours from NOW on."""
    start_ns, end_ns = (NOW + round(hour * NS_PER_HOUR) for hour in (start_h, end_h))
    return Turn(start_ns, end_ns, role, who, **facts)


def days_of(n_days: int, people=("ana", "bo", "cy")) -> tuple[Turn, ...]:
    """Around the clock in turns of eight hours from NOW on."""
    turns = cycle(people)
    return tuple(turn(8 * n, 8 * n + 8, next(turns)) for n in range(3 * n_days))


def draft(*turns: Turn, unit: str = UNIT, window_ns: int = WINDOW) -> Kept:
    inputs = Inputs(directory_version=1, tzdata="2026.6", digest="abc")
    return Kept(unit=unit, window_ns=window_ns, inputs=inputs, turns=turns or days_of(3))


def new_store(engine: Engine, clock=None) -> RotaStore:
    return RotaStore(engine, clock or SimulatedClock(start_ns=NOW))


async def solve(job):
    """A lawful rota at once; what is published is mended by the solver itself."""
    if not isinstance(job, PlanJob):
        found = answer(job)
        if isinstance(found, Failed):
            raise Permanent(found.why)
        return found
    rota = greedy(job.problem, EIGHT_HOURS)
    return Planned(rota=rota, figures=Figures(by="greedy"))


def published(store: RotaStore, *turns: Turn, snapshot: Snapshot | None = None) -> Kept:
    """A rota in force, of the units of that company."""
    from sunwise.people.rota.units import units_of

    store.set_units(units_of(snapshot or company()))
    kept = store.save_draft(draft(*turns))
    store.publish(kept, kept.turns)
    return store.find(kept.unit, kept.window_ns)
