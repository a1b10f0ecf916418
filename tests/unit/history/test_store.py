"""Whose rows the tables hold, and what becomes of them when the log is another."""

import random

import pytest
from sqlalchemy import func, select

from sunwise.chassis.db import open_database
from sunwise.chassis.log import Checkpoint
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.history import GetFills, GetOrders
from sunwise.exchange.history.model import History
from sunwise.exchange.history.reading import past_fills, past_orders
from sunwise.exchange.history.store import HistoryStore
from sunwise.exchange.history.tables import ORDERS
from tests.support.toy_exchange import ToyExchange


def place(created_ns: int) -> Checkpoint:
    position = Position(command_seq=9)
    return Checkpoint(
        position=position, chain=bytes(16), is_last=True, evt_seq=9, created_ns=created_ns
    )


def fill(store: HistoryStore, created_ns: int) -> None:
    toy = ToyExchange(random.Random(5))
    model = History({})
    for message in [*toy.open_market(), *toy.batch(20)]:
        model.apply(message)
    store.write(model.take_changes(), place(created_ns))


def count(engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(ORDERS)).scalar_one()


def test_an_empty_database_starts_from_the_logs_beginning(new_database):
    assert HistoryStore(new_database(), reader="r").start(1) is None


def test_the_position_comes_back_as_it_was_written(new_database):
    engine = new_database()
    fill(HistoryStore(engine, reader="r"), created_ns=1)
    again = HistoryStore(engine, reader="r")
    assert again.start(1) == place(1)
    assert again.assets_of() == {0: (1, 0), 1: (2, 0)}
    assert count(engine) > 0


def test_rows_of_another_stream_are_dropped(new_database):
    engine = new_database()
    fill(HistoryStore(engine, reader="r"), created_ns=1)
    again = HistoryStore(engine, reader="r")
    assert again.start(2) is None
    assert again.start(1) is None
    assert count(engine) == 0


PLANS = {
    "orders_by_account (account=? AND symbol=?)": GetOrders(account=2, symbol=0),
    "orders_by_account (account=? AND symbol=? AND order_id>?)": GetOrders(
        account=2, symbol=0, from_order_id=3
    ),
    "orders_by_client_id (account=? AND symbol=? AND client_id=?)": GetOrders(
        account=2, symbol=0, client_id="c1"
    ),
    "fills_by_account (account=? AND symbol=?)": GetFills(account=2, symbol=0),
    "fills_by_order (symbol=? AND order_id=?)": GetFills(account=2, symbol=0, order_id=3),
}


@pytest.mark.parametrize("index", PLANS)
def test_what_is_asked_for_has_an_index(tmp_path, index):
    # PostgreSQL decides by statistics, which a small table does not have.
    engine, statements = open_database(tmp_path / "history.db"), []
    fill(HistoryStore(engine, reader="r"), created_ns=1)
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        raw.set_trace_callback(statements.append)
        query = PLANS[index]
        (past_orders if isinstance(query, GetOrders) else past_fills)(connection, query)
        raw.set_trace_callback(None)
        plan = raw.execute("EXPLAIN QUERY PLAN " + statements[-1]).fetchall()
    engine.dispose()
    assert index in str(plan)
