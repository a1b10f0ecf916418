"""What the inventory says is kept for so long is there until then, and not after."""

from collections.abc import Callable

import pytest
from sqlalchemy import MetaData, func, select

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.guard import OPERATOR
from sunwise.chassis.guard.store import KEEP_DAYS
from sunwise.chassis.retention import DAY_NS, Retention
from sunwise.people.directory.service import LEAVE_DAYS
from sunwise.people.handoff.service import HandoffSettings
from sunwise.people.incidents.service import IncidentSettings
from sunwise.people.privacy.inventory import inventory
from sunwise.people.privacy.service import PrivacySettings
from sunwise.people.rota.kept import WINDOW_NS
from sunwise.people.rota.service import RotaSettings
from tests.support.personal_plane import ANA, INCIDENT, PersonalPlane
from tests.support.rota_company import NOW

MARGIN_NS = WINDOW_NS + 7 * DAY_NS  # a window's last duty is four weeks after its begin
LAST_LEAVE_NS = 43 * DAY_NS  # Ana's days off lie ahead


@pytest.fixture
def plane(tmp_path):
    made = PersonalPlane(tmp_path)
    made.fill()
    made.erasures().begin("e1", made.directory.traces("cy"))
    for _ in range(3):
        made.erasures().look()
        made.clock.advance_ns(1)
    for who in (ANA, "bo"):
        made.guard.leave(who, by=OPERATOR)
    token, _ = made.guard.issue_token("dan", "phone", by=OPERATOR, days=1)
    made.guard.open_session(token)
    yield made
    made.close()


def services(plane) -> list[Retention]:
    """Every service's own, with the days of its settings."""
    rules: list[tuple[Callable[[int], object], float]] = [
        (plane.rota.forget, RotaSettings().kept_days),
        (plane.handoffs.forget, HandoffSettings().kept_days),
        (plane.incidents.forget, IncidentSettings().kept_days),
        (plane.privacy.forget, PrivacySettings().kept_days),
        (plane.directory.forget, LEAVE_DAYS),
        (plane.guard.forget, KEEP_DAYS),
        (plane.two_people.forget, KEEP_DAYS),
    ]
    return [
        Retention(plane.clock, forget, kept_days=days, blocking=at_once) for forget, days in rules
    ]


async def at_once(call, *arguments):
    return call(*arguments)


def rows(plane) -> dict[str, int]:
    """How many rows each table has that is pruned by days."""
    found = {}
    for engine in (*plane.engines.values(), plane.guard.engine):
        metadata = MetaData()
        metadata.reflect(engine)
        with engine.connect() as connection:
            for table in metadata.tables.values():
                listed = inventory().get(table.name)
                if listed is not None and listed.days is not None:
                    count = select(func.count()).select_from(table)
                    found[table.name] = connection.scalar(count)
    return found


async def left_after(plane, days: int, *, margin_ns: int) -> dict[str, int]:
    plane.clock.advance_ns(NOW + days * DAY_NS + margin_ns - plane.clock.now_ns())
    for each in services(plane):
        await each.look()
    return rows(plane)


async def test_each_table_is_kept_for_its_days_and_no_longer(plane):
    begun = rows(plane)
    assert {name for name, table in inventory().items() if table.days is not None} == set(begun)
    assert all(begun.values()), begun
    for days in sorted({table.days for table in inventory().values() if table.days}):
        before = await left_after(plane, days, margin_ns=-DAY_NS)
        kept = [n for n, t in inventory().items() if t.days is not None and t.days >= days]
        assert {name: before[name] for name in kept} == {name: begun[name] for name in kept}
        after = await left_after(plane, days, margin_ns=MARGIN_NS + LAST_LEAVE_NS)
        gone = [n for n, t in inventory().items() if t.days is not None and t.days <= days]
        assert {name: after[name] for name in gone} == dict.fromkeys(gone, 0)


async def test_who_took_part_in_an_incident_is_forgotten_and_the_incident_is_not(plane):
    assert plane.incidents.find(INCIDENT).people
    await left_after(plane, 400, margin_ns=DAY_NS)
    found = plane.incidents.find(INCIDENT)
    assert (found.people, found.roles) == ((), {})
    assert plane.incidents.timeline(INCIDENT)


async def test_it_is_done_once_an_hour_and_again_after_a_fault():
    clock = SimulatedClock(start_ns=NOW)
    asked: list[int] = []

    def forget(before_ns: int) -> None:
        asked.append(before_ns)
        if len(asked) == 1:
            raise Retryable("the database is away")

    rule = Retention(clock, forget, kept_days=2, blocking=at_once)
    for _ in range(5):
        await rule.look()
        clock.advance_ns(DAY_NS // 48)  # half an hour
    assert asked == [NOW - 2 * DAY_NS + n * DAY_NS // 24 for n in range(3)]
