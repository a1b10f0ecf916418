"""A company of six on three continents with one rota, as handoff reads it."""

from datetime import date

from msgspec.structs import replace

from sunwise.contracts.people.directory import Leave, Person, Role, Snapshot
from sunwise.contracts.people.duty import DutySlot, DutyTable
from sunwise.contracts.people.handoff import HandoffState, OpenHandoff
from sunwise.daylight.working_time import WorkingTime
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.handoff.roster import Roster
from tests.support.snapshots import owned, somebody, team_of

MIDNIGHT = 1_795_737_600_000_000_000  # 2026-11-27 00:00 UTC, a Friday
ZONES = {
    "ana": ("Asia/Tokyo", "JP"),
    "bo": ("Europe/Paris", "FR"),
    "cy": ("America/New_York", "US"),
    "di": ("America/Los_Angeles", "US"),
    "eve": ("Africa/Nairobi", "KE"),
    "fay": ("America/Sao_Paulo", "BR"),
}


def at(hour: float) -> int:
    """That hour of 2026-11-27 in UTC, ns."""
    return MIDNIGHT + round(hour * NS_PER_HOUR)


OFFERED = OpenHandoff(
    handoff="h1",
    services=("ledger", "matching"),
    role=Role.PRIMARY,
    state=HandoffState.OFFERED,
    at_ns=at(8),
    unheld_ns=at(11),
    asked=(),
    is_unanswered=False,
)
"""Nobody is asked, and who holds it is not said: a test adds what it is about."""


def law(country: str, _on: date) -> WorkingTime:
    """11 h of rest a day, 12 h of duty at most, all of standby counts."""
    return WorkingTime(country=country, effective_from=date(2020, 1, 1), source="test")


def person(name: str, **fields) -> Person:
    return somebody(name, *ZONES[name], **fields)


def company(*leave: Leave, services=("ledger", "matching"), without: str = "") -> Snapshot:
    return Snapshot(
        version=1,
        people=tuple(person(name, active=name != without) for name in ZONES),
        teams=(team_of(*ZONES, lead="eve"),),
        services=tuple(owned(name, deputy="di") for name in services),
        leave=leave,
    )


def slot(service: str, who: str | None, since: float, until: float, **fields) -> DutySlot:
    about = {"role": Role.PRIMARY, **fields}
    return DutySlot(service=service, person=who, since_ns=at(since), until_ns=at(until), **about)


def day(services=("ledger", "matching"), days: int = 1) -> list[DutySlot]:
    """Primary: ana to 08, bo to 16, cy to 24; secondary: eve, then di, then fay."""
    return [
        slot(name, who, 24 * n + since, 24 * n + until, role=role)
        for n in range(days)
        for name in services
        for role, turns in (
            (Role.PRIMARY, (("ana", 0, 8), ("bo", 8, 16), ("cy", 16, 24))),
            (Role.SECONDARY, (("eve", 0, 8), ("di", 8, 16), ("fay", 16, 24))),
        )
        for who, since, until in turns
    ]


def table(slots, version: int = 1) -> DutyTable:
    return DutyTable(
        version=version, as_of_ns=MIDNIGHT, from_ns=MIDNIGHT, until_ns=at(9_999), slots=tuple(slots)
    )


def roster(slots=None, directory: Snapshot | None = None) -> Roster:
    slots = day() if slots is None else slots
    return Roster(directory=directory or company(), duty=table(slots), rules_of=law)


def swapped(slots, index: int, **fields) -> list[DutySlot]:
    """The slots with one of them changed."""
    return [*slots[:index], replace(slots[index], **fields), *slots[index + 1 :]]
