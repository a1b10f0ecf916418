"""Traders with accounts of their own on one running exchange, and symbols nobody else uses."""

import pytest

from tests.compat.statements.trader import Trader


@pytest.fixture
def new_trader(sunwise_exchange):
    """Makes traders; asset=amount says what each holds."""
    traders = []

    def make(**balances):
        held = {asset: str(amount) for asset, amount in balances.items()}
        trader = Trader(sunwise_exchange, sunwise_exchange.new_account(held))
        traders.append(trader)
        return trader

    yield make
    for trader in traders:
        trader.close()


@pytest.fixture
def alice(new_trader):
    return new_trader(BTC=10, USDT=1_000_000, ETH=100, LTC=1_000)


@pytest.fixture
def bob(new_trader):
    return new_trader(BTC=10, USDT=1_000_000, ETH=100, LTC=1_000)
