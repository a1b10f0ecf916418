"""What read models say, as clients see it: shapes of rest-api.md, every decimal in place."""

import pytest

from sunwise.chassis.bus import Disconnected, NoResponder, RequestTimeout
from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.accounts import Balance, Balances, Orders, OrderState, Position
from sunwise.contracts.exchange.history import Fill, Fills, PastOrders
from sunwise.contracts.exchange.market_data import (
    Aggregates,
    AggregateTrade,
    AveragePrice,
    Candle,
    Candles,
    Depth,
    Ticker,
    Tickers,
    TradePrint,
    Trades,
)
from sunwise.contracts.exchange.records import ExpiryReason, OrderType, TimeInForce
from sunwise.exchange.gateway.keys.api_keys import Permission
from tests.support.fake_gateway import catalog, symbol
from tests.unit.gateway.conftest import ACCOUNT, SECRET

MS = 1_000_000
AT = Position(command_seq=9)
TICKER = Ticker(
    symbol=0, open_ns=86_400_000 * MS, close_ns=172_800_000 * MS, open_ticks=6_000_000,
    high_ticks=6_200_000, low_ticks=5_900_000, last_ticks=6_100_000, last_lots=5,
    previous_close_ticks=5_999_900, qty_lots=1_000, quote_atoms=60_500_000_000, trades=76,
    first_trade_id=28_385, last_trade_id=28_460, bid=(6_099_900, 7), ask=(6_100_100, 8),
)  # fmt: skip
ORDER = OrderState(
    account=ACCOUNT, symbol=0, order_id=3, client_id="mine", side=0, order_type=OrderType.LIMIT,
    time_in_force=TimeInForce.GTC, stp=0, status=1, price_ticks=6_100_000, qty_lots=100,
    quote_atoms=0, stop_ticks=0, executed_lots=40, executed_quote_atoms=2_440_000_000,
    is_working=True, by_quote=False, accepted_ns=1_700_000_000_123 * MS,
    updated_ns=1_700_000_001_456 * MS, working_ns=1_700_000_000_123 * MS,
)  # fmt: skip
SHOWN = {
    "symbol": "BTCUSDT", "orderId": 3, "orderListId": -1, "clientOrderId": "mine",
    "price": "61000.00000000", "origQty": "0.00100000", "executedQty": "0.00040000",
    "cummulativeQuoteQty": "24.40000000", "status": "PARTIALLY_FILLED", "timeInForce": "GTC",
    "type": "LIMIT", "side": "BUY", "stopPrice": "0.00000000", "icebergQty": "0.00000000",
    "time": 1_700_000_000_123, "updateTime": 1_700_000_001_456, "isWorking": True,
    "workingTime": 1_700_000_000_123, "origQuoteOrderQty": "0.00000000",
    "selfTradePreventionMode": "NONE",
}  # fmt: skip


def candle(**changes):
    return Candle(
        **({
            "symbol": 0, "interval": "1m", "open_ns": 1_499_040_000_000 * MS,
            "close_ns": 1_499_040_059_999 * MS, "open_ticks": 100, "high_ticks": 120,
            "low_ticks": 90, "close_ticks": 110, "qty_lots": 50, "quote_atoms": 5_000_000_000,
            "trades": 3, "taker_buy_lots": 20, "taker_buy_quote_atoms": 2_000_000_000,
            "first_trade_id": 1, "last_trade_id": 3, "is_closed": True,
        } | changes)
    )  # fmt: skip


# ---- general ----


async def test_time_and_ping(gateway):
    assert (await gateway.ask("GET", "/api/v3/ping")).raw == b"{}"
    assert (await gateway.ask("GET", "/api/v3/time")).json == {"serverTime": gateway.now_ms}


