"""What the engine's loop makes of each message of CMD."""

import pytest

from sunwise.chassis.log.event_sequence import EventSequence
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.codec import COMMAND_CODECS, unpack_events
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    CLOCK_WRITER,
    FIRST_GATEWAY_WRITER,
    MAX_PART_EVENTS,
    BatchFlag,
    decode_events,
)
from sunwise.contracts.exchange.records import CommandKind, EventKind
from sunwise.exchange.engine.core import Capacities, Core
from sunwise.exchange.engine.loop import CommandsMissing, Diverged, EngineLoop, Poisoned
from tests.support.order_flow import HandWrittenLog, clock_record, order_record

GATEWAY = FIRST_GATEWAY_WRITER
SMALL = Capacities(
    accounts=16, balances=64, orders=12_000, levels=1_000, trie_nodes=1_000, client_ids=20_000,
    symbols=2, assets=4, account_symbols=64, writers=4,
)  # fmt: skip


@pytest.fixture
def log():
    return HandWrittenLog()


@pytest.fixture
def loop(log):
    loop = EngineLoop(Core.create(SMALL), shard="0")
    for message in log.append_listing():
        loop.take(message)
    return loop


def only(produced):
    assert len(produced) == 1
    return decode_events(produced[0].payload)


def test_a_batch_yields_its_events_under_its_writers_subject(log, loop):
    produced = loop.take(log.append(GATEWAY, [order_record(1), order_record(2, side=1)]))
    message = only(produced)
    assert produced[0].subject == "evt.0.g16"
    assert (message.command_seq, message.part, message.flags) == (3, 0, BatchFlag.LAST)
    assert (message.writer, message.epoch, message.batch_no) == (GATEWAY, 1, 1)
    kinds = [event.kind for event in unpack_events(message.records)]
    assert kinds == [EventKind.ACCEPTED, EventKind.ACCEPTED, EventKind.TRADE]


@pytest.mark.parametrize(
    ("epoch", "number", "flag"),
    [
        (1, 1, BatchFlag.REPEAT),
        (0, 7, BatchFlag.STALE_EPOCH),
        (1, 3, BatchFlag.OUT_OF_ORDER),
        (2, 2, BatchFlag.OUT_OF_ORDER),
    ],
)
def test_what_is_not_the_next_batch_of_its_writer_does_nothing(log, loop, epoch, number, flag):
    loop.take(log.append(GATEWAY, [order_record(1)]))
    before = loop.core.state_hash()
    message = only(loop.take(log.append(GATEWAY, [order_record(2)], epoch=epoch, number=number)))
    assert message.flags == flag | BatchFlag.LAST
    assert message.n_records == 0
    assert loop.core.state_hash() == before


def test_a_new_epoch_begins_at_number_1(log, loop):
    loop.take(log.append(GATEWAY, [order_record(1)]))
    message = only(loop.take(log.append(GATEWAY, [order_record(2)], epoch=2, number=1)))
    assert message.n_records == 1


@pytest.mark.parametrize("subject", ["cmd.0.g16", "cmd.0.g17", "cmd.0.nonsense"])
def test_damaged_bytes_are_answered_and_passed_over(log, loop, subject):
    message = only(loop.take(log.append_bytes(subject, b"not a batch")))
    assert message.flags == BatchFlag.MALFORMED | BatchFlag.LAST
    assert only(loop.take(log.append(GATEWAY, [order_record(1)]))).n_records == 1


def test_a_batch_under_anothers_subject_is_malformed(log, loop):
    good = HandWrittenLog().append(ADMIN_WRITER, [order_record(1)], number=2)
    message = only(loop.take(log.append_bytes("cmd.0.g16", good.payload)))
    assert message.flags == BatchFlag.MALFORMED | BatchFlag.LAST


