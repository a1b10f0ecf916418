"""The tables of the history against a naive exchange, written and replayed in any portions."""

import random
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from sunwise.chassis.log import Checkpoint
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.history import GetFills, GetOrders
from sunwise.contracts.exchange.records import FIRST_CLIENT_ACCOUNT
from sunwise.exchange.history.model import History
from sunwise.exchange.history.reading import past_fills, past_orders
from sunwise.exchange.history.store import HistoryStore
from sunwise.exchange.history.tables import FILLS, ORDERS
from tests.support.toy_exchange import ToyExchange

SEEDS = st.integers(0, 2**32)
STREAM = 77  # created_ns of the event stream
few = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def flow(seed: int, batches: int = 30):
    rng = random.Random(seed)
    toy = ToyExchange(rng)
    messages = toy.open_market()
    for _ in range(batches):
        messages += toy.clock() if rng.random() < 0.2 else toy.batch(rng.randrange(1, 9))
    return toy, messages


def place_of(message, seq: int) -> Checkpoint:
    position = Position(command_seq=message.command_seq, part=message.part)
    return Checkpoint(
        position=position, chain=message.chain, is_last=True, evt_seq=seq, created_ns=STREAM
    )


def write_all(store: HistoryStore, messages, rng: random.Random, start: int = 0) -> None:
    """Writes messages in random portions, as the service does."""
    model, whole = History(store.assets_of()), None
    for seq, message in enumerate(messages[start:], start=start + 1):
        model.apply(message)
        if message.is_last:
            whole = place_of(message, seq)
        if rng.random() < 0.3 or seq == len(messages):
            store.write(model.take_changes(), whole)


def tables(engine) -> tuple[list, list]:
    with engine.connect() as connection:
        orders = connection.execute(select(ORDERS).order_by(ORDERS.c.symbol, ORDERS.c.order_id))
        by_id = (FILLS.c.symbol, FILLS.c.trade_id, FILLS.c.is_maker)
        fills = connection.execute(select(FILLS).order_by(*by_id))
        return [tuple(row) for row in orders], [tuple(row) for row in fills]


def true_orders(toy: ToyExchange) -> list[tuple]:
    return sorted(
        (
            (
                o.account, o.symbol, o.order_id, o.client_id, o.side, o.order_type,
                o.time_in_force, o.stp, o.status, o.price, o.qty, o.quote, o.stop, o.executed,
                o.executed_quote, o.working_ns > 0, o.by_quote, o.accepted_ns, o.updated_ns,
                o.working_ns, o.reason, 0, 0, *o.prevented,
            )
            for o in toy.orders
        ),
        key=lambda row: row[1:3],
    )  # fmt: skip


def true_fills(toy: ToyExchange) -> list[tuple]:
    rows = []
    for t in toy.trades:
        for order, fee, is_maker in ((t.taker, t.taker_fee, False), (t.maker, t.maker_fee, True)):
            is_buyer = order.side == 0
            rows.append(
                (
                    order.account, t.symbol, t.trade_id, order.order_id, t.price, t.qty, t.quote,
                    fee, t.symbol + 1 if is_buyer else 0, t.time_ns, is_buyer, is_maker,
                )
            )  # fmt: skip
    return sorted(rows, key=lambda row: (row[1], row[2], row[-1]))


@few
@given(SEEDS, SEEDS)
def test_tables_hold_every_order_and_both_fills_of_every_trade(new_database, seed, portions):
    toy, messages = flow(seed)
    engine = new_database()
    write_all(HistoryStore(engine, reader="r"), messages, random.Random(portions))
    assert tables(engine) == (true_orders(toy), true_fills(toy))


@few
@given(SEEDS, st.data())
def test_a_crash_anywhere_and_a_replay_from_the_stored_position_give_the_same_tables(
    new_database, seed, data
):
    toy, messages = flow(seed)
    engine = new_database()
    crash = data.draw(st.integers(1, len(messages)))
    write_all(HistoryStore(engine, reader="r"), messages[:crash], random.Random(seed))
    store = HistoryStore(engine, reader="r")
    start = store.start(STREAM)
    done = 0 if start is None else start.evt_seq
    assert done <= crash
    write_all(store, messages, random.Random(seed + 1), start=done)
    assert tables(engine) == (true_orders(toy), true_fills(toy))