async def test_exchange_info_describes_a_symbol_as_binance_does(gateway):
    info = (await gateway.ask("GET", "/api/v3/exchangeInfo")).json
    assert list(info) == ["timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols"]
    assert info["rateLimits"][0] == {
        "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6_000,
    }  # fmt: skip
    assert [row["rateLimitType"] for row in info["rateLimits"]][1:] == [
        "ORDERS", "ORDERS", "RAW_REQUESTS",
    ]  # fmt: skip
    btc = info["symbols"][0]
    assert (btc["symbol"], btc["status"], btc["baseAsset"], btc["quoteAsset"]) == (
        "BTCUSDT", "TRADING", "BTC", "USDT",
    )  # fmt: skip
    assert btc["permissions"] == []
    assert btc["permissionSets"] == [["SPOT"]]
    assert "STOP_LOSS_LIMIT" in btc["orderTypes"]
    assert btc["allowedSelfTradePreventionModes"] == [
        "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH",
    ]  # fmt: skip
    assert btc["filters"] == [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00000000",
         "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000",
         "stepSize": "0.00001000"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00001000", "maxQty": "100.00000000",
         "stepSize": "0.00001000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True,
         "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
        {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2",
         "askMultiplierUp": "5", "askMultiplierDown": "0.2", "avgPriceMins": 5},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
    ]  # fmt: skip


async def test_exchange_info_can_be_narrowed(gateway):
    async def names(query):
        info = (await gateway.ask("GET", f"/api/v3/exchangeInfo?{query}")).json
        return [row["symbol"] for row in info["symbols"]]

    assert await names("symbol=ETHUSDT") == ["ETHUSDT"]
    assert await names("symbols=[%22ETHUSDT%22,%22BTCUSDT%22]") == ["ETHUSDT", "BTCUSDT"]
    assert await names("permissions=SPOT") == ["BTCUSDT", "ETHUSDT"]
    assert await names("permissions=[%22MARGIN%22,%22LEVERAGED%22]") == []
    assert await names("symbolStatus=HALT") == []
    assert await names("symbolStatus=TRADING") == ["BTCUSDT", "ETHUSDT"]
    info = (await gateway.ask("GET", "/api/v3/exchangeInfo?showPermissionSets=false")).json
    assert info["symbols"][0]["permissionSets"] == []


async def test_exchange_info_follows_the_catalog(gateway):
    await gateway.ask("GET", "/api/v3/exchangeInfo")
    gateway.catalog.symbols[0] = symbol(0, "BTCUSDT", 0, version=2, status=1)
    gateway.catalog.version += 1
    info = (await gateway.ask("GET", "/api/v3/exchangeInfo?symbol=BTCUSDT")).json
    assert info["symbols"][0]["status"] == "HALT"


