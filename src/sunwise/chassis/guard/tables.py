"""The tables as the code sees them; `migrations` makes them.

No secret is in them, only hashes. No column says when somebody was seen: a session's `idle_until_ns`
is rounded up to the hour, serves to end it, and goes with it.
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

ROLES: Final = Table(
    "guard_roles",
    _metadata,
    Column("person", String(64), primary_key=True),
    Column("role", String(32), primary_key=True),
)
CREDENTIALS: Final = Table(
    "guard_credentials",
    _metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(16)),
    Column("person", String(64)),
    Column("name", String(80)),
    Column("grants", String(160)),
    Column("hash", LargeBinary),
    Column("last_four", String(4)),
    Column("created_ns", BigInteger),
    Column("expires_ns", BigInteger),
    Column("revoked_ns", BigInteger),
)
SESSIONS: Final = Table(
    "guard_sessions",
    _metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("person", String(64)),
    Column("credential", String(16)),
    Column("idle_until_ns", BigInteger),
    Column("ends_ns", BigInteger),
)
PROPOSALS: Final = Table(
    "guard_proposals",
    _metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(64)),
    Column("right", String(64)),
    Column("summary", Text),
    Column("content", LargeBinary),
    Column("content_hash", String(64)),
    Column("proposer", String(64)),
    Column("created_ns", BigInteger),
    Column("expires_ns", BigInteger),
    Column("state", String(16)),
    Column("decided_by", String(64)),
    Column("decided_ns", BigInteger),
    Column("outcome", Text),
    Column("salt", String(32)),
)
PSEUDONYMS: Final = Table(
    "guard_pseudonyms",
    _metadata,
    Column("person", String(64), primary_key=True),
    Column("pseudonym", String(32)),
)
ANALYSES: Final = Table(
    "guard_analyses",
    _metadata,
    Column("analysis", String(32), primary_key=True),
    Column("place", String(80), primary_key=True),
    Column("is_allowed", Boolean),
    Column("reference", String(200)),
    Column("agreed_by", String(200)),
    Column("agreed_on", String(10)),
)
AUDIT: Final = Table(
    "guard_audit",
    _metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger),
    Column("actor", String(32)),
    Column("how", String(16)),
    Column("act", String(64)),
    Column("subject", String(80)),
    Column("detail", Text),
    Column("chain", LargeBinary),
)
AUDIT_HEAD: Final = Table(
    "guard_audit_head",
    _metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger),
    Column("chain", LargeBinary),
)
