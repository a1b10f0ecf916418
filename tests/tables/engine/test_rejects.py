"""Every reject code is reached, and a command that breaks several rules gets the first in order."""

import pytest

from sunwise.contracts.exchange.codec import unpack_events
from sunwise.contracts.exchange.log import ADMIN_WRITER, CLOCK_WRITER, FIRST_GATEWAY_WRITER
from sunwise.contracts.exchange.records import CommandFlag, EventKind
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.engine.core import Capacities
from tests.support.engine_commands import (
    ALICE,
    BASE,
    BOB,
    QUOTE,
    START_NS,
    Capacity,
    CommandKind,
    OrderType,
    Side,
    SymbolStatus,
    buy,
    cancel,
    cancel_all,
    clock,
    funds,
    list_asset,
    list_symbol,
    market,
    open_account,
    raise_capacity,
    sell,
    set_status,
)
from tests.support.engine_twins import market_of_two

TIGHT = Capacities(
    accounts=6, balances=12, orders=8, levels=8, trie_nodes=40, client_ids=8, symbols=1, assets=2,
    account_symbols=4, writers=4,
)  # fmt: skip
ADMIN, GATEWAY = ADMIN_WRITER, FIRST_GATEWAY_WRITER
ONLY_NEW, ONLY_PARTIALLY_FILLED = CommandFlag.ONLY_NEW, CommandFlag.ONLY_PARTIALLY_FILLED


def code_of(twins, record, writer=GATEWAY):
    """The reject code of the last event that the command causes; NONE when it is not refused."""
    event = unpack_events(twins.send(record, writer=writer))[-1]
    return Reject(event.reject) if event.kind == EventKind.REJECTED else Reject.NONE


# One command for each code that a fresh market of four accounts refuses with it.
ON_A_FRESH_MARKET = {
    Reject.UNKNOWN_KIND: (b"\x07" + bytes(191), GATEWAY),
    Reject.NOT_AUTHORISED: (open_account(), GATEWAY),
    Reject.BAD_FIELD: (buy(BOB, 100, 1, stp=4), GATEWAY),
    Reject.EXPIRED_COMMAND: (buy(BOB, 100, 1, expires_ns=START_NS - 1), GATEWAY),
    Reject.UNKNOWN_ACCOUNT: (buy(99, 100, 1), GATEWAY),
    Reject.UNKNOWN_SYMBOL: (buy(BOB, 100, 1, symbol=1), GATEWAY),
    Reject.UNKNOWN_ASSET: (funds(CommandKind.DEPOSIT, 2, 1), ADMIN),
    Reject.STALE_SYMBOL_VERSION: (buy(BOB, 100, 1, symbol_version=2), GATEWAY),
    Reject.DUPLICATE_NAME: (list_asset("BASE"), ADMIN),
    Reject.BAD_TERMS: (list_symbol(name="X", min_price_ticks=0), ADMIN),
    Reject.PRICE_FILTER: (buy(BOB, 1_000_001, 1), GATEWAY),
    Reject.LOT_SIZE: (buy(BOB, 100, 0), GATEWAY),
    Reject.INSUFFICIENT_FUNDS: (buy(BOB, 1_000_000, 1_000_000), GATEWAY),
    Reject.NO_LIQUIDITY: (market(BOB, Side.BUY, 1), GATEWAY),
    Reject.UNKNOWN_ORDER: (cancel(BOB, 1), GATEWAY),
    Reject.HOUSE_UNFUNDED: (funds(CommandKind.CREDIT, BASE, 2**40, BOB), ADMIN),
    Reject.AMOUNT_OUT_OF_RANGE: (funds(CommandKind.DEPOSIT, BASE, 0), ADMIN),
    Reject.FUNDS_LOCKED_OR_MISSING: (funds(CommandKind.WITHDRAW, BASE, 2**40), ADMIN),
    Reject.CAPACITY_NOT_RAISED: (raise_capacity(Capacity.ORDERS, 1), ADMIN),
}


@pytest.mark.parametrize(("code", "sent"), ON_A_FRESH_MARKET.items(), ids=lambda x: str(x)[:30])
def test_a_fresh_market_refuses_with(code, sent):
    record, writer = sent
    assert code_of(market_of_two(), record, writer) == code