def test_parts_of_a_large_result_hold_at_most_4000_events_and_one_chain(log, loop):
    count = 0
    for _ in range(20):
        records = [
            order_record(count + i, price_ticks=100 + i, qty_lots=1, account=2) for i in range(256)
        ]
        loop.take(log.append(GATEWAY, records))
        count += 256
    cancel = COMMAND_CODECS["order"].pack(kind=CommandKind.CANCEL_ALL, account=2)
    last = loop.position
    produced = loop.take(log.append(GATEWAY, [cancel] * 20))
    messages = [decode_events(one.payload) for one in produced]
    assert [one.position for one in produced] == [
        Position(command_seq=last.command_seq + 1, part=part) for part in range(len(produced))
    ]
    assert len(produced) > 1
    assert sum(message.n_records for message in messages) >= count
    assert all(0 < message.n_records <= MAX_PART_EVENTS for message in messages)
    assert [message.is_last for message in messages] == [False] * (len(messages) - 1) + [True]


def test_all_that_is_produced_is_one_chain():
    log, sequence = HandWrittenLog(), EventSequence()
    log.append_listing()
    log.append_orders(20)
    loop = EngineLoop(Core.create(SMALL), shard="0")
    for stored in log.messages:
        for produced in loop.take(stored):
            assert sequence.take(decode_events(produced.payload))
    assert sequence.chain == loop.chain


def test_two_loops_with_other_secrets_produce_the_same_bytes():
    log = HandWrittenLog()
    log.append_listing()
    log.append_orders(30)
    one = EngineLoop(Core.create(SMALL), shard="0")
    two = EngineLoop(Core.create(SMALL, secret=(1, 2, 3, 4, 5, 6)), shard="0")
    for stored in log.messages:
        assert one.take(stored) == two.take(stored)
    assert one.core.state_hash() == two.core.state_hash()


def test_a_hole_in_commands_stops_the_replica(log, loop):
    log.append(GATEWAY, [order_record(1)])
    with pytest.raises(CommandsMissing, match="goes on at 4 after 2"):
        loop.take(log.append(GATEWAY, [order_record(2)]))


def attested(loop, chain):
    return clock_record(
        attested_seq=loop.position.command_seq,
        attested_part=loop.position.part,
        attested_chain_0=int.from_bytes(chain[:8], "little", signed=True),
        attested_chain_1=int.from_bytes(chain[8:], "little", signed=True),
    )


def test_a_clock_that_saw_our_chain_is_carried_out(log, loop):
    message = only(loop.take(log.append(CLOCK_WRITER, [attested(loop, loop.chain)])))
    assert message.n_records == 0


def test_a_clock_that_saw_another_chain_stops_this_replica(log, loop):
    other = bytes([loop.chain[0] ^ 1]) + loop.chain[1:]
    with pytest.raises(Diverged, match="chain"):
        loop.take(log.append(CLOCK_WRITER, [attested(loop, other)]))


@pytest.mark.parametrize(("ahead", "part"), [(0, 1), (7, 0)])
def test_a_clock_that_saw_a_message_which_we_never_had_stops_this_replica(log, loop, ahead, part):
    """It was told more parts of a batch, or of commands that CMD holds no more."""
    record = clock_record(attested_seq=loop.position.command_seq + ahead, attested_part=part)
    with pytest.raises(Diverged, match="this replica has none"):
        loop.take(log.append(CLOCK_WRITER, [record]))


def restarted(loop):
    return EngineLoop(loop.core, shard="0", position=loop.position, chain=loop.chain)


def test_a_chain_from_before_this_replicas_beginning_is_not_judged(log, loop):
    early = clock_record(attested_seq=loop.position.command_seq - 1, attested_chain_0=7)
    assert restarted(loop).take(log.append(CLOCK_WRITER, [early]))


def test_the_chain_at_a_snapshot_is_judged(log, loop):
    other = bytes([loop.chain[0] ^ 1]) + loop.chain[1:]
    with pytest.raises(Diverged, match="chain"):
        restarted(loop).take(log.append(CLOCK_WRITER, [attested(loop, other)]))


def test_a_broken_invariant_stops_the_replica_with_the_batch_to_look_at(log, loop):
    loop.take(log.append(GATEWAY, [order_record(1)]))
    loop.core.state.balances["locked_atoms"] = 0  # memory gone bad: the order's lock is lost
    cancel = COMMAND_CODECS["order"].pack(kind=CommandKind.CANCEL, account=2, order_id=1)
    with pytest.raises(Poisoned, match=r"batch 4 of CMD_0 \(writer g16, .*runbook: poison"):
        loop.take(log.append(GATEWAY, [cancel]))
