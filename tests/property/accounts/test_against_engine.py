"""The accounts model on the events of the engine's oracle, which knows every rule."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sunwise.contracts.exchange.accounts import GetBalances, GetOpenOrders
from sunwise.exchange.accounts import checkpoint
from sunwise.exchange.accounts.answers import answer
from sunwise.exchange.accounts.model import Accounts
from tests.support.oracle_log import N_ASSETS, OracleLog, oracle_log


def applied(log: OracleLog) -> Accounts:
    model = Accounts()
    for message in log.messages:
        model.apply(message)
    return model


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_balances_of_every_account_are_the_engines(seed):
    log = oracle_log(seed)
    model = applied(log)
    for (account, asset), balance in log.exchange.balances.items():
        reply = answer(model, GetBalances(account=account))
        held = {b.asset: (b.free_atoms, b.locked_atoms) for b in reply.balances}
        assert held.get(asset, (0, 0)) == (balance.free, balance.locked)


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_nothing_is_created_or_lost_between_the_accounts(seed):
    log = oracle_log(seed)
    model = applied(log)
    for asset in range(N_ASSETS):
        held = [account.balances.get(asset, (0, 0)) for account in model.accounts.values()]
        assert sum(free + locked for free, locked in held) == log.exchange.deposited[asset]


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_open_orders_are_the_engines(seed):
    log = oracle_log(seed)
    model = applied(log)
    for account, held in model.accounts.items():
        shown = answer(model, GetOpenOrders(account=account)).orders
        wanted = [
            order
            for (owner, _), orders in log.exchange.open_orders.items()
            if owner == account
            for order in orders
        ]
        assert len(held.open) == len(wanted)
        assert {(o.symbol, o.order_id, o.executed_lots, o.is_working) for o in shown} == {
            (o.command.symbol, o.order_id, o.executed_lots, not o.is_waiting) for o in wanted
        }


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_a_checkpoint_of_everything_comes_back_whole(seed):
    model = applied(oracle_log(seed))
    saved = checkpoint.save(model)
    assert checkpoint.save(checkpoint.load(saved, closed_limit=10_000)) == saved
