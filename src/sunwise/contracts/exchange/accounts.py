"""Balances and open orders: what the accounts service answers and publishes.

Every reply names the position it was read at. A query is answered only when
the service has applied everything that was stored before the query arrived, so
a client reads its own writes through any gateway.
"""

from typing import Annotated

from msgspec import Meta, Struct

# What queries may carry: beyond these bounds nothing exists that could be asked for.
Index = Annotated[int, Meta(ge=0, lt=2**31)]
"""Place of a symbol or asset in the order of listing."""
Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""An account, an order, a trade."""
ClientId = Annotated[str, Meta(max_length=36)]
"""A client order id."""


class Position(Struct, frozen=True, kw_only=True, array_like=True, order=True):
    """A place in the log: event message `part` of batch `command_seq`."""

    command_seq: int
    part: int = 0


class Balance(Struct, frozen=True, kw_only=True, array_like=True):
    """What one account holds of one asset, in atoms."""

    asset: int  # index of the asset
    free_atoms: int
    locked_atoms: int


class OrderState(Struct, frozen=True, kw_only=True, array_like=True):
    """An order as it stands after everything up to some position.

    Enumerations are the integers of `records`; prices in ticks, quantities in
    lots, money in atoms of the quote asset, times in ns since 1970.
    """

    account: int
    symbol: int
    order_id: int
    client_id: str
    side: int
    order_type: int
    time_in_force: int
    stp: int
    status: int  # OrderStatus
    price_ticks: int
    qty_lots: int  # 0 for a MARKET order by quoteOrderQty
    quote_atoms: int
    stop_ticks: int
    executed_lots: int
    executed_quote_atoms: int
    is_working: bool  # false for an untriggered stop
    by_quote: bool
    accepted_ns: int
    updated_ns: int
    working_ns: int  # 0 for an untriggered stop
    expiry_reason: int = 0  # records.ExpiryReason
    strategy_id: int = 0
    strategy_type: int = 0
    prevented_match_id: int = 0
    prevented_lots: int = 0


class OrderStatus:
    """Where an order is in its life."""

    NEW = 0
    PARTIALLY_FILLED = 1
    FILLED = 2
    CANCELED = 3
    EXPIRED = 4
    EXPIRED_IN_MATCH = 5  # by self-trade prevention
    REJECTED = 6


# ---- queries: request subject `query.accounts.<shard>`, one tagged union ----


class GetBalances(Struct, frozen=True, kw_only=True, tag="balances"):
    """Ask for all balances of an account; answered by Balances."""

    account: Number


class GetOpenOrders(Struct, frozen=True, kw_only=True, tag="open_orders"):
    """Ask for open orders, oldest first; answered by Orders."""

    account: Number
    symbol: Index | None = None  # every symbol when None


class GetOrder(Struct, frozen=True, kw_only=True, tag="order"):
    """Ask for one order, open or closed not long ago; answered by Orders with one order or none.

    By its id, or by its client order id; with both, the order must have both. An order that is not
    found here may be in the history.
    """

    account: Number
    symbol: Index
    order_id: Number | None = None
    client_id: ClientId | None = None  # the newest order with this id


AccountsQuery = GetBalances | GetOpenOrders | GetOrder


class Balances(Struct, frozen=True, kw_only=True, tag="balances"):
    """Answer to GetBalances. An account that does not exist has none."""

    position: Position
    balances: list[Balance]
    updated_ns: int  # log time of the last change; 0 for none


class Orders(Struct, frozen=True, kw_only=True, tag="orders"):
    """Answer to GetOpenOrders and GetOrder."""

    position: Position
    orders: list[OrderState]


AccountsReply = Balances | Orders


def query_subject(shard: str) -> str:
    """Where the accounts service listens."""
    return f"query.accounts.{shard}"


# ---- user events: published on `user.<shard>.<account>`, at most once ----


class Execution(Struct, frozen=True, kw_only=True, tag="execution"):
    """Something happened to an order of this account (Binance: executionReport).

    An order that self-trade prevention ended is told by one PREVENTED with status EXPIRED_IN_MATCH,
    not by EXPIRED; an order that went on is not told of matches that were prevented. A MARKET order
    by quoteOrderQty that traded all it could is told FILLED by its last TRADE.
    """

    order: OrderState  # after it
    what: int  # ExecutionType
    request_client_id: str = ""  # CANCELED: the id of the cancel request
    trade_id: int = 0
    last_price_ticks: int = 0
    last_lots: int = 0
    last_quote_atoms: int = 0
    fee_atoms: int = 0
    fee_asset: int = -1
    is_maker: bool = False
    counter_order_id: int = 0  # PREVENTED: the other order; last_* say what was prevented
    execution_id: int = 0  # rises strictly for each account


class ExecutionType:
    """What an Execution tells."""

    NEW = 0
    CANCELED = 1
    TRADE = 2
    EXPIRED = 3
    PREVENTED = 4
    TRIGGERED = 5


class HoldingsChanged(Struct, frozen=True, kw_only=True, tag="holdings"):
    """Balances that one command touched, after it (Binance: outboundAccountPosition).

    It comes once for each command, behind its other events; a stop that is triggered counts as a
    command of its own.
    """

    balances: list[Balance]


class FundsMoved(Struct, frozen=True, kw_only=True, tag="funds"):
    """A credit (positive) or debit (negative) from outside trading (Binance: balanceUpdate)."""

    asset: int
    amount_atoms: int


UserEvent = Execution | HoldingsChanged | FundsMoved


class UserEvents(Struct, frozen=True, kw_only=True):
    """What one event message meant for one account, in order.

    Each names the message before it, so that a reader of this at-most-once subject sees that it
    has missed something: `previous` is not the position it saw last. It then has to start anew.
    After a restart of the service, messages may come again: their positions were seen before. An
    event message that would not fit into one message is not published at all, and so is missed.
    """

    account: int
    position: Position
    time_ns: int
    events: list[UserEvent]
    previous: Position | None = None  # None: the account's first


def user_subject(shard: str, account: int) -> str:
    """Where the events of one account are published."""
    return f"user.{shard}.{account}"
