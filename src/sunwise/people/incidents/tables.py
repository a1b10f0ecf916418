"""The tables as the code sees them; `migrations` makes them."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

_metadata: Final = MetaData()

HEAD: Final = Table(
    "incident_head",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("n_changes", BigInteger),
)
"""One row: whoever changes anything locks it first."""
FACTS: Final = Table(
    "facts",
    _metadata,
    Column("id", String(128), primary_key=True),
    Column("kind", String(32)),
    Column("ref", String(200)),
    Column("at_ns", BigInteger),
    Column("is_open", Boolean),
    Column("content", LargeBinary),
)
FACT_SERVICES: Final = Table(
    "fact_services",
    _metadata,
    Column("fact", String(128), primary_key=True),
    Column("service", String(64), primary_key=True),
    Column("at_ns", BigInteger),
)
INCIDENTS: Final = Table(
    "incidents",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(16)),
    Column("opened_ns", BigInteger),
    Column("content", LargeBinary),
)
ENTRIES: Final = Table(
    "incident_entries",
    _metadata,
    Column("incident", String(32), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("entry", LargeBinary),
)
REVIEWS: Final = Table(
    "incident_reviews",
    _metadata,
    Column("incident", String(32), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", String(16)),
    Column("author", String(64)),
    Column("text", Text),
    Column("draft", LargeBinary),
)
