"""How often somebody was erased: what was planned on an older directory is not stored after that."""

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nobody was erased that could still be in a plan."""
    op.add_column("rota_head", Column("n_erased", BigInteger, nullable=False, server_default="0"))
