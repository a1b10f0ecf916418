"""Orders, fills, and the assets of symbols."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, SmallInteger, String

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables.

    Rows lie in the order of writing, and new ids go to the ends of their keys; only the indexes by
    account are entered in the middle, and their entries are small. (SQLite could keep the rows in
    the primary key, but then walks a symbol's rows where the index by account should be used.)
    """
    op.create_table(
        "orders",
        Column("symbol", Integer, primary_key=True, autoincrement=False),
        Column("order_id", BigInteger, primary_key=True, autoincrement=False),
        Column("account", BigInteger, nullable=False),
        Column("client_id", String(40), nullable=False),
        *_small("side", "order_type", "time_in_force", "stp", "status"),
        *_big("price_ticks", "qty_lots", "quote_atoms", "stop_ticks"),
        *_big("executed_lots", "executed_quote_atoms"),
        Column("is_working", Boolean, nullable=False),
        Column("by_quote", Boolean, nullable=False),
        *_big("accepted_ns", "updated_ns", "working_ns"),
        *_small("expiry_reason"),
        *_big("strategy_id", "strategy_type", "prevented_match_id", "prevented_lots"),
    )
    op.create_index("orders_by_account", "orders", ["account", "symbol", "order_id"])
    named = ["account", "symbol", "client_id", "order_id"]
    op.create_index("orders_by_client_id", "orders", named)
    op.create_table(
        "fills",
        Column("symbol", Integer, primary_key=True, autoincrement=False),
        Column("trade_id", BigInteger, primary_key=True, autoincrement=False),
        Column("is_maker", Boolean, primary_key=True),
        *_big("account", "order_id", "price_ticks", "qty_lots", "quote_atoms", "fee_atoms"),
        Column("fee_asset", Integer, nullable=False),
        *_big("time_ns"),
        Column("is_buyer", Boolean, nullable=False),
    )
    op.create_index("fills_by_account", "fills", ["account", "symbol", "trade_id", "is_maker"])
    op.create_index("fills_by_order", "fills", ["symbol", "order_id", "trade_id", "is_maker"])
    op.create_table(
        "symbol_assets",
        Column("symbol", Integer, primary_key=True, autoincrement=False),
        Column("base_asset", Integer, nullable=False),
        Column("quote_asset", Integer, nullable=False),
    )


def _big(*names: str) -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False) for name in names]


def _small(*names: str) -> list[Column[int]]:
    return [Column(name, SmallInteger, nullable=False) for name in names]
