"""The event reader over the simulated bus: order, barriers, checkpoints, lost tails and holes."""

import asyncio

import pytest

from sunwise.chassis.bus import StreamReplaced
from sunwise.chassis.bus.protocol import Message
from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import Faults, SimulatedServer
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.log import EventReader, LogBroken
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import (
    GENESIS_CHAIN,
    BatchFlag,
    EventMessage,
    chained,
    encode_events,
)


class Events:
    """EVT on a simulated server; messages form one chain and can be stored anew."""

    def __init__(self, seed):
        self.server = SimulatedServer(seed=seed)
        self.specs = shard_streams("0")
        for spec in self.specs:
            self.server.make_stream(spec)
        self.bus = SimulatedBus(self.server, user="reader")
        self.payloads = []
        self.chain = GENESIS_CHAIN

    @property
    def stream(self):
        return self.server.streams["EVT_0"]

    def produce(self, count):
        """The next `count` messages, not stored yet; every third batch has two parts."""
        new = []
        while len(new) < count:
            seq = self.payloads[-1][0] + 1 if self.payloads else 1
            for part in range(2 if seq % 3 == 0 else 1):
                last = part == (1 if seq % 3 == 0 else 0)
                flags = BatchFlag.LAST if last else 0
                message = chained(
                    EventMessage(seq, part, flags, 16, 1, seq, 5, self.chain, b"", bytes(256))
                )
                self.chain = message.chain
                new.append(encode_events(message))
                self.payloads.append((seq, new[-1]))
        return new

    def store(self, payloads):
        for payload in payloads:
            stored, previous = self.stream.store(Message("evt.0.g16", payload), expected=None)
            self.server._republish(self.stream, stored, previous)
        for session in self.server.sessions:
            for delivery in session.deliveries:
                delivery.pump()

    async def open(self, seen, **settings):
        return await EventReader.open(
            self.bus,
            shard="0",
            handler=lambda message: seen.append((message.command_seq, message.part)),
            **settings,
        )


def run(seed, body):
    async def main():
        events = Events(seed)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await body(events)

    run_simulated(main)


def test_it_hands_over_each_message_once_in_order_through_faults(seed):
    async def body(events):
        seen = []
        events.server.faults = Faults(delay_s=(0, 0.01), drop_delivery=0.05)
        reader = await events.open(seen)
        for _ in range(30):
            events.store(events.produce(5))
            await asyncio.sleep(0.05)
            if events.server.rng.random() < 0.2:
                events.bus.cut()
                await asyncio.sleep(0.2)
        await asyncio.sleep(10)
        expected = list(dict.fromkeys(seen))
        assert seen == expected
        assert reader.position.command_seq == events.payloads[-1][0]
        await reader.close()

    run(seed, body)


def test_a_barrier_returns_when_all_that_was_stored_is_applied(seed):
    async def body(events):
        seen = []
        events.server.faults = Faults(delay_s=(0.001, 0.01))
        reader = await events.open(seen)
        for _ in range(20):
            events.store(events.produce(3))
            stored = events.payloads[-1][0]
            await asyncio.gather(reader.barrier(), reader.barrier())
            assert reader.position.command_seq >= stored
            assert seen[-1][0] >= stored
        await reader.close()

    run(seed, body)


def test_a_position_can_be_waited_for(seed):
    async def body(events):
        seen = []
        reader = await events.open(seen)
        waiting = asyncio.create_task(reader.wait_for(Position(command_seq=3, part=1)))
        events.store(events.produce(3))
        await asyncio.sleep(1)
        assert waiting.done()
        await reader.wait_for(Position(command_seq=1))
        await reader.close()

    run(seed, body)


