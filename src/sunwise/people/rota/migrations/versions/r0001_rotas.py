"""Rotas, their turns, what was told, requests and consents, closures, journeys, the burden ledger."""

import secrets

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The head begins at version 0 with an empty ledger."""
    head = op.create_table(
        "rota_head",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("version", BigInteger, nullable=False),
        Column("ledger_seq", BigInteger, nullable=False),
        Column("ledger_chain", LargeBinary, nullable=False),
        Column("ledger_key", LargeBinary, nullable=False),
    )
    key = secrets.token_bytes(32)
    op.bulk_insert(
        head,
        [{"id": 1, "version": 0, "ledger_seq": 0, "ledger_chain": bytes(32), "ledger_key": key}],
    )
    _rotas()
    _requests()
    op.create_table(
        "rota_ledger",
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("window_ns", BigInteger, nullable=False),
        Column("pseudonym", String(32), nullable=False),
        Column("kind", String(12), nullable=False),
        Column("points", Integer, nullable=False),
        Column("key", String(64), nullable=False),
        Column("chain", LargeBinary, nullable=False),
        UniqueConstraint("key"),
    )
    op.create_index("rota_ledger_by_pseudonym", "rota_ledger", ["pseudonym", "window_ns"])


def _rotas() -> None:
    op.create_table(
        "rota_units",
        Column("unit", String(80), primary_key=True),
        Column("content", LargeBinary, nullable=False),
        Column("is_active", Boolean, nullable=False),
    )
    op.create_table(
        "rotas",
        Column("unit", String(80), primary_key=True),
        Column("window_ns", BigInteger, primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("state", String(12), nullable=False),
        Column("created_ns", BigInteger, nullable=False),
        Column("directory_version", BigInteger, nullable=False),
        Column("tzdata", String(16), nullable=False),
        Column("inputs", String(64), nullable=False),
        Column("content", LargeBinary, nullable=False),
    )
    op.create_table(
        "rota_turns",
        Column("unit", String(80), primary_key=True),
        Column("window_ns", BigInteger, primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("role", String(16), primary_key=True),
        Column("start_ns", BigInteger, primary_key=True),
        Column("end_ns", BigInteger, nullable=False),
        Column("person", String(64)),
        Column("is_actual", Boolean, nullable=False),
        Column("gap_owner", String(64)),
    )
    op.create_index("rota_turns_by_end", "rota_turns", ["end_ns"])
    op.create_table(
        "rota_told",
        Column("version", BigInteger, primary_key=True, autoincrement=False),
        Column("slots", LargeBinary),
    )


def _requests() -> None:
    op.create_table(
        "rota_requests",
        Column("id", String(16), primary_key=True),
        Column("unit", String(80), nullable=False),
        Column("window_ns", BigInteger, nullable=False),
        Column("kind", String(16), nullable=False),
        Column("state", String(12), nullable=False),
        Column("asked_by", String(64), nullable=False),
        Column("content", LargeBinary, nullable=False),
    )
    op.create_table(
        "rota_consents",
        Column("request", String(16), primary_key=True),
        Column("person", String(64), primary_key=True),
        Column("version", Integer, nullable=False),
        Column("is_yes", Boolean, nullable=False),
    )
    op.create_table(
        "rota_closures",
        Column("id", String(16), primary_key=True),
        Column("kind", String(8), nullable=False),
        Column("subject", String(64), nullable=False),
        Column("from_ns", BigInteger, nullable=False),
        Column("until_ns", BigInteger, nullable=False),
    )
    op.create_table(
        "rota_travel",
        Column("person", String(64), primary_key=True),
        Column("from_ns", BigInteger, primary_key=True),
        Column("until_ns", BigInteger, nullable=False),
        Column("zone", Text, nullable=False),
    )
