"""Orders and trades of the past: what the history service answers, out of SQL."""

from msgspec import Struct

from sunwise.contracts.exchange.accounts import OrderState, Position


class Fill(Struct, frozen=True, kw_only=True, array_like=True):
    """One account's half of a trade (Binance: myTrades)."""

    account: int
    symbol: int
    trade_id: int
    order_id: int
    price_ticks: int
    qty_lots: int
    quote_atoms: int
    fee_atoms: int
    fee_asset: int
    time_ns: int
    is_buyer: bool
    is_maker: bool


class GetOrders(Struct, frozen=True, kw_only=True, tag="orders"):
    """Ask for orders by order id, oldest first; answered by PastOrders.

    With `from_order_id`: ids from there on. Else with times: accepted within
    [start_ns, end_ns]. Else the newest `limit`.
    """

    account: int
    symbol: int
    from_order_id: int | None = None
    client_id: str | None = None  # just the newest with this client order id
    start_ns: int | None = None
    end_ns: int | None = None
    limit: int = 500


class GetFills(Struct, frozen=True, kw_only=True, tag="fills"):
    """Ask for fills by trade id, oldest first; answered by Fills. As GetOrders."""

    account: int
    symbol: int
    order_id: int | None = None
    from_trade_id: int | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    limit: int = 500


HistoryQuery = GetOrders | GetFills


class PastOrders(Struct, frozen=True, kw_only=True, tag="orders"):
    """Answer to GetOrders: open and closed orders."""

    position: Position
    orders: list[OrderState]


class Fills(Struct, frozen=True, kw_only=True, tag="fills"):
    """Answer to GetFills."""

    position: Position
    fills: list[Fill]


HistoryReply = PastOrders | Fills


def query_subject(shard: str) -> str:
    """Where the history service listens."""
    return f"query.history.{shard}"
