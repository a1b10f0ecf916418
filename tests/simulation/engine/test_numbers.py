"""Replicas that run under one number: only the first goes on."""

import asyncio

import msgspec
import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.exchange.engine import ReplicaClaim, replica_claims_subject
from sunwise.exchange.engine.claim import NumberClaim, NumberTaken
from sunwise.exchange.engine.service import EngineService
from sunwise.exchange.engine.snapshot_schedule import write_inline
from tests.simulation.engine.shard_world import GENESIS, SHARD, ShardWorld
from tests.simulation.engine.verdict import judge
from tests.simulation.engine.weather import CALM


def test_a_second_process_of_one_number_stops_and_the_first_goes_on(seed, tmp_path, caplog):
    clock = SimulatedClock()

    async def main():
        world = ShardWorld(seed=seed, folder=tmp_path, clock=clock, n_replicas=2)
        world.server.faults = CALM
        await world.start()
        await asyncio.sleep(2.0)
        for number, name in enumerate(world.engines):
            second = await EngineService.open(
                SimulatedBus(world.server, user="engine-z"),
                folder=tmp_path / f"again-{name}",
                settings=msgspec.structs.replace(world.settings, replica=number),
                genesis=GENESIS,
                write=write_inline,
            )
            with pytest.raises(NumberTaken, match=f"two processes run as replica {number} of"):
                await asyncio.wait_for(second.run(), 5.0)
            assert f"two processes run as replica {number} of shard 0" in caplog.text
        await world.finish()
        assert world.deaths == []
        judge(world.evidence())
        await world.stop()

    run_simulated(main, clock)


def claims(server, *sinces):
    return [
        NumberClaim(
            SimulatedBus(server, user=f"engine-{i}"), shard=SHARD, replica=1, since_seq=since
        )
        for i, since in enumerate(sinces)
    ]


@pytest.mark.parametrize("sinces", [(5, 5, 5), (9, 7, 8)])
def test_of_those_that_start_together_exactly_one_goes_on(seed, sinces):
    async def main():
        tasks = [asyncio.create_task(c.run()) for c in claims(SimulatedServer(seed=seed), *sinces)]
        await asyncio.sleep(10.0)
        going_on = [since for since, task in zip(sinces, tasks, strict=True) if not task.done()]
        assert going_on == [min(sinces)]
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(end, NumberTaken) for end in ends) == 2

    run_simulated(main, SimulatedClock())


def test_what_a_dead_process_had_said_stops_nobody(seed):
    """It is still on its way when its successor listens."""

    async def main():
        server = SimulatedServer(seed=seed)
        (successor,) = claims(server, 8)
        task = asyncio.create_task(successor.run())
        await asyncio.sleep(0.5)
        dead = ReplicaClaim(replica=1, instance="dead", since_seq=2, against="another")
        bus = SimulatedBus(server, user="engine-z")
        bus.publish(replica_claims_subject(SHARD), msgspec.msgpack.encode(dead))
        await asyncio.sleep(5.0)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_simulated(main, SimulatedClock())