# Codes that need a market in a certain state: terms, what happened before, and the command.
IN_A_STATE = {
    Reject.MARKET_LOT_SIZE: (
        {"market_max_qty_lots": 5}, [buy(ALICE, 10, 9)], market(BOB, Side.SELL, 6),
    ),
    Reject.MIN_NOTIONAL: ({"min_notional_atoms": 100}, [], buy(BOB, 9, 9)),
    Reject.MAX_NOTIONAL: ({"max_notional_atoms": 100}, [], buy(BOB, 11, 11)),
    Reject.PERCENT_PRICE_BY_SIDE: (
        {"bid_multiplier_up_ppm": 1_000_000}, [sell(ALICE, 10, 1), buy(BOB, 10, 1)],
        buy(BOB, 11, 1),
    ),
    Reject.MAX_NUM_ORDERS: ({"max_num_orders": 1}, [buy(BOB, 10, 1)], buy(BOB, 10, 1)),
    Reject.DUPLICATE_CLIENT_ID: (
        {}, [buy(BOB, 10, 1, client_id="x")], buy(BOB, 10, 1, client_id="x"),
    ),
    Reject.WOULD_TRIGGER_IMMEDIATELY: (
        {}, [sell(ALICE, 10, 1), buy(BOB, 10, 1)],
        buy(BOB, 10, 1, order_type=OrderType.STOP_LOSS_LIMIT, stop_ticks=10),
    ),
    Reject.WOULD_TAKE: (
        {}, [sell(ALICE, 10, 1)], buy(BOB, 10, 1, order_type=OrderType.LIMIT_MAKER),
    ),
    Reject.CANCEL_RESTRICTED: ({}, [buy(BOB, 10, 1)], cancel(BOB, 1, only=ONLY_PARTIALLY_FILLED)),
    Reject.SYMBOL_HALTED: ({"status": SymbolStatus.HALT}, [], buy(BOB, 10, 1)),
    Reject.SYMBOL_CANCEL_ONLY: ({"status": SymbolStatus.CANCEL_ONLY}, [], buy(BOB, 10, 1)),
}  # fmt: skip


@pytest.mark.parametrize(("code", "case"), IN_A_STATE.items(), ids=lambda x: str(x)[:30])
def test_a_market_in_that_state_refuses_with(code, case):
    terms, before, record = case
    twins = market_of_two(**terms)
    for earlier in before:
        assert code_of(twins, earlier) == Reject.NONE
    assert code_of(twins, record) == code
    twins.check_state()


def _stop(account, price, stop):
    return buy(account, price, 1, order_type=OrderType.STOP_LOSS_LIMIT, stop_ticks=stop)


# Codes of full tables: what differs from TIGHT, what fills it, and who sends the one too many.
FULL = {
    Reject.ACCOUNTS_FULL: ({}, [], open_account(), ADMIN),
    Reject.BALANCES_FULL: ({"assets": 3}, [], list_asset("MORE"), ADMIN),
    Reject.ASSETS_FULL: ({"balances": 99}, [], list_asset("MORE"), ADMIN),
    Reject.SYMBOLS_FULL: ({}, [], list_symbol(name="MORE"), ADMIN),
    Reject.ORDERS_FULL: ({"orders": 2}, [buy(BOB, 10, 1), buy(BOB, 10, 1)], buy(BOB, 10, 1), GATEWAY),
    Reject.LEVELS_FULL: (
        # A stop keeps a level for the time when it triggers: two are gone with it.
        {"levels": 3}, [buy(BOB, 10, 1), _stop(BOB, 10, 20)], buy(BOB, 10, 1), GATEWAY,
    ),
    Reject.TRIE_NODES_FULL: (
        # Four roots; each price of four digits may need three nodes more.
        {"trie_nodes": 7}, [buy(BOB, 10, 1)], buy(BOB, 500_000, 1), GATEWAY,
    ),
    Reject.CLIENT_IDS_FULL: (
        {"client_ids": 1}, [buy(BOB, 10, 1, client_id="x"), buy(BOB, 10, 1)],
        buy(BOB, 10, 1, client_id="y"), GATEWAY,
    ),
    Reject.ACCOUNT_SYMBOLS_FULL: (
        {"account_symbols": 1}, [buy(BOB, 10, 1), buy(BOB, 10, 1)], buy(ALICE, 10, 1), GATEWAY,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "case"), FULL.items(), ids=lambda x: str(x)[:30])
