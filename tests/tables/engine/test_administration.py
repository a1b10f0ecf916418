"""Accounts, money from outside, listings, rules: what each does, and to whom it is open."""

import pytest

from sunwise.contracts.exchange.codec import unpack_events
from sunwise.contracts.exchange.log import ADMIN_WRITER, CLOCK_WRITER, FIRST_GATEWAY_WRITER
from sunwise.contracts.exchange.records import (
    FEE_ACCOUNT,
    HOUSE_ACCOUNT,
    CommandKind,
    EventKind,
    RuleFlag,
    SymbolStatus,
)
from sunwise.contracts.exchange.rejects import Reject
from tests.support.engine_commands import (
    ALICE,
    BASE,
    BOB,
    QUOTE,
    SECOND_NS,
    START_NS,
    TERMS,
    Capacity,
    activate_rules,
    buy,
    cancel,
    cancel_all,
    clock,
    funds,
    list_asset,
    list_symbol,
    open_account,
    raise_capacity,
    sell,
    set_status,
)
from tests.support.engine_twins import Twins, market_of_two

CLOCK, ADMIN, GATEWAY = CLOCK_WRITER, ADMIN_WRITER, FIRST_GATEWAY_WRITER

# kind -> writers that may send it
MAY_SEND = {
    "place": (buy(BOB, 10, 1), {ADMIN, GATEWAY}),
    "cancel": (cancel(BOB, 1), {ADMIN, GATEWAY}),
    "cancel_all": (cancel_all(BOB), {ADMIN, GATEWAY}),
    "open_account": (open_account(), {ADMIN}),
    "deposit": (funds(CommandKind.DEPOSIT, BASE, 1), {ADMIN}),
    "withdraw": (funds(CommandKind.WITHDRAW, BASE, 1), {ADMIN}),
    "credit": (funds(CommandKind.CREDIT, BASE, 1, BOB), {ADMIN}),
    "debit": (funds(CommandKind.DEBIT, BASE, 1, BOB), {ADMIN}),
    "list_asset": (list_asset("X"), {ADMIN}),
    "list_symbol": (list_symbol(name="X"), {ADMIN}),
    "set_status": (set_status(SymbolStatus.HALT), {ADMIN}),
    "clock": (clock(START_NS), {CLOCK}),
    "raise_capacity": (raise_capacity(Capacity.ORDERS, 700), {ADMIN}),
    "activate_rules": (activate_rules(0), {ADMIN}),
}


@pytest.mark.parametrize("writer", [CLOCK, ADMIN, GATEWAY])
@pytest.mark.parametrize("name", MAY_SEND)
def test_each_kind_is_open_to_its_writers_only(name, writer):
    record, writers = MAY_SEND[name]
    events = unpack_events(market_of_two().send(record, writer=writer))
    refused = [event.reject == Reject.NOT_AUTHORISED for event in events]
    assert refused == ([False] * len(events) if writer in writers else [True])


def test_accounts_are_numbered_from_two():
    twins = Twins()
    first, second = twins.admin(open_account(), open_account(reference="for bob"))
    assert (first.account, second.account, second.reference) == (2, 3, "for bob")


def test_money_moves_between_outside_house_and_account():
    twins = Twins()
    twins.admin(list_asset("COIN"), open_account())
    moves = [
        (CommandKind.DEPOSIT, 0, 100), (CommandKind.CREDIT, ALICE, 60),
        (CommandKind.DEBIT, ALICE, 10), (CommandKind.WITHDRAW, 0, 50),
    ]  # fmt: skip
    events = twins.admin(*[funds(kind, 0, amount, account) for kind, account, amount in moves])
    told = [
        (event.account, event.free_atoms, event.house_free_atoms, event.deposited_atoms)
        for event in events
    ]
    assert told == [
        (HOUSE_ACCOUNT, 100, 100, 100), (ALICE, 60, 40, 100), (ALICE, 50, 50, 100),
        (HOUSE_ACCOUNT, 0, 0, 50),
    ]  # fmt: skip
    twins.check_state()


