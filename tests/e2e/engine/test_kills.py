"""kill -9, SIGSTOP, a dead nats-server, full streams: nothing acknowledged lost, nothing doubled."""

import asyncio
import random

import pytest

from sunwise.chassis.log import NotAccepted, OutcomeUnknown
from tests.e2e.engine.real_shard import RealShard
from tests.simulation.engine.verdict import judge


@pytest.fixture
async def shard(tmp_path, seed):
    shard = RealShard(tmp_path, random.Random(seed))
    yield shard
    await shard.close()


async def under_load(shard, trouble):
    """Runs `trouble` while two gateways place orders; then judges what is left."""
    load = [asyncio.create_task(shard.load(number, lanes=16)) for number in (16, 17)]
    await asyncio.sleep(0.5)
    await trouble()
    before = shard.n_accepted
    await asyncio.sleep(0.5)
    assert shard.n_accepted > before, "orders flow again"
    shard.loading = False
    await asyncio.wait_for(asyncio.gather(*load), 30)
    await shard.audit()
    evidence = await shard.evidence()
    print(f"{len(evidence.commands)} batches, {len(evidence.attempts)} attempts")
    judge(evidence)
    assert not shard.failures, shard.failures


async def test_killing_the_only_engine_loses_nothing(shard):
    await shard.open("a")

    async def trouble():
        for _ in range(3):
            await shard.replicas["a"].kill()
            await shard.replicas["a"].start()
            await asyncio.sleep(1.0)

    await under_load(shard, trouble)


async def test_killing_either_of_two_engines_is_hardly_felt(shard):
    await shard.open("a", "b")

    async def trouble():
        for name in ("a", "b", "a"):
            await shard.replicas[name].kill()
            before = shard.n_accepted
            await asyncio.sleep(1.0)
            assert shard.n_accepted > before, "the other one goes on"
            await shard.replicas[name].start()

    await under_load(shard, trouble)


async def test_killing_nats_server_loses_nothing(shard):
    await shard.open("a", "b")

    async def trouble():
        for pause_s in (0.0, 1.0):
            shard.server.kill()
            await asyncio.sleep(pause_s)
            await shard.start_server()
            await asyncio.sleep(2.0)

    await under_load(shard, trouble)


async def test_a_stopped_replica_comes_back_and_does_no_harm(shard):
    await shard.open("a", "b")

    async def trouble():
        for name in ("a", "b"):
            shard.replicas[name].stop()
            await asyncio.sleep(2.0)
            shard.replicas[name].go_on()
            await asyncio.sleep(1.0)

    await under_load(shard, trouble)


@pytest.mark.parametrize(
    ("full", "told"),
    [("cmd_max_bytes", NotAccepted), ("evt_max_bytes", OutcomeUnknown)],
)
async def test_a_full_stream_is_told_and_all_goes_on_when_it_has_room(shard, full, told):
    await shard.open("a", **{full: 300_000})

    async def trouble():
        await until(lambda: any(isinstance(a.result, told) for a in shard.attempts), 30)
        await asyncio.sleep(1.0)
        await shard.size_streams(**{full: 1 << 30})
        await asyncio.sleep(3.0)

    await under_load(shard, trouble)


async def until(condition, timeout_s):
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - plain state
            await asyncio.sleep(0.05)