def test_a_full_table_refuses_with(code, case):
    limits, before, record, writer = case
    twins = market_of_two(capacities=TIGHT._replace(**limits))
    for earlier in before:
        assert code_of(twins, earlier) == Reject.NONE
    assert code_of(twins, record, writer) == code
    twins.check_state()


def test_a_credit_of_an_asset_that_an_account_never_held_needs_a_balance():
    twins = market_of_two(capacities=TIGHT._replace(assets=3, balances=14))
    twins.admin(list_asset("MORE"), funds(CommandKind.DEPOSIT, 2, 9))
    assert code_of(twins, funds(CommandKind.CREDIT, 2, 1, BOB), ADMIN) == Reject.BALANCES_FULL
    twins.admin(raise_capacity(Capacity.BALANCES, 15), funds(CommandKind.CREDIT, 2, 1, BOB))


def test_every_code_is_reached_here():
    reached = {Reject.NONE, *ON_A_FRESH_MARKET, *IN_A_STATE, *FULL}
    assert reached == set(Reject)


# An order that breaks every rule at once, and what repairs the rule that stops it, in order.
LADDER = (
    (Reject.BAD_FIELD, {"stp": 0}),
    (Reject.EXPIRED_COMMAND, {"expires_ns": 0}),
    (Reject.UNKNOWN_ACCOUNT, {"account": BOB}),
    (Reject.UNKNOWN_SYMBOL, {"symbol": 0}),
    (Reject.STALE_SYMBOL_VERSION, {"symbol_version": 1}),
    (Reject.PRICE_FILTER, {"price": 9_000}),
    (Reject.LOT_SIZE, {"qty": 1}),
    (Reject.MIN_NOTIONAL, {"qty": 100}),
    (Reject.MAX_NOTIONAL, {"qty": 10}),
    (Reject.PERCENT_PRICE_BY_SIDE, {"price": 1_100}),
    (Reject.MAX_NUM_ORDERS, {"before": cancel(BOB, 4)}),
    (Reject.DUPLICATE_CLIENT_ID, {"client_id": "fresh"}),
    (Reject.WOULD_TRIGGER_IMMEDIATELY, {"stop_ticks": 2_000}),
    (Reject.INSUFFICIENT_FUNDS, {"before": funds(CommandKind.CREDIT, QUOTE, 10_000, BOB)}),
    (Reject.LEVELS_FULL, {"before": raise_capacity(Capacity.LEVELS, 3)}),
    (Reject.NONE, {}),
)


def test_the_first_rule_in_order_is_the_one_told():
    terms = {
        "max_price_ticks": 10_000, "min_notional_atoms": 10_000, "max_notional_atoms": 200_000,
        "bid_multiplier_up_ppm": 1_200_000, "max_num_orders": 2,
    }  # fmt: skip
    limits = TIGHT._replace(levels=2, balances=99)
    twins = market_of_two(atoms=30_500, capacities=limits, **terms)
    for record in (
        sell(ALICE, 1_000, 10), buy(BOB, 1_000, 10),
        buy(BOB, 1_000, 10, client_id="taken"), buy(BOB, 1_000, 10, client_id="b"),
    ):  # fmt: skip
        assert code_of(twins, record) == Reject.NONE
    order = {
        "stp": 9, "expires_ns": 1, "account": 99, "symbol": 9, "symbol_version": 9,
        "price": 10_001, "qty": 0, "client_id": "taken", "stop_ticks": 1_000,
        "order_type": OrderType.STOP_LOSS_LIMIT,
    }  # fmt: skip
    for code, repair in LADDER:
        fields = dict(order)
        account, price, qty = (fields.pop(name) for name in ("account", "price", "qty"))
        assert code_of(twins, buy(account, price, qty, **fields)) == code
        if "before" in repair:
            writer = GATEWAY if repair["before"][0] == CommandKind.CANCEL else ADMIN
            assert code_of(twins, repair["before"], writer) == Reject.NONE
        else:
            order |= repair


