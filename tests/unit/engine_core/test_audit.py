"""Each invariant is really checked: one byte of the state is bent, and the audit says which."""

from pathlib import Path

import pytest

from sunwise.exchange.engine import core
from tests.support.engine_commands import ALICE, BOB, OrderType, activate_rules, buy, cancel, sell
from tests.support.engine_twins import market_of_two


@pytest.fixture
def state():
    """Two bids at one price, one ask, one stop, one remembered id."""
    twins = market_of_two()
    twins.admin(activate_rules(1))
    stop = {"order_type": OrderType.STOP_LOSS_LIMIT, "stop_ticks": 130}
    twins.send(
        buy(BOB, 90, 3, client_id="b"), buy(BOB, 90, 4), sell(ALICE, 110, 5, client_id="a"),
        buy(BOB, 95, 2, **stop), buy(BOB, 80, 1, client_id="gone"), cancel(BOB, client_id="gone"),
    )  # fmt: skip
    twins.core.audit()
    return twins.core


def bend(records, place, field, value):
    records[place][field] = value


BENT = {
    "a free balance is negative": lambda s: bend(s.balances, 1, "free_atoms", -1),
    "a locked balance is negative": lambda s: bend(s.balances, 1, "locked_atoms", -1),
    "money is not conserved": lambda s: bend(s.assets, 0, "deposited_atoms", 5),
    "a book is crossed": lambda s: bend(s.books, 1, "best_ticks", 90),
    "a lock backs no open order": lambda s: (
        bend(s.balances, 1, "free_atoms", s.balances[1]["free_atoms"] - 1),
        bend(s.balances, 1, "locked_atoms", s.balances[1]["locked_atoms"] + 1),
    ),
    "an open order stands in no queue": lambda s: bend(s.pools, 1, "live", 99),
    "a level is in no book": lambda s: bend(s.pools, 2, "live", 99),
    "a level is in another book than its own": lambda s: bend(s.levels, 1, "book", 1),
    "an empty level is kept": lambda s: bend(s.levels, 1, "first", 0),
    "a queue is broken": lambda s: bend(s.orders, 2, "prev", 3),
    "an order is in another level than its own": lambda s: bend(s.orders, 2, "level", 2),
    "an order stands at another price than its own": lambda s: bend(s.orders, 2, "price_ticks", 91),
    "fills exceed the quantity": lambda s: bend(s.orders, 2, "executed_lots", 4),
    "a stop works while it waits": lambda s: bend(s.orders, 4, "working_ns", 1),
    "an order is not found": lambda s: bend(s.orders, 2, "order_id", 77),
    "a queue ends elsewhere": lambda s: bend(s.levels, 1, "last", 1),
    "a level's quantity is not that of its orders": lambda s: bend(s.levels, 1, "qty_lots", 1),
    "a list of open orders is not found": lambda s: bend(s.account_symbols, 1, "symbol", 1),
    "an order is in another's list": lambda s: bend(s.orders, 2, "account_symbol", 2),
    "a list is not in order of age": lambda s: bend(s.orders, 4, "list_next", 1),
    "an id is lost": lambda s: bend(s.client_ids, 1, "order", 2),
    "a list's count is wrong": lambda s: bend(s.account_symbols, 1, "count", 4),
    "an open order is in no list": lambda s: bend(s.accounts, BOB, "first_symbol", 0),
    "a list belongs to no account": lambda s: bend(s.pools, 5, "live", 9),
    "a remembered id has an open order": lambda s: bend(s.client_ids, 3, "order", 1),
    "a client id belongs to no order": lambda s: bend(s.pools, 4, "live", 9),
}


@pytest.mark.parametrize("message", BENT)
def test_the_audit_finds(message, state):
    BENT[message](state.state)
    with pytest.raises(AssertionError, match=message):
        state.audit()


def test_every_invariant_of_the_audit_is_broken_here():
    source = Path(core.__file__).with_name("audit.py").read_text()
    told = [line.split('"')[1] for line in source.splitlines() if line.strip().startswith("assert")]
    assert sorted(told) == sorted(BENT)


def test_asserts_of_kernels_are_compiled_as_they_are_written():
    """pytest rewrites asserts of packages that bring a plugin: kernels must be left alone."""
    for path in Path(core.__file__).parent.glob("*.py"):
        text = path.read_text()
        if "    assert " in text and path.name != "layout.py":
            assert "PYTEST_DONT_REWRITE" in text, path.name
