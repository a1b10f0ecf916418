"""Orders and trades of the past: what the history service answers, out of SQL."""

from typing import Annotated

from msgspec import Meta, Struct

from sunwise.contracts.exchange.accounts import ClientId, Index, Number, OrderState, Position

Moment = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A time, ns since 1970; an end is inclusive."""
Limit = Annotated[int, Meta(ge=1, le=1_000)]
"""How many rows an answer may have."""


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
    """Ask for orders, answered by PastOrders in the order of their ids.

    `from_order_id`: ids from there on; `start_ns`, `end_ns`: accepted within them. Given together,
    all of them hold. With `from_order_id` or `start_ns` the first `limit` of these are the answer,
    else the newest `limit`.
    """

    account: Number
    symbol: Index
    from_order_id: Number | None = None
    client_id: ClientId | None = None  # just the newest with this client order id
    start_ns: Moment | None = None
    end_ns: Moment | None = None
    limit: Limit = 500


class GetFills(Struct, frozen=True, kw_only=True, tag="fills"):
    """Ask for fills, answered by Fills in the order of trade ids; as GetOrders.

    Who traded with himself has two fills of one trade, the taker's first.
    """

    account: Number
    symbol: Index
    order_id: Number | None = None
    from_trade_id: Number | None = None
    start_ns: Moment | None = None
    end_ns: Moment | None = None
    limit: Limit = 500


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
