"""Framing and records, to the byte."""
# ruff: noqa: INP001, SLF001 - scripts of the documents; they show what modules keep private

import re
import struct
from collections.abc import Iterator
from typing import Final

from docs.reference.generator.markdown import code, comments, first_line, table

from sunwise.contracts.exchange import log, records

_BATCH_HEADER: Final = (
    ("magic", "`SWCB`"),
    ("schema", str(records.SCHEMA_ID)),
    ("stride", "bytes of one record: 192"),
    ("count", "command records, 1 to 256"),
    ("room", "zero"),
    ("crc", "CRC-32 (ISO 3309) of header and records, computed with this field as zero"),
    ("writer", "1 clock, 2 admin, 3 quarantine, 4 dissent, from 16 gateways"),
    ("room", "zero"),
    ("epoch", "rises with every start of the writer"),
    ("batch_no", "1, 2, 3... within the epoch"),
    ("batch_ns", "the writer's time, ns since 1970"),
    ("room", "zero"),
)
_EVENT_HEADER: Final = (
    ("magic", "`SWEV`"),
    ("schema", str(records.SCHEMA_ID)),
    ("stride", "bytes of one record: 256"),
    ("count", "event records, 0 to 4,000"),
    ("crc", "CRC-32 (ISO 3309) of header and records, computed with this field as zero"),
    ("flags", "BatchFlag"),
    ("room", "zero"),
    ("room", "zero"),
    ("writer", "whose batch"),
    ("command_seq", "sequence of the batch in CMD"),
    ("part", "0, 1, 2... within the batch"),
    ("epoch", "of the batch"),
    ("batch_no", "of the batch"),
    ("time_ns", "log time of the batch, ns since 1970"),
    ("previous_chain", "chain of the event message before; 16 zero bytes for the first"),
    ("chain", "BLAKE2b, 16 bytes, of this header (crc and chain as zero) and the records"),
)
_TYPES: Final = {"B": "u1", "H": "u2", "I": "u4", "q": "i8", "s": "c", "x": "x"}


def log_format_page() -> str:
    """Framing and records, to the byte."""
    command_tables = "".join(
        f"\n### Command: {name}\n\n{_record_table(fields)}"
        for name, fields in records.COMMAND_TABLES.items()
    )
    event_tables = "".join(
        f"\n### Event: {name}\n\n{_record_table(fields)}"
        for name, fields in records.EVENT_TABLES.items()
    )
    enumerations = "".join(_enumeration(kind) for kind in _ENUMERATIONS)
    return f"""# The format of the log

Schema {records.SCHEMA_ID}. Everything is little-endian and without hidden padding. A record keeps its
fields, places and meanings for ever; new fields take the place of room, which is zero until then.
What the log is for: [the flow of an order](../explanation/flow-of-an-order.md). How to check it
without this code: [determinism and replay](../explanation/determinism-and-replay.md).

Types: `u1` `u2` `u4` unsigned and `i4` `i8` signed integers of so many bytes; `cN` N bytes, as text
UTF-8 padded with zeros; `xN` N bytes of room.

## Streams and subjects

{table("What | Name | Subject", _stream_rows())}
Shards are named; today there is one, `0`. Writers are called `clock`, `admin` and `g<number>`, the
first gateway `g{log.FIRST_GATEWAY_WRITER}`. A batch's place in `CMD` is its `command_seq`; the position
of an event message is `(command_seq, part)`, never its sequence in `EVT`.

## Command batch

One message of `CMD`: {log.BATCH_HEADER_BYTES} bytes of header, then 1 to {log.MAX_BATCH_COMMANDS} command
records of {records.COMMAND_STRIDE} bytes.

{table("Offset | Type | Field | Meaning", _header_rows(log._BATCH, _BATCH_HEADER))}
## Event message

One message of `EVT`: {log.EVENT_HEADER_BYTES} bytes of header, then up to {log.MAX_PART_EVENTS:,} event
records of {records.EVENT_STRIDE} bytes. Every batch has at least one message; what does not fit
follows in further parts, and the last part has the flag LAST.

{table("Offset | Type | Field | Meaning", _header_rows(log._EVENT, _EVENT_HEADER))}
{_enumeration(log.BatchFlag)}
## Command records

{records.COMMAND_STRIDE} bytes each. `kind` says which table reads the rest: PLACE, CANCEL and
CANCEL_ALL are of table order; OPEN_ACCOUNT, DEPOSIT, WITHDRAW, CREDIT and DEBIT of funds; LIST_ASSET
of asset; LIST_SYMBOL and SET_SYMBOL_STATUS of symbol; CLOCK, RAISE_CAPACITY and ACTIVATE_RULES of
control.
{command_tables}
## Event records

{records.EVENT_STRIDE} bytes each. TRADE and PREVENTED are of table trade; ACCOUNT_OPENED and FUNDS_MOVED
of funds; ASSET_LISTED of asset; SYMBOL_LISTED and SYMBOL_STATUS_SET of symbol; CAPACITY_RAISED and
RULES_ACTIVATED of control; all others, REJECTED too, of order.
{event_tables}
## Numbers

`reject` of a REJECTED event: [errors](errors.md#what-the-engine-refuses).
{enumerations}"""


_ENUMERATIONS: Final[tuple[type, ...]] = (
    records.CommandKind,
    records.CommandFlag,
    records.EventKind,
    records.EventFlag,
    records.Side,
    records.OrderType,
    records.TimeInForce,
    records.SelfTradePrevention,
    records.SymbolStatus,
    records.ExpiryReason,
    records.RuleFlag,
    records.Capacity,
)


def _stream_rows() -> Iterator[tuple[object, ...]]:
    gateway = log.FIRST_GATEWAY_WRITER
    commands, events = log.command_stream("0"), log.event_stream("0")
    yield "commands, stored", code(commands), code(log.command_subject("0", gateway))
    yield "events, stored", code(events), code(log.event_subject("0", gateway))
    yield "copies of stored events", "not stored", code(log.reply_subject("0", gateway))


def _header_rows(
    layout: struct.Struct, fields: tuple[tuple[str, str], ...]
) -> Iterator[tuple[object, ...]]:
    pieces = re.findall(r"(\d*)([a-zA-Z])", layout.format)
    types = [
        (count, letter)
        for count, letter in pieces
        for _ in range(1 if letter in "sx" or not count else int(count))
    ]
    types = [(count if letter in "sx" else "", letter) for count, letter in types]
    assert len(types) == len(fields), "the header has changed: name its fields anew"
    at = 0
    for (count, letter), (name, meaning) in zip(types, fields, strict=True):
        size = struct.calcsize(f"<{count}{letter}")
        kind = f"{_TYPES[letter]}{size}" if letter in "sx" else _TYPES[letter]
        yield at, kind, code(name), meaning
        at += size
    assert at == layout.size, "the header has another size than its fields"


def _record_table(fields: tuple[records.Field, ...]) -> str:
    places = records.offsets(fields)
    rows = [(places[f.name], f.code, code(f.name), f.unit) for f in fields]
    return table("Offset | Type | Field | Unit or meaning", rows)


def _enumeration(kind: type) -> str:
    meanings = comments(kind)
    members = {name: value for name, value in vars(kind).items() if name.isupper()}
    rows = [(int(value), code(name), meanings.get(name, "")) for name, value in members.items()]
    said = first_line(kind)
    return f"\n### {kind.__name__}\n\n{said}\n\n{table('Number | Name | Meaning', rows)}"
