"""How records travel: the framing of command batches (CMD) and event messages (EVT).

A **batch** is what one writer appends to `CMD_<shard>` as one message: a header
and 1 to 256 command records. The stream's order of batches is the order of the
exchange; a batch's stream sequence is its `command_seq`.

An **event message** is what the engine appends to `EVT_<shard>`: every batch
yields one or more parts, the last of them marked. `(command_seq, part)` is the
position that the whole company uses; `chain` is BLAKE2b over the chain before,
the header and the records, so that any third party can recompute it.

Both carry a CRC-32 of header and records: a damaged message is refused, never
half-read. Sources: RFC 7693 (BLAKE2), ISO 3309 (CRC-32).
"""

import hashlib
import struct
import zlib
from typing import Final, NamedTuple

from sunwise.contracts.exchange.records import COMMAND_STRIDE, EVENT_STRIDE, SCHEMA_ID

MAX_BATCH_COMMANDS: Final = 256
MAX_PART_EVENTS: Final = 4_000  # 1,024,000 bytes: under NATS' default maximum payload of 1 MiB
CHAIN_BYTES: Final = 16
GENESIS_CHAIN: Final = bytes(CHAIN_BYTES)

CLOCK_WRITER: Final = 1
ADMIN_WRITER: Final = 2
QUARANTINE_WRITER: Final = 3
DISSENT_WRITER: Final = 4
FIRST_GATEWAY_WRITER: Final = 16
MAX_WRITER: Final = 65_535

_WRITER_NAMES: Final = {
    CLOCK_WRITER: "clock",
    ADMIN_WRITER: "admin",
    QUARANTINE_WRITER: "quarantine",
    DISSENT_WRITER: "dissent",
}
_BATCH_MAGIC: Final = b"SWCB"
_EVENT_MAGIC: Final = b"SWEV"
_BATCH: Final = struct.Struct("<4sHHHHII4xqqqq")  # the last eight bytes are kept free
_EVENT: Final = struct.Struct("<4sHHIIBxHIqqqqq16s16s")
_CRC_AT: Final = 12
BATCH_HEADER_BYTES: Final = _BATCH.size
EVENT_HEADER_BYTES: Final = _EVENT.size
EVENT_FLAGS_AT: Final = 16  # offset of the flags (one byte) in an event message


class BatchFlag:
    """Bits of `EventMessage.flags`: what became of the batch as a whole."""

    LAST = 1  # no further part follows for this batch
    REPEAT = 2  # the writer sent this batch before: nothing was done again
    STALE_EPOCH = 4  # a newer instance of this writer has taken over: nothing was done
    MALFORMED = 8  # not a batch that this engine can read: nothing was done
    OUT_OF_ORDER = 16  # batch_no skipped one: nothing was done
    WRITERS_FULL = 32  # a new writer beyond the engine's capacity for writers: nothing was done
    QUARANTINED = 64  # it would break the engine, and is skipped for ever: nothing was done


class Damaged(ValueError):
    """The bytes are not a message of this kind, or their CRC does not match."""


class Batch(NamedTuple):
    """A batch of commands as its writer made it."""

    writer: int  # one of the _WRITER constants or a gateway's number
    epoch: int  # rises with every start of this writer
    batch_no: int  # 1, 2, 3... within the epoch
    batch_ns: int  # the writer's wall time, ns since 1970
    records: bytes | memoryview  # n x COMMAND_STRIDE

    @property
    def n_records(self) -> int:
        """Number of command records."""
        return len(self.records) // COMMAND_STRIDE


class EventMessage(NamedTuple):
    """One part of what a batch caused."""

    command_seq: int  # sequence of the batch in CMD
    part: int  # 0, 1, 2... within the batch
    flags: int  # BatchFlag
    writer: int  # whose batch
    epoch: int
    batch_no: int
    time_ns: int  # log time of the batch, ns since 1970
    previous_chain: bytes  # CHAIN_BYTES
    chain: bytes  # CHAIN_BYTES
    records: bytes | memoryview  # n x EVENT_STRIDE

    @property
    def n_records(self) -> int:
        """Number of event records."""
        return len(self.records) // EVENT_STRIDE

    @property
    def is_last(self) -> bool:
        """Whether the batch is complete with this part."""
        return bool(self.flags & BatchFlag.LAST)


def command_stream(shard: str) -> str:
    """Name of the stream that holds a shard's commands."""
    return f"CMD_{shard}"


def event_stream(shard: str) -> str:
    """Name of the stream that holds a shard's events."""
    return f"EVT_{shard}"


def command_subject(shard: str, writer: int) -> str:
    """The one subject that a writer may append commands to."""
    return f"cmd.{shard}.{writer_name(writer)}"


