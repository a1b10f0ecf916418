"""Statements 34 to 37 and 40 of the notes on Binance's API: the edge, and the account's own stream."""

import hashlib
import hmac
import itertools
import time

import pytest

from tests.compat.statements.conftest import ORDERS_PER_10_SECONDS

S = "BTCUSDT"


def test_34_each_fault_of_a_signed_call_has_its_own_words(alice, bob):
    path = f"/api/v3/order?{alice.signed({'symbol': S, 'orderId': 1})}"
    named = {"X-MBX-APIKEY": alice.key}
    assert alice.ask("GET", path).refusal == (401, -2014, "API-key format invalid.")
    unknown = alice.ask("GET", path, headers={"X-MBX-APIKEY": "u" * 64})
    assert unknown.refusal == (401, -2015, "Invalid API-key, IP, or permissions for action.")
    other = alice.ask("GET", path, headers={"X-MBX-APIKEY": bob.key})
    assert other.refusal == (400, -1022, "Signature for this request is not valid.")
    now_ms = int(time.time() * 1000)
    late = alice.call("GET", "order", symbol=S, orderId=1, timestamp=now_ms - 10_000)
    assert late.refusal == (
        400, -1021, "Timestamp for this request is outside of the recvWindow.",
    )  # fmt: skip
    early = alice.call("GET", "order", symbol=S, orderId=1, timestamp=now_ms + 5_000)
    assert early.refusal == (
        400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.",
    )  # fmt: skip
    changed = alice.ask("GET", path.replace("orderId=1", "orderId=2"), headers=named)
    assert changed.refusal[1] == -1022


