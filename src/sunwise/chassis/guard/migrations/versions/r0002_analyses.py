"""Which analyses of people were agreed to, where."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Where there is no row, what tells something of one person is off."""
    op.create_table(
        "guard_analyses",
        sa.Column("analysis", sa.String(32), primary_key=True),
        sa.Column("place", sa.String(80), primary_key=True),
        sa.Column("is_allowed", sa.Boolean, nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("agreed_by", sa.String(200), nullable=False),
        sa.Column("agreed_on", sa.String(10), nullable=False),
    )
