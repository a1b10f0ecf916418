"""A shard without faults: what is submitted is carried out once and answered."""

import asyncio

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.log import Outcome
from sunwise.chassis.simulated_loop import run_simulated
from tests.simulation.engine.shard_world import ShardWorld
from tests.simulation.engine.verdict import judge


def test_two_replicas_and_two_gateways_agree(seed, tmp_path):
    clock = SimulatedClock()

    async def main():
        world = ShardWorld(seed=seed, folder=tmp_path, clock=clock)
        await world.start()
        await asyncio.sleep(10)
        await world.finish()
        judge(world.evidence())
        assert all(isinstance(attempt.result, Outcome) for attempt in world.attempts)
        assert not world.deaths
        assert not world.loop_failures
        await world.stop()

    run_simulated(main, clock)
