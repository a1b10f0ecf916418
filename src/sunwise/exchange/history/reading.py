"""Reads the history: orders and fills by id, by time, or the newest.

Ids of a symbol rise with time, so a time is turned into an id by halving (about log2(rows) look-ups
of one row each) and needs no index of its own.
"""

from typing import Any, Final

from sqlalchemy import Connection, Select, Table, func, select

from sunwise.contracts.exchange.accounts import OrderState
from sunwise.contracts.exchange.history import Fill, GetFills, GetOrders
from sunwise.exchange.history.tables import FILLS, ORDERS

_ORDER_FIELDS: Final = OrderState.__struct_fields__
_FILL_FIELDS: Final = Fill.__struct_fields__


def past_orders(connection: Connection, query: GetOrders) -> list[OrderState]:
    """The orders that `query` asks for, by rising id."""
    columns = ORDERS.c
    wanted = select(ORDERS).where(columns.account == query.account, columns.symbol == query.symbol)
    if query.client_id is not None:
        wanted = wanted.where(columns.client_id == query.client_id)
        newest = wanted.order_by(columns.order_id.desc()).limit(1)
        rows = list(connection.execute(newest))
    else:
        rows = _page(connection, wanted, ORDERS, query, from_id=query.from_order_id)
    return [OrderState(**dict(zip(_ORDER_FIELDS, row, strict=True))) for row in rows]


def past_fills(connection: Connection, query: GetFills) -> list[Fill]:
    """The fills that `query` asks for, by rising trade id."""
    columns = FILLS.c
    wanted = select(FILLS).where(columns.symbol == query.symbol)
    if query.order_id is None:
        wanted = wanted.where(columns.account == query.account)
    else:  # an order is one account's: no index has to find both
        wanted = wanted.where(columns.order_id == query.order_id)
    rows = _page(connection, wanted, FILLS, query, from_id=query.from_trade_id)
    fills = [Fill(**dict(zip(_FILL_FIELDS, row, strict=True))) for row in rows]
    return [fill for fill in fills if fill.account == query.account]


def _page(
    connection: Connection,
    wanted: Select[Any],
    table: Table,
    query: GetOrders | GetFills,
    *,
    from_id: int | None,
) -> list[Any]:
    """The first rows from an id or a time on, else the newest; by rising id either way."""
    is_orders = table is ORDERS
    ids = table.c.order_id if is_orders else table.c.trade_id
    order = [ids] if is_orders else [ids, table.c.is_maker]
    if from_id is not None:
        wanted = wanted.where(ids >= from_id)
    if query.start_ns is not None:
        wanted = wanted.where(ids >= _first_id_at(connection, table, query.symbol, query.start_ns))
    if query.end_ns is not None:
        beyond = _first_id_at(connection, table, query.symbol, query.end_ns + 1)
        wanted = wanted.where(ids < beyond)
    if from_id is not None or query.start_ns is not None:
        return list(connection.execute(wanted.order_by(*order).limit(query.limit)))
    newest = wanted.order_by(*(column.desc() for column in order)).limit(query.limit)
    return list(connection.execute(newest))[::-1]


def _first_id_at(connection: Connection, table: Table, symbol: int, time_ns: int) -> int:
    """The lowest id of the symbol at or after a time; beyond the last one when there is none."""
    is_orders = table is ORDERS
    ids = table.c.order_id if is_orders else table.c.trade_id
    times = table.c.accepted_ns if is_orders else table.c.time_ns
    newest = connection.execute(select(func.max(ids)).where(table.c.symbol == symbol)).scalar()
    low, high = 1, (newest or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            select(ids, times).where(table.c.symbol == symbol, ids >= middle).order_by(ids).limit(1)
        ).one()
        if row[1] >= time_ns:
            high = middle
        else:
            low = row[0] + 1
    return low
