"""Which hours handoff gave to somebody: what passed from them later is not given back to them."""

from alembic import op
from sqlalchemy import BigInteger, Column, String

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """What was given before is not known; it is marked when it is read again."""
    op.create_table(
        "rota_held",
        Column("mark", String(64), primary_key=True),
        Column("end_ns", BigInteger, nullable=False),
    )
