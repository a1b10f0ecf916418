"""Batches that are skipped for ever because they would break the engine.

A quarantine is a function of nothing before it, so it must stand in the log itself: a batch of the
writer `quarantine` names the batch of CMD to skip. A starting replica reads all of them ahead. One
that names a batch whose events are stored as carried out is void: EVT's fence decides, not the
order in which people act.
"""

import logging
from typing import Final

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent
from sunwise.chassis.log.event_place import newest_up_to
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.log import (
    MAX_PART_EVENTS,
    QUARANTINE_WRITER,
    Batch,
    BatchFlag,
    Damaged,
    command_stream,
    command_subject,
    decode_batch,
    decode_events,
    encode_batch,
    event_stream,
)
from sunwise.contracts.exchange.records import CommandKind

_LAST_PART: Final = MAX_PART_EVENTS
_log = logging.getLogger("sunwise.engine")


class NotQuarantined(Permanent):
    """This batch cannot be quarantined; the message says why."""


async def read_quarantines(bus: Bus, shard: str) -> frozenset[int]:
    """The batches of CMD to skip, by sequence. Raises Retryable. Cost: two or more reads each."""
    found: set[int] = set()
    seq = 1
    while True:
        stored = await bus.read_next(
            command_stream(shard), seq, command_subject(shard, QUARANTINE_WRITER)
        )
        if stored is None:
            return frozenset(found)
        seq = stored.seq + 1
        try:
            batch = decode_batch(stored.payload)
        except Damaged:
            continue  # the loop answers it as malformed
        command = COMMAND_CODECS["control"].unpack(batch.records)
        if command.kind != CommandKind.QUARANTINE or not 0 < command.quarantined_seq < stored.seq:
            continue
        if await _was_carried_out(bus, shard, command.quarantined_seq):
            _log.warning("the quarantine of batch %d came too late", command.quarantined_seq)
        else:
            found.add(command.quarantined_seq)


async def quarantine(bus: Bus, clock: Clock, *, shard: str, command_seq: int) -> int:
    """Appends the quarantine of batch `command_seq`; its own sequence in CMD.

    Replicas that stopped at that batch skip it when they start again. Raises NotQuarantined when
    its events are stored, or when it is not the next batch to be carried out.
    """
    if await bus.read(command_stream(shard), command_seq) is None:
        raise NotQuarantined(f"CMD_{shard} holds no batch {command_seq}")
    last = await bus.read_last(event_stream(shard))
    reached = 0 if last is None else decode_events(last.payload).command_seq
    if reached != command_seq - 1:
        raise NotQuarantined(
            f"the engine has carried out batch {reached}: only the batch that stops it, "
            f"{reached + 1}, can be quarantined"
        )
    subject = command_subject(shard, QUARANTINE_WRITER)
    before = await bus.read_last(command_stream(shard), subject)
    epoch = 1 if before is None else 1 + decode_batch(before.payload).epoch
    record = COMMAND_CODECS["control"].pack(
        kind=CommandKind.QUARANTINE, quarantined_seq=command_seq
    )
    batch = Batch(QUARANTINE_WRITER, epoch, 1, clock.now_ns(), record)
    return await bus.append(subject, encode_batch(batch))


async def _was_carried_out(bus: Bus, shard: str, command_seq: int) -> bool:
    position = Position(command_seq=command_seq, part=_LAST_PART)
    stream = event_stream(shard)
    info = await bus.stream_info(stream)
    stored = await newest_up_to(bus, stream, info, position=position)
    if stored is None:
        return False
    message = decode_events(stored.payload)
    return message.command_seq == command_seq and not message.flags & BatchFlag.QUARANTINED
