"""A command that breaks the engine: it is skipped, its symbol is halted, and all else goes on."""

import asyncio
from collections import Counter

import numpy as np
import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.log import Catalog, LogWriter, NotAccepted, Outcome, OutcomeUnknown
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.exchange.codec import COMMAND_CODECS, unpack_events
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    QUARANTINE_WRITER,
    Batch,
    command_subject,
    decode_batch,
    decode_events,
    encode_batch,
    event_subject,
)
from sunwise.contracts.exchange.records import (
    COMMAND_STRIDE,
    CommandKind,
    EventKind,
    SymbolStatus,
)
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.engine.core import Core
from sunwise.exchange.engine.loop import Poisoned
from sunwise.exchange.engine.quarantine import NotQuarantined, quarantine, read_quarantines
from sunwise.exchange.engine.read_ahead import read_ahead
from tests.simulation.engine.shard_world import SHARD, Attempt, ShardWorld
from tests.simulation.engine.verdict import judge
from tests.simulation.engine.weather import CALM

WRITER = 40
POISON_TICKS = 6_666
carry_out = Core.apply


def buggy_apply(core, commands, first, out):
    """The engine with a bug: half-way through an order at one price it breaks an invariant."""
    poisoned = np.flatnonzero(commands["price_ticks"] == POISON_TICKS)
    if not len(poisoned):
        return carry_out(core, commands, first, out)
    carry_out(core, commands, first, out)
    core.state.control[0]["command_index"] = poisoned[0]
    raise AssertionError("money is not conserved")


class BadMemory:
    """`Core.apply` of a process that breaks once, at that price, and never again."""

    def __init__(self):
        self.broken = False

    def __call__(self, core, commands, first, out):
        if self.broken or not (commands["price_ticks"] == POISON_TICKS).any():
            return carry_out(core, commands, first, out)
        self.broken = True
        raise AssertionError("a bit has flipped")


async def place(world, writer, price_ticks, **fields):
    attempt = Attempt(len(world.attempts) + 1, f"rival-{len(world.attempts)}")
    world.attempts.append(attempt)
    record = COMMAND_CODECS["order"].pack(
        kind=CommandKind.PLACE, account=2, price_ticks=price_ticks, qty_lots=1,
        client_id=attempt.client_id, strategy_id=attempt.number,
        **{"symbol_version": 1, **fields},
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


def status_of(world, name="BTCUSDT"):
    """The symbol's status as whoever follows what is listed knows it."""
    catalog = Catalog()
    for stored in world.server.streams["EVT_0"].after(0, event_subject(SHARD, ADMIN_WRITER)):
        catalog.apply(decode_events(stored.payload))
    return catalog.symbol(name).status


async def resume(world):
    """An operator lets the symbol trade again."""
    bus = SimulatedBus(world.server, user="admin")
    writer = await LogWriter.open(bus, shard=SHARD, writer=ADMIN_WRITER, clock=world.clock)
    record = COMMAND_CODECS["symbol"].pack(
        kind=CommandKind.SET_SYMBOL_STATUS, symbol=0, status=SymbolStatus.TRADING
    )
    outcome = await writer.submit(record)
    await writer.close()
    return unpack_events(outcome.records)[0].symbol_version


@pytest.fixture
def run(seed, tmp_path, monkeypatch):
    def run(body, *, apply=buggy_apply, **settings):
        clock = SimulatedClock()
        monkeypatch.setattr(Core, "apply", lambda *args: apply(*args))  # noqa: PLW0108 - binds

        async def main():
            world = ShardWorld(seed=seed, folder=tmp_path, clock=clock, **settings)
            world.server.faults = CALM
            await world.start()
            bus = SimulatedBus(world.server, user="rival")
            writer = await LogWriter.open(bus, shard=SHARD, writer=WRITER, clock=clock)
            assert isinstance(await place(world, writer, 4_000), Outcome)
            await body(world, bus, writer)
            await world.finish()
            ahead = await read_ahead(bus, SHARD)  # before: snapshots come and go
            judge(world.evidence()._replace(ahead=ahead))
            await writer.close()
            await world.stop()

        run_simulated(main, clock)

    return run


def test_a_batch_that_breaks_the_engine_twice_is_skipped_and_its_symbol_halted(run):
    async def body(world, bus, writer):
        told = await place(world, writer, POISON_TICKS)
        assert isinstance(told, NotAccepted), "its client learns that nothing happened"
        deaths = Counter(name for name, failure in world.deaths if isinstance(failure, Poisoned))
        assert max(deaths.values()) == 2, deaths
        assert await read_quarantines(bus, SHARD) == {poisoned_batch(world): 0}
        assert status_of(world) == SymbolStatus.HALT
        (refused,) = unpack_events((await place(world, writer, 4_000)).records)
        assert refused.reject in (Reject.STALE_SYMBOL_VERSION, Reject.SYMBOL_HALTED)
        version = await resume(world)
        (taken,) = unpack_events(
            (await place(world, writer, 4_000, symbol_version=version)).records
        )
        assert taken.kind == EventKind.ACCEPTED

    run(body)


def test_what_stood_before_it_is_told_before_anything_is_skipped(run):
    """The engine stops with events that nobody has stored yet: they come first."""

    async def body(world, bus, writer):
        world.server.streams["EVT_0"].refusing = True
        waiting = [
            asyncio.create_task(place(world, writer, price)) for price in (4_001, POISON_TICKS)
        ]
        await asyncio.sleep(3.0)
        world.server.streams["EVT_0"].refusing = False
        await asyncio.gather(*waiting)
        await asyncio.sleep(10.0)
        assert await read_quarantines(bus, SHARD) == {poisoned_batch(world): 0}

    run(body, n_replicas=1)


def test_a_batch_that_breaks_one_process_once_is_carried_out_after_the_restart(run):
    async def body(world, bus, writer):
        await place(world, writer, POISON_TICKS)
        await asyncio.sleep(5.0)
        assert [type(failure) for _, failure in world.deaths] == [Poisoned]
        assert await read_quarantines(bus, SHARD) == {}
        assert status_of(world) == SymbolStatus.TRADING

    run(body, apply=BadMemory(), n_replicas=1)


def test_only_the_batch_that_stops_the_engine_can_be_quarantined(run):
    async def body(world, bus, _):
        last = world.server.streams["EVT_0"].last_seq
        for seq in (1, last, 10**6):
            with pytest.raises(NotQuarantined):
                await quarantine(bus, shard=SHARD, command_seq=seq, symbol=0, build="b")

    run(body)


def test_a_quarantine_that_comes_too_late_is_void(run):
    async def body(world, bus, writer):
        assert isinstance(await place(world, writer, 4_002), Outcome)
        seq = world.server.streams["CMD_0"].last_seq - 1
        await asyncio.sleep(5.0)
        stored = [m.payload for m in world.server.streams["EVT_0"].after(0)]
        record = COMMAND_CODECS["control"].pack(
            kind=CommandKind.QUARANTINE, quarantined_seq=seq, quarantined_symbol=1
        )
        batch = encode_batch(Batch(QUARANTINE_WRITER, 1, 1, 0, record))
        await bus.append(command_subject(SHARD, QUARANTINE_WRITER), batch)
        for name in ("engine-a", "engine-b"):
            await world.processes[name].restart()
        await asyncio.sleep(5.0)
        assert await read_quarantines(bus, SHARD) == {}
        assert [m.payload for m in world.server.streams["EVT_0"].after(0)][: len(stored)] == stored

    run(body)
