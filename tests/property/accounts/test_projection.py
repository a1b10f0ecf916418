"""The accounts model against a naive exchange, and against itself restarted anywhere."""

import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sunwise.contracts.exchange.accounts import (
    AccountsReply,
    Execution,
    ExecutionType,
    GetBalances,
    GetOpenOrders,
    GetOrder,
    HoldingsChanged,
)
from sunwise.contracts.exchange.records import EventKind
from sunwise.exchange.accounts import checkpoint
from sunwise.exchange.accounts.answers import answer
from sunwise.exchange.accounts.model import Accounts
from tests.support.toy_exchange import ToyExchange, ToyOrder

SEEDS = st.integers(0, 2**32)


def flow(seed: int, batches: int = 25):
    rng = random.Random(seed)
    toy = ToyExchange(rng)
    messages = toy.open_market()
    for _ in range(batches):
        messages += toy.clock() if rng.random() < 0.2 else toy.batch(rng.randrange(1, 9))
    return toy, messages


def as_shown(state) -> tuple:
    return (
        state.account, state.symbol, state.order_id, state.client_id, state.side, state.status,
        state.price_ticks, state.qty_lots, state.quote_atoms, state.stop_ticks,
        state.executed_lots, state.executed_quote_atoms, state.is_working, state.by_quote,
        state.accepted_ns, state.updated_ns, state.working_ns, state.expiry_reason,
        (state.prevented_match_id, state.prevented_lots),
    )  # fmt: skip


def as_true(order: ToyOrder) -> tuple:
    return (
        order.account, order.symbol, order.order_id, order.client_id, order.side, order.status,
        order.price, order.qty, order.quote, order.stop,
        order.executed, order.executed_quote, order.working_ns > 0, order.by_quote,
        order.accepted_ns, order.updated_ns, order.working_ns, order.reason,
        order.prevented,
    )  # fmt: skip


@given(SEEDS)
def test_balances_and_orders_are_those_of_the_naive_exchange(seed):
    toy, messages = flow(seed)
    model = Accounts()
    for message in messages:
        model.apply(message, tells=False)
    accounts = {account for account, _ in toy.balances}
    for account in accounts:
        reply = answer(model, GetBalances(account=account))
        held = {b.asset: [b.free_atoms, b.locked_atoms] for b in reply.balances}
        for asset in range(toy.n_symbols + 1):
            assert held.get(asset, [0, 0]) == toy.balances.get((account, asset), [0, 0])
        shown = [as_shown(o) for o in answer(model, GetOpenOrders(account=account)).orders]
        wanted = [as_true(o) for o in toy.orders if o.is_open and o.account == account]
        assert shown == wanted


@given(SEEDS)
def test_every_order_is_found_by_its_id_and_by_its_client_id_when_it_is_the_newest(seed):
    toy, messages = flow(seed)
    model = Accounts()
    for message in messages:
        model.apply(message, tells=False)
    newest = {(o.account, o.symbol, o.client_id): o for o in toy.orders}
    for order in toy.orders:
        by_id = GetOrder(account=order.account, symbol=order.symbol, order_id=order.order_id)
        assert [as_shown(o) for o in answer(model, by_id).orders] == [as_true(order)]
    for (account, symbol, client_id), order in newest.items():
        query = GetOrder(account=account, symbol=symbol, client_id=client_id)
        assert [as_shown(o) for o in answer(model, query).orders] == [as_true(order)]


@given(SEEDS)
def test_closed_orders_are_kept_up_to_the_limit_and_the_oldest_goes_first(seed):
    _, messages = flow(seed)
    model = Accounts(closed_limit=1_024)
    small = Accounts(closed_limit=16)
    for message in messages:
        model.apply(message, tells=False)
        small.apply(message, tells=False)
    assert list(small.closed) == list(model.closed)[-16:]
    kept = [order for held in small.accounts.values() for order in held.closed.values()]
    assert len(kept) == min(16, len(model.closed))
    for held in small.accounts.values():
        orders = {id(order) for order in [*held.open.values(), *held.closed.values()]}
        assert {id(order) for order in held.by_client_key.values()} <= orders


@given(SEEDS, st.data())
def test_a_restart_from_any_checkpoint_gives_the_same_state_and_the_same_user_events(seed, data):
    _, messages = flow(seed)
    ends = [i for i, message in enumerate(messages) if message.is_last]
    cut = data.draw(st.sampled_from(ends)) + 1
    model = Accounts(closed_limit=64)
    for message in messages[:cut]:
        model.apply(message, tells=data.draw(st.booleans()))
    restarted = checkpoint.load(checkpoint.save(model), closed_limit=64)
    for message in messages[cut:]:
        assert model.apply(message) == restarted.apply(message)
    assert checkpoint.save(model) == checkpoint.save(restarted)
    for account, held in model.accounts.items():
        again = restarted.accounts[account]
        newest = {key: order.state() for key, order in held.by_client_key.items()}
        assert newest == {key: order.state() for key, order in again.by_client_key.items()}


@given(SEEDS)
def test_user_events_tell_each_trade_twice_and_rebuild_the_balances(seed):
    toy, messages = flow(seed)
    model = Accounts()
    held, trades, last_ids = {}, [], {}
    for message in messages:
        for row in model.apply(message):
            assert row.time_ns == message.time_ns
            for event in row.events:
                if isinstance(event, HoldingsChanged):
                    for balance in event.balances:
                        amounts = [balance.free_atoms, balance.locked_atoms]
                        held[row.account, balance.asset] = amounts
                elif isinstance(event, Execution):
                    assert event.execution_id == last_ids.get(row.account, 0) + 1
                    last_ids[row.account] = event.execution_id
                    if event.what == ExecutionType.TRADE:
                        trades.append((event.order.symbol, event.trade_id, event.is_maker))
    expected = [(t.symbol, t.trade_id, maker) for t in toy.trades for maker in (False, True)]
    assert sorted(trades) == sorted(expected)
    assert held == {key: value for key, value in toy.balances.items() if key[0] >= 2}


def _rows(message) -> range:
    return range(0, len(message.records), 256)


@given(SEEDS)
def test_replies_survive_the_wire(seed):
    _, messages = flow(seed, batches=5)
    model = Accounts()
    for message in messages:
        model.apply(message, tells=False)
    for account in model.accounts:
        for query in (GetBalances(account=account), GetOpenOrders(account=account)):
            reply = answer(model, query)
            data = msgspec.msgpack.encode(reply)
            assert msgspec.msgpack.decode(data, type=AccountsReply) == reply


def test_the_flow_holds_what_the_properties_are_about():
    kinds = {message.records[at] for _, messages in [flow(7, 200)] for message in messages
             for at in _rows(message)}  # fmt: skip
    wanted = {
        EventKind.ACCEPTED, EventKind.REJECTED, EventKind.CANCELED, EventKind.EXPIRED,
        EventKind.TRIGGERED, EventKind.RESTED, EventKind.TRADE, EventKind.PREVENTED,
        EventKind.FUNDS_MOVED,
    }  # fmt: skip
    assert wanted <= kinds
