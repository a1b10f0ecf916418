"""Batches that are skipped for ever because they would break the engine.

A quarantine is a function of nothing before it, so it must stand in the log itself: a batch of the
writer `quarantine` names the batch of CMD to skip, the symbol to halt in its place, and the build
that it breaks. A replica appends it when a batch breaks it a second time, from stored state: once
may be this process's memory. A starting replica reads all of them ahead; the first that names a
batch counts. One that names a batch whose events are stored as carried out is void: EVT's fence
decides, not the order in which replicas act.
"""

import logging
from pathlib import Path
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.data_folder import write_private
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
_NOTE: Final = "poisoned.json"
_log = logging.getLogger("sunwise.engine")


class NotQuarantined(Permanent):
    """This batch cannot be quarantined; the message says why."""


class PoisonNote(msgspec.Struct, frozen=True, kw_only=True):
    """What broke a replica last, kept beside its snapshots."""

    command_seq: int
    """The batch, by CMD's sequence."""
    build: str
    """Of the engine core that it broke."""


def read_note(folder: Path) -> PoisonNote | None:
    """What broke the replica whose snapshots are in `folder`; None when nothing did."""
    try:
        return msgspec.json.decode((folder / _NOTE).read_bytes(), type=PoisonNote)
    except (FileNotFoundError, msgspec.DecodeError):
        return None  # at worst the batch breaks it once more


def write_note(folder: Path, note: PoisonNote) -> None:
    """Keeps `note` across a restart. Raises OSError."""
    write_private(folder / _NOTE, msgspec.json.encode(note))


async def read_quarantines(bus: Bus, shard: str) -> dict[int, int]:
    """By each batch of CMD to skip, the symbol to halt. Raises Retryable. Cost: a few reads each."""
    found: dict[int, int] = {}
    seq = 1
    while True:
        stored = await bus.read_next(
            command_stream(shard), seq, command_subject(shard, QUARANTINE_WRITER)
        )
        if stored is None:
            return found
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
            found.setdefault(command.quarantined_seq, command.quarantined_symbol - 1)


async def quarantine(bus: Bus, *, shard: str, command_seq: int, symbol: int, build: str) -> int:
    """Appends the quarantine of batch `command_seq`; its own sequence in CMD.

    Replicas that stopped at that batch skip it when they start again, and halt `symbol` (NO_SYMBOL:
    none). Raises NotQuarantined when it is not the next batch to be carried out.
    """
    last = await bus.read_last(event_stream(shard))
    reached = 0 if last is None else decode_events(last.payload).command_seq
    if reached != command_seq - 1:
        raise NotQuarantined(
            f"the engine has carried out batch {reached}: only the batch that stops it, "
            f"{reached + 1}, can be quarantined"
        )
    if await bus.read(command_stream(shard), command_seq) is None:
        raise NotQuarantined(f"CMD_{shard} holds no batch {command_seq}")
    record = COMMAND_CODECS["control"].pack(
        kind=CommandKind.QUARANTINE,
        quarantined_seq=command_seq,
        quarantined_symbol=symbol + 1,
        quarantined_build=build,
    )
    batch = Batch(QUARANTINE_WRITER, 1, 1, 0, record)  # read ahead by its content alone
    return await bus.append(command_subject(shard, QUARANTINE_WRITER), encode_batch(batch))


async def _was_carried_out(bus: Bus, shard: str, command_seq: int) -> bool:
    position = Position(command_seq=command_seq, part=_LAST_PART)
    stream = event_stream(shard)
    info = await bus.stream_info(stream)
    stored = await newest_up_to(bus, stream, info, position=position)
    if stored is None:
        return False
    message = decode_events(stored.payload)
    return message.command_seq == command_seq and not message.flags & BatchFlag.QUARANTINED
