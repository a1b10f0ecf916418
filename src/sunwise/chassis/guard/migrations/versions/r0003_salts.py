"""What the hash of a proposal is salted with."""

from alembic import op
from sqlalchemy import Column, String

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Proposals that wait have none: they are approved by the hash that was made without."""
    op.add_column("guard_proposals", Column("salt", String(32), nullable=False, server_default=""))