def test_35_microseconds_are_spoken_in_both_directions(alice):
    order = alice.buy(S, "0.01", "40000", timestamp=time.time_ns() // 1_000, recvWindow="6000.346")
    headers = {"X-MBX-TIME-UNIT": "MICROSECOND"}
    shown = alice.call("GET", "order", headers=headers, symbol=S, orderId=order["orderId"]).json
    for name in ("time", "updateTime", "workingTime"):
        assert shown[name] // 1_000 == order["transactTime"]
    now = alice.ask("GET", "/api/v3/time", headers=headers).json["serverTime"]
    assert abs(now - time.time_ns() // 1_000) < 5_000_000
    start = time.time_ns() // 1_000 - 3_000_000
    klines = alice.ask(
        "GET",
        f"/api/v3/klines?symbol={S}&interval=1m&startTime={start - 60_000_000}",
        headers=headers,
    ).json
    assert all(row[0] % 60_000_000 == 0 and row[6] == row[0] + 59_999_999 for row in klines)


@pytest.mark.parametrize("upper", [False, True])
def test_36_parameters_come_by_query_body_or_both(alice, upper):
    half, rest = f"symbol={S}&side=BUY&type=LIMIT", "timeInForce=GTC&quantity=0.01&price=40000"
    rest += f"&timestamp={int(time.time() * 1000)}"

    def send(query, body):
        digest = hmac.new(
            alice.secret.encode(), (query + body).encode(), hashlib.sha256
        ).hexdigest()
        signature = f"signature={digest.upper() if upper else digest}"
        if body:
            body += f"&{signature}"
        else:
            query += f"&{signature}"
        headers = {"X-MBX-APIKEY": alice.key, "Content-Type": "application/x-www-form-urlencoded"}
        return alice.ask("POST", f"/api/v3/order?{query}", body or None, headers)

    for query, body in ((f"{half}&{rest}", ""), ("", f"{half}&{rest}"), (half, rest)):
        assert send(query, body).status == 200
    both = send("price=41000", f"{half}&{rest}")
    assert both.json["price"] == "41000.00000000"


def test_36_parameters_that_are_unknown_or_missing_are_told(alice):
    unknown = alice.place(symbol=S, side="BUY", quantity="0.01", price="40000", colour="red")
    assert unknown.refusal == (
        400, -1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'.",
    )  # fmt: skip
    missing = alice.place(symbol=S, side="BUY", price="40000")
    assert missing.refusal == (
        400, -1102, "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed.",
    )  # fmt: skip


def test_37_every_answer_tells_the_weight_and_orders_their_count(alice):
    first = alice.ask("GET", "/api/v3/ping")
    used = int(first.headers["x-mbx-used-weight"])
    assert first.headers["x-mbx-used-weight-1m"] == str(used)
    answer = alice.place(symbol=S, side="BUY", quantity="0.01", price="40000")
    assert answer.headers["x-mbx-order-count-10s"] == answer.headers["x-mbx-order-count-1d"] == "1"
    after = int(answer.headers["x-mbx-used-weight"])
    assert after - used in (0, -used)  # a placed order weighs nothing; a minute may have turned
    refused = alice.place(symbol=S, side="BUY", quantity="0.01", price="0.001")
    assert int(refused.headers["x-mbx-used-weight"]) == after + 1 or after - used == -used
    assert "x-mbx-order-count-10s" not in refused.headers


def test_37_too_many_orders_are_told_when_to_come_back(new_trader):
    busy = new_trader(LTC=10_000)
    for n in range(ORDERS_PER_10_SECONDS * 3):
        answer = busy.place(symbol="LTCUSDT", side="SELL", quantity="1", price="95")
        if answer.status != 200:
            break
        if n % 100 == 99:
            busy.cancel_all("LTCUSDT")
    busy.cancel_all("LTCUSDT")
    assert answer.refusal[:2] == (429, -1015)
    assert 1 <= int(answer.headers["retry-after"]) <= 10


def test_40_one_takers_order_is_told_in_order(alice, bob):
    for price in ("60000", "60001"):
        alice.sell(S, "0.01", price)
    with bob.user_stream() as events:
        placed = bob.buy(S, "0.03", "60001")
        told = events.until(lambda each: each["event"]["e"] == "outboundAccountPosition")
    assert {each["subscriptionId"] for each in told} == {0}
    *reports, position = [each["event"] for each in told]
    assert [(report["x"], report["X"]) for report in reports] == [
        ("NEW", "NEW"), ("TRADE", "PARTIALLY_FILLED"), ("TRADE", "PARTIALLY_FILLED"),
    ]  # fmt: skip
    assert {row["a"] for row in position["B"]} == {"BTC", "USDT"}
    balances = bob.balances()
    assert all((row["f"], row["l"]) == balances[row["a"]] for row in position["B"])
    for report, fill in zip(reports[1:], placed["fills"], strict=True):
        assert (report["L"], report["l"], report["t"]) == (
            fill["price"],
            fill["qty"],
            fill["tradeId"],
        )
        assert (report["n"], report["N"]) == (fill["commission"], fill["commissionAsset"])
    assert all(report["i"] == placed["orderId"] for report in reports)
    assert all(report["E"] >= report["T"] for report in reports)
    for before, after in itertools.pairwise(reports):
        assert after["I"] > before["I"]
    assert (reports[-1]["z"], reports[-1]["Z"]) == (
        placed["executedQty"],
        placed["cummulativeQuoteQty"],
    )


def test_40_a_maker_hears_of_its_fill(alice, bob):
    resting = alice.sell(S, "0.02", "60000")
    with alice.user_stream() as events:
        bob.buy(S, "0.01", "60000")
        (report, *_) = [
            e["event"] for e in events.until(lambda e: e["event"]["e"] == "outboundAccountPosition")
        ]
    assert (report["i"], report["x"], report["X"]) == (
        resting["orderId"],
        "TRADE",
        "PARTIALLY_FILLED",
    )
    assert (report["m"], report["l"], report["N"]) == (True, "0.01000000", "USDT")


def test_40_an_account_is_subscribed_once_on_a_connection_and_told_when_it_ends(alice):
    with alice.user_stream() as events:
        params = {"apiKey": alice.key, "timestamp": int(time.time() * 1000)}
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
        params["signature"] = alice.sign(payload)
        events.send("userDataStream.subscribe.signature", params)
        assert events.next()["error"]["code"] == -2035
        events.send("userDataStream.unsubscribe", {})
        said = [events.next(), events.next()]
        assert any(each.get("event", {}).get("e") == "eventStreamTerminated" for each in said)
