"""A command that breaks the engine: it stops everything until it is quarantined, then nothing."""

import asyncio

import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.log import LogWriter, NotAccepted, Outcome, OutcomeUnknown
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.log import (
    QUARANTINE_WRITER,
    Batch,
    command_subject,
    decode_batch,
    encode_batch,
)
from sunwise.contracts.exchange.records import COMMAND_STRIDE, CommandKind
from sunwise.exchange.engine.core import Core
from sunwise.exchange.engine.loop import Poisoned
from sunwise.exchange.engine.quarantine import NotQuarantined, quarantine, read_quarantines
from tests.simulation.engine.shard_world import SHARD, Attempt, ShardWorld
from tests.simulation.engine.verdict import judge
from tests.simulation.engine.weather import CALM

WRITER = 40
POISON_TICKS = 6_666
carry_out = Core.apply


def buggy_apply(core, commands, first, out):
    """The engine with a bug: it breaks an invariant at one price."""
    if (commands["price_ticks"][first:] == POISON_TICKS).any():
        raise AssertionError("money is not conserved")
    return carry_out(core, commands, first, out)


async def place(world, writer, price_ticks):
    attempt = Attempt(len(world.attempts) + 1, f"rival-{len(world.attempts)}")
    world.attempts.append(attempt)
    record = COMMAND_CODECS["order"].pack(
        kind=CommandKind.PLACE, account=2, symbol_version=1, price_ticks=price_ticks, qty_lots=1,
        client_id=attempt.client_id, strategy_id=attempt.number,
    )  # fmt: skip
    try:
        attempt.result = await writer.submit(record)
    except (NotAccepted, OutcomeUnknown) as fault:
        attempt.result = fault
    return attempt.result


def poisoned_batch(world):
    """The sequence in CMD of the batch that holds the poison."""
    for stored in world.server.streams["CMD_0"].after(0, command_subject(SHARD, WRITER)):
        records = decode_batch(stored.payload).records
        for at in range(0, len(records), COMMAND_STRIDE):
            if COMMAND_CODECS["order"].unpack(records, at).price_ticks == POISON_TICKS:
                return stored.seq
    raise AssertionError("no poison in the log")


@pytest.fixture
def run(seed, tmp_path, monkeypatch):
    def run(body):
        clock = SimulatedClock()
        monkeypatch.setattr(Core, "apply", buggy_apply)

        async def main():
            world = ShardWorld(seed=seed, folder=tmp_path, clock=clock)
            world.server.faults = CALM
            await world.start()
            bus = SimulatedBus(world.server, user="rival")
            writer = await LogWriter.open(bus, shard=SHARD, writer=WRITER, clock=clock)
            assert isinstance(await place(world, writer, 4_000), Outcome)
            await body(world, bus, writer)
            await world.finish()
            quarantined = await read_quarantines(bus, SHARD)
            judge(world.evidence()._replace(quarantined=quarantined))
            await writer.close()
            await world.stop()

        run_simulated(main, clock)

    return run


def test_a_poison_command_stops_every_replica_and_a_quarantine_frees_them(run):
    async def body(world, bus, writer):
        told = await place(world, writer, POISON_TICKS)
        assert isinstance(told, OutcomeUnknown)
        assert any(isinstance(failure, Poisoned) for _, failure in world.deaths)
        seq = poisoned_batch(world)
        await quarantine(bus, world.clock, shard=SHARD, command_seq=seq)
        await asyncio.sleep(10.0)
        assert isinstance(await place(world, writer, 4_000), Outcome)
        assert await read_quarantines(bus, SHARD) == {seq}

    run(body)


def test_who_waits_while_it_is_quarantined_is_told_that_nothing_happened(run):
    async def body(world, bus, writer):
        waiting = asyncio.create_task(place(world, writer, POISON_TICKS))
        await asyncio.sleep(0.5)
        await quarantine(bus, world.clock, shard=SHARD, command_seq=poisoned_batch(world))
        assert isinstance(await waiting, NotAccepted)

    run(body)


def test_only_the_batch_that_stops_the_engine_can_be_quarantined(run):
    async def body(world, bus, _):
        last = world.server.streams["EVT_0"].last_seq
        for seq in (1, last, 10**6):
            with pytest.raises(NotQuarantined):
                await quarantine(bus, world.clock, shard=SHARD, command_seq=seq)

    run(body)


def test_a_quarantine_that_comes_too_late_is_void(run, monkeypatch):
    async def body(world, bus, writer):
        await place(world, writer, POISON_TICKS)
        seq = poisoned_batch(world)
        monkeypatch.setattr(Core, "apply", carry_out)  # a release that carries it out
        await asyncio.sleep(5.0)
        stored = [m.payload for m in world.server.streams["EVT_0"].after(0)]
        record = COMMAND_CODECS["control"].pack(kind=CommandKind.QUARANTINE, quarantined_seq=seq)
        batch = encode_batch(Batch(QUARANTINE_WRITER, 1, 1, 0, record))
        await bus.append(command_subject(SHARD, QUARANTINE_WRITER), batch)
        for name in ("engine-a", "engine-b"):
            await world.processes[name].restart()
        await asyncio.sleep(5.0)
        assert await read_quarantines(bus, SHARD) == frozenset()
        assert [m.payload for m in world.server.streams["EVT_0"].after(0)][: len(stored)] == stored

    run(body)