async def test_a_symbol_without_value_filters_lists_none(make_gateway):
    gateway = make_gateway(
        catalog(
            symbol(
                0, "BTCUSDT", 0, min_notional_atoms=0, max_notional_atoms=0,
                bid_multiplier_up_ppm=0, ask_multiplier_up_ppm=0,
            )
        )
    )  # fmt: skip
    info = (await gateway.ask("GET", "/api/v3/exchangeInfo")).json
    kinds = [row["filterType"] for row in info["symbols"][0]["filters"]]
    assert kinds == ["PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "MAX_NUM_ORDERS"]


# ---- market data ----


async def test_depth_has_exactly_three_fields(gateway):
    gateway.bus.answers["depth"] = lambda query: Depth(
        position=AT, symbol=0, last_update_id=1_027_024,
        bids=[(400, 43_100_000), (399, 1)], asks=[(401, 1_200_000)],
    )  # fmt: skip
    answer = await gateway.ask("GET", "/api/v3/depth?symbol=BTCUSDT&limit=9999")
    assert answer.json == {
        "lastUpdateId": 1_027_024,
        "bids": [["4.00000000", "431.00000000"], ["3.99000000", "0.00001000"]],
        "asks": [["4.01000000", "12.00000000"]],
    }
    assert gateway.bus.queries == [
        ("query.market.0", {"type": "depth", "symbol": 0, "limit": 5_000})
    ]


async def test_trades_are_listed(gateway):
    row = TradePrint(
        symbol=0, trade_id=28_457, price_ticks=400, qty_lots=1_200_000, quote_atoms=4_800_001_200,
        time_ns=1_499_865_549_590_123_456, buyer_is_maker=True,
    )  # fmt: skip
    gateway.bus.answers["trades"] = lambda query: Trades(position=AT, trades=[row])
    shown = {
        "id": 28_457, "price": "4.00000000", "qty": "12.00000000", "quoteQty": "48.00001200",
        "time": 1_499_865_549_590, "isBuyerMaker": True, "isBestMatch": True,
    }  # fmt: skip
    assert (await gateway.ask("GET", "/api/v3/trades?symbol=BTCUSDT")).json == [shown]
    answer = await gateway.ask(
        "GET", "/api/v3/historicalTrades?symbol=BTCUSDT&fromId=5&limit=7",
        x_mbx_time_unit="MICROSECOND",
    )  # fmt: skip
    assert answer.json == [shown | {"time": 1_499_865_549_590_123}]
    assert gateway.bus.queries[-1][1] == {
        "type": "trades", "symbol": 0, "limit": 7, "from_trade_id": 5,
    }  # fmt: skip


async def test_aggregate_trades_are_listed(gateway):
    row = AggregateTrade(
        symbol=0, aggregate_id=26_129, price_ticks=1_633, qty_lots=470_443, first_trade_id=27_781,
        last_trade_id=27_783, time_ns=1_498_793_709_153 * MS, buyer_is_maker=False,
    )  # fmt: skip
    gateway.bus.answers["aggregates"] = lambda query: Aggregates(position=AT, aggregates=[row])
    answer = await gateway.ask(
        "GET", "/api/v3/aggTrades?symbol=BTCUSDT&startTime=1&endTime=2000000000000000"
    )
    assert answer.json == [
        {"a": 26_129, "p": "16.33000000", "q": "4.70443000", "f": 27_781, "l": 27_783,
         "T": 1_498_793_709_153, "m": False, "M": True}
    ]  # fmt: skip
    query = gateway.bus.queries[-1][1]
    assert (query["start_ns"], query["end_ns"]) == (MS, 2_000_000_000_000_000_000)


async def test_klines_are_arrays_of_twelve(gateway):
    gateway.bus.answers["candles"] = lambda query: Candles(position=AT, candles=[candle()])
    for path in ("klines", "uiKlines"):
        answer = await gateway.ask("GET", f"/api/v3/{path}?symbol=BTCUSDT&interval=1m")
        assert answer.json == [
            [1_499_040_000_000, "1.00000000", "1.20000000", "0.90000000", "1.10000000",
             "0.00050000", 1_499_040_059_999, "50.00000000", 3, "0.00020000", "20.00000000", "0"]
        ]  # fmt: skip
    answer = await gateway.ask(
        "GET", "/api/v3/klines?symbol=BTCUSDT&interval=1d&timeZone=-1:30",
        x_mbx_time_unit="MICROSECOND",
    )  # fmt: skip
    assert answer.json[0][0] == 1_499_040_000_000_000
    assert answer.json[0][6] == 1_499_040_059_999_999
    assert gateway.bus.queries[-1][1]["offset_ns"] == 90 * 60 * 1_000 * MS


async def test_the_average_price_is_rounded_in_the_last_decimal(gateway):
    average = {
        "position": AT,
        "symbol": 0,
        "minutes": 5,
        "last_ticks": 935,
        "close_ns": 1_694_061_154_503 * MS,
    }
    gateway.bus.answers["average"] = lambda query: AveragePrice(tick_lots=2_000, lots=3, **average)
    answer = await gateway.ask("GET", "/api/v3/avgPrice?symbol=BTCUSDT")
    assert answer.json == {"mins": 5, "price": "6.66666667", "closeTime": 1_694_061_154_503}
    gateway.bus.answers["average"] = lambda query: AveragePrice(tick_lots=0, lots=0, **average)
    answer = await gateway.ask("GET", "/api/v3/avgPrice?symbol=BTCUSDT")
    assert answer.json["price"] == "9.35000000"


async def test_tickers_of_24_hours(gateway):
    gateway.bus.answers["tickers"] = lambda query: Tickers(position=AT, tickers=[TICKER])
    full = (await gateway.ask("GET", "/api/v3/ticker/24hr?symbol=BTCUSDT")).json
    assert full == {
        "symbol": "BTCUSDT", "priceChange": "1000.00000000", "priceChangePercent": "1.667",
        "weightedAvgPrice": "60500.00000000", "prevClosePrice": "59999.00000000",
        "lastPrice": "61000.00000000", "lastQty": "0.00005000", "bidPrice": "60999.00000000",
        "bidQty": "0.00007000", "askPrice": "61001.00000000", "askQty": "0.00008000",
        "openPrice": "60000.00000000", "highPrice": "62000.00000000",
        "lowPrice": "59000.00000000", "volume": "0.01000000", "quoteVolume": "605.00000000",
        "openTime": 86_400_000, "closeTime": 172_800_000, "firstId": 28_385, "lastId": 28_460,
        "count": 76,
    }  # fmt: skip
    mini = (await gateway.ask("GET", "/api/v3/ticker/24hr?symbol=BTCUSDT&type=MINI")).json
    assert mini == {name: full[name] for name in mini}
    assert len(mini) == 12
    several = await gateway.ask("GET", "/api/v3/ticker/24hr?symbols=[%22BTCUSDT%22]")
    assert several.json == [full]


async def test_prices_and_book_tickers(gateway):
    eth = TICKER.__class__(
        **{f: getattr(TICKER, f) for f in TICKER.__struct_fields__} | {"symbol": 1}
    )
    gateway.bus.answers["tickers"] = lambda query: Tickers(position=AT, tickers=[eth, TICKER])
    prices = (await gateway.ask("GET", "/api/v3/ticker/price")).json
    assert prices == [
        {"symbol": "BTCUSDT", "price": "61000.00000000"},
        {"symbol": "ETHUSDT", "price": "61000.00000000"},
    ]
    book = (await gateway.ask("GET", "/api/v3/ticker/bookTicker?symbol=ETHUSDT")).json
    assert book == {
        "symbol": "ETHUSDT", "bidPrice": "60999.00000000", "bidQty": "0.00007000",
        "askPrice": "61001.00000000", "askQty": "0.00008000",
    }  # fmt: skip
    assert gateway.bus.queries[-1][1]["symbols"] == [1]


async def test_a_status_leaves_symbols_out(make_gateway):
    gateway = make_gateway(catalog(symbol(0, "BTCUSDT", 0), symbol(1, "ETHUSDT", 2, status=1)))
    gateway.bus.answers["tickers"] = lambda query: Tickers(position=AT, tickers=[TICKER])
    shown = (await gateway.ask("GET", "/api/v3/ticker/price?symbolStatus=TRADING")).json
    assert [row["symbol"] for row in shown] == ["BTCUSDT"]
    assert (await gateway.ask("GET", "/api/v3/ticker/price?symbolStatus=BREAK")).json == []


async def test_a_rolling_window_opens_on_a_whole_minute(gateway):
    gateway.clock.advance_ns(34_567_000_000)
    gateway.bus.answers["candles"] = lambda query: Candles(
        position=AT,
        candles=[
            candle(
                open_ticks=50, close_ticks=50, high_ticks=50, low_ticks=50, trades=0, qty_lots=0
            ),
            candle(),
        ],
    )
    answer = await gateway.ask("GET", "/api/v3/ticker?symbol=BTCUSDT&windowSize=2h")
    shown = answer.json
    assert shown["closeTime"] == gateway.now_ms
    assert shown["openTime"] % 60_000 == 0
    assert 7_200_000 <= shown["closeTime"] - shown["openTime"] < 7_260_000
    assert (shown["openPrice"], shown["lastPrice"], shown["count"]) == (
        "1.00000000",
        "1.10000000",
        6,
    )
    assert "lastQty" not in shown
    intervals = [query["interval"] for _, query in gateway.bus.queries]
    assert intervals == ["1m", "1h"]


async def test_the_day_in_the_clients_zone(gateway):
    gateway.bus.answers["candles"] = lambda query: Candles(position=AT, candles=[candle()])
    answer = await gateway.ask(
        "GET", "/api/v3/ticker/tradingDay?symbols=[%22BTCUSDT%22]&timeZone=8"
    )
    (shown,) = answer.json
    assert shown["highPrice"] == "1.20000000"
    assert (shown["openTime"] + 8 * 3_600_000) % 86_400_000 == 0
    assert shown["closeTime"] == shown["openTime"] + 86_399_999
    query = gateway.bus.queries[0][1]
    assert (query["offset_ns"], query["start_ns"]) == (
        -8 * 3_600 * 1_000 * MS,
        shown["openTime"] * MS,
    )


@pytest.mark.parametrize("path", ["ticker/tradingDay?symbol=BTCUSDT", "ticker?symbol=BTCUSDT"])
async def test_a_window_without_any_trade_ever_is_all_zeros(gateway, path):
    gateway.bus.answers["candles"] = lambda query: Candles(position=AT, candles=[])
    shown = (await gateway.ask("GET", f"/api/v3/{path}")).json
    assert (shown["openPrice"], shown["lastPrice"], shown["volume"]) == ("0.00000000",) * 3
    assert (shown["firstId"], shown["lastId"], shown["count"]) == (-1, -1, 0)


@pytest.mark.parametrize(
    "fault", [NoResponder("none"), RequestTimeout("late"), Disconnected("gone"), Permanent("bug")]
)
async def test_a_read_without_an_answer_is_an_internal_error(gateway, fault):
    gateway.bus.fault = fault
    answer = await gateway.ask("GET", "/api/v3/depth?symbol=BTCUSDT")
    message = "Internal error; unable to process your request. Please try again."
    assert answer.refusal == (503, -1001, message)


# ---- accounts ----


async def test_the_account_lists_every_asset(gateway):
    gateway.bus.answers["balances"] = lambda query: Balances(
        position=AT, updated_ns=123_456_789 * MS,
        balances=[Balance(asset=0, free_atoms=472_384_689_208_129, locked_atoms=1)],
    )  # fmt: skip
    shown = (await gateway.call("GET", "/api/v3/account")).json
    assert shown["balances"] == [
        {"asset": "BTC", "free": "4723846.89208129", "locked": "0.00000001"},
        {"asset": "USDT", "free": "0.00000000", "locked": "0.00000000"},
        {"asset": "ETH", "free": "0.00000000", "locked": "0.00000000"},
    ]
    assert (shown["makerCommission"], shown["takerCommission"]) == (10, 10)
    assert shown["commissionRates"]["maker"] == "0.00100000"
    assert (shown["canTrade"], shown["accountType"], shown["permissions"]) == (
        True,
        "SPOT",
        ["SPOT"],
    )
    assert (shown["updateTime"], shown["uid"]) == (123_456_789, ACCOUNT)
    few = await gateway.call("GET", "/api/v3/account", omitZeroBalances="true")
    assert [row["asset"] for row in few.json["balances"]] == ["BTC"]
    assert gateway.bus.queries[0] == ("query.accounts.0", {"type": "balances", "account": ACCOUNT})


async def test_a_key_that_may_not_trade_says_so(gateway):
    gateway.add_key("r" * 64, SECRET, permissions=Permission.USER_DATA)
    gateway.bus.answers["balances"] = lambda query: Balances(position=AT, updated_ns=0, balances=[])
    assert (await gateway.call("GET", "/api/v3/account", key="r" * 64)).json["canTrade"] is False


async def test_an_open_order_is_shown_as_binance_shows_it(gateway):
    gateway.bus.answers["order"] = lambda query: Orders(position=AT, orders=[ORDER])
    gateway.bus.answers["open_orders"] = lambda query: Orders(position=AT, orders=[ORDER, ORDER])
    answer = await gateway.call("GET", "/api/v3/order", symbol="BTCUSDT", orderId=3)
    assert answer.json == SHOWN
    answer = await gateway.call("GET", "/api/v3/openOrders", symbol="BTCUSDT")
    assert answer.json == [SHOWN, SHOWN]
    assert gateway.bus.queries[-1][1] == {"type": "open_orders", "account": ACCOUNT, "symbol": 0}
    await gateway.call("GET", "/api/v3/openOrders")
    assert gateway.bus.queries[-1][1]["symbol"] is None


def changed(**changes):
    return OrderState(**{f: getattr(ORDER, f) for f in ORDER.__struct_fields__} | changes)


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        (changed(status=0, executed_lots=0, executed_quote_atoms=0), {"status": "NEW", "cummulativeQuoteQty": "0.00000000"}),
        (changed(status=3), {"status": "CANCELED"}),
        (changed(status=4, expiry_reason=ExpiryReason.FILL_OR_KILL), {"status": "EXPIRED", "expiryReason": "UNFILLED_FOK_ORDER_EXPIRED"}),
        (changed(status=5, prevented_match_id=4, prevented_lots=60), {"status": "EXPIRED_IN_MATCH", "preventedMatchId": 4, "preventedQuantity": "0.00060000"}),
        (changed(status=4, expiry_reason=ExpiryReason.QUOTE_SPENT, by_quote=True, qty_lots=0, quote_atoms=2_450_000_000), {"status": "FILLED", "origQty": "0.00040000", "origQuoteOrderQty": "24.50000000"}),
        (changed(order_type=OrderType.STOP_LOSS_LIMIT, stop_ticks=6_000_000, is_working=False, working_ns=0), {"stopPrice": "60000.00000000", "isWorking": False, "workingTime": -1}),
        (changed(strategy_id=5, strategy_type=1_000_000), {"strategyId": 5, "strategyType": 1_000_000}),
    ],
)  # fmt: skip
async def test_what_became_of_an_order_shows(gateway, state, wanted):
    gateway.bus.answers["order"] = lambda query: Orders(position=AT, orders=[state])
    shown = (await gateway.call("GET", "/api/v3/order", symbol="BTCUSDT", orderId=3)).json
    assert {name: shown[name] for name in wanted} == wanted


