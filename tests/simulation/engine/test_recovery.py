"""Where a replica starts: the newest snapshot that is whole and of this log, else further back."""

import asyncio
import logging

import pytest

from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.exchange.engine.snapshots import SnapshotFolder, SnapshotOfAnotherLog
from tests.simulation.engine.shard_world import ShardWorld
from tests.simulation.engine.verdict import judge
from tests.simulation.engine.weather import CALM

NAME = "engine-a"


@pytest.fixture
def run(seed, tmp_path):
    def run(body, *, judged=True):
        clock = SimulatedClock()

        async def main():
            world = ShardWorld(seed=seed, folder=tmp_path, clock=clock, n_replicas=1)
            world.server.faults = CALM
            await world.start()
            await asyncio.sleep(8.0)
            await body(world, SnapshotFolder(tmp_path / NAME))
            if judged:
                await world.finish()
                judge(world.evidence())
            await world.stop()

        run_simulated(main, clock)

    return run


@pytest.fixture
def starts(caplog):
    """Names of the snapshots that replicas started from, in order."""
    caplog.set_level(logging.INFO, logger="sunwise.engine")

    def names():
        return [r.args[0] for r in caplog.records if r.msg.startswith("starting from")]

    return names


async def kill(world):
    process = world.processes[NAME]
    process.kill()
    await asyncio.gather(process.task, return_exceptions=True)


async def start(world):
    world.processes[NAME].start()
    await asyncio.sleep(5.0)


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(content)


def test_a_restart_uses_the_newest_snapshot(run, starts):
    async def body(world, folder):
        await kill(world)
        newest = folder.newest_first()[0]
        await start(world)
        assert starts() == [newest.path.name]

    run(body)


def test_a_damaged_snapshot_gives_way_to_the_older_one(run, starts):
    async def body(world, folder):
        await kill(world)
        newest, older = folder.newest_first()
        damage(newest.path)
        await start(world)
        assert starts() == [older.path.name]

    run(body)


def test_without_a_usable_snapshot_the_log_is_replayed_from_zero(run, starts):
    async def body(world, folder):
        await kill(world)
        for name in folder.newest_first():
            damage(name.path)
        await start(world)
        assert starts() == []
        assert world.replicas[NAME].outbox.leads

    run(body)


def test_a_snapshot_whose_event_was_never_stored_is_not_used(run, starts):
    async def body(world, folder):
        world.server.streams["EVT_0"].refusing = True
        await asyncio.sleep(5.0)
        await kill(world)
        confirmed = folder.newest_first()[0]
        (staged,) = folder.folder.glob("*.staged")
        assert int(staged.stem) > confirmed.command_seq
        world.server.streams["EVT_0"].refusing = False
        await start(world)
        assert starts() == [confirmed.path.name]

    run(body)


def test_snapshots_of_another_log_stop_the_replica(run):
    async def body(world, _):
        await kill(world)
        for spec in shard_streams("0"):
            world.server.make_stream(spec)
        world.deaths.clear()
        await start(world)
        assert any(isinstance(failure, SnapshotOfAnotherLog) for _, failure in world.deaths)

    run(body, judged=False)
