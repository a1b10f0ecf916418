"""A rota for a company in a data folder, as the process that serves the pages finds it when it starts."""

import time
from collections.abc import Iterator
from pathlib import Path

from sunwise.chassis.clock import SystemClock
from sunwise.chassis.duty import DutyFile
from sunwise.cli.people_parts import stores_in
from sunwise.contracts.people.directory import Id, Role, Service, Snapshot, Tier
from sunwise.contracts.people.duty import DutySlot, DutyTable
from sunwise.daylight.zones import NS_PER_HOUR

SHIFT_NS = 8 * NS_PER_HOUR
N_SHIFTS = 16 * 3


def write_rota(data: Path) -> tuple[Snapshot, list[DutySlot]]:
    """Every team's members in turn, 8 h each, from yesterday on; one who leads is always on now."""
    now_ns = time.time_ns()
    from_ns = now_ns - now_ns % SHIFT_NS - 3 * SHIFT_NS
    snapshot = stores_in(data, SystemClock())[1].snapshot()
    slots = [slot for service in snapshot.services for slot in _turns(snapshot, service, from_ns)]
    folder = data / "people_web"
    folder.mkdir(mode=0o700, exist_ok=True)
    table = DutyTable(
        version=1,
        as_of_ns=now_ns,
        from_ns=from_ns,
        until_ns=from_ns + N_SHIFTS * SHIFT_NS,
        slots=tuple(slots),
    )
    DutyFile(folder).save([table])
    return snapshot, slots


def _turns(snapshot: Snapshot, service: Service, from_ns: int) -> Iterator[DutySlot]:
    if service.tier is Tier.BEST_EFFORT:
        return
    members = next(team.members for team in snapshot.teams if team.id == service.team)
    others: list[Id] = [each for each in members if each != service.lead]
    for number in range(N_SHIFTS):
        is_lead = number % 4 == 3 and service.lead is not None
        yield DutySlot(
            service=service.id,
            role=Role.PRIMARY,
            person=service.lead if is_lead else others[number % len(others)],
            since_ns=from_ns + number * SHIFT_NS,
            until_ns=from_ns + (number + 1) * SHIFT_NS,
        )