BAD_FIELDS = {
    "unknown_flag": buy(BOB, 10, 1, flags=128),
    "unknown_flag_of_a_cancel": cancel(BOB, 1, flags=128),
    "restriction_of_an_order": buy(BOB, 10, 1, flags=8),
    "flag_of_another_kind": cancel(BOB, 1, flags=4),
    "both_restrictions": cancel(BOB, 1, only=ONLY_NEW | ONLY_PARTIALLY_FILLED),
    "both_restrictions_by_client_id": cancel(BOB, client_id="x", only=ONLY_NEW | ONLY_PARTIALLY_FILLED),
    "restriction_of_cancel_all": cancel_all(BOB, flags=ONLY_NEW),
    "restriction_of_cancel_all_symbols": cancel_all(BOB, flags=4 | ONLY_PARTIALLY_FILLED),
    "by_quote_and_quantity": market(BOB, Side.BUY, qty=1, quote=10),
    "by_quote_of_a_limit_order": buy(BOB, 10, 0, flags=1, quote_atoms=10),
    "quote_without_its_flag": buy(BOB, 10, 1, quote_atoms=10),
    "unknown_side": buy(BOB, 10, 1) [:2] + b"\x02" + buy(BOB, 10, 1)[3:],
    "unknown_type": buy(BOB, 10, 1, order_type=5),
    "unknown_time_in_force": buy(BOB, 10, 1, time_in_force=3),
    "market_with_a_price": market(BOB, Side.BUY, 1)[:24] + b"\x01" + market(BOB, Side.BUY, 1)[25:],
    "market_with_a_time_in_force": market(BOB, Side.BUY, 1, time_in_force=1),
    "limit_maker_with_a_time_in_force": buy(BOB, 10, 1, order_type=2, time_in_force=1),
    "stop_price_of_no_stop": buy(BOB, 10, 1, stop_ticks=5),
    "negative_price": buy(BOB, -10, 1),
    "negative_quantity": buy(BOB, 10, -1),
    "negative_expiry": buy(BOB, 10, 1, expires_ns=-1),
    "iceberg": buy(BOB, 10, 1, iceberg_lots=1),
    "trailing": buy(BOB, 10, 1, trailing_bips=1),
    "peg": buy(BOB, 10, 1, peg_offset=1),
    "order_list": buy(BOB, 10, 1, list_leg=1),
    "order_list_kind": buy(BOB, 10, 1, list_kind=1),
    "client_id_that_is_no_ascii": buy(BOB, 10, 1, client_id=b"\xff\xfe"),
    "cancel_that_is_no_ascii": cancel(BOB, 1, target_client_id=b"\x80"),
    "cancel_all_with_an_unknown_flag": cancel_all(BOB, flags=2),
}  # fmt: skip


@pytest.mark.parametrize("record", BAD_FIELDS.values(), ids=BAD_FIELDS.keys())
def test_a_field_out_of_its_range_is_refused_and_does_nothing(record):
    twins = market_of_two()
    assert code_of(twins, record) == Reject.BAD_FIELD
    twins.check_state()


BAD_FIELDS_OF_ADMIN = {
    "clock_at_zero": (clock(0), CLOCK_WRITER),
    "clock_beyond_its_range": (clock(2**62 + 1), CLOCK_WRITER),
    "status": (set_status(3), ADMIN),
    "asset_without_a_name": (list_asset(""), ADMIN),
    "asset_with_too_many_decimals": (list_asset("X", decimals=19), ADMIN),
    "capacity": (raise_capacity(10, 5), ADMIN),
    "reference_that_is_no_ascii": (funds(CommandKind.DEPOSIT, 0, 1, reference=b"\xff"), ADMIN),
}


@pytest.mark.parametrize("sent", BAD_FIELDS_OF_ADMIN.values(), ids=BAD_FIELDS_OF_ADMIN.keys())
def test_an_administrators_field_out_of_its_range_is_refused(sent):
    record, writer = sent
    assert code_of(market_of_two(), record, writer) == Reject.BAD_FIELD