def refusal(twins, record, writer=ADMIN):
    (event,) = unpack_events(twins.send(record, writer=writer))
    assert event.kind == EventKind.REJECTED
    return event.reject


def test_deposits_of_an_asset_never_exceed_what_a_balance_can_hold():
    twins = Twins()
    twins.admin(list_asset("COIN"), funds(CommandKind.DEPOSIT, 0, 2**62))
    assert refusal(twins, funds(CommandKind.DEPOSIT, 0, 1)) == Reject.AMOUNT_OUT_OF_RANGE
    twins.admin(funds(CommandKind.WITHDRAW, 0, 1), funds(CommandKind.DEPOSIT, 0, 1))


def test_what_orders_lock_cannot_be_debited():
    twins = market_of_two(atoms=1_000)
    twins.send(buy(BOB, 10, 60))
    debit = funds(CommandKind.DEBIT, QUOTE, 401, BOB)
    assert refusal(twins, debit) == Reject.FUNDS_LOCKED_OR_MISSING
    twins.admin(funds(CommandKind.DEBIT, QUOTE, 400, BOB))


def test_fees_gather_in_their_account_and_can_be_collected():
    twins = market_of_two(taker_fee_ppm=10_000)
    twins.send(sell(ALICE, 10, 1_000), buy(BOB, 10, 1_000))
    assert twins.oracle.balances[FEE_ACCOUNT, BASE].free == 10
    twins.admin(funds(CommandKind.DEBIT, BASE, 10, FEE_ACCOUNT))
    credit = funds(CommandKind.CREDIT, BASE, 1, FEE_ACCOUNT)
    assert refusal(twins, credit) == Reject.UNKNOWN_ACCOUNT
    twins.check_state()


@pytest.mark.parametrize("account", [HOUSE_ACCOUNT, FEE_ACCOUNT, -1, 6])
def test_house_fees_and_strangers_place_no_orders(account):
    twins = market_of_two()
    assert refusal(twins, buy(account, 10, 1), GATEWAY) == Reject.UNKNOWN_ACCOUNT
    assert refusal(twins, cancel_all(account), GATEWAY) == Reject.UNKNOWN_ACCOUNT


def test_a_listed_symbol_is_told_with_all_its_terms():
    twins = Twins()
    twins.admin(list_asset("BASE", decimals=3), list_asset("QUOTE"))
    terms = TERMS | {
        "base_atoms_per_lot": 10, "price_atoms_per_tick": 300, "quote_atoms_per_tick_lot": 3,
        "bid_multiplier_up_ppm": 5, "bid_multiplier_down_ppm": 4, "ask_multiplier_up_ppm": 3,
        "ask_multiplier_down_ppm": 2, "avg_price_mins": 5, "maker_fee_ppm": 7, "taker_fee_ppm": 8,
        "min_notional_atoms": 9, "max_notional_atoms": 10, "notional_flags": 2, "status": 2,
    }  # fmt: skip
    (event,) = twins.admin(list_symbol(**terms))
    assert (event.symbol, event.symbol_version) == (0, 1)
    assert {name: getattr(event, name) for name in terms} == terms


def test_a_status_raises_the_symbols_version():
    twins = market_of_two()
    (event,) = twins.admin(set_status(SymbolStatus.CANCEL_ONLY))
    assert (event.symbol_version, event.status) == (2, SymbolStatus.CANCEL_ONLY)
    assert refusal(twins, buy(BOB, 10, 1), GATEWAY) == Reject.STALE_SYMBOL_VERSION


