"""Replicas that differ from what is stored: one stops, most of them halt the shard."""

import asyncio
from contextlib import nullcontext
from functools import partial

import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.log import LogWriter
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.codec import COMMAND_CODECS, attested_fields
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    CLOCK_WRITER,
    Batch,
    chained,
    command_subject,
    decode_events,
    encode_batch,
    encode_events,
    event_subject,
)
from sunwise.contracts.exchange.records import CommandKind
from sunwise.exchange.engine.core import Core
from sunwise.exchange.engine.dissent import (
    Dissent,
    NotDisputed,
    Settlement,
    ShardHalted,
    StoredPoint,
    check_undisputed,
    dissent,
    read_disputes,
    settle,
)
from sunwise.exchange.engine.loop import Diverged
from sunwise.exchange.engine.read_ahead import read_ahead
from tests.simulation.engine.shard_world import SHARD, ShardWorld, until
from tests.simulation.engine.verdict import judge
from tests.simulation.engine.weather import CALM


class BitFlipper:
    """A core on bad memory: from some batch on, the events that it tells are wrong by one bit."""

    def __init__(self, core, good_batches, *, meanwhile=lambda: None):
        self._core = core
        self._left = good_batches
        self._meanwhile = meanwhile

    def apply(self, commands, first, out):
        applied = Core.apply(self._core, commands, first, out)
        self._left -= 1
        if self._left < 0 and applied.n_events:
            out.view("u1").reshape(len(out), -1)[0, 20] ^= 1
            self._meanwhile()
        return applied


class Cutter:
    """A core whose replica loses its connection while it applies the next batch."""

    def __init__(self, core, cut):
        self._core = core
        self._cut = cut

    def apply(self, commands, first, out):
        self._cut()
        self._cut = lambda: None
        return Core.apply(self._core, commands, first, out)


def break_replica(world, name, good_batches=0):
    core = world.replicas[name].loop.core
    core.apply = BitFlipper(core, good_batches).apply


def names(world, *, leading):
    return [n for n, replica in world.replicas.items() if replica.outbox.leads is leading]


def deaths(world, kind):
    return {name for name, failure in world.deaths if isinstance(failure, kind)}


def reached(world, name):
    return world.replicas[name].loop.command_seq


def last_stored(world):
    return world.server.streams["EVT_0"].last_seq


@pytest.fixture
def run(seed, tmp_path):
    def run(body, *, n_replicas=3):
        clock = SimulatedClock()

        async def main():
            world = ShardWorld(
                seed=seed, folder=tmp_path, clock=clock, n_replicas=n_replicas, takeover_after_s=0.1
            )
            world.server.faults = CALM
            await world.start()
            await asyncio.sleep(1.0)
            bus = SimulatedBus(world.server, user="operator")
            await body(world, bus)
            await world.finish()
            ahead = await read_ahead(bus, SHARD)  # before: snapshots come and go
            judge(world.evidence()._replace(ahead=ahead))
            await world.stop()

        run_simulated(main, clock)

    return run


def test_a_replica_that_computes_something_else_stops_and_the_others_go_on(run):
    async def body(world, bus):
        wrong = names(world, leading=False)[0]
        break_replica(world, wrong, 20)
        await asyncio.sleep(5.0)
        assert deaths(world, Diverged) == {wrong}
        assert deaths(world, ShardHalted) == set()
        (said,) = (await read_disputes(bus, SHARD)).dissents.values()
        assert {each.replica for each in said} == {world.engines.index(wrong)}
        assert set(world.engines) - {wrong} & set(names(world, leading=True))

    run(body)


def test_when_most_replicas_differ_from_what_is_stored_nobody_goes_on_until_it_is_settled(run):
    async def body(world, bus):
        (writing,) = names(world, leading=True)
        one, other = names(world, leading=False)
        await until(lambda: reached(world, one) == reached(world, other), 30)
        for name in (one, other):
            break_replica(world, name)
        await until(lambda: writing in deaths(world, ShardHalted), 30)
        halted_at = last_stored(world)
        for name in world.engines:
            await world.processes[name].restart()
        await asyncio.sleep(10.0)
        assert last_stored(world) == halted_at
        assert deaths(world, ShardHalted) == set(world.engines), "none starts again"
        (said,) = (await settle(bus, SHARD)).values()
        assert len(said) == 2
        await until(lambda: last_stored(world) > halted_at, 30)

    run(body)


def test_the_shard_halts_when_it_was_the_writer_that_is_wrong(run):
    """What it stored is taken out of EVT by an operator, and computed again by the others."""

    async def body(world, bus):
        (writing,) = names(world, leading=True)
        await quiet(world)
        break_replica(world, writing)
        deposit(world)
        await until(lambda: deaths(world, ShardHalted), 30)
        assert deaths(world, Diverged) == set(world.engines) - {writing}
        (point,) = (await read_disputes(bus, SHARD)).dissents
        stream = world.server.streams["EVT_0"]
        (seq,) = [m.seq for m in stream.after(0) if stands_at(m, point)]
        stream.truncate(seq - 1)
        await settle(bus, SHARD, rebuilt_from=point.position)
        await until(lambda: last_stored(world) > seq, 30)
        assert not any(stands_at(m, point) for m in stream.after(0))

    run(body)


