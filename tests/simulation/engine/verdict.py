"""What must hold after a run, read from the two streams alone, and from what clients were told."""

from collections import Counter, defaultdict
from typing import NamedTuple

from sunwise.chassis.log import NotAccepted, Outcome, Overloaded
from sunwise.chassis.log.event_sequence import EventSequence
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.codec import COMMAND_CODECS, unpack_events
from sunwise.contracts.exchange.log import BatchFlag, decode_batch, decode_events
from sunwise.contracts.exchange.records import (
    COMMAND_STRIDE,
    FIRST_CLIENT_ACCOUNT,
    CommandKind,
    EventKind,
)
from sunwise.exchange.engine.core import Capacities, Core
from sunwise.exchange.engine.loop import EngineLoop
from sunwise.exchange.engine.read_ahead import NOTHING_AHEAD, ReadAhead
from sunwise.exchange.engine.recovery import load_core
from sunwise.exchange.engine.snapshot_file import read_snapshot

_ORDER_KINDS = (CommandKind.PLACE, CommandKind.CANCEL)


class Evidence(NamedTuple):
    """What a run left behind."""

    commands: list  # StoredMessage of CMD
    stored: list  # StoredMessage of EVT
    attempts: list  # Attempt of every client
    live: list  # (command sequence, state hash) of each replica that runs
    snapshots: list  # paths
    genesis: Capacities
    ahead: ReadAhead = NOTHING_AHEAD


def judge(evidence):
    """Raises AssertionError with what is wrong."""
    batches = check_events_are_one_chain(evidence.stored)
    assert len(batches) >= len(evidence.commands) - 1, "a batch has no events"
    check_replay(evidence)
    executed = executed_attempts(evidence.commands, batches)
    check_what_clients_were_told(evidence.attempts, executed)
    check_nothing_was_placed_twice(batches)


def check_events_are_one_chain(stored):
    """Every batch's event messages by command sequence, each position stored once."""
    sequence, batches = EventSequence(), defaultdict(list)
    for message in (decode_events(one.payload) for one in stored):
        assert sequence.take(message), f"{message.command_seq}.{message.part} is stored twice"
        batches[message.command_seq].append(message)
    return batches


def check_replay(evidence):
    """I6: replay from zero = stored bytes = live replicas = snapshots. The core audits I1-I5."""
    wanted = wanted_hashes(evidence)
    loop, payloads = (
        EngineLoop(Core.create(evidence.genesis), shard="0", ahead=evidence.ahead),
        {},
    )
    for command in evidence.commands:
        payloads.update((one.position, one.payload) for one in loop.take(command))
        for name, expected in wanted.get(command.seq, ()):
            assert loop.core.state_hash() == expected, f"{name} differs after batch {command.seq}"
    loop.core.audit()
    for one in evidence.stored:
        found = decode_events(one.payload)
        position = Position(command_seq=found.command_seq, part=found.part)
        assert payloads[position] == one.payload, f"replay differs at {position}"


def wanted_hashes(evidence):
    """(who, state hash) by the command sequence at which it must be the replay's."""
    wanted = defaultdict(list)
    for command_seq, state_hash in evidence.live:
        wanted[command_seq].append(("a live replica", state_hash))
    for path in evidence.snapshots:
        header, blocks = read_snapshot(path)
        core = load_core(blocks)
        core.audit()
        assert core.state_hash() == header.state_hash, "a snapshot is not what it says"
        wanted[header.point.position.command_seq].append(("a snapshot", header.state_hash))
    return wanted


def executed_attempts(commands, batches):
    """The own events of each order command that was executed, by the attempt's number."""
    executed = defaultdict(list)
    for command in commands:
        batch = decode_batch(command.payload)
        parts = batches.get(command.seq)
        if parts is None or parts[0].flags & ~BatchFlag.LAST:
            continue  # repeated, or not reached
        own = defaultdict(bytes)
        for part in parts:
            for at in range(0, len(part.records), 256):
                event = bytes(part.records[at : at + 256])
                own[int.from_bytes(event[4:8], "little")] += event
        for index, at in enumerate(range(0, len(batch.records), COMMAND_STRIDE)):
            if batch.records[at] in _ORDER_KINDS:
                number = COMMAND_CODECS["order"].unpack(batch.records, at).strategy_id
                executed[number].append(own[index])
    return executed


def check_what_clients_were_told(attempts, executed):
    """I3, and more: every answer is true."""
    for attempt in attempts:
        found = executed.get(attempt.number, [])
        assert len(found) <= 1, f"attempt {attempt.number} was executed {len(found)} times"
        if isinstance(attempt.result, Outcome):
            assert found == [attempt.result.records], f"attempt {attempt.number} was told otherwise"
        elif isinstance(attempt.result, NotAccepted | Overloaded):
            assert not found, f"attempt {attempt.number} was executed, but told it was not accepted"


def check_nothing_was_placed_twice(batches):
    """A client that repeats under one client order id has one order."""
    placed = Counter(
        event.client_id
        for parts in batches.values()
        for part in parts
        for event in unpack_events(part.records)
        if event.kind == EventKind.ACCEPTED and event.account >= FIRST_CLIENT_ACCOUNT
    )
    twice = [client_id for client_id, count in placed.items() if count > 1]
    assert not twice, f"placed twice: {twice}"
