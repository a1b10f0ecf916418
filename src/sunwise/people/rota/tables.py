"""The tables as the code sees them; `migrations` makes them.

No column says why somebody is away, nor when somebody answered. The ledger holds pseudonyms, points
and the window, never a time of day; their key is the directory's.
"""

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
    "rota_head",
    _metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger),
    Column("ledger_seq", BigInteger),
    Column("ledger_chain", LargeBinary),
    Column("ledger_key", LargeBinary),
    Column("n_erased", BigInteger),
)
"""One row: the version of the duty table, the end of the ledger, and how many erasures there were.

Whoever changes anything locks it.
"""
UNITS: Final = Table(
    "rota_units",
    _metadata,
    Column("unit", String(80), primary_key=True),
    Column("content", LargeBinary),
    Column("is_active", Boolean),
)
ROTAS: Final = Table(
    "rotas",
    _metadata,
    Column("unit", String(80), primary_key=True),
    Column("window_ns", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", String(12)),
    Column("created_ns", BigInteger),
    Column("directory_version", BigInteger),
    Column("tzdata", String(16)),
    Column("inputs", String(64)),
    Column("content", LargeBinary),
)
TURNS: Final = Table(
    "rota_turns",
    _metadata,
    Column("unit", String(80), primary_key=True),
    Column("window_ns", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("role", String(16), primary_key=True),
    Column("start_ns", BigInteger, primary_key=True),
    Column("end_ns", BigInteger),
    Column("person", String(64)),
    Column("is_actual", Boolean),
    Column("gap_owner", String(64)),
)
TOLD: Final = Table(
    "rota_told",
    _metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("slots", LargeBinary),
)
"""What made each version of the duty table; NULL: it cannot be told, the table must be read."""
REQUESTS: Final = Table(
    "rota_requests",
    _metadata,
    Column("id", String(16), primary_key=True),
    Column("unit", String(80)),
    Column("window_ns", BigInteger),
    Column("kind", String(16)),
    Column("state", String(12)),
    Column("asked_by", String(64)),
    Column("content", LargeBinary),
)
CONSENTS: Final = Table(
    "rota_consents",
    _metadata,
    Column("request", String(16), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("version", Integer),
    Column("is_yes", Boolean),
)
"""A person without a row has not answered, which is no yes."""
HELD: Final = Table(
    "rota_held",
    _metadata,
    Column("mark", String(64), primary_key=True),
    Column("end_ns", BigInteger),
)
"""Which hours handoff gave to somebody by `Held`, as keyed digests, until some days after they ended."""
CLOSURES: Final = Table(
    "rota_closures",
    _metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(8)),
    Column("subject", String(64)),
    Column("from_ns", BigInteger),
    Column("until_ns", BigInteger),
)
"""When a person, a hub or a country (`kind`) cannot be on duty."""
TRAVEL: Final = Table(
    "rota_travel",
    _metadata,
    Column("person", String(64), primary_key=True),
    Column("from_ns", BigInteger, primary_key=True),
    Column("until_ns", BigInteger),
    Column("zone", Text),
)
LEDGER: Final = Table(
    "rota_ledger",
    _metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("window_ns", BigInteger),
    Column("pseudonym", String(32)),
    Column("kind", String(12)),
    Column("points", Integer),
    Column("key", String(64)),
    Column("chain", LargeBinary),
)
