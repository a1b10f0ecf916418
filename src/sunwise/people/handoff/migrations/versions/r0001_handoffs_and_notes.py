"""Handoffs, their notes, and what was told to others."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables. No column says when a person was asked, wrote or accepted."""
    op.create_table(
        "handoff_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO handoff_head (id, seq) VALUES (1, 0)")
    op.create_table(
        "handoffs",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False, index=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("handoffs_by_state", "handoffs", ["state", "at_ns"])
    op.create_table(
        "handoff_notes",
        sa.Column("handoff", sa.String(20), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("author", sa.String(64), nullable=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("parts", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "handoff_events",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("handoff", sa.String(20), nullable=False, index=True),
        sa.Column("event", sa.LargeBinary, nullable=False),
    )
