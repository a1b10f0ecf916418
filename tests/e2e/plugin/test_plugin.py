"""The pytest plugin, used as a bot's own test suite uses it."""

import json
import textwrap
import urllib.request

import pytest

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def bot_suite(compiled_engine, tmp_path_factory):
    """Runs a test module in a pytest process of its own; the result's lines and outcome counts."""
    import subprocess
    import sys

    def run(source):
        folder = tmp_path_factory.mktemp("suite")
        (folder / "test_bot.py").write_text(textwrap.dedent(source))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_bot.py"]
        done = subprocess.run(
            command, check=False, cwd=folder, capture_output=True, text=True, timeout=240
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_test_gets_an_exchange_with_keys_and_money(bot_suite):
    code, output = bot_suite(
        """
        from binance import Client
        from binance.base_client import BaseClient

        def test_my_bot(sunwise_exchange):
            BaseClient.API_URL = sunwise_exchange.rest_url + "/api"
            client = Client(sunwise_exchange.api_key, sunwise_exchange.api_secret)
            order = client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="50000")
            assert order["status"] == "NEW"
            sunwise_exchange.credit("BTC", "2.5")
            balance = client.get_asset_balance("BTC")
            assert float(balance["free"]) == 12.5

        def test_the_next_one_starts_with_a_fresh_account(sunwise_exchange):
            client = Client(sunwise_exchange.api_key, sunwise_exchange.api_secret)
            assert client.get_open_orders() == []
            assert client.get_orderbook_ticker(symbol="BTCUSDT")["bidPrice"] == "0.00000000"
            assert client.get_asset_balance("USDT")["free"] == "100000.00000000"

        def test_two_accounts_trade_with_each_other(sunwise_exchange):
            other = sunwise_exchange.new_account({"BTC": "1"})
            seller = Client(other.api_key, other.api_secret)
            buyer = Client(sunwise_exchange.api_key, sunwise_exchange.api_secret)
            seller.order_limit_sell(symbol="BTCUSDT", quantity="0.5", price="60000")
            bought = buyer.order_market_buy(symbol="BTCUSDT", quantity="0.5")
            assert bought["status"] == "FILLED"
            before = sunwise_exchange.account
            sunwise_exchange.reset()
            assert sunwise_exchange.account != before
        """
    )
    assert code == 0, output
    assert "3 passed" in output


def test_a_marker_chooses_the_market(bot_suite):
    code, output = bot_suite(
        """
        import json, time, urllib.request
        import pytest

        def get(exchange, path):
            return json.load(urllib.request.urlopen(exchange.rest_url + path))

        @pytest.mark.sunwise(liquidity=True, seed=7, symbols=["ETHUSDT"], balances={"ETH": "3"})
        def test_a_market_with_liquidity(sunwise_exchange):
            names = [each["symbol"] for each in get(sunwise_exchange, "/api/v3/exchangeInfo")["symbols"]]
            assert names == ["ETHUSDT"]
            until = time.monotonic() + 20
            while not get(sunwise_exchange, "/api/v3/trades?symbol=ETHUSDT"):
                assert time.monotonic() < until
                time.sleep(0.1)

        @pytest.mark.sunwise(sped=3)
        def test_a_slip_is_told(sunwise_exchange):
            pass
        """
    )
    assert code == 1
    assert "1 passed" in output, output
    assert "@pytest.mark.sunwise takes balances, fresh" in output
    assert "not sped" in output


def test_a_fresh_folder_is_up_within_seconds(sunwise_exchange, tmp_path):
    """Measured, not gated tightly: a busy machine is no fault of the plugin."""
    import time

    from sunwise.cli.launched import LaunchedExchange

    began = time.monotonic()
    with LaunchedExchange.start(tmp_path / "data", options=["--no-liquidity"]) as exchange:
        took = time.monotonic() - began
        with urllib.request.urlopen(exchange.rest_url + "/api/v3/ping") as reply:
            assert json.load(reply) == {}
    print(f"up in {took:.2f} s")
    assert took < 15
