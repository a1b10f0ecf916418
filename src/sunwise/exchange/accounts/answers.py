"""Answers to queries, out of the model as it stands."""

from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.accounts import (
    AccountsQuery,
    AccountsReply,
    Balances,
    GetBalances,
    GetOpenOrders,
    GetOrder,
    Orders,
)
from sunwise.exchange.accounts.account import Account
from sunwise.exchange.accounts.model import Accounts
from sunwise.exchange.accounts.orders import Order, client_key, order_key


def answer(model: Accounts, query: AccountsQuery) -> AccountsReply:
    """What the query asks for, at the model's position. Raises Permanent: the query names nothing."""
    holder = model.accounts.get(query.account) or Account()
    if isinstance(query, GetBalances):
        balances = [holder.balance(asset) for asset in holder.balances]
        return Balances(position=model.position, balances=balances, updated_ns=holder.updated_ns)
    if isinstance(query, GetOpenOrders):
        found = _open_orders(holder, query.symbol)
    else:
        found = _one_order(holder, query)
    return Orders(position=model.position, orders=[order.state() for order in found])


def _open_orders(holder: Account, symbol: int | None) -> list[Order]:
    if symbol is None:
        return list(holder.open.values())
    return [order for order in holder.open.values() if order.symbol == symbol]


def _one_order(holder: Account, query: GetOrder) -> list[Order]:
    if query.order_id is None and query.client_id is None:
        raise Permanent("GetOrder needs an order_id or a client_id")
    wanted = client_key(query.symbol, (query.client_id or "").encode())
    if query.order_id is None:
        order = holder.by_client_key.get(wanted)
        return [] if order is None else [order]
    key = order_key(query.symbol, query.order_id)
    order = holder.open.get(key) or holder.closed.get(key)
    if order is None or (query.client_id is not None and order.client_key != wanted):
        return []
    return [order]
