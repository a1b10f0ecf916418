"""Nothing wraps: orders at the corners of what a symbol may be listed with.

The naive exchange counts in Python's integers, which do not wrap; where the core's
int64 did, the two would differ, or an invariant would break.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunwise.contracts.exchange.records import OrderType, Side
from tests.oracle.state import PPM
from tests.support.engine_commands import (
    ALICE,
    BOB,
    SECOND_NS,
    CommandKind,
    cancel_all,
    funds,
    list_asset,
    list_symbol,
    open_account,
    place,
)
from tests.support.engine_twins import Twins

MAX_ATOMS = 2**62

# Terms at the corners: the product of price, quantity and atoms is 2**62, or just below it.
CORNERS = {
    "price_and_quantity": {"max_price_ticks": 2**31, "max_qty_lots": 2**31},
    "quantity": {"max_price_ticks": 1, "max_qty_lots": 2**62},
    "price": {"max_price_ticks": 2**42 - 1, "max_qty_lots": 2**20},
    "atoms": {
        "max_price_ticks": 1, "max_qty_lots": 1, "base_atoms_per_lot": 2**62,
        "quote_atoms_per_tick_lot": 2**62,
    },
    "all_three": {
        "max_price_ticks": 2**20, "max_qty_lots": 2**21, "base_atoms_per_lot": 2**21,
        "quote_atoms_per_tick_lot": 2**21,
    },
}  # fmt: skip
FEES = {"maker_fee_ppm": PPM - 1, "taker_fee_ppm": PPM - 1}


def market_at(corner, avg_price_mins=5):
    """Both accounts hold half of all that can exist, of both assets."""
    twins = Twins()
    twins.tick()
    twins.tick(SECOND_NS)
    twins.admin(list_asset("BASE"), list_asset("QUOTE"), open_account(), open_account())
    terms = CORNERS[corner] | FEES | {"avg_price_mins": avg_price_mins}
    terms["market_max_qty_lots"] = terms["max_qty_lots"]
    multipliers = ("bid_multiplier_up_ppm", "ask_multiplier_up_ppm", "ask_multiplier_down_ppm")
    terms |= dict.fromkeys(multipliers, 1_000 * PPM)
    terms["ask_multiplier_down_ppm"] = 1
    twins.admin(list_symbol(**terms))
    twins.admin(*[funds(CommandKind.DEPOSIT, asset, MAX_ATOMS) for asset in (0, 1)])
    twins.admin(*[
        funds(CommandKind.CREDIT, asset, MAX_ATOMS // 2, account)
        for asset in (0, 1) for account in (ALICE, BOB)
    ])  # fmt: skip
    return twins, terms


@pytest.mark.parametrize("corner", CORNERS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_orders_at_the_corners(corner, data):
    twins, terms = market_at(corner)
    top = {"price": terms["max_price_ticks"], "lots": terms["max_qty_lots"]}

    def near(name):
        share = data.draw(st.sampled_from([1, 2, 3, 4, 7, 1000]))
        return max(1, top[name] // share - data.draw(st.integers(0, 2)))

    for _ in range(data.draw(st.integers(1, 12))):
        account, side = data.draw(st.sampled_from([ALICE, BOB])), data.draw(st.sampled_from(Side))
        if data.draw(st.integers(0, 5)) == 0:
            quote = data.draw(st.sampled_from([1, 2**31, 2**61, 2**62, 2**63 - 1]))
            order = place(
                account, side, 0, 0, order_type=OrderType.MARKET, flags=1, quote_atoms=quote
            )
        else:
            order = place(account, side, near("price"), near("lots"))
        twins.send(order)
    twins.send(cancel_all(ALICE), cancel_all(BOB))
    twins.check_state()


@settings(max_examples=200, deadline=None)
@given(
    field=st.sampled_from(["price_ticks", "qty_lots", "quote_atoms", "stop_ticks", "expires_ns"]),
    value=st.sampled_from([2**63 - 1, 2**62 + 1, -(2**63), -1, 2**42, 2**31]),
    order_type=st.sampled_from(list(OrderType)),
    flags=st.integers(0, 1),
    side=st.sampled_from(list(Side)),
)
def test_a_number_of_64_bits_is_refused_or_right(field, value, order_type, flags, side):
    twins, _ = market_at("price_and_quantity")
    twins.send(place(ALICE, 1 - side, 1_000, 1_000), place(ALICE, side, 900 + 200 * side, 1_000))
    is_market = order_type == OrderType.MARKET
    fields = {"stop_ticks": 5} if order_type >= OrderType.STOP_LOSS_LIMIT else {}
    fields |= {"order_type": order_type, "flags": flags, "side": side}
    values = {"price_ticks": 0 if is_market else 1_000, "qty_lots": 0 if flags else 10}
    values |= {"quote_atoms": 5_000 if flags else 0} | fields | {field: value}
    side, price, qty = (values.pop(name) for name in ("side", "price_ticks", "qty_lots"))
    twins.send(place(BOB, side, price, qty, **values))
    twins.check_state()


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(
        [CommandKind.DEPOSIT, CommandKind.WITHDRAW, CommandKind.CREDIT, CommandKind.DEBIT]
    ),
    amount=st.sampled_from([2**63 - 1, 2**62 + 1, 2**62, 2**61 + 1, -(2**63), -1]),
)
def test_money_from_outside_never_wraps(kind, amount):
    twins, _ = market_at("price_and_quantity")
    twins.send(funds(kind, 0, amount, BOB), funds(kind, 1, amount, ALICE), writer=2)
    twins.check_state()
