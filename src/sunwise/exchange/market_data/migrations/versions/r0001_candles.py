"""Candles of a minute and longer."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, String

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the table; in SQLite rows lie in the order of the key, as PostgreSQL's index does."""
    numbers = (
        "open_ticks", "high_ticks", "low_ticks", "close_ticks", "lots", "quote_atoms", "trades",
        "buy_lots", "buy_quote_atoms", "first_trade_id",
    )  # fmt: skip
    op.create_table(
        "candles",
        Column("symbol", Integer, primary_key=True, autoincrement=False),
        Column("interval", String(3), primary_key=True),
        Column("open_ns", BigInteger, primary_key=True, autoincrement=False),
        *(Column(name, BigInteger, nullable=False) for name in numbers),
        sqlite_with_rowid=False,
    )
