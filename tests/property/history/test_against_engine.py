"""The history on the events of the engine's oracle, beside what the accounts say of each order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sunwise.contracts.exchange.accounts import OrderState
from sunwise.exchange.accounts.model import Accounts
from sunwise.exchange.history.model import History
from tests.support.oracle_log import oracle_log


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_history_and_accounts_say_the_same_of_every_order(seed):
    log = oracle_log(seed)
    history, accounts = History({}), Accounts(closed_limit=100_000)
    for message in log.messages:
        history.apply(message)
        accounts.apply(message, tells=False)
    changes = history.take_changes()
    assert changes.executed == []
    rows = {(row[1], row[2]): row for row in changes.orders}
    shown = {
        (state.symbol, state.order_id): state
        for held in accounts.accounts.values()
        for order in [*held.open.values(), *held.closed.values()]
        for state in [order.state()]
    }
    assert rows.keys() == shown.keys()
    for key, row in rows.items():
        kept = dict(zip(OrderState.__struct_fields__, row, strict=True))
        state = {name: getattr(shown[key], name) for name in kept}
        assert kept == state


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_every_trade_has_a_buyer_and_a_seller_a_taker_and_a_maker(seed):
    log = oracle_log(seed)
    history = History({})
    for message in log.messages:
        history.apply(message)
    fills = history.take_changes().fills
    trades = {}
    for fill in fills:
        trades.setdefault((fill[1], fill[2]), []).append(fill)
    assert len(trades) == sum(symbol.last_trade_id for symbol in log.exchange.symbols)
    for taker, maker in trades.values():
        assert (taker[-1], maker[-1]) == (False, True)
        assert taker[-2] != maker[-2]
        assert taker[4:7] == maker[4:7]