@few
@given(SEEDS)
def test_a_whole_replay_over_the_tables_changes_nothing(new_database, seed):
    toy, messages = flow(seed)
    engine = new_database()
    store = HistoryStore(engine, reader="r")
    for portions in (1, 2):
        write_all(store, messages, random.Random(portions))
    assert tables(engine) == (true_orders(toy), true_fills(toy))


@pytest.fixture
def written(new_database):
    toy, messages = flow(4711, batches=150)
    engine = new_database()
    write_all(HistoryStore(engine, reader="r"), messages, random.Random(1))
    return toy, engine


def naive_page(rows: list, query, *, from_id, id_of, time_of) -> list:
    rows = [row for row in rows if from_id is None or id_of(row) >= from_id]
    rows = [row for row in rows if query.start_ns is None or time_of(row) >= query.start_ns]
    rows = [row for row in rows if query.end_ns is None or time_of(row) <= query.end_ns]
    rises = from_id is not None or query.start_ns is not None
    return rows[: query.limit] if rises else rows[-query.limit :]


def drawn(data, toy: ToyExchange, newest_id: int) -> dict:
    first, last = toy.orders[0].accepted_ns, toy.now_ns
    moments = st.none() | st.integers(first - 10, last + 10) | st.sampled_from([0, 2**63 - 1])
    return {
        "account": FIRST_CLIENT_ACCOUNT + data.draw(st.integers(0, toy.n_accounts)),
        "symbol": data.draw(st.integers(0, toy.n_symbols)),
        "start_ns": data.draw(moments),
        "end_ns": data.draw(moments),
        "limit": data.draw(st.integers(1, 40)),
        "from_id": data.draw(st.none() | st.integers(0, newest_id + 2)),
    }


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_pages_of_orders_are_those_of_the_list_of_orders(written, data):
    toy, engine = written
    asked = drawn(data, toy, max(order.order_id for order in toy.orders))
    from_id = asked.pop("from_id")
    query = GetOrders(**asked, from_order_id=from_id)
    mine = [
        row for row in true_orders(toy) if row[:2] == (query.account, query.symbol)
    ]  # fmt: skip
    expected = naive_page(
        mine, query, from_id=from_id, id_of=lambda row: row[2], time_of=lambda row: row[17]
    )
    with engine.connect() as connection:
        found = past_orders(connection, query)
    assert [order.order_id for order in found] == [row[2] for row in expected]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_pages_of_fills_are_those_of_the_list_of_trades(written, data):
    toy, engine = written
    asked = drawn(data, toy, len(toy.trades))
    from_id = asked.pop("from_id")
    orders = st.none() | st.sampled_from([order.order_id for order in toy.orders])
    query = GetFills(**asked, from_trade_id=from_id, order_id=data.draw(orders))
    mine = [
        row for row in true_fills(toy)
        if row[:2] == (query.account, query.symbol) and query.order_id in (None, row[3])
    ]  # fmt: skip
    expected = naive_page(
        mine, query, from_id=from_id, id_of=lambda row: row[2], time_of=lambda row: row[9]
    )
    with engine.connect() as connection:
        found = past_fills(connection, query)
    assert [(fill.trade_id, fill.is_maker) for fill in found] == [
        (row[2], row[-1]) for row in expected
    ]


def test_a_client_order_id_names_its_newest_order(written):
    toy, engine = written
    newest = {(o.account, o.symbol, o.client_id): o.order_id for o in toy.orders}
    with engine.connect() as connection:
        for (account, symbol, client_id), order_id in newest.items():
            query = GetOrders(account=account, symbol=symbol, client_id=client_id)
            assert [o.order_id for o in past_orders(connection, query)] == [order_id]
