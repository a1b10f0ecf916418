"""The tables as the code sees them; `migrations` makes them."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, String, Table, Text

_metadata: Final = MetaData()

ERASURES: Final = Table(
    "privacy_erasures",
    _metadata,
    Column("id", String(16), primary_key=True),
    Column("person", String(64)),
    Column("words", Text),  # JSON
    Column("begun_ns", BigInteger),
    Column("round", Integer),
    Column("next_ns", BigInteger),
    Column("done_ns", BigInteger),
)
"""`person` and `words` are empty once it is done."""
STEPS: Final = Table(
    "privacy_steps",
    _metadata,
    Column("erasure", String(16), primary_key=True),
    Column("holder", String(80), primary_key=True),
    Column("round", Integer),
    Column("is_clean", Boolean),
    Column("gone", Text),  # JSON
    Column("remains", Text),  # JSON
    Column("waits", Text),
)
