"""Weights, orders and bans, on a clock that the test moves."""

import pytest

from sunwise.exchange.gateway.calls.limits import LimitSettings, OrderLimits, RequestLimits
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.streams.codecs import MILLISECOND_NS
from tests.unit.gateway.conftest import SECRET

SECOND_NS = 1_000 * MILLISECOND_NS


def use(limits, weight=1, ip="a", times=1):
    for _ in range(times):
        limits.admit(ip)
        limits.charge(ip, weight)


def refusal(limits, weight=1, ip="a"):
    with pytest.raises(ApiError) as raised:
        use(limits, weight, ip)
    return raised.value


def test_weight_is_counted_by_address_and_minute(clock):
    limits = RequestLimits(LimitSettings(weight_per_minute=100), clock)
    use(limits, 60)
    use(limits, 40, ip="b")
    assert (limits.used("a"), limits.used("b"), limits.used("c")) == (60, 40, 0)
    clock.advance_ns(60 * SECOND_NS)
    assert limits.used("a") == 0
    use(limits, 100)
    assert limits.used("a") == 100


def test_beyond_the_weight_a_client_must_wait_for_the_next_minute(clock):
    limits = RequestLimits(LimitSettings(weight_per_minute=100), clock)
    clock.advance_ns(15 * SECOND_NS)
    use(limits, 90)
    error = refusal(limits, 11)
    assert (error.status, error.code, error.after_s) == (429, -1003, 45)
    assert error.message == (
        "Too much request weight used; current limit is 100 request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    use(limits, 10)  # what fits is still taken
    clock.advance_ns(45 * SECOND_NS)
    use(limits, 100)


def test_a_client_that_does_not_back_off_is_banned_longer_each_time(clock):
    limits = RequestLimits(LimitSettings(weight_per_minute=10, refusals_before_ban=5), clock)
    lengths = []
    for _ in range(14):
        use(limits, 10)
        for _ in range(5):
            assert refusal(limits).status == 429
        ban = refusal(limits)
        assert (ban.status, ban.code) == (418, -1003)
        until_ms = int(ban.message.split("banned until ")[1].split(".")[0])
        assert until_ms == pytest.approx(clock.now_ns() / 1e6 + ban.after_s * 1_000, abs=1_000)
        lengths.append(ban.after_s)
        clock.advance_ns((ban.after_s - 1) * SECOND_NS)
        assert refusal(limits).status == 418
        clock.advance_ns(61 * SECOND_NS)
    assert lengths[:3] == [120, 240, 480]
    assert lengths[-1] == 3 * 86_400


def test_raw_requests_are_limited_whatever_they_weigh(clock):
    limits = RequestLimits(LimitSettings(raw_per_5_minutes=3), clock)
    use(limits, 0, times=3)
    error = refusal(limits, 0)
    assert (error.status, error.code) == (429, -1003)
    assert "3 requests per 5 MINUTES" in error.message
    clock.advance_ns(300 * SECOND_NS)
    use(limits, 0)


def test_addresses_of_the_past_are_forgotten(clock):
    limits = RequestLimits(LimitSettings(), clock)
    for number in range(1_000):
        use(limits, ip=f"a{number}")
    clock.advance_ns(600 * SECOND_NS)
    use(limits, ip="b")
    assert len(limits._addresses) == 1


def test_limits_can_be_switched_off(clock):
    settings = LimitSettings(enabled=False, weight_per_minute=1, orders_per_10_seconds=1)
    limits = RequestLimits(settings, clock)
    use(limits, 1_000, times=100)
    assert limits.used("a") == 0
    orders = OrderLimits(settings, clock)
    for _ in range(100):
        orders.count(5, 1, clock.now_ns(), exempt=False)


def test_orders_are_counted_by_account_in_both_windows(clock):
    settings = LimitSettings(orders_per_10_seconds=2, orders_per_day=3)
    orders = OrderLimits(settings, clock)
    for _ in range(2):
        orders.count(5, 1, clock.now_ns(), exempt=False)
    with pytest.raises(ApiError) as tens:
        orders.count(5, 1, clock.now_ns(), exempt=False)
    assert (tens.value.status, tens.value.code) == (429, -1015)
    assert tens.value.message == "Too many new orders; current limit is 2 orders per 10 SECOND."
    orders.count(6, 1, clock.now_ns(), exempt=False)
    clock.advance_ns(10 * SECOND_NS)
    orders.count(5, 1, clock.now_ns(), exempt=False)
    with pytest.raises(ApiError, match="3 orders per 1 DAY"):
        orders.count(5, 1, clock.now_ns(), exempt=False)
    assert orders.counts(5) == (1, 3)  # beyond the day's limit the ten seconds stand still


async def test_a_placed_order_weighs_nothing_and_counts_one(gateway):
    answer = await gateway.order()
    assert answer.headers["x-mbx-used-weight"] == "0"
    assert answer.headers["x-mbx-order-count-10s"] == "1"
    assert answer.headers["x-mbx-order-count-1d"] == "1"


async def test_a_refused_order_weighs_and_does_not_count(gateway):
    answer = await gateway.order(price="0.005")
    assert answer.headers["x-mbx-used-weight"] == "1"
    assert "x-mbx-order-count-10s" not in answer.headers
    assert (await gateway.order()).headers["x-mbx-order-count-10s"] == "1"


async def test_an_order_that_trades_is_no_unfilled_order(gateway):
    def traded(command):
        trade = gateway.writer.trade(
            taker_order_id=1, price_ticks=6_100_000, qty_lots=100, trade_id=1, quote_atoms=1
        )
        return gateway.writer.outcome(gateway.writer.accepted(command), trade)

    gateway.writer.script.append(traded)
    assert (await gateway.order()).headers["x-mbx-order-count-10s"] == "0"


async def test_too_many_orders_are_refused_with_429(make_gateway):
    gateway = make_gateway(orders_per_10_seconds=2)
    for _ in range(2):
        assert (await gateway.order()).status == 200
    answer = await gateway.order()
    assert answer.refusal[:2] == (429, -1015)
    assert answer.headers["retry-after"] == "10"
    assert len(gateway.writer.commands) == 2


async def test_a_market_maker_is_exempt_from_the_limit_of_orders(make_gateway):
    gateway = make_gateway(orders_per_10_seconds=1)
    gateway.add_key("m" * 64, SECRET, account=9, is_market_maker=True)
    for _ in range(5):
        assert (await gateway.order(key="m" * 64)).status == 200


async def test_429_then_418_over_rest(make_gateway):
    gateway = make_gateway(weight_per_minute=40)
    for _ in range(2):
        assert (await gateway.ask("GET", "/api/v3/exchangeInfo")).status == 200
    answer = await gateway.ask("GET", "/api/v3/ping")
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")
    for _ in range(60):
        answer = await gateway.ask("GET", "/api/v3/ping")
    assert answer.status == 418
    assert int(answer.headers["retry-after"]) > 100
    elsewhere = await gateway.ask("GET", "/api/v3/ping", peer="10.9.9.9")
    assert elsewhere.status == 200


@pytest.mark.parametrize(
    ("target", "weight"),
    [
        ("/api/v3/ping", 1),
        ("/api/v3/exchangeInfo", 20),
        ("/api/v3/depth?symbol=BTCUSDT", 5),
        ("/api/v3/depth?symbol=BTCUSDT&limit=100", 5),
        ("/api/v3/depth?symbol=BTCUSDT&limit=101", 25),
        ("/api/v3/depth?symbol=BTCUSDT&limit=1000", 50),
        ("/api/v3/depth?symbol=BTCUSDT&limit=99999", 250),
        ("/api/v3/trades?symbol=BTCUSDT", 25),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1m", 2),
        ("/api/v3/ticker/24hr?symbol=BTCUSDT", 2),
        ("/api/v3/ticker/24hr", 80),
        ("/api/v3/ticker/24hr?symbols=[%22BTCUSDT%22,%22ETHUSDT%22]", 2),
        ("/api/v3/ticker/price", 4),
        ("/api/v3/ticker/price?symbol=BTCUSDT", 2),
        ("/api/v3/ticker?symbols=[%22BTCUSDT%22,%22ETHUSDT%22]", 8),
        ("/api/v3/depth", 1),
    ],
)
async def test_each_request_weighs_what_binance_says(gateway, target, weight):
    answer = await gateway.ask("GET", target)
    assert answer.headers["x-mbx-used-weight-1m"] == str(weight)


@pytest.mark.parametrize(
    ("path", "params", "weight"),
    [
        ("/api/v3/account", {}, 20),
        ("/api/v3/order", {"symbol": "BTCUSDT", "orderId": 1}, 4),
        ("/api/v3/openOrders", {"symbol": "BTCUSDT"}, 6),
        ("/api/v3/openOrders", {}, 80),
        ("/api/v3/allOrders", {"symbol": "BTCUSDT"}, 20),
        ("/api/v3/myTrades", {"symbol": "BTCUSDT"}, 20),
        ("/api/v3/myTrades", {"symbol": "BTCUSDT", "orderId": 1}, 5),
        ("/api/v3/rateLimit/order", {}, 40),
        ("/api/v3/account/commission", {"symbol": "BTCUSDT"}, 20),
    ],
)
async def test_each_signed_request_weighs_what_binance_says(gateway, path, params, weight):
    answer = await gateway.call("GET", path, **params)
    assert answer.headers["x-mbx-used-weight-1m"] == str(weight)