async def test_an_order_of_long_ago_comes_from_the_history(gateway):
    gateway.bus.answers["order"] = lambda query: Orders(position=AT, orders=[])
    gateway.bus.answers["orders"] = lambda query: PastOrders(position=AT, orders=[ORDER])
    answer = await gateway.call("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert answer.json == SHOWN
    other = await gateway.call("GET", "/api/v3/order", symbol="BTCUSDT", orderId=2)
    assert other.refusal == (400, -2013, "Order does not exist.")  # the next one is not this one


async def test_two_ids_must_name_one_order(gateway):
    gateway.bus.answers["order"] = lambda query: Orders(position=AT, orders=[ORDER])
    answer = await gateway.call(
        "GET", "/api/v3/order", symbol="BTCUSDT", orderId=3, origClientOrderId="other"
    )
    assert answer.refusal == (400, -2039, "Client order ID is not correct for this order ID.")


async def test_all_orders_asks_the_history(gateway):
    gateway.bus.answers["orders"] = lambda query: PastOrders(position=AT, orders=[ORDER])
    answer = await gateway.call(
        "GET", "/api/v3/allOrders", symbol="BTCUSDT", startTime=1_000, endTime=2_000, limit=9_999
    )
    assert answer.json == [SHOWN]
    assert gateway.bus.queries[-1] == (
        "query.history.0",
        {"type": "orders", "account": ACCOUNT, "symbol": 0, "from_order_id": None,
         "client_id": None, "start_ns": 1_000 * MS, "end_ns": 2_000 * MS, "limit": 1_000},
    )  # fmt: skip


async def test_my_trades_are_listed(gateway):
    fill = Fill(
        account=ACCOUNT, symbol=0, trade_id=28_457, order_id=100_234, price_ticks=400,
        qty_lots=1_200_000, quote_atoms=4_800_001_200, fee_atoms=1_010_000_000, fee_asset=2,
        time_ns=1_499_865_549_590 * MS, is_buyer=True, is_maker=False,
    )  # fmt: skip
    gateway.bus.answers["fills"] = lambda query: Fills(position=AT, fills=[fill])
    answer = await gateway.call(
        "GET", "/api/v3/myTrades", symbol="BTCUSDT", orderId=100_234, fromId=1
    )
    assert answer.json == [
        {"symbol": "BTCUSDT", "id": 28_457, "orderId": 100_234, "orderListId": -1,
         "price": "4.00000000", "qty": "12.00000000", "quoteQty": "48.00001200",
         "commission": "10.10000000", "commissionAsset": "ETH", "time": 1_499_865_549_590,
         "isBuyer": True, "isMaker": False, "isBestMatch": True}
    ]  # fmt: skip


async def test_unfilled_orders_are_told(gateway):
    await gateway.order()
    assert (await gateway.call("GET", "/api/v3/rateLimit/order")).json == [
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100, "count": 1},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000, "count": 1},
    ]  # fmt: skip


