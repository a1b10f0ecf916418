"""The tables as the code sees them; `migrations` makes them. Columns are named as in the contract."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, SmallInteger, String, Table

from sunwise.contracts.exchange.accounts import OrderState
from sunwise.contracts.exchange.history import Fill

_metadata: Final = MetaData()
_TYPES: Final = {
    "symbol": Integer, "fee_asset": Integer, "base_asset": Integer, "quote_asset": Integer,
    "client_id": String, "is_working": Boolean, "by_quote": Boolean, "is_maker": Boolean,
    "is_buyer": Boolean, "side": SmallInteger, "order_type": SmallInteger,
    "time_in_force": SmallInteger, "stp": SmallInteger, "status": SmallInteger,
    "expiry_reason": SmallInteger,
}  # fmt: skip


def _table(name: str, columns: tuple[str, ...], key: set[str]) -> Table:
    return Table(
        name,
        _metadata,
        *(Column(c, _TYPES.get(c, BigInteger), primary_key=c in key) for c in columns),
    )


ORDERS: Final = _table("orders", OrderState.__struct_fields__, {"symbol", "order_id"})
FILLS: Final = _table("fills", Fill.__struct_fields__, {"symbol", "trade_id", "is_maker"})
SYMBOL_ASSETS: Final = _table("symbol_assets", ("symbol", "base_asset", "quote_asset"), {"symbol"})

UNCHANGING: Final = frozenset(
    {
        "account", "symbol", "order_id", "client_id", "side", "order_type", "time_in_force", "stp",
        "price_ticks", "qty_lots", "quote_atoms", "stop_ticks", "by_quote", "accepted_ns",
        "strategy_id", "strategy_type",
    }
)  # fmt: skip
"""Columns of an order that stay as accepted."""

OrderValues = tuple[int | str | bool, ...]
"""An order's row, in the order of the columns."""
FillValues = tuple[int | bool, ...]
"""A fill's row, in the order of the columns."""

assert UNCHANGING.issubset(OrderState.__struct_fields__), "columns are named as in the contract"
