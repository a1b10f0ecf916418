"""Facts over the bus: answered once stored, whatever order and however often they come."""

import asyncio
import random

import msgspec
import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import Faults, SimulatedServer
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.people import facts, incidents
from sunwise.contracts.people.facts import FactKind, FactRecorded
from sunwise.contracts.people.incidents import GetShift, IncidentOpened, OpenIncident, Shift
from sunwise.people.incidents.lifecycle import By, resolved
from sunwise.people.incidents.service import IncidentService
from sunwise.people.incidents.store import IncidentStore
from tests.support.handoff_company import at
from tests.unit.people_incidents.test_store import fact

_encode = msgspec.msgpack.encode


async def at_once(call, *args, **kwargs):
    return call(*args, **kwargs)


class World:
    """A bus, a service on a file, and somebody who tells."""

    def __init__(self, path, seed: int) -> None:
        self.server = SimulatedServer(seed=seed)
        self.clock = SimulatedClock(start_ns=at(8))
        self.store = IncidentStore(open_database(path, is_derived=False))
        self.bus = SimulatedBus(self.server, user="teller")
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        own = SimulatedBus(self.server, user="incidents")
        service = IncidentService(own, self.store, self.clock, blocking=at_once)
        ready = asyncio.Event()
        self._task = asyncio.create_task(service.run(ready.set))
        await ready.wait()

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def record(self, told) -> FactRecorded:
        """Until it is answered: that is the promise."""
        while True:
            try:
                answer = await self.bus.request(facts.RECORD, _encode(told), timeout_s=0.5)
                return msgspec.msgpack.decode(answer, type=FactRecorded)
            except Retryable:
                await asyncio.sleep(0.05)

    async def shift(self) -> Shift:
        query = GetShift(
            services=("ledger",), from_ns=at(0), until_ns=at(24), coming_until_ns=at(32)
        )
        answer = await self.bus.request(incidents.SUBJECT, _encode(query))
        return msgspec.msgpack.decode(answer, type=Shift)


def simulated(tmp_path, seed: int, act) -> None:
    async def main() -> None:
        world = World(tmp_path / f"incidents{seed}.db", seed)
        try:
            await world.start()
            await act(world)
            await world.stop()
        finally:
            world.store._engine.dispose()

    run_simulated(main)


def test_what_was_answered_is_stored_through_lost_messages_and_restarts(tmp_path, seed):
    rng = random.Random(seed)
    told = [fact(f"f{n}", FactKind.DEPLOY, 8 + n / 100, ref=f"d{n}") for n in range(120)]

    async def act(world: World) -> None:
        world.server.faults = Faults(drop_live=0.2, delay_s=(0.0, 0.02))
        for number, each in enumerate(told):
            assert (await world.record(each)).id == each.id
            if rng.random() < 0.05:
                await world.stop()
                await world.start()
            if number % 10 == 0:
                assert not (await world.record(each)).is_new
        world.server.faults = Faults()
        assert [each.id for each in (await world.shift()).facts] == [each.id for each in told]

    simulated(tmp_path, seed, act)


def test_a_storm_of_alerts_is_stored_whole(tmp_path):
    async def act(world: World) -> None:
        alerts = [fact(f"a{n}", FactKind.ALERT, 9, ref=f"a{n}") for n in range(1_500)]
        answers = await asyncio.gather(*(world.record(each) for each in alerts))
        assert all(answer.is_new for answer in answers)
        shift = await world.shift()
        assert (len(shift.facts), shift.n_left_out) == (1_000, 500)

    simulated(tmp_path, 1, act)


def test_what_is_published_and_no_fact_is_passed_over(tmp_path):
    async def act(world: World) -> None:
        world.bus.publish(facts.SUBJECT, b"no fact")
        world.bus.publish(facts.SUBJECT, _encode(fact("a1", FactKind.ALERT, 9)))
        await asyncio.sleep(1)
        assert [each.id for each in (await world.shift()).facts] == ["a1"]

    simulated(tmp_path, 2, act)


def test_what_is_no_fact_is_refused_with_the_reason(tmp_path):
    async def act(world: World) -> None:
        bare = msgspec.structs.replace(fact("x", FactKind.ALERT, 9), what="")
        with pytest.raises(Permanent, match=r"this is no fact.*what"):
            await world.record(bare)

    simulated(tmp_path, 3, act)


WANTED = OpenIncident(
    page="p1", group="g", service="ledger", severity=1, title="Orders are slow", at_ns=at(8)
)


def test_a_page_opens_one_incident_and_its_group_no_other_until_that_is_resolved(tmp_path):
    async def act(world: World) -> None:
        async def ask(wanted) -> IncidentOpened:
            answer = await world.bus.request(incidents.OPEN, _encode(wanted))
            return msgspec.msgpack.decode(answer, type=IncidentOpened)

        await world.record(fact("f1", FactKind.ALERT, 8))
        again = msgspec.structs.replace(WANTED, page="p2")
        first, *others = [await ask(each) for each in (WANTED, WANTED, again)]
        assert first.is_new
        assert [(each.id, each.is_new) for each in others] == 2 * [(first.id, False)]
        entries = world.store.timeline(first.id)
        assert entries[0].fact is not None
        assert entries[-1].evidence.url == "/evidence/page/p1"
        assert world.store.find(first.id).people == ()
        by = By(person="ana", pseudonym="p-ana", now_ns=at(9))
        world.store.act(first.id, lambda held: resolved(held, by), revision=None)
        assert not (await ask(WANTED)).is_new, "that page has had its incident"
        assert (await ask(again)).is_new
        with pytest.raises(Permanent, match="opens no incident"):
            await ask(msgspec.structs.replace(WANTED, service="No Id"))

    simulated(tmp_path, 4, act)
