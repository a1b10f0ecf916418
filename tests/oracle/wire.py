"""Command records as named tuples, events as bytes: the oracle's own reading of the tables."""

import struct
from collections import namedtuple

from sunwise.contracts.exchange.records import (
    COMMAND_STRIDE,
    COMMAND_TABLES,
    EVENT_TABLES,
    CommandKind,
    Field,
    struct_format,
)


def _names(table: tuple[Field, ...]) -> list[str]:
    return [field.name for field in table if field.code[0] != "x"]


def _table_of(kind: int) -> str:
    if kind in (CommandKind.LIST_SYMBOL, CommandKind.SET_SYMBOL_STATUS):
        return "symbol"
    if kind == CommandKind.LIST_ASSET:
        return "asset"
    if CommandKind.OPEN_ACCOUNT <= kind <= CommandKind.DEBIT:
        return "funds"
    return "control" if kind >= CommandKind.CLOCK else "order"


row = namedtuple  # noqa: PYI024 # the fields are data, so no class can declare them
_READERS = {
    name: (struct.Struct(struct_format(table)), row(f"{name}_command", _names(table)))
    for name, table in COMMAND_TABLES.items()
}
_WRITERS = {
    name: (
        struct.Struct(struct_format(table)),
        {field.name: b"" if field.code[0] == "c" else 0 for field in table if field.code[0] != "x"},
    )
    for name, table in EVENT_TABLES.items()
}
TERM_NAMES = _names(COMMAND_TABLES["symbol"])[3:]


def read_command(record):
    """The command in these bytes; texts stay 24 or 40 bytes."""
    layout, row = _READERS[_table_of(record[0])]
    return row._make(layout.unpack(record))


def read_commands(records):
    return [
        read_command(records[at : at + COMMAND_STRIDE])
        for at in range(0, len(records), COMMAND_STRIDE)
    ]


def write_event(table, **fields):
    """The event's bytes; what is not named is zero."""
    layout, blank = _WRITERS[table]
    row = blank | fields
    assert len(row) == len(blank), f"no such field: {set(fields) - set(blank)}"
    return layout.pack(*row.values())
