"""Facts, and the origin of this file."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """A row a fact, by who numbered it; and the one name under which this file numbers its own."""
    op.create_table(
        "pager_facts",
        sa.Column("origin", sa.String(32), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("fact", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table("pager_origin", sa.Column("origin", sa.String(32), primary_key=True))