async def test_commission_rates_are_told(gateway):
    shown = (await gateway.call("GET", "/api/v3/account/commission", symbol="BTCUSDT")).json
    assert shown["standardCommission"] == {
        "maker": "0.00100000", "taker": "0.00100000", "buyer": "0.00000000", "seller": "0.00000000",
    }  # fmt: skip
    assert shown["discount"]["enabledForAccount"] is False


# ---- what this exchange has not ----


@pytest.mark.parametrize("path", ["/fapi/v1/exchangeInfo", "/dapi/v1/exchangeInfo"])
async def test_there_are_no_futures(gateway, path):
    assert (await gateway.ask("GET", path)).json["symbols"] == []


async def test_clients_that_look_for_margin_and_wallet_find_nothing(gateway):
    assert (await gateway.ask("GET", "/sapi/v1/system/status")).json == {
        "status": 0,
        "msg": "normal",
    }
    key = {"x_mbx_apikey": "k" * 64}
    assert (await gateway.ask("GET", "/sapi/v1/margin/allPairs", **key)).json == []
    assert (await gateway.call("GET", "/sapi/v1/margin/allPairs", recvWindow=10_000)).json == []
    assert (await gateway.call("GET", "/sapi/v1/margin/isolated/allPairs")).json == []
    coins = (await gateway.call("GET", "/sapi/v1/capital/config/getall")).json
    assert [coin["coin"] for coin in coins] == ["BTC", "USDT", "ETH"]
    fees = (await gateway.call("GET", "/sapi/v1/asset/tradeFee", symbol="ETHUSDT")).json
    assert fees == [
        {"symbol": "ETHUSDT", "makerCommission": "0.00100000", "takerCommission": "0.00100000"}
    ]
    assert len((await gateway.call("GET", "/sapi/v1/asset/tradeFee")).json) == 2
    rights = (await gateway.call("GET", "/sapi/v1/account/apiRestrictions")).json
    assert (rights["enableSpotAndMarginTrading"], rights["enableWithdrawals"]) == (True, False)
    assert (await gateway.call("GET", "/sapi/v1/account/status")).json == {"data": "Normal"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("query", ["", "?listenKey=x", "?listenKey=&symbol=NOPE"])
async def test_listen_keys_are_gone(gateway, method, query):
    answer = await gateway.ask(method, f"/api/v3/userDataStream{query}", x_mbx_apikey="k" * 64)
    assert answer.refusal == (410, -1016, "This service is no longer available.")


async def test_old_clients_get_listen_keys_where_they_are_switched_on(make_gateway):
    gateway = make_gateway(legacy_listen_key=True)
    path, key = "/api/v3/userDataStream", {"x_mbx_apikey": "k" * 64}
    made = (await gateway.ask("POST", path, **key)).json["listenKey"]
    again = (await gateway.ask("POST", path, **key)).json["listenKey"]
    assert made == again
    assert len(made) == 64
    assert (await gateway.ask("PUT", path, f"listenKey={made}".encode(), **key)).json == {}
    assert (await gateway.ask("DELETE", f"{path}?listenKey={made}", **key)).json == {}
    gone = await gateway.ask("PUT", f"{path}?listenKey={made}", **key)
    assert gone.refusal == (400, -1125, "This listenKey does not exist.")
    assert (await gateway.ask("POST", path)).refusal[:2] == (401, -2014)


async def test_probes_and_pages_are_not_the_api(gateway):
    assert (await gateway.ask("GET", "/sunwise/v1/health")).json == {"status": "up"}
    assert (await gateway.ask("GET", "/sunwise/v1/nothing")).status == 404
    assert (await gateway.ask("GET", "/docs")).raw == b"a page"


async def test_a_symbol_that_a_read_model_does_not_know_yet_is_no_fault(gateway):
    gateway.bus.answers["tickers"] = lambda query: Tickers(position=AT, tickers=[TICKER])
    one = await gateway.ask("GET", "/api/v3/ticker/price?symbol=ETHUSDT")
    assert one.refusal[:2] == (503, -1001)
    every = await gateway.ask("GET", "/api/v3/ticker/price")
    assert [row["symbol"] for row in every.json] == ["BTCUSDT"]


async def test_a_symbol_that_is_not_known_here_yet_is_no_fault(gateway):
    gateway.bus.answers["open_orders"] = lambda query: Orders(
        position=AT, orders=[changed(symbol=7)]
    )
    answer = await gateway.call("GET", "/api/v3/openOrders")
    assert answer.refusal[:2] == (503, -1001)


async def test_a_bug_of_ours_ends_one_call_only(gateway, caplog):
    def broken(query):
        raise ZeroDivisionError("a bug")

    gateway.bus.answers["depth"] = broken
    answer = await gateway.ask("GET", "/api/v3/depth?symbol=BTCUSDT")
    message = "An unknown error occurred while processing the request."
    assert answer.refusal == (500, -1000, message)
    assert "a bug" in caplog.text
    assert (await gateway.ask("GET", "/api/v3/ping")).status == 200
