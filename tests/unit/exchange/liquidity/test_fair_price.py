import math
import statistics

import pytest

from sunwise.exchange.liquidity.fair_price import FairPrices, Wander

ANCHORS = {"BTC": 60_000.0, "ETH": 2_500.0, "USDT": 1.0}


def prices(seed=1, **wander):
    return FairPrices(ANCHORS, seed=seed, wander=Wander(**wander))


def path(seed, steps=50):
    walk = prices(seed)
    found = []
    for _ in range(steps):
        walk.step(0.25)
        found.append(walk.value("BTC"))
    return found


def test_the_path_depends_on_the_seed_alone():
    assert path(7) == path(7)
    assert path(7) != path(8)


def test_one_assets_path_does_not_depend_on_which_others_are_listed():
    alone = FairPrices({"BTC": 60_000.0, "USDT": 1.0}, seed=1, wander=Wander())
    together = prices(1)
    for walk in (alone, together):
        walk.step(10)
    assert alone.value("BTC") == together.value("BTC")


def test_cross_rates_agree():
    walk = prices()
    for _ in range(100):
        walk.step(60)
        cross = walk.price("ETH", "USDT") / walk.price("BTC", "USDT")
        assert walk.price("ETH", "BTC") == pytest.approx(cross, rel=1e-12)


def test_the_unit_of_account_keeps_its_value():
    walk = prices()
    walk.step(86_400)
    assert walk.value("USDT") == 1.0


def test_volatility_is_as_asked():
    walk = prices(reversion_s=1e9, daily_volatility=0.05)
    moves, before = [], math.log(walk.value("BTC"))
    for _ in range(2_000):
        walk.step(86_400 / 4)
        now = math.log(walk.value("BTC"))
        moves.append(now - before)
        before = now
    assert statistics.stdev(moves) == pytest.approx(0.05 / 2, rel=0.06)


def test_values_come_back_to_their_anchor():
    walk = prices(daily_volatility=0.0)
    walk.continue_from("BTC", 80_000.0)
    assert walk.value("BTC") == pytest.approx(80_000.0)
    walk.step(6 * 3600.0 * 10)
    assert walk.value("BTC") == pytest.approx(60_000.0, rel=1e-4)
