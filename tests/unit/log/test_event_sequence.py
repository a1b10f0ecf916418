"""Contiguity and chain: what a reader takes, passes over and refuses."""

import pytest

from sunwise.chassis.log import Checkpoint, LogBroken
from sunwise.chassis.log.event_sequence import EventSequence
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import GENESIS_CHAIN, BatchFlag, EventMessage, chained


def chain_of(*places):
    """Messages at (command_seq, part, is_last), one chain."""
    chain, messages = GENESIS_CHAIN, []
    for command_seq, part, is_last in places:
        flags = BatchFlag.LAST if is_last else 0
        message = chained(
            EventMessage(command_seq, part, flags, 16, 1, 1, 5, chain, chain, bytes(256))
        )
        messages.append(message)
        chain = message.chain
    return messages


@pytest.fixture
def messages():
    return chain_of((1, 0, True), (2, 0, False), (2, 1, True), (3, 0, True))


def test_a_chain_is_taken_in_order(messages):
    sequence = EventSequence()
    assert all(sequence.take(message) for message in messages)
    assert sequence.position == Position(command_seq=3)


def test_repeats_are_passed_over(messages):
    sequence = EventSequence()
    for message in messages:
        sequence.take(message)
    assert not any(sequence.take(message) for message in messages)
    assert sequence.position == Position(command_seq=3)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_message_is_refused(messages, missing):
    sequence = EventSequence()
    for message in messages[:missing]:
        sequence.take(message)
    with pytest.raises(LogBroken, match="events between are gone"):
        sequence.take(messages[missing + 1])


def test_a_batch_must_be_complete_before_the_next():
    sequence = EventSequence()
    first, second = chain_of((1, 0, False), (2, 0, True))
    sequence.take(first)
    with pytest.raises(LogBroken):
        sequence.take(second)


def test_changed_bytes_break_the_chain(messages):
    sequence = EventSequence()
    sequence.take(messages[0])
    with pytest.raises(LogBroken, match="chain"):
        sequence.take(messages[1]._replace(records=b"\1" + bytes(255)))


def test_another_past_breaks_the_chain(messages):
    sequence = EventSequence()
    sequence.take(messages[0])
    with pytest.raises(LogBroken, match="chain"):
        sequence.take(chained(messages[1]._replace(previous_chain=bytes(range(16)))))


def test_a_log_that_was_written_anew_is_noticed(messages):
    sequence = EventSequence()
    for message in messages:
        sequence.take(message)
    with pytest.raises(LogBroken, match="written anew"):
        sequence.take(chained(messages[3]._replace(time_ns=6)))


def test_a_checkpoint_is_gone_on_from(messages):
    start = Checkpoint(
        position=Position(command_seq=2, part=0), chain=messages[1].chain, is_last=False,
        evt_seq=2, created_ns=1,
    )  # fmt: skip
    sequence = EventSequence(start)
    assert not sequence.take(messages[1])
    assert sequence.take(messages[2])
    assert sequence.take(messages[3])
