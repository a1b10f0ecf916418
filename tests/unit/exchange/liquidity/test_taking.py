import pytest

from sunwise.exchange.liquidity.market import Market
from sunwise.exchange.liquidity.quoting import BUY, SELL
from sunwise.exchange.liquidity.taking import Taker, TakerHabits

MARKET = Market(
    name="BTCUSDT", base="BTC", quote="USDT", tick=10**16, lot=10**13,
    min_lots=1, max_lots=900_000_000, min_notional=5.0,
)  # fmt: skip
PRICE = 60_000.0


def orders(n, *, seed=1, position=0, **habits):
    taker = Taker(MARKET, seed=seed, run="r", habits=TakerHabits(**habits))
    taker.traded(BUY, position)
    found = [taker.order(0.25, price=PRICE, unit_value=PRICE) for _ in range(n)]
    return [order for order in found if order]


def test_the_same_seed_gives_the_same_orders():
    assert orders(400) == orders(400)
    assert orders(400) != orders(400, seed=2)


def test_the_first_step_trades():
    assert len(orders(1)) == 1


def test_orders_arrive_at_the_asked_rate():
    assert len(orders(16_000, mean_interval_s=4.0)) == pytest.approx(1_000, rel=0.12)


def test_orders_meet_the_smallest_notional():
    assert all(order.qty_lots * PRICE * 1e-5 >= 5 for order in orders(2_000, median_notional=1.0))


@pytest.mark.parametrize(("lots", "side"), [(500_000, SELL), (-500_000, BUY)])
def test_a_long_position_is_worked_off(lots, side):
    sides = [order.side for order in orders(4_000, position=lots)]
    assert sides.count(side) > 0.9 * len(sides)
