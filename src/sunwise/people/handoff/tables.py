"""The tables as the code sees them; `migrations` makes them."""

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, Text

_metadata: Final = MetaData()

HEAD: Final = Table(
    "handoff_head",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", BigInteger),
)
"""One row: the number of the newest event. Whoever changes anything locks it first."""
HANDOFFS: Final = Table(
    "handoffs",
    _metadata,
    Column("id", String(20), primary_key=True),
    Column("state", String(16)),
    Column("at_ns", BigInteger),
    Column("content", LargeBinary),
)
NOTES: Final = Table(
    "handoff_notes",
    _metadata,
    Column("handoff", String(20), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("author", String(64)),
    Column("text", Text),
    Column("parts", LargeBinary),
)
EVENTS: Final = Table(
    "handoff_events",
    _metadata,
    Column("seq", BigInteger, primary_key=True),
    Column("handoff", String(20)),
    Column("event", LargeBinary),
)
