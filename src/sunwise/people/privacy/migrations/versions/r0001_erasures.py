"""Erasures, and what became of them in each service."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """`person` and `words` are emptied once an erasure is done."""
    op.create_table(
        "privacy_erasures",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("begun_ns", sa.BigInteger, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("next_ns", sa.BigInteger, nullable=False),
        sa.Column("done_ns", sa.BigInteger, index=True),
    )
    op.create_table(
        "privacy_steps",
        sa.Column("erasure", sa.String(16), primary_key=True),
        sa.Column("holder", sa.String(80), primary_key=True),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("is_clean", sa.Boolean, nullable=False),
        sa.Column("gone", sa.Text, nullable=False),
        sa.Column("remains", sa.Text, nullable=False),
        sa.Column("waits", sa.Text, nullable=False),
    )
