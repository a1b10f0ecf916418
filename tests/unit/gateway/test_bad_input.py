"""Every malformed request gets Binance's own code and message, and nothing is half done."""

import pytest

from tests.unit.gateway.conftest import KEY, hmac_hex

DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
CLIENT_ID = "^[.A-Z:/a-z0-9_-]{1,36}$"

ILLEGAL_NUMBERS = [
    "NaN", "nan", "Infinity", "inf", "1e400", "1e-9", "1E5", "-0", "-1", "+1", " 1", "1 ", "1_000",
    "0x10", "1,5", ".5", "5.", "1.2.3", ".", "\uff11\uff12", "\u0661\u0662", "1" * 40, "1." + "0" * 40, "\xb2", "1\t",
    "0" * 21, "true", "null", "[]", "{}", "1;DROP TABLE orders", "\x00",
]  # fmt: skip


@pytest.mark.parametrize("number", ILLEGAL_NUMBERS)
@pytest.mark.parametrize("name", ["quantity", "price"])
async def test_what_is_no_plain_number_is_refused(gateway, name, number):
    answer = await gateway.order(**{name: number})
    message = f"Illegal characters found in parameter '{name}'; legal range is '{DECIMAL}'."
    assert answer.refusal == (400, -1100, message)
    assert gateway.writer.commands == []


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"price": "61000.000000001"}, -1111, "Parameter 'price' has too much precision."),
        ({"quantity": "0.000000001"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"price": "9" * 20}, -1108, "Parameter 'price' overflowed."),
        ({"quantity": "9" * 20}, -1108, "Parameter 'quantity' overflowed."),
        ({"price": "61000.005"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"quantity": "0.001001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"symbol": "btcusdt"}, -1100, r"Illegal characters found in parameter 'symbol'; legal range is '^[\w\-._&&[^a-z]]{1,50}$'."),
        ({"symbol": "A" * 51}, -1100, r"Illegal characters found in parameter 'symbol'; legal range is '^[\w\-._&&[^a-z]]{1,50}$'."),
        ({"symbol": ""}, -1105, "Parameter 'symbol' was empty."),
        ({"symbol": None}, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"side": "buy"}, -1117, "Invalid side."),
        ({"side": None}, -1102, "Mandatory parameter 'side' was not sent, was empty/null, or malformed."),
        ({"type": "WISH"}, -1116, "Invalid orderType."),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"timeInForce": None}, -1102, "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed."),
        ({"quantity": None}, -1102, "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed."),
        ({"price": None}, -1102, "Mandatory parameter 'price' was not sent, was empty/null, or malformed."),
        ({"stopPrice": "60000"}, -1106, "Parameter 'stopPrice' sent when not required."),
        ({"quoteOrderQty": "10"}, -1106, "Parameter 'quoteOrderQty' sent when not required."),
        ({"newClientOrderId": "a b"}, -1100, f"Illegal characters found in parameter 'newClientOrderId'; legal range is '{CLIENT_ID}'."),
        ({"newClientOrderId": "x" * 37}, -1100, f"Illegal characters found in parameter 'newClientOrderId'; legal range is '{CLIENT_ID}'."),
        ({"newClientOrderId": "é"}, -1100, f"Illegal characters found in parameter 'newClientOrderId'; legal range is '{CLIENT_ID}'."),
        ({"newClientOrderId": 'a","b":"c'}, -1100, f"Illegal characters found in parameter 'newClientOrderId'; legal range is '{CLIENT_ID}'."),
        ({"newOrderRespType": "EVERYTHING"}, -1130, "Data sent for parameter 'newOrderRespType' is not valid."),
        ({"selfTradePreventionMode": "DECREMENT"}, -1130, "Data sent for parameter 'selfTradePreventionMode' is not valid."),
        ({"strategyType": "999999"}, -1134, "strategyType was less than 1000000."),
        ({"strategyId": "9" * 20}, -1108, "Parameter 'strategyId' overflowed."),
        ({"strategyId": "x"}, -1100, "Illegal characters found in parameter 'strategyId'; legal range is '^[0-9]{1,20}$'."),
        ({"icebergQty": "0.0005"}, -2010, "Iceberg orders are not supported for this symbol."),
        ({"trailingDelta": "100"}, -2010, "Trailing stop orders are not supported for this symbol."),
        ({"pegPriceType": "PRIMARY_PEG"}, -2010, "Pegged orders are not supported for this symbol."),
        ({"pegPriceType": "BEST"}, -1210, "Invalid pegPriceType."),
        ({"pegPriceType": "MARKET_PEG", "pegOffsetType": "BIPS"}, -1211, "Invalid pegOffsetType."),
        ({"type": "STOP_LOSS"}, -2010, "Stop loss orders are not supported for this symbol."),
        ({"type": "TAKE_PROFIT"}, -2010, "Take profit orders are not supported for this symbol."),
        ({"type": "MARKET"}, -1106, "Parameter 'price' sent when not required."),
        ({"type": "MARKET", "price": None}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({"type": "MARKET", "price": None, "timeInForce": None, "quantity": None}, -1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"),
        ({"type": "MARKET", "price": None, "timeInForce": None, "quoteOrderQty": "10"}, -1128, "Combination of optional parameters invalid."),
        ({"type": "MARKET", "price": None, "timeInForce": None, "quantity": None, "quoteOrderQty": "0"}, -1013, "Filter failure: NOTIONAL"),
        ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({"type": "STOP_LOSS_LIMIT"}, -1102, "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "NaN"}, -1100, f"Illegal characters found in parameter 'stopPrice'; legal range is '{DECIMAL}'."),
        ({"nonsense": "1"}, -1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'."),
        ({"timeinforce": "GTC", "timeInForce": None}, -1104, "Not all sent parameters were read; read '7' parameter(s) but was sent '8'."),
        ({f"p{n}": "1" for n in range(20)}, -1101, "Too many parameters; expected '21' and received '28'."),
    ],
)  # fmt: skip
async def test_a_faulty_order_is_told_what_is_wrong(gateway, changes, code, message):
    answer = await gateway.order(**changes)
    assert answer.refusal == (400, code, message)
    assert gateway.writer.commands == []


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("/api/v3/ping?x=1", -1101, "Too many parameters; expected '0' and received '1'."),
        ("/api/v3/depth", -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
        ("/api/v3/depth?symbol=BTCUSDT&limit=0", -1130, "Data sent for parameter 'limit' is not valid."),
        ("/api/v3/depth?symbol=BTCUSDT&limit=-5", -1100, "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'."),
        ("/api/v3/depth?symbol=BTCUSDT&limit=1e3", -1100, "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'."),
        ("/api/v3/depth?symbol=BTCUSDT&depth=5", -1104, "Not all sent parameters were read; read '1' parameter(s) but was sent '2'."),
        ("/api/v3/depth?symbol=BTCUSDT&symbol=ETHUSDT", -1101, "Duplicate values for a parameter detected."),
        ("/api/v3/depth?symbol=BTCUSDT&symbolStatus=HALT", -1220, "The symbol's status does not match the requested symbolStatus."),
        ("/api/v3/depth?symbol=BTCUSDT&symbolStatus=SLEEPY", -1122, "Invalid symbolStatus."),
        ("/api/v3/klines?symbol=BTCUSDT&interval=7m", -1120, "Invalid interval."),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1M&timeZone=15:00", -1130, "Data sent for parameter 'timeZone' is not valid."),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=2&endTime=1", -1102, "Mandatory parameter 'endTime' was not sent, was empty/null, or malformed."),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=99999999999999999999", -1130, "Data sent for parameter 'startTime' is not valid."),
        ("/api/v3/aggTrades?symbol=BTCUSDT&fromId=1&startTime=1", -1128, "Combination of optional parameters invalid."),
        ("/api/v3/ticker/24hr?symbol=BTCUSDT&type=MAXI", -1139, "Invalid ticker type."),
        ("/api/v3/ticker/24hr?symbol=BTCUSDT&symbols=[%22BTCUSDT%22]", -1128, "Combination of optional parameters invalid."),
        ("/api/v3/ticker/24hr?symbols=[%22BTCUSDT%22,%22BTCUSDT%22]", -1151, "Symbol is present multiple times in the list."),
        ("/api/v3/ticker/24hr?symbols=[]", -1105, "Parameter 'symbols' was empty."),
        ("/api/v3/ticker/price?symbols=[%22NOPE%22]", -1121, "Invalid symbol."),
        ("/api/v3/ticker?windowSize=1d2h&symbol=BTCUSDT", -1130, "Data sent for parameter 'windowSize' is not valid."),
        ("/api/v3/ticker?windowSize=8d&symbol=BTCUSDT", -1130, "Data sent for parameter 'windowSize' is not valid."),
        ("/api/v3/ticker", -1102, "Param 'symbol' or 'symbols' must be sent, but both were empty/null!"),
        ("/api/v3/exchangeInfo?symbol=NOPE", -1121, "Invalid symbol."),
        ("/api/v3/exchangeInfo?symbol=BTCUSDT&permissions=SPOT", -1128, "Combination of optional parameters invalid."),
        ("/api/v3/exchangeInfo?showPermissionSets=perhaps", -1100, "Illegal characters found in parameter 'showPermissionSets'; legal range is '^(true|false)$'."),
        ("/api/v3/depth?symbol=%E6%B5", -1100, "Illegal characters found in a parameter."),
        ("/api/v3/depth?symbol=%zz", -1100, "Illegal characters found in a parameter."),
    ],
)  # fmt: skip
async def test_a_faulty_question_is_told_what_is_wrong(gateway, target, code, message):
    answer = await gateway.ask("GET", target)
    assert answer.refusal == (400, code, message)


