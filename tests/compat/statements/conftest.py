"""Traders with accounts of their own on one running exchange."""

import pytest

from sunwise.cli.launched import LaunchedExchange
from tests.compat.statements.trader import Trader

ORDERS_PER_10_SECONDS = 300
# All these tests come from one address, and one of them places as many orders as may be open.
ENVIRONMENT = {
    "SUNWISE_GATEWAY_WEIGHT_PER_MINUTE": "1000000",
    "SUNWISE_GATEWAY_ORDERS_PER_10_SECONDS": str(ORDERS_PER_10_SECONDS),
}


@pytest.fixture(scope="session")
def venue(compiled_engine, tmp_path_factory):
    """The dozen symbols without makers and takers: a test's orders are alone in the book."""
    folder = tmp_path_factory.mktemp("statements") / "data"
    options = ["--no-liquidity"]
    with LaunchedExchange.start(folder, options=options, environment=ENVIRONMENT) as running:
        yield running


@pytest.fixture(scope="session")
def demo(venue):
    """The demo account, for tests that do not care what else it does."""
    return venue.running.demo


@pytest.fixture
def new_trader(venue):
    """Makes traders; asset=amount says what each holds."""
    traders = []

    def make(**balances):
        held = {asset: str(amount) for asset, amount in balances.items()}
        trader = Trader(venue, venue.new_account(held))
        traders.append(trader)
        return trader

    yield make
    for trader in traders:
        for symbol in {order["symbol"] for order in trader.read("openOrders")}:
            trader.cancel_all(symbol)
        trader.close()


@pytest.fixture
def alice(new_trader):
    return new_trader(BTC=10, USDT=1_000_000, LTC=1_000)


@pytest.fixture
def bob(new_trader):
    return new_trader(BTC=10, USDT=1_000_000, LTC=1_000)
