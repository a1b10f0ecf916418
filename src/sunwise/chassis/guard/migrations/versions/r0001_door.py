"""Roles, credentials, sessions, proposals, and an audit log that can only grow."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Text

revision = "0001"
down_revision = None

_SQLITE_ONLY_GROWS = """
CREATE TRIGGER guard_audit_no_{verb} BEFORE {verb} ON guard_audit
BEGIN SELECT RAISE(ABORT, 'the audit log can only grow'); END
"""
_POSTGRESQL_FUNCTION = """
CREATE FUNCTION guard_audit_only_grows() RETURNS trigger AS
'BEGIN RAISE EXCEPTION ''the audit log can only grow''; END' LANGUAGE plpgsql
"""
_POSTGRESQL_ONLY_GROWS = """
CREATE TRIGGER guard_audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON guard_audit
FOR EACH STATEMENT EXECUTE FUNCTION guard_audit_only_grows()
"""


def upgrade() -> None:
    """Makes the tables."""
    _make_people()
    _make_proposals()
    _make_audit()
    _let_the_audit_only_grow()


def _make_people() -> None:
    op.create_table(
        "guard_roles",
        Column("person", String(64), primary_key=True),
        Column("role", String(32), primary_key=True),
    )
    op.create_table(
        "guard_credentials",
        Column("id", String(16), primary_key=True),
        Column("kind", String(16), nullable=False),
        Column("person", String(64), nullable=True, index=True),
        Column("name", String(80), nullable=False),
        Column("grants", String(160), nullable=False),
        Column("hash", LargeBinary(32), nullable=False, unique=True),
        Column("last_four", String(4), nullable=False),
        Column("created_ns", BigInteger, nullable=False),
        Column("expires_ns", BigInteger, nullable=True),
        Column("revoked_ns", BigInteger, nullable=True),
    )
    op.create_table(
        "guard_sessions",
        Column("hash", LargeBinary(32), primary_key=True),
        Column("person", String(64), nullable=False, index=True),
        Column("credential", String(16), nullable=False, index=True),
        Column("idle_until_ns", BigInteger, nullable=False),
        Column("ends_ns", BigInteger, nullable=False),
    )
    op.create_table(
        "guard_pseudonyms",
        Column("person", String(64), primary_key=True),
        Column("pseudonym", String(32), nullable=False, unique=True),
    )


def _make_proposals() -> None:
    op.create_table(
        "guard_proposals",
        Column("id", String(16), primary_key=True),
        Column("kind", String(64), nullable=False),
        Column("right", String(64), nullable=False),
        Column("summary", Text, nullable=False),
        Column("content", LargeBinary, nullable=False),
        Column("content_hash", String(64), nullable=False),
        Column("proposer", String(64), nullable=False),
        Column("created_ns", BigInteger, nullable=False),
        Column("expires_ns", BigInteger, nullable=False),
        Column("state", String(16), nullable=False, index=True),
        Column("decided_by", String(64), nullable=True),
        Column("decided_ns", BigInteger, nullable=True),
        Column("outcome", Text, nullable=False),
    )


def _make_audit() -> None:
    op.create_table(
        "guard_audit",
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("at_ns", BigInteger, nullable=False),
        Column("actor", String(32), nullable=False),
        Column("how", String(16), nullable=False),
        Column("act", String(64), nullable=False),
        Column("subject", String(80), nullable=False),
        Column("detail", Text, nullable=False),
        Column("chain", LargeBinary(32), nullable=False),
    )
    head = op.create_table(
        "guard_audit_head",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, nullable=False),
        Column("chain", LargeBinary(32), nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "chain": bytes(32)}])


def _let_the_audit_only_grow() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_ONLY_GROWS.format(verb=verb))
    else:
        op.execute(_POSTGRESQL_FUNCTION)
        op.execute(_POSTGRESQL_ONLY_GROWS)