async def test_more_than_a_hundred_symbols_in_a_window_are_refused(gateway):
    names = ",".join(f"%22S{n}%22" for n in range(101))
    answer = await gateway.ask("GET", f"/api/v3/ticker?symbols=[{names}]")
    message = "Too many values sent for parameter 'symbols', maximum allowed up to 100."
    assert answer.refusal == (400, -1101, message)


@pytest.mark.parametrize("symbols", ["x", "[1]", "[%22a%22]", "{}", "[%22BTCUSDT%22", "null"])
async def test_a_malformed_list_of_symbols_is_refused(gateway, symbols):
    answer = await gateway.ask("GET", f"/api/v3/ticker/price?symbols={symbols}")
    assert answer.refusal[:2] == (400, -1100)


@pytest.mark.parametrize(
    ("target", "params", "refusal"),
    [
        ("GET /api/v3/order", {"symbol": "BTCUSDT"}, (-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")),
        ("DELETE /api/v3/order", {"symbol": "BTCUSDT"}, (-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")),
        ("DELETE /api/v3/order", {"symbol": "BTCUSDT", "orderId": 1, "cancelRestrictions": "NEVER"}, (-1145, "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED.")),
        ("DELETE /api/v3/order", {"symbol": "BTCUSDT", "orderId": 1, "cancelRestrictions": "only_new"}, (-1145, "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED.")),
        ("DELETE /api/v3/order", {"symbol": "BTCUSDT", "orderId": 1, "cancelRestrictions": "8"}, (-1145, "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED.")),
        ("DELETE /api/v3/openOrders", {}, (-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")),
        ("GET /api/v3/allOrders", {"symbol": "BTCUSDT", "startTime": 1, "endTime": 90_000_000}, (-1127, "More than 24 hours between startTime and endTime.")),
        ("GET /api/v3/myTrades", {"symbol": "BTCUSDT", "fromId": 1, "startTime": 1}, (-1128, "Combination of optional parameters invalid.")),
        ("GET /api/v3/myTrades", {"symbol": "BTCUSDT", "orderId": 1, "startTime": 1}, (-1128, "Combination of optional parameters invalid.")),
        ("GET /api/v3/order", {"symbol": "BTCUSDT", "orderId": 1, "side": "BUY", "type": "LIMIT"}, (-1104, "Not all sent parameters were read; read '4' parameter(s) but was sent '6'.")),
    ],
)  # fmt: skip
async def test_a_faulty_signed_question_is_told_what_is_wrong(gateway, target, params, refusal):
    method, path = target.split()
    answer = await gateway.call(method, path, **params)
    assert answer.refusal == (400, *refusal)


async def test_too_many_parameters_are_counted_as_binance_counts_them(gateway):
    """binance-api-postman issue 236: GET order with eight parameters."""
    params = dict.fromkeys(("side", "type", "timeInForce", "quantity", "price"), "1")
    answer = await gateway.call("GET", "/api/v3/order", symbol="BTCUSDT", **params)
    message = "Too many parameters; expected '6' and received '8'."
    assert answer.refusal == (400, -1101, message)


async def test_an_unknown_path_and_method_are_told(gateway):
    assert (await gateway.ask("GET", "/api/v3/nothing")).refusal[:2] == (404, -1020)
    answer = await gateway.ask("POST", "/api/v3/depth")
    assert answer.refusal[:2] == (405, -1020)
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert (await gateway.ask("OPTIONS", "/api/v3/order")).headers["allow"] == (
        "DELETE, GET, HEAD, OPTIONS, POST"
    )


async def test_a_body_of_json_is_no_order(gateway):
    body = b'{"symbol":"BTCUSDT","side":"BUY"}'
    query = f"timestamp={gateway.now_ms}"
    signature = hmac_hex(query + body.decode())
    answer = await gateway.ask(
        "POST", f"/api/v3/order?{query}&signature={signature}", body, x_mbx_apikey=KEY
    )
    assert answer.status == 400
    assert gateway.writer.commands == []


async def test_every_refusal_carries_the_used_weight(gateway):
    answer = await gateway.ask("GET", "/api/v3/depth")
    assert answer.headers["x-mbx-used-weight"] == answer.headers["x-mbx-used-weight-1m"] == "1"
