"""Unmodified ccxt, REST and pro: load_markets, fetch, watch, create, cancel."""

import asyncio

import pytest

pytestmark = [
    pytest.mark.compat,
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore"),  # the library's own
]


@pytest.fixture
def keys(lively_exchange):
    return lively_exchange.new_account({"USDT": "100000", "BTC": "5"})


@pytest.fixture
def lines(lively_exchange, keys):
    """What `sunwise client-config ccxt` prints, for an account of the test's own."""
    import msgspec

    from sunwise.cli.client_config import client_lines

    pytest.importorskip("ccxt")
    return client_lines("ccxt", msgspec.structs.replace(lively_exchange.running, demo=keys))


@pytest.fixture
def rest(lines):
    names: dict = {}
    exec(lines, names)
    return names["exchange"]


@pytest.fixture
async def pro(lines):
    names: dict = {}
    exec(lines.replace("import ccxt", "import ccxt.pro as ccxt"), names)
    exchange = names["exchange"]
    yield exchange
    await exchange.close()


def test_markets_are_discovered(rest):
    markets = rest.load_markets()
    assert len(markets) == 12
    market = markets["BTC/USDT"]
    assert (market["precision"]["amount"], market["precision"]["price"]) == (1e-05, 0.01)
    assert market["limits"]["cost"]["min"] == 5.0


def test_a_start_with_ccxts_defaults_works_too(lively_exchange, keys):
    """Margin, currencies and futures are asked for with ccxt's default options."""
    import ccxt

    rest, ws = lively_exchange.rest_url, lively_exchange.ws_url
    api = {"public": f"{rest}/api/v3", "private": f"{rest}/api/v3", "v1": f"{rest}/api/v1"}
    api |= {"sapi": f"{rest}/sapi/v1", "fapiPublic": f"{rest}/fapi/v1"}
    api |= {"dapiPublic": f"{rest}/dapi/v1", "ws": {"spot": f"{ws}/ws"}}
    settings = {"apiKey": keys.api_key, "secret": keys.api_secret, "urls": {"api": api}}
    assert len(ccxt.binance(settings).load_markets()) == 12


def test_market_data_is_read(rest):
    book = rest.fetch_order_book("BTC/USDT", 5)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert rest.fetch_trades("BTC/USDT")
    assert rest.fetch_ohlcv("BTC/USDT", "1m")
    ticker = rest.fetch_ticker("BTC/USDT")
    assert ticker["bid"] < ticker["ask"]
    assert len(rest.fetch_tickers()) == 12
    assert rest.fetch_status()["status"] == "ok"
    assert rest.fetch_time() > 1_600_000_000_000


def test_an_order_lives_from_placing_to_the_history(rest):
    import ccxt

    order = rest.create_order("BTC/USDT", "limit", "buy", 0.01, 30_000)
    assert rest.fetch_order(order["id"], "BTC/USDT")["status"] == "open"
    assert [each["id"] for each in rest.fetch_open_orders("BTC/USDT")] == [order["id"]]
    assert rest.fetch_balance()["USDT"]["used"] == 300.0
    assert rest.cancel_order(order["id"], "BTC/USDT")["status"] == "canceled"
    bought = rest.create_order("BTC/USDT", "market", "buy", 0.01)
    assert bought["status"] == "closed"
    assert rest.fetch_my_trades("BTC/USDT")[0]["order"] == bought["id"]
    assert len(rest.fetch_orders("BTC/USDT")) == 2
    with pytest.raises(ccxt.OrderNotFound):
        rest.cancel_order("999999", "BTC/USDT")
    with pytest.raises(ccxt.BadSymbol):
        rest.fetch_ticker("NO/SUCH")


async def test_streams_arrive(pro):
    await pro.load_markets()
    book = await asyncio.wait_for(pro.watch_order_book("BTC/USDT"), 20)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert await asyncio.wait_for(pro.watch_trades("ETH/USDT"), 60)
    assert await asyncio.wait_for(pro.watch_ohlcv("ETH/USDT", "1m"), 60)
    assert (await asyncio.wait_for(pro.watch_ticker("BTC/USDT"), 30))["symbol"] == "BTC/USDT"
    assert await asyncio.wait_for(pro.watch_tickers(["BTC/USDT"]), 30)


async def test_orders_over_websocket_and_user_events(pro):
    await pro.load_markets()
    watching = asyncio.create_task(pro.watch_orders("BTC/USDT"))
    await asyncio.sleep(1.0)
    placed = await asyncio.wait_for(
        pro.create_order_ws("BTC/USDT", "limit", "buy", 0.01, 30_000), 20
    )
    [seen] = await asyncio.wait_for(watching, 20)
    assert seen["id"] == placed["id"]
    watching = asyncio.create_task(pro.watch_orders("BTC/USDT"))
    cancelled = await asyncio.wait_for(pro.cancel_order_ws(placed["id"], "BTC/USDT"), 20)
    assert cancelled["status"] == "canceled"
    [seen] = await asyncio.wait_for(watching, 20)
    assert (seen["id"], seen["status"]) == (placed["id"], "canceled")


async def test_fills_and_balances_are_heard_of(pro):
    await pro.load_markets()
    trades = asyncio.create_task(pro.watch_my_trades("BTC/USDT"))
    balances = asyncio.create_task(pro.watch_balance())
    await asyncio.sleep(1.0)
    bought = await asyncio.wait_for(pro.create_order("BTC/USDT", "market", "buy", 0.01), 20)
    heard = await asyncio.wait_for(trades, 20)
    assert {trade["order"] for trade in heard} == {bought["id"]}
    assert (await asyncio.wait_for(balances, 20))["BTC"]["total"] == pytest.approx(5.01, abs=1e-4)