def test_what_is_settled_before_it_is_taken_out_is_settled_once_more(run):
    """The clock goes on all the while, and sees what is wrong after the settlement, too."""

    async def body(world, bus):
        (writing,) = names(world, leading=True)
        await quiet(world)
        break_replica(world, writing)
        deposit(world)
        await until(lambda: deaths(world, ShardHalted), 30)
        for name in world.engines:
            world.processes[name].kill()
        (point,) = (await read_disputes(bus, SHARD)).dissents
        await settle(bus, SHARD, rebuilt_from=point.position)
        await asyncio.sleep(20.0)
        stream = world.server.streams["EVT_0"]
        (seq,) = [m.seq for m in stream.after(0) if stands_at(m, point)]
        stream.truncate(seq - 1)
        world.deaths.clear()
        for name in world.engines:
            world.processes[name].start()
        await until(lambda: deaths(world, ShardHalted) == set(world.engines), 60)
        (again,) = (await read_disputes(bus, SHARD)).dissents
        assert again >= point, "where the clock saw it last"
        await settle(bus, SHARD, rebuilt_from=again.position)
        await until(lambda: last_stored(world) > seq, 30)

    run(body)


def deposit(world):
    """One command that causes an event, of a client that nobody asks what it was told."""
    bus = SimulatedBus(world.server, user="admin")

    async def send():
        writer = await LogWriter.open(bus, shard=SHARD, writer=ADMIN_WRITER, clock=world.clock)
        await writer.submit(
            COMMAND_CODECS["funds"].pack(kind=CommandKind.DEPOSIT, asset=0, amount_atoms=1)
        )

    world.sending = asyncio.create_task(send())


async def quiet(world):
    """No client is left to be told what is wrong: only the clock goes on."""
    world.loading = False
    await until(world._all_told, 60)


def stands_at(message, point):
    found = decode_events(message.payload)
    return point == (Position(command_seq=found.command_seq, part=found.part), found.chain)


def test_a_single_replica_that_differs_stops_and_has_nobody_to_tell(run):
    async def body(world, bus):
        await quiet(world)
        world.processes["engine-a"].kill()
        await asyncio.sleep(1.0)
        world.processes["clock"].kill()  # it would attest what is wrong
        stream = world.server.streams["EVT_0"]
        intact = stream.last_seq
        last = decode_events(list(stream.after(intact - 1))[-1].payload)
        wrong = chained(last._replace(command_seq=last.command_seq + 1, part=0, time_ns=1))
        await bus.append(event_subject(SHARD, last.writer), encode_events(wrong))
        world.processes["engine-a"].start()
        await until(lambda: deaths(world, Diverged), 30)
        assert (await read_disputes(bus, SHARD)).dissents == {}
        stream.truncate(intact)
        world.processes["clock"].start()
        await until(lambda: last_stored(world) > intact, 30)

    run(body, n_replicas=1)


def test_a_difference_is_logged_before_the_others_can_be_told(run, caplog):
    async def body(world, bus):
        wrong = names(world, leading=False)[0]
        commands = world.server.streams["CMD_0"]
        core = world.replicas[wrong].loop.core
        fill = partial(setattr, commands, "refusing", True)
        core.apply = BitFlipper(core, 0, meanwhile=fill).apply
        await asyncio.sleep(5.0)
        assert deaths(world, Diverged) == set(), "it is still trying"
        assert "differs from what EVT holds" in caplog.text
        commands.refusing = False
        await until(lambda: deaths(world, Diverged) == {wrong}, 30)
        assert (await read_disputes(bus, SHARD)).dissents

    run(body)


@pytest.mark.parametrize(("n_replicas", "settles"), [(1, False), (3, False), (3, True)])
def test_what_the_clock_saw_otherwise_is_not_stored_any_more(run, n_replicas, settles):
    """EVT has lost its tail, and this replica would compute another one than clients were told.

    Also where an older word of one replica, that has nothing to do with it, is settled meanwhile.
    """

    async def body(world, bus):
        await quiet(world)
        for name in (*world.engines, "clock"):
            world.processes[name].kill()
        await asyncio.sleep(1.0)
        commands, intact = world.server.streams["CMD_0"], last_stored(world)
        if settles:
            lonely = StoredPoint(Position(command_seq=3), bytes(16))
            await dissent(bus, lonely, shard=SHARD, said=Dissent(2, "build"))
        written = commands.last_seq
        told = StoredPoint(Position(command_seq=written + 1), b"another chain...")
        await bus.append(*batch_of(ADMIN_WRITER, "funds", kind=CommandKind.DEPOSIT, amount_atoms=1))
        await bus.append(*clock_that_saw(told))
        if settles:
            assert set(await settle(bus, SHARD)) == {lonely}
        for name in world.engines:
            world.processes[name].start()
        await until(lambda: deaths(world, Diverged) == set(world.engines), 60)
        assert last_stored(world) == intact
        for name in world.engines:
            await world.processes[name].restart()
        commands.truncate(written)  # for the verdict
        for name in (*world.engines, "clock"):
            await world.processes[name].restart()
        await asyncio.sleep(2.0)

    run(body, n_replicas=n_replicas)


