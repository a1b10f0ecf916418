"""Keys, signatures and time: what a call must show, and what it is told when it does not."""

import pytest

from sunwise.exchange.gateway.keys.api_keys import Permission
from tests.unit.gateway.conftest import KEY, SECRET, hmac_hex

ORDER = "/api/v3/order"
LATE = (400, -1021, "Timestamp for this request is outside of the recvWindow.")
EARLY = (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")
WRONG_SIGNATURE = (400, -1022, "Signature for this request is not valid.")
REJECTED_KEY = (401, -2015, "Invalid API-key, IP, or permissions for action.")


@pytest.mark.parametrize("key", ["", "short", "k" * 63, "k" * 65, "ö" * 64, "k" * 63 + "-"])
async def test_what_cannot_be_a_key_is_refused(gateway, key):
    answer = await gateway.call("GET", ORDER, key=key, symbol="BTCUSDT", orderId=1)
    assert answer.refusal == (401, -2014, "API-key format invalid.")


async def test_an_unknown_key_is_refused(gateway):
    answer = await gateway.call("GET", ORDER, key="u" * 64, symbol="BTCUSDT", orderId=1)
    assert answer.refusal == REJECTED_KEY


async def test_a_revoked_key_is_refused(gateway):
    gateway.ring.drop(KEY)
    assert (await gateway.order()).refusal == REJECTED_KEY


async def test_a_key_without_trade_permission_may_read_and_not_trade(gateway):
    gateway.add_key("r" * 64, SECRET, permissions=Permission.USER_DATA)
    placed = await gateway.call("POST", ORDER, key="r" * 64, symbol="BTCUSDT")
    assert placed.refusal == REJECTED_KEY
    read = await gateway.call("GET", "/api/v3/rateLimit/order", key="r" * 64)
    assert read.status == 200


async def test_a_key_bound_to_addresses_works_from_there_only(gateway):
    gateway.add_key("i" * 64, SECRET, allowed_ips=("10.0.0.7",))
    text = gateway.signed({})
    target = f"/api/v3/rateLimit/order?{text}"
    here = await gateway.ask("GET", target, peer="10.0.0.7", x_mbx_apikey="i" * 64)
    elsewhere = await gateway.ask("GET", target, peer="10.0.0.8", x_mbx_apikey="i" * 64)
    assert here.status == 200
    assert elsewhere.refusal == REJECTED_KEY


async def test_a_missing_signature_or_timestamp_is_named(gateway):
    for target, name in (
        (f"{ORDER}?symbol=BTCUSDT&orderId=1&timestamp={gateway.now_ms}", "signature"),
        (f"{ORDER}?symbol=BTCUSDT&orderId=1&signature=00", "timestamp"),
    ):
        answer = await gateway.ask("GET", target, x_mbx_apikey=KEY)
        message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        assert answer.refusal == (400, -1102, message)


async def test_a_signature_of_another_secret_is_refused(gateway):
    answer = await gateway.call("GET", ORDER, secret="x" * 64, symbol="BTCUSDT", orderId=1)
    assert answer.refusal == WRONG_SIGNATURE
    assert (await gateway.order(secret="x" * 64)).refusal == WRONG_SIGNATURE
    assert gateway.writer.commands == []


async def test_a_signature_is_checked_over_the_bytes_as_received(gateway):
    payload = f"symbol=BTC%55SDT&timestamp={gateway.now_ms}"
    good = await gateway.ask(
        "GET", f"/api/v3/account/commission?{payload}&signature={hmac_hex(payload)}",
        x_mbx_apikey=KEY,
    )  # fmt: skip
    assert good.status == 200
    decoded = hmac_hex(payload.replace("%55", "U"))
    bad = await gateway.ask(
        "GET", f"/api/v3/account/commission?{payload}&signature={decoded}", x_mbx_apikey=KEY
    )
    assert bad.refusal == WRONG_SIGNATURE


async def test_parameters_may_be_split_between_query_and_body(gateway):
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
    body = f"quantity=1&price=50000&timestamp={gateway.now_ms}"
    signature = hmac_hex(query + body)
    answer = await gateway.ask(
        "POST", f"{ORDER}?{query}", f"{body}&signature={signature}".encode(), x_mbx_apikey=KEY
    )
    assert answer.status == 200
    assert gateway.writer.commands[0].qty_lots == 100_000


async def test_of_a_parameter_in_both_places_the_query_rules(gateway):
    body = (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=50000"
        f"&timestamp={gateway.now_ms}"
    )
    signature = hmac_hex("side=SELL" + body)
    answer = await gateway.ask(
        "POST", f"{ORDER}?side=SELL", f"{body}&signature={signature}".encode(), x_mbx_apikey=KEY
    )
    assert answer.json["side"] == "SELL"


@pytest.mark.parametrize(
    ("offset_ms", "window", "refusal"),
    [
        (0, None, None),
        (-5_000, None, None),
        (-5_001, None, LATE),
        (999, None, None),
        (1_000, None, EARLY),
        (-60_000, "60000", None),
        (-1, "0", LATE),
        (0, "0", None),
    ],
)
async def test_a_call_is_taken_within_its_window_only(gateway, offset_ms, window, refusal):
    answer = await gateway.call(
        "GET", "/api/v3/rateLimit/order", timestamp=gateway.now_ms + offset_ms, recvWindow=window
    )
    assert answer.status == 200 if refusal is None else answer.refusal == refusal


async def test_microseconds_count_in_timestamp_and_window(gateway):
    gateway.clock.advance_ns(6_000_346_000)
    sent_us = gateway.clock.now_ns() // 1_000 - 6_000_346
    good = await gateway.call(
        "GET", "/api/v3/rateLimit/order", timestamp=sent_us, recvWindow="6000.346"
    )
    assert good.status == 200
    bad = await gateway.call(
        "GET", "/api/v3/rateLimit/order", timestamp=sent_us, recvWindow="6000.345"
    )
    assert bad.refusal == LATE


@pytest.mark.parametrize(
    ("window", "code", "message"),
    [
        ("60001", -1102, "'recvWindow' contains unexpected value. Cannot be greater than 60000."),
        ("60000.001", -1102, "'recvWindow' contains unexpected value. Cannot be greater than 60000."),
        ("9" * 20, -1102, "'recvWindow' contains unexpected value. Cannot be greater than 60000."),
        ("5000.0001", -1111, "Parameter 'recvWindow' has too much precision."),
        ("-1", -1100, r"Illegal characters found in parameter 'recvWindow'; legal range is '^[0-9]{1,20}(\.[0-9]{1,3})?$'."),
        ("NaN", -1100, r"Illegal characters found in parameter 'recvWindow'; legal range is '^[0-9]{1,20}(\.[0-9]{1,3})?$'."),
        ("", -1105, "Parameter 'recvWindow' was empty."),
    ],
)  # fmt: skip
async def test_a_faulty_window_is_told(gateway, window, code, message):
    params = f"timestamp={gateway.now_ms}&recvWindow={window}"
    answer = await gateway.ask(
        "GET", f"/api/v3/rateLimit/order?{params}&signature={hmac_hex(params)}", x_mbx_apikey=KEY
    )
    assert answer.refusal == (400, code, message)


@pytest.mark.parametrize("timestamp", ["now", "-1", "1e12", "1.5", "\uff11", "9" * 21])
async def test_a_faulty_timestamp_is_told(gateway, timestamp):
    answer = await gateway.call("GET", "/api/v3/rateLimit/order", timestamp=timestamp)
    assert answer.refusal[:2] == (400, -1100)


async def test_the_engine_is_told_until_when_an_order_may_execute(gateway):
    sent_ms = gateway.now_ms
    await gateway.order(recvWindow="1500.5")
    (command,) = gateway.writer.commands
    assert command.expires_ns == sent_ms * 1_000_000 + 1_500_500_000


async def test_public_endpoints_ignore_a_key(gateway):
    answer = await gateway.ask("GET", "/api/v3/ping", x_mbx_apikey="nonsense")
    assert (answer.status, answer.raw) == (200, b"{}")


async def test_repeated_key_headers_are_no_key(gateway):
    text = gateway.signed({})
    answer = await gateway.ask(
        "GET", f"/api/v3/rateLimit/order?{text}", x_mbx_apikey=f"{KEY}, {KEY}"
    )
    assert answer.refusal[:2] == (401, -2014)
