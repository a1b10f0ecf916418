"""Users and groups as the identity provider sent them."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, String, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One row a resource; `version` counts its changes, for ETags."""
    op.create_table(
        "directory_scim",
        Column("kind", String(8), primary_key=True),
        Column("id", String(64), primary_key=True),
        Column("document", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("created_ns", BigInteger, nullable=False),
        Column("modified_ns", BigInteger, nullable=False),
    )
