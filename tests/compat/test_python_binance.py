"""Unmodified python-binance: discovers markets, reads, subscribes, trades, hears of it."""

import asyncio

import pytest

pytestmark = [
    pytest.mark.compat,
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore"),  # the library's own
]


@pytest.fixture(scope="module")
def binance(lively_exchange):
    """python-binance pointed here by the lines that `sunwise client-config` prints."""
    pytest.importorskip("binance")
    from sunwise.cli.client_config import client_lines

    names: dict = {}
    lines = client_lines("python-binance", lively_exchange.running)
    exec(lines, names)
    return names


def close(client):
    """Also the event loop that its constructor makes and never closes."""
    client.close_connection()
    client.loop.close()


@pytest.fixture
def keys(lively_exchange):
    return lively_exchange.new_account({"USDT": "100000", "BTC": "5"})


@pytest.fixture
def client(binance, keys):
    client = binance["Client"](keys.api_key, keys.api_secret)
    yield client
    close(client)


def test_the_printed_lines_give_a_client_that_works(binance):
    client = binance["client"]
    assert float(client.get_asset_balance("USDT")["free"]) > 0
    close(client)


def test_markets_are_discovered(client):
    symbols = {each["symbol"]: each for each in client.get_exchange_info()["symbols"]}
    assert len(symbols) == 12
    info = client.get_symbol_info("BTCUSDT")
    assert info["filters"][0]["filterType"] == "PRICE_FILTER"
    assert client.get_symbol_info("NOSUCH") is None


def test_market_data_is_read(client):
    book = client.get_order_book(symbol="BTCUSDT", limit=5)
    assert float(book["bids"][0][0]) < float(book["asks"][0][0])
    assert client.get_recent_trades(symbol="BTCUSDT")
    assert client.get_aggregate_trades(symbol="BTCUSDT")
    assert len(client.get_klines(symbol="BTCUSDT", interval="1m")[-1]) == 12
    assert client.get_ticker(symbol="BTCUSDT")["symbol"] == "BTCUSDT"
    assert float(client.get_symbol_ticker(symbol="ETHBTC")["price"]) > 0
    assert float(client.get_avg_price(symbol="BTCUSDT")["price"]) > 0
    assert len(client.get_all_tickers()) == 12


def test_an_order_lives_from_placing_to_the_history(client):
    placed = client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="30000")
    assert placed["status"] == "NEW"
    number = placed["orderId"]
    assert client.get_order(symbol="BTCUSDT", orderId=number)["status"] == "NEW"
    assert [each["orderId"] for each in client.get_open_orders(symbol="BTCUSDT")] == [number]
    assert client.get_asset_balance("USDT")["locked"] == "300.00000000"
    cancelled = client.cancel_order(symbol="BTCUSDT", orderId=number)
    assert cancelled["status"] == "CANCELED"
    bought = client.order_market_buy(symbol="BTCUSDT", quoteOrderQty="500")
    assert bought["status"] == "FILLED"
    assert bought["fills"]
    trades = client.get_my_trades(symbol="BTCUSDT", orderId=bought["orderId"])
    assert sum(float(each["quoteQty"]) for each in trades) == pytest.approx(
        float(bought["cummulativeQuoteQty"])
    )
    statuses = {each["orderId"]: each["status"] for each in client.get_all_orders(symbol="BTCUSDT")}
    assert statuses == {number: "CANCELED", bought["orderId"]: "FILLED"}


def test_refusals_carry_binances_codes(client):
    from binance.exceptions import BinanceAPIException

    cases = [
        (-1121, lambda: client.get_order_book(symbol="NOSUCH")),
        (-2010, lambda: client.order_limit_buy(symbol="BTCUSDT", quantity="9", price="60000")),
        (-2013, lambda: client.get_order(symbol="BTCUSDT", orderId=999_999)),
        (-2011, lambda: client.cancel_order(symbol="BTCUSDT", orderId=999_999)),
        (-1013, lambda: client.order_limit_buy(symbol="BTCUSDT", quantity="0.00001", price="1")),
    ]
    for code, call in cases:
        with pytest.raises(BinanceAPIException) as refusal:
            call()
        assert refusal.value.code == code


async def test_streams_and_user_events_arrive(binance, keys):
    client = await binance["AsyncClient"].create(keys.api_key, keys.api_secret)
    manager = binance["BinanceSocketManager"](client)
    try:
        async with manager.depth_socket("BTCUSDT", interval=100) as depth:
            event = await asyncio.wait_for(depth.recv(), 20)
            assert event["e"] == "depthUpdate"
        async with manager.multiplex_socket(["btcusdt@bookTicker", "ethusdt@aggTrade"]) as several:
            event = await asyncio.wait_for(several.recv(), 20)
            assert event["stream"] in {"btcusdt@bookTicker", "ethusdt@aggTrade"}
        async with manager.user_socket() as user:
            await client.order_market_buy(symbol="BTCUSDT", quantity="0.001")
            kinds, executions = [], []
            while "outboundAccountPosition" not in kinds:
                event = await asyncio.wait_for(user.recv(), 20)
                event = event.get("event", event)
                kinds.append(event["e"])
                if event["e"] == "executionReport":
                    executions.append(event["x"])
            assert executions[:2] == ["NEW", "TRADE"]
    finally:
        await client.close_connection()


async def test_orders_go_over_the_websocket_api(binance, keys):
    client = await binance["AsyncClient"].create(keys.api_key, keys.api_secret)
    try:
        placed = await client.ws_order_limit_buy(
            symbol="BTCUSDT", quantity="0.01", price="30000", timeInForce="GTC"
        )
        assert placed["status"] == "NEW"
        found = await client.ws_get_order(symbol="BTCUSDT", orderId=placed["orderId"])
        assert (found["orderId"], found["status"]) == (placed["orderId"], "NEW")
        cancelled = await client.ws_cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
        assert cancelled["status"] == "CANCELED"
    finally:
        await client.close_connection()
