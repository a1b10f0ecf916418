"""Two of what may be only one: twin writers, zombies, and a tail of events that is gone."""

import asyncio

import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.log import Fenced, LogWriter, NotAccepted, Outcome, OutcomeUnknown
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.records import CommandKind
from tests.simulation.engine.shard_world import SHARD, Attempt, ShardWorld
from tests.simulation.engine.verdict import judge
from tests.simulation.engine.weather import CALM

RIVAL = 40


def run(seed, tmp_path, body, **settings):
    clock = SimulatedClock()

    async def main():
        world = ShardWorld(seed=seed, folder=tmp_path, clock=clock, **settings)
        world.server.faults = CALM
        await world.start()
        await body(world)
        await world.finish()
        judge(world.evidence())
        await world.stop()

    run_simulated(main, clock)


async def open_writer(world, name):
    bus = SimulatedBus(world.server, user=name)
    return bus, await LogWriter.open(bus, shard=SHARD, writer=RIVAL, clock=world.clock)


async def place(world, writer):
    """One order; whatever the client was told stands in the world's attempts."""
    attempt = Attempt(len(world.attempts) + 1, f"rival-{len(world.attempts)}")
    world.attempts.append(attempt)
    record = COMMAND_CODECS["order"].pack(
        kind=CommandKind.PLACE, account=2, symbol_version=1, price_ticks=4_000, qty_lots=1,
        client_id=attempt.client_id, strategy_id=attempt.number,
    )  # fmt: skip
    try:
        attempt.result = await writer.submit(record)
    except (NotAccepted, OutcomeUnknown, Fenced) as fault:
        attempt.result = fault
    return attempt.result


def fenced(world):
    """Failures told to the event loop: how a process learns that it must end."""
    return [c["exception"] for c in world.loop_failures if isinstance(c["exception"], Fenced)]


@pytest.mark.parametrize("number", range(4))
def test_of_two_instances_that_start_at_once_only_one_goes_on(seed, number, tmp_path):
    async def body(world):
        (_, one), (_, two) = await asyncio.gather(
            open_writer(world, "one"), open_writer(world, "two")
        )
        assert one.epoch == two.epoch == 1
        for _ in range(10):
            await asyncio.gather(place(world, one), place(world, two), place(world, one))
        results = [a.result for a in world.attempts if a.client_id.startswith("rival")]
        assert any(isinstance(result, Outcome) for result in results)
        assert len(fenced(world)) == 1
        await one.close()
        await two.close()

    run(seed + number, tmp_path, body)


def test_a_zombie_that_wakes_up_is_fenced_and_what_it_sent_is_not_done(seed, tmp_path):
    async def body(world):
        old_bus, old = await open_writer(world, "old")
        assert isinstance(await place(world, old), Outcome)
        old_bus.cut(hold=True)
        late = asyncio.create_task(place(world, old))
        await asyncio.sleep(0.1)
        _, new = await open_writer(world, "new")
        assert isinstance(await place(world, new), Outcome)
        old_bus.release()
        await late
        assert isinstance(late.result(), NotAccepted | OutcomeUnknown)
        assert len(fenced(world)) == 1
        assert isinstance(await place(world, old), Fenced)
        assert isinstance(await place(world, new), Outcome)
        await old.close()
        await new.close()

    run(seed, tmp_path, body)


@pytest.mark.parametrize("n_lost", [1, 7, 40, 10_000])
def test_a_lost_tail_of_events_is_computed_again(seed, tmp_path, n_lost):
    """What a power cut takes from EVT stands in CMD: the same bytes are appended anew."""

    async def body(world):
        await asyncio.sleep(3.0)
        stream = world.server.streams["EVT_0"]
        before = {m.payload for m in stream.after(0)}
        world.server.kill()
        stream.truncate(max(0, stream.last_seq - n_lost))
        world.server.start()
        await asyncio.sleep(10.0)
        assert before <= {m.payload for m in stream.after(0)}

    run(seed, tmp_path, body)
