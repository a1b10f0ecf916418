"""API keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """One row a key; `revision` rises with every change of any of them."""
    op.create_table(
        "api_keys",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("material", sa.LargeBinary, nullable=False),
        sa.Column("account", sa.BigInteger, nullable=False, index=True),
        sa.Column("permissions", sa.Integer, nullable=False),
        sa.Column("allowed_ips", sa.Text, nullable=False),
        sa.Column("is_market_maker", sa.Boolean, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("revoked_ns", sa.BigInteger, nullable=True),
        sa.Column("revision", sa.BigInteger, nullable=False, index=True),
    )