def batch_of(writer, codec, **fields):
    """Subject and payload of a batch of the writer's next epoch."""
    batch = Batch(writer, 2**40, 1, 0, COMMAND_CODECS[codec].pack(**fields))
    return command_subject(SHARD, writer), encode_batch(batch)


def clock_that_saw(point):
    fields = attested_fields(point.position.command_seq, point.position.part, point.chain)
    return batch_of(CLOCK_WRITER, "control", kind=CommandKind.CLOCK, **fields)


def test_a_connection_that_breaks_while_words_are_counted_stops_nobody(run):
    """The replica comes back to several batches at once, the word behind others."""

    async def body(world, bus):
        session = world.processes["engine-a"].bus.session
        world.server.cut(session, hold=True)
        await asyncio.sleep(1.0)
        here = StoredPoint(Position(command_seq=7), bytes(16))
        await dissent(bus, here, shard=SHARD, said=Dissent(2, "build"))
        core = world.replicas["engine-a"].loop.core
        core.apply = Cutter(core, partial(world.server.cut, session)).apply
        world.server.release(session)
        await asyncio.sleep(5.0)
        assert world.deaths == []

    run(body)


def test_what_was_said_is_said_once_and_counts_until_it_is_settled(run):
    async def body(world, bus):
        del world
        for spec in shard_streams("1"):
            await bus.ensure_stream(spec)
        here = StoredPoint(Position(command_seq=7), bytes(16))
        there = StoredPoint(Position(command_seq=7), b"another chain   ")
        for point, replica in ((here, 1), (here, 1), (there, 2), (here, 2)):
            await dissent(bus, point, shard="1", said=Dissent(replica, "build"))
        said = (await read_disputes(bus, "1")).dissents
        assert said == {
            here: {Dissent(1, "build"), Dissent(2, "build")},
            there: {Dissent(2, "build")},
        }
        assert await settle(bus, "1") == said
        assert (await read_disputes(bus, "1")).dissents == {}
        before = (await bus.stream_info("CMD_1")).last_seq
        assert await settle(bus, "1") == {}
        assert (await bus.stream_info("CMD_1")).last_seq == before == 4
        assert (await read_disputes(bus, "1")).settlements == (), "what the clock saw still counts"

    run(body, n_replicas=1)


def test_only_a_disputed_message_can_be_rebuilt_from(run):
    async def body(world, bus):
        del world
        for spec in shard_streams("1"):
            await bus.ensure_stream(spec)
        here, there = Position(command_seq=7), Position(command_seq=7, part=1)
        assert await settle(bus, "1", rebuilt_from=here) == {}
        await dissent(bus, StoredPoint(here, bytes(16)), shard="1", said=Dissent(1, "build"))
        with pytest.raises(NotDisputed, match=r"at event message 7\.1: .* are disputed: 7\.0"):
            await settle(bus, "1", rebuilt_from=there)
        assert len((await read_disputes(bus, "1")).dissents) == 1
        await settle(bus, "1", rebuilt_from=here)
        disputes = await read_disputes(bus, "1")
        assert disputes == ({}, (Settlement(here, seq=2),))

    run(body, n_replicas=1)


@pytest.mark.parametrize(
    ("n_replicas", "places", "halts"),
    [
        (3, {10: [0, 1]}, True),
        (3, {10: [0], 11: [1]}, False),  # two faults of two machines are no majority
        (3, {10: [2]}, False),
        (2, {10: [0]}, False),
        (2, {10: [0, 1]}, True),
        (4, {10: [0, 1]}, False),
        (5, {10: [0, 1], 20: [2, 3, 4]}, True),
    ],
)
def test_more_than_half_at_one_place_is_a_majority(n_replicas, places, halts):
    dissents = {
        StoredPoint(Position(command_seq=seq), bytes(16)): frozenset(
            Dissent(replica, build) for replica in replicas for build in ("old", "new")
        )
        for seq, replicas in places.items()
    }
    expected = pytest.raises(ShardHalted, match="sunwise settle") if halts else nullcontext()
    with expected:
        check_undisputed(dissents, shard=SHARD, n_replicas=n_replicas)