def test_messages_gather_while_nobody_waits_and_a_barrier_ends_that_at_once(seed):
    async def body(events):
        runs, clock = [], asyncio.get_running_loop().time

        async def end_of_run():
            runs.append(clock())

        reader = await events.open([], after_batch=end_of_run, gather_s=5.0)
        for _ in range(110):
            events.store(events.produce(1))
            await asyncio.sleep(0.1)
        assert len(runs) in (2, 3)
        before = clock()
        events.store(events.produce(1))
        await reader.barrier()
        assert reader.position.command_seq == events.payloads[-1][0]
        assert clock() - before < 1
        await reader.close()

    run(seed, body)


def test_waiters_are_told_only_after_the_batchs_end(seed):
    async def body(events):
        order = []

        async def commit():
            await asyncio.sleep(0.1)
            order.append("commit")

        reader = await EventReader.open(
            events.bus, shard="0", handler=lambda _: order.append("apply"), after_batch=commit
        )
        events.store(events.produce(2))
        await reader.barrier()
        assert order == ["apply", "apply", "commit"]
        await reader.close()

    run(seed, body)


def test_a_reader_goes_on_from_its_checkpoint(seed):
    async def body(events):
        first, second = [], []
        reader = await events.open(first)
        events.store(events.produce(10))
        await reader.barrier()
        checkpoint = reader.checkpoint()
        await reader.close()
        events.store(events.produce(10))
        reader = await events.open(second, start=checkpoint)
        await reader.barrier()
        assert [seq for seq, _ in events.payloads] == [seq for seq, _ in first + second]
        assert len(set(first + second)) == len(first + second)
        await reader.close()

    run(seed, body)


def test_a_lost_tail_that_is_stored_anew_is_not_applied_twice(seed):
    async def body(events):
        seen = []
        reader = await events.open(seen)
        payloads = events.produce(40)
        events.store(payloads)
        await reader.barrier()
        before = list(seen)
        events.bus.cut()
        events.stream.truncate(25)
        await asyncio.sleep(5)
        events.store(payloads[25:])
        more = events.produce(5)
        events.store(more)
        await asyncio.sleep(5)
        assert seen[: len(before)] == before
        assert len(seen) == len(set(seen)) == 40 + len(more)
        await reader.close()

    run(seed, body)


def test_events_stored_after_a_hole_in_sequences_are_applied(seed):
    async def body(events):
        seen = []
        payloads = events.produce(40)
        events.store(payloads)
        events.stream.punch(26, 40)
        events.store(payloads[25:])
        reader = await events.open(seen)
        await asyncio.sleep(5)
        assert len(seen) == len(set(seen)) == 40
        await reader.close()

    run(seed, body)


def test_events_that_are_really_gone_end_the_reader(seed):
    async def body(events):
        seen = []
        events.store(events.produce(40))
        events.stream.punch(20, 30)
        reader = await events.open(seen)
        with pytest.raises(LogBroken, match="gone"):
            await reader.closed
        assert len(seen) == 19
        with pytest.raises(LogBroken):
            await reader.wait_for(Position(command_seq=99))

    run(seed, body)


def test_a_checkpoint_of_another_log_ends_the_reader(seed):
    async def body(events):
        seen = []
        events.store(events.produce(10))
        reader = await events.open(seen)
        await reader.barrier()
        checkpoint = reader.checkpoint()
        await reader.close()
        events.server.make_stream(events.specs[1])
        events.store(payload for _, payload in events.payloads)
        reader = await events.open([], start=checkpoint)
        with pytest.raises(StreamReplaced):
            await reader.closed

    run(seed, body)


def test_a_checkpoint_with_another_past_is_refused(seed):
    async def body(events):
        seen = []
        events.store(events.produce(10))
        reader = await events.open(seen)
        await reader.barrier()
        checkpoint = reader.checkpoint()
        await reader.close()
        events.stream.truncate(0)
        events.chain, events.payloads = bytes(range(16)), []
        events.store(events.produce(20))
        with pytest.raises(LogBroken):
            await events.open([], start=checkpoint)

    run(seed, body)