BAD_TERMS = {
    "same_asset_twice": {"quote_asset": 0},
    "price_range_upside_down": {"min_price_ticks": 11, "max_price_ticks": 10},
    "price_beyond_seven_digits": {"max_price_ticks": 2**42, "max_qty_lots": 1},
    "no_quantity": {"min_qty_lots": 0},
    "quantity_range_upside_down": {"min_qty_lots": 11, "max_qty_lots": 10},
    "market_range_upside_down": {"market_min_qty_lots": 11, "market_max_qty_lots": 10},
    "market_above_all": {"max_qty_lots": 10, "market_max_qty_lots": 11},
    "notional_upside_down": {"min_notional_atoms": 11, "max_notional_atoms": 10},
    "negative_notional": {"min_notional_atoms": -1},
    "bid_multipliers_upside_down": {"bid_multiplier_up_ppm": 1, "bid_multiplier_down_ppm": 2},
    "ask_multiplier_beyond_1000": {"ask_multiplier_up_ppm": 1_000_000_001},
    "six_minutes": {"avg_price_mins": 6},
    "no_orders_at_all": {"max_num_orders": 0},
    "fee_of_everything": {"taker_fee_ppm": 1_000_000},
    "negative_fee": {"maker_fee_ppm": -1},
    "unknown_notional_flag": {"notional_flags": 4},
    "no_lot": {"base_atoms_per_lot": 0},
    "no_tick": {"price_atoms_per_tick": 0},
    "tick_times_lot_under_an_atom": {"quote_atoms_per_tick_lot": 0},
    "tick_and_lot_disagree": {"quote_atoms_per_tick_lot": 2},
    "order_worth_more_than_fits": {"max_price_ticks": 2**31, "max_qty_lots": 2**31 + 1},
    "quantity_worth_more_than_fits": {
        "base_atoms_per_lot": 2**40, "quote_atoms_per_tick_lot": 2**40, "max_qty_lots": 2**23,
        "max_price_ticks": 1,
    },
}  # fmt: skip


@pytest.mark.parametrize("terms", BAD_TERMS.values(), ids=BAD_TERMS.keys())
def test_terms_that_contradict_or_could_overflow_are_refused(terms):
    twins = Twins()
    twins.admin(list_asset("BASE"), list_asset("QUOTE"))
    assert refusal(twins, list_symbol(**terms)) == Reject.BAD_TERMS


GOOD_TERMS = {
    "the_largest_order_that_fits": {
        "max_price_ticks": 2**31, "max_qty_lots": 2**31, "market_max_qty_lots": 2**31,
    },
    "the_largest_price": {
        "max_price_ticks": 2**42 - 1, "max_qty_lots": 2**20, "market_max_qty_lots": 1,
    },
    "a_lot_of_several_units": {"base_atoms_per_lot": 5, "quote_atoms_per_tick_lot": 5},
    "one_price_only": {"min_price_ticks": 7, "max_price_ticks": 7},
}  # fmt: skip


@pytest.mark.parametrize("terms", GOOD_TERMS.values(), ids=GOOD_TERMS.keys())
def test_terms_at_their_bounds_are_taken(terms):
    twins = Twins()
    twins.admin(list_asset("BASE"), list_asset("QUOTE"), list_symbol(**terms))


def test_a_lot_finer_than_the_unit_needs_a_tick_to_match():
    twins = Twins()
    twins.admin(list_asset("BTC", decimals=8), list_asset("USDT", decimals=6))
    terms = {
        "base_atoms_per_lot": 1_000, "price_atoms_per_tick": 100_000, "quote_atoms_per_tick_lot": 1,
    }  # fmt: skip
    twins.admin(list_symbol(**terms))
    finer = terms | {"name": "FINER", "price_atoms_per_tick": 10_000, "quote_atoms_per_tick_lot": 0}
    assert refusal(twins, list_symbol(**finer)) == Reject.BAD_TERMS


def test_rules_replace_the_ones_before():
    twins = Twins()
    rule = RuleFlag.REFUSE_RECENT_CLIENT_IDS
    assert [event.rules for event in twins.admin(activate_rules(rule), activate_rules(0))] == [1, 0]
    assert refusal(twins, activate_rules(2)) == Reject.BAD_FIELD


def test_money_commands_expire_like_orders():
    twins = Twins()
    twins.tick()
    twins.tick(SECOND_NS)
    late = open_account(expires_ns=START_NS - 1)
    assert refusal(twins, late) == Reject.EXPIRED_COMMAND
    twins.admin(open_account(expires_ns=START_NS + 10 * SECOND_NS))
