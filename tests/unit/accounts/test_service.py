"""The accounts service on the bus: answers, user events, restarts."""

import random

import msgspec
import pytest

from sunwise.chassis.clock import SystemClock
from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.accounts import (
    GetBalances,
    GetOpenOrders,
    GetOrder,
    UserEvents,
)
from sunwise.exchange.accounts.model import Accounts
from sunwise.exchange.accounts.service import AccountsService, AccountsSettings
from tests.support.read_model_stage import Stage, eventually, running
from tests.support.toy_exchange import ToyExchange

HOUR_NS = 3_600 * 10**9


@pytest.fixture
async def stage():
    stage = Stage()
    await stage.open()
    yield stage
    assert not stage.failures, stage.failures


def service_on(stage: Stage, folder, **settings) -> AccountsService:
    return AccountsService(
        stage.bus("accounts"),
        clock=SystemClock(),
        folder=folder,
        settings=AccountsSettings(**settings),
    )


def flow(seed: int, n: int, *, age_ns: int = 0):
    """A market that opened `age_ns` ago, and the messages of that and of `n` batches."""
    toy = ToyExchange(random.Random(seed), now_ns=SystemClock().now_ns() - age_ns)
    messages = toy.open_market()
    for _ in range(n):
        messages += toy.batch(4)
    return toy, messages


async def check(stage: Stage, toy: ToyExchange) -> None:
    for account in range(2, 2 + toy.n_accounts):
        reply = await stage.ask("accounts", GetBalances(account=account))
        held = {b.asset: [b.free_atoms, b.locked_atoms] for b in reply.balances}
        assert all(
            held.get(asset, [0, 0]) == toy.balances.get((account, asset), [0, 0])
            for asset in range(toy.n_symbols + 1)
        )
        reply = await stage.ask("accounts", GetOpenOrders(account=account))
        mine = [o.order_id for o in toy.orders if o.is_open and o.account == account]
        assert [o.order_id for o in reply.orders] == mine


async def test_an_answer_holds_everything_that_was_stored_before_the_question(stage, tmp_path):
    toy, messages = flow(1, 3)
    async with running(service_on(stage, tmp_path)):
        await stage.store(messages)
        await check(stage, toy)
        for _ in range(5):
            await stage.store(toy.batch(5))
            await check(stage, toy)


async def test_a_restart_goes_on_from_its_checkpoint(stage, tmp_path):
    toy, messages = flow(2, 10)
    await stage.store(messages)
    async with running(service_on(stage, tmp_path)):
        await check(stage, toy)
    await stage.store(toy.batch(5))
    service = service_on(stage, tmp_path)
    begun = []
    begin = service.begin
    service.begin = lambda state: (begun.append(state is not None), begin(state))
    async with running(service):
        await check(stage, toy)
    assert begun == [True]


async def test_a_checkpoint_of_another_log_is_dropped(tmp_path):
    for seed in (3, 4):
        stage = Stage(seed)
        await stage.open(created_after=seed)
        toy, messages = flow(seed, 5)
        await stage.store(messages)
        async with running(service_on(stage, tmp_path)):
            await check(stage, toy)
        assert not stage.failures


async def test_a_damaged_checkpoint_costs_only_a_replay(stage, tmp_path):
    toy, messages = flow(5, 5)
    await stage.store(messages)
    async with running(service_on(stage, tmp_path)):
        pass
    for path in tmp_path.glob("*.ckpt"):
        path.write_bytes(path.read_bytes()[:-7])
    async with running(service_on(stage, tmp_path)):
        await check(stage, toy)


async def test_user_events_are_told_in_order_and_name_the_one_before(stage, tmp_path):
    toy, messages = flow(6, 0)
    async with running(service_on(stage, tmp_path)):
        await stage.store(messages)
        for _ in range(10):
            messages += (more := toy.batch(4))
            await stage.store(more)
        await check(stage, toy)
    model = Accounts()
    wanted = [told for message in messages for told in model.apply(message)]
    heard = stage.told("user.0.", UserEvents)
    assert heard == wanted
    last = {}
    for told in heard:
        assert told.previous == last.get(told.account)
        last[told.account] = told.position


async def test_what_a_restart_replays_is_told_again_only_while_it_is_young(stage, tmp_path):
    _, old = flow(7, 5, age_ns=HOUR_NS)
    await stage.store(old)
    async with running(service_on(stage, tmp_path)):
        pass
    assert stage.heard == []
    async with running(service_on(stage, tmp_path / "other", tell_within_s=1e6)):
        await eventually(lambda: len(stage.heard) > 0)


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"\xff\xff",
        msgspec.msgpack.encode({"type": "balances"}),
        msgspec.msgpack.encode({"type": "balances", "account": "two"}),
        msgspec.msgpack.encode({"type": "balances", "account": -1}),
        msgspec.msgpack.encode({"type": "riches", "account": 2}),
        msgspec.msgpack.encode({"type": "order", "account": 2, "symbol": 2**40}),
        msgspec.msgpack.encode({"type": "order", "account": 2, "symbol": 0, "client_id": "x" * 37}),
        msgspec.msgpack.encode({"type": "order", "account": 2, "symbol": 0}),
        msgspec.msgpack.encode([1, 2, 3]),
    ],
)
async def test_a_malformed_question_is_refused_and_hurts_nobody(stage, tmp_path, question):
    toy, messages = flow(9, 2)
    await stage.store(messages)
    async with running(service_on(stage, tmp_path)):
        with pytest.raises(Permanent):
            await stage.ask_raw("accounts", question)
        await check(stage, toy)


async def test_what_does_not_exist_is_an_empty_answer(stage, tmp_path):
    _, messages = flow(10, 2)
    await stage.store(messages)
    async with running(service_on(stage, tmp_path)):
        assert (await stage.ask("accounts", GetBalances(account=999))).balances == []
        for query in (
            GetOrder(account=2, symbol=0, order_id=10**18),
            GetOrder(account=2, symbol=77, client_id="nobody's"),
            GetOrder(account=2, symbol=0, client_id="é" * 30),
        ):
            assert (await stage.ask("accounts", query)).orders == []