def event_subject(shard: str, writer: int) -> str:
    """Where the events of a writer's batches are stored."""
    return f"evt.{shard}.{writer_name(writer)}"


def reply_subject(shard: str, writer: int) -> str:
    """Where stored events of a writer's batches are repeated, at most once."""
    return f"out.{shard}.{writer_name(writer)}"


def writer_name(writer: int) -> str:
    """The writer's token in subjects: clock, admin, quarantine, dissent, or g<number>."""
    return _WRITER_NAMES.get(writer) or f"g{writer}"


def encode_batch(batch: Batch) -> bytes:
    """The batch as bytes. Raises ValueError when it holds no command or too many."""
    if not 0 < batch.n_records <= MAX_BATCH_COMMANDS or len(batch.records) % COMMAND_STRIDE:
        raise ValueError(
            f"a batch holds 1 to {MAX_BATCH_COMMANDS} whole commands, not {batch.n_records}"
        )
    head = _BATCH.pack(
        _BATCH_MAGIC, SCHEMA_ID, COMMAND_STRIDE, batch.n_records, 0,
        0, batch.writer, batch.epoch, batch.batch_no, batch.batch_ns, 0,
    )  # fmt: skip
    return _sealed(head, batch.records)


def decode_batch(payload: bytes | memoryview) -> Batch:
    """The batch in these bytes, its records not copied. Raises Damaged."""
    body = _opened(payload, _BATCH_MAGIC, BATCH_HEADER_BYTES, COMMAND_STRIDE)
    fields = _BATCH.unpack_from(payload)
    if len(body) != fields[3] * COMMAND_STRIDE or not fields[3]:
        raise Damaged(f"batch of {len(body)} bytes says it holds {fields[3]} commands")
    return Batch(fields[6], fields[7], fields[8], fields[9], body)


def encode_events(message: EventMessage) -> bytes:
    """The event message as bytes, with its chain as given: use `chained` to compute it."""
    head = _event_head(message, message.chain)
    return _sealed(head, message.records)


def decode_events(payload: bytes | memoryview) -> EventMessage:
    """The event message in these bytes, its records not copied. Raises Damaged."""
    body = _opened(payload, _EVENT_MAGIC, EVENT_HEADER_BYTES, EVENT_STRIDE)
    (
        magic,
        _,
        _,
        count,
        _,
        flags,
        _,
        writer,
        seq,
        part,
        epoch,
        batch_no,
        time_ns,
        before,
        chain,
    ) = _EVENT.unpack_from(payload)
    if len(body) != count * EVENT_STRIDE:
        raise Damaged(f"{magic!r} of {len(body)} bytes says it holds {count} events")
    return EventMessage(seq, part, flags, writer, epoch, batch_no, time_ns, before, chain, body)


def chained(message: EventMessage) -> EventMessage:
    """The message with `chain` computed over `previous_chain`, header and records."""
    digest = hashlib.blake2b(_event_head(message, GENESIS_CHAIN), digest_size=CHAIN_BYTES)
    digest.update(message.records)
    return message._replace(chain=digest.digest())


def _event_head(message: EventMessage, chain: bytes) -> bytes:
    return _EVENT.pack(
        _EVENT_MAGIC, SCHEMA_ID, EVENT_STRIDE, message.n_records,
        0, message.flags, 0, message.writer, message.command_seq, message.part,
        message.epoch, message.batch_no, message.time_ns, message.previous_chain, chain,
    )  # fmt: skip


def _sealed(head: bytes, records: bytes | memoryview) -> bytes:
    crc = zlib.crc32(records, zlib.crc32(head))
    return b"".join((head[:_CRC_AT], crc.to_bytes(4, "little"), head[_CRC_AT + 4 :], records))


def _opened(
    payload: bytes | memoryview, magic: bytes, header_bytes: int, stride: int
) -> memoryview:
    view = memoryview(payload)
    if len(view) < header_bytes or bytes(view[:4]) != magic:
        raise Damaged(f"{len(view)} bytes do not begin with {magic!r}")
    schema, found_stride = struct.unpack_from("<HH", view, 4)
    if (schema, found_stride) != (SCHEMA_ID, stride):
        raise Damaged(f"schema {schema} with records of {found_stride} bytes is not known here")
    crc = int.from_bytes(view[_CRC_AT : _CRC_AT + 4], "little")
    head = bytes(view[:_CRC_AT]) + bytes(4) + bytes(view[_CRC_AT + 4 : header_bytes])
    body = view[header_bytes:]
    if zlib.crc32(body, zlib.crc32(head)) != crc:
        raise Damaged(f"CRC of a {magic!r} message does not match: its bytes were changed")
    return body
