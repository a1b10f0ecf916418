"""Records to named tuples and back, one `struct` call each.

For services that read or write single records. A hot path that needs a few
fields takes `field_offset` and unpacks just those.
"""

import struct
from collections import namedtuple
from typing import Any, Final

from sunwise.contracts.exchange.log import CHAIN_BYTES
from sunwise.contracts.exchange.records import (
    COMMAND_TABLES,
    EVENT_STRIDE,
    EVENT_TABLES,
    EventKind,
    Field,
    offsets,
    size,
    struct_format,
)

_HALF_CHAIN: Final = CHAIN_BYTES // 2
_EVENT_TABLE_OF: Final[dict[int, str]] = {
    EventKind.TRADE: "trade",
    EventKind.PREVENTED: "trade",
    EventKind.ACCOUNT_OPENED: "funds",
    EventKind.FUNDS_MOVED: "funds",
    EventKind.ASSET_LISTED: "asset",
    EventKind.SYMBOL_LISTED: "symbol",
    EventKind.SYMBOL_STATUS_SET: "symbol",
    EventKind.CAPACITY_RAISED: "control",
    EventKind.RULES_ACTIVATED: "control",
}


class RecordCodec:
    """Packs and unpacks the records of one table."""

    def __init__(self, name: str, table: tuple[Field, ...]) -> None:
        """Prepare the `struct` and the named tuple for this table."""
        self._struct = struct.Struct(struct_format(table))
        self._fields = [field for field in table if field.code[0] != "x"]
        self._texts = [i for i, field in enumerate(self._fields) if field.code[0] == "c"]
        self._blank = [b"" if field.code[0] == "c" else 0 for field in self._fields]
        self._index = {field.name: i for i, field in enumerate(self._fields)}
        named: Any = namedtuple  # noqa: PYI024 - the fields are data, so no class can declare them
        self.record: Any = named(name, [field.name for field in self._fields])

    def pack(self, **values: int | str | bytes) -> bytes:
        """The record's bytes; fields not named are zero. Raises KeyError for an unknown field."""
        row: list[int | bytes] = list(self._blank)
        for name, value in values.items():
            row[self._index[name]] = value.encode() if isinstance(value, str) else value
        return self._struct.pack(*row)

    def unpack(self, data: bytes | memoryview, at: int = 0) -> Any:  # noqa: ANN401 - a named tuple of the table's fields
        """The record at byte `at`, texts as str."""
        row = list(self._struct.unpack_from(data, at))
        for i in self._texts:
            row[i] = text_of(row[i])
        return self.record._make(row)


COMMAND_CODECS: Final = {k: RecordCodec(f"{k}_command", t) for k, t in COMMAND_TABLES.items()}
EVENT_CODECS: Final = {k: RecordCodec(f"{k}_event", t) for k, t in EVENT_TABLES.items()}
_CODEC_BY_KIND: Final = [
    EVENT_CODECS[_EVENT_TABLE_OF.get(kind, "order")] if kind in set(EventKind) else None
    for kind in range(max(EventKind) + 1)
]


def unpack_events(records: bytes | memoryview) -> list[Any]:
    """Each event record as the named tuple of its kind; tell them apart by `kind`."""
    events = []
    for at in range(0, len(records), EVENT_STRIDE):
        codec = _CODEC_BY_KIND[records[at]]
        assert codec is not None, "an event of unknown kind"
        events.append(codec.unpack(records, at))
    return events


def attested_fields(command_seq: int, part: int, chain: bytes) -> dict[str, int]:
    """The fields of a control record that say which chain stands in EVT after an event message."""
    return {
        "attested_seq": command_seq,
        "attested_part": part,
        "attested_chain_0": int.from_bytes(chain[:_HALF_CHAIN], "little", signed=True),
        "attested_chain_1": int.from_bytes(chain[_HALF_CHAIN:], "little", signed=True),
    }


def attested(control: Any) -> tuple[int, int, bytes]:  # noqa: ANN401 - a named tuple of the table's fields
    """(command sequence, part, chain) that an unpacked control record attests."""
    halves = (control.attested_chain_0, control.attested_chain_1)
    chain = b"".join(half.to_bytes(_HALF_CHAIN, "little", signed=True) for half in halves)
    return control.attested_seq, control.attested_part, chain


def text_of(field: bytes) -> str:
    """A text field as str. Bytes that no gateway writes show as U+FFFD: they must stop no reader."""
    return field.rstrip(b"\0").decode("utf-8", "replace").replace("\0", "\ufffd")


def field_offset(table: tuple[Field, ...], name: str) -> int:
    """Byte offset of one field."""
    return offsets(table)[name]


def subset(table: tuple[Field, ...], *names: str) -> struct.Struct:
    """A `struct` that unpacks just these fields of a record; name them in the table's order."""
    wanted = [field for field in table if field.name in names]
    assert [field.name for field in wanted] == list(names), "name fields in the table's order"
    places, at, parts = offsets(table), 0, ["<"]
    for field in wanted:
        parts.append(f"{places[field.name] - at}x" + struct_format((field,))[1:])
        at = places[field.name] + size(field.code)
    return struct.Struct("".join(parts))
