"""The history service on the bus: what was stored is in the answer; restarts; other logs."""

import random

import msgspec
import pytest

from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.history import GetFills, GetOrders
from sunwise.exchange.history.service import HistoryService, HistorySettings
from tests.support.read_model_stage import Stage, running
from tests.support.toy_exchange import ToyExchange


@pytest.fixture
async def stage():
    stage = Stage()
    await stage.open()
    yield stage
    assert not stage.failures, stage.failures


def flow(seed: int, n: int) -> tuple[ToyExchange, list]:
    toy = ToyExchange(random.Random(seed))
    messages = toy.open_market()
    for _ in range(n):
        messages += toy.batch(4)
    return toy, messages


def service_on(stage: Stage, database) -> HistoryService:
    return HistoryService(stage.bus("history"), database, settings=HistorySettings())


async def check(stage: Stage, toy: ToyExchange) -> None:
    for account in range(2, 2 + toy.n_accounts):
        for symbol in range(toy.n_symbols):
            query = GetOrders(account=account, symbol=symbol, limit=1_000)
            shown = (await stage.ask("history", query)).orders
            mine = [o for o in toy.orders if (o.account, o.symbol) == (account, symbol)]
            assert [(o.order_id, o.status, o.executed_lots) for o in shown] == [
                (o.order_id, o.status, o.executed) for o in mine
            ]
            fills = (await stage.ask("history", GetFills(account=account, symbol=symbol))).fills
            wanted = [
                trade.trade_id
                for trade in toy.trades
                for order in (trade.taker, trade.maker)
                if (order.account, order.symbol) == (account, symbol)
            ]
            assert [fill.trade_id for fill in fills] == wanted


async def test_an_answer_holds_everything_that_was_stored_before_the_question(stage, new_database):
    toy, messages = flow(1, 5)
    async with running(service_on(stage, new_database())):
        await stage.store(messages)
        await check(stage, toy)
        for _ in range(4):
            await stage.store(toy.batch(6))
            await check(stage, toy)


async def test_what_a_batch_did_so_far_is_shown_before_its_last_part_comes(stage, new_database):
    toy, messages = flow(2, 5)
    await stage.store(messages)
    database = new_database()
    parts = []
    while len(parts) < 2:
        await stage.store(parts)
        parts = toy.batch(9)
    async with running(service_on(stage, database)):
        await stage.store(parts[:1])
        reply = await stage.ask("history", GetOrders(account=2, symbol=0))
        assert (reply.position.command_seq, reply.position.part) == (parts[0].command_seq, 0)
    # The service ended in the middle of the batch: it begins that batch again.
    await stage.store(parts[1:])
    async with running(service_on(stage, database)):
        await check(stage, toy)


async def test_a_restart_goes_on_where_the_rows_end(stage, new_database):
    toy, messages = flow(3, 10)
    database = new_database()
    await stage.store(messages)
    for _ in range(3):
        async with running(service_on(stage, database)):
            await check(stage, toy)
        await stage.store(toy.batch(6))
    service = service_on(stage, database)
    applied, apply = [], service._apply
    service._apply = lambda message: (applied.append(message), apply(message))
    async with running(service):
        await check(stage, toy)
    assert 0 < len(applied) < 5


async def test_an_idle_log_moves_the_position_too(stage, new_database):
    toy, messages = flow(4, 1)
    database = new_database()
    for _ in range(1_100):
        messages += toy.clock()
    await stage.store(messages)
    async with running(service_on(stage, database)):
        await check(stage, toy)
    service = service_on(stage, database)
    applied, apply = [], service._apply
    service._apply = lambda message: (applied.append(message), apply(message))
    async with running(service):
        await check(stage, toy)
    assert len(applied) < 1_000


async def test_rows_of_another_log_are_rebuilt(new_database):
    database = new_database()
    for seed in (5, 6):
        stage = Stage(seed)
        await stage.open(created_after=seed)
        toy, messages = flow(seed, 6)
        await stage.store(messages)
        async with running(service_on(stage, database)):
            await check(stage, toy)
        assert not stage.failures


@pytest.mark.parametrize(
    "question",
    [
        b"",
        msgspec.msgpack.encode({"type": "orders", "account": 2}),
        msgspec.msgpack.encode({"type": "orders", "account": 2, "symbol": 0, "limit": 1_001}),
        msgspec.msgpack.encode({"type": "orders", "account": 2**63, "symbol": 0}),
        msgspec.msgpack.encode({"type": "fills", "account": 2, "symbol": 0, "limit": 0}),
        msgspec.msgpack.encode({"type": "fills", "account": 2, "symbol": 0, "start_ns": "now"}),
        msgspec.msgpack.encode({"type": "orders", "account": 2, "symbol": 0, "client_id": "'" * 99}),
    ],
)  # fmt: skip
async def test_a_malformed_question_is_refused_and_hurts_nobody(stage, new_database, question):
    toy, messages = flow(7, 2)
    await stage.store(messages)
    async with running(service_on(stage, new_database())):
        with pytest.raises(Permanent):
            await stage.ask_raw("history", question)
        await check(stage, toy)


async def test_extreme_but_possible_questions_are_answered(stage, new_database):
    _, messages = flow(8, 2)
    await stage.store(messages)
    async with running(service_on(stage, new_database())):
        for query in (
            GetOrders(account=2**63 - 1, symbol=2**31 - 1),
            GetOrders(account=2, symbol=0, from_order_id=2**63 - 1, end_ns=-(2**63)),
            GetFills(account=2, symbol=0, from_trade_id=2**63 - 1, start_ns=2**63 - 1),
            GetOrders(account=2, symbol=0, client_id="'; DROP TABLE orders; --"),
        ):
            reply = await stage.ask("history", query)
            assert (reply.orders if isinstance(query, GetOrders) else reply.fills) == []
