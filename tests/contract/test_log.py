"""Batches and event messages survive the wire; damage never passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunwise.contracts.exchange import log
from sunwise.contracts.exchange.codec import COMMAND_CODECS, EVENT_CODECS, unpack_events
from sunwise.contracts.exchange.records import CommandKind, EventKind


def a_batch(n_commands: int = 2) -> log.Batch:
    records = b"".join(
        COMMAND_CODECS["order"].pack(kind=CommandKind.PLACE, client_id=f"order-{i}", price_ticks=i)
        for i in range(n_commands)
    )
    return log.Batch(writer=16, epoch=3, batch_no=4, batch_ns=5, records=records)


def an_event_message(n_events: int = 2) -> log.EventMessage:
    records = b"".join(
        EVENT_CODECS["trade"].pack(kind=EventKind.TRADE, trade_id=i) for i in range(n_events)
    )
    blank = log.GENESIS_CHAIN
    return log.chained(
        log.EventMessage(9, 0, log.BatchFlag.LAST, 16, 3, 4, 77, blank, blank, records)
    )


def test_a_batch_comes_back_as_it_was() -> None:
    batch = a_batch()
    read = log.decode_batch(log.encode_batch(batch))
    assert read._replace(records=bytes(read.records)) == batch
    assert read.n_records == 2


def test_an_event_message_comes_back_as_it_was() -> None:
    message = an_event_message()
    read = log.decode_events(log.encode_events(message))
    assert read._replace(records=bytes(read.records)) == message
    assert [event.trade_id for event in unpack_events(read.records)] == [0, 1]


def test_a_message_without_events_is_legal_and_chained() -> None:
    message = an_event_message(0)
    assert log.decode_events(log.encode_events(message)).n_records == 0
    assert message.chain != log.GENESIS_CHAIN


@given(data=st.data())
def test_every_changed_byte_of_a_batch_is_noticed(data: st.DataObject) -> None:
    wire = bytearray(log.encode_batch(a_batch()))
    wire[data.draw(st.integers(0, len(wire) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(log.Damaged):
        log.decode_batch(bytes(wire))


@given(cut=st.integers(1, 500))
def test_a_cut_message_is_noticed(cut: int) -> None:
    wire = log.encode_events(an_event_message())
    with pytest.raises(log.Damaged):
        log.decode_events(wire[:-cut])


@given(junk=st.binary(max_size=300))
def test_junk_is_never_a_message(junk: bytes) -> None:
    for decode in (log.decode_batch, log.decode_events):
        with pytest.raises(log.Damaged):
            decode(junk)


def test_the_chain_depends_on_all_before_it() -> None:
    first = an_event_message()
    second = log.chained(first._replace(command_seq=10, previous_chain=first.chain))
    other = log.chained(first._replace(command_seq=10, previous_chain=bytes(16)))
    assert second.chain != other.chain


@pytest.mark.parametrize("n_commands", [0, log.MAX_BATCH_COMMANDS + 1])
def test_a_batch_of_no_or_too_many_commands_is_refused(n_commands: int) -> None:
    with pytest.raises(ValueError, match="1 to 256"):
        log.encode_batch(a_batch(n_commands))


def test_a_part_fits_the_default_payload_of_nats() -> None:
    largest = an_event_message(log.MAX_PART_EVENTS)
    assert len(log.encode_events(largest)) < 1_048_576
