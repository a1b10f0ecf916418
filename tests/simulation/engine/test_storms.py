"""Nothing acknowledged is lost and nothing is placed twice, whatever breaks and whenever."""

import tempfile
from pathlib import Path

import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.simulated_loop import run_simulated
from tests.simulation.engine.shard_world import ShardWorld
from tests.simulation.engine.verdict import judge
from tests.simulation.engine.weather import EVERY_FAULT, Storm

SEEDS_A_TEST = 20


def run_storm(seed, *, kinds=EVERY_FAULT, n_faults=5):
    clock = SimulatedClock()
    with tempfile.TemporaryDirectory() as folder:
        world = None

        async def main():
            nonlocal world
            world = ShardWorld(seed=seed, folder=Path(folder), clock=clock)
            await world.start()
            storm = Storm(world, kinds)
            await storm.blow(n_faults)
            await world.finish()
            judge(world.evidence())
            assert not world.loop_failures, world.loop_failures
            await world.stop()

        try:
            run_simulated(main, clock)
        except BaseException:
            print(f"seed {seed}: deaths {world.deaths if world else None}")
            raise


@pytest.mark.parametrize("block", range(10))
def test_a_shard_survives_any_storm(block):
    for seed in range(block * SEEDS_A_TEST, (block + 1) * SEEDS_A_TEST):
        run_storm(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(100))
def test_a_shard_survives_thousands_of_storms(block, seed):
    for number in range(SEEDS_A_TEST):
        run_storm(seed + block * SEEDS_A_TEST + number, n_faults=30)
