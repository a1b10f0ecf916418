"""Unmodified binance-sdk-spot, Binance's own: REST, WebSocket API and streams."""

import asyncio

import pytest

pytestmark = [
    pytest.mark.compat,
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore"),  # the library's own
]


@pytest.fixture
def spot(lively_exchange):
    """The SDK pointed here by the lines that `sunwise client-config` prints."""
    import msgspec

    from sunwise.cli.client_config import client_lines

    pytest.importorskip("binance_sdk_spot")
    keys = lively_exchange.new_account({"USDT": "100000", "BTC": "5"})
    running = msgspec.structs.replace(lively_exchange.running, demo=keys)
    names: dict = {}
    exec(client_lines("binance-sdk", running), names)
    return names["spot"]


def test_markets_are_discovered_and_read(spot):
    info = spot.rest_api.exchange_info().data()
    assert len(info.symbols) == 12
    book = spot.rest_api.depth(symbol="BTCUSDT", limit=5).data()
    assert float(book.bids[0][0]) < float(book.asks[0][0])
    assert spot.rest_api.get_trades(symbol="BTCUSDT").data()
    assert spot.rest_api.klines(symbol="BTCUSDT", interval="1m").data()
    reply = spot.rest_api.time()
    assert reply.data().server_time > 1_600_000_000_000
    assert reply.rate_limits


def test_an_order_lives_from_placing_to_the_history(spot):
    api = spot.rest_api
    placed = api.new_order(
        symbol="BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC", quantity=0.01, price=30_000
    ).data()
    assert placed.status == "NEW"
    assert api.get_order(symbol="BTCUSDT", order_id=placed.order_id).data().status == "NEW"
    assert [each.order_id for each in api.get_open_orders(symbol="BTCUSDT").data()] == [
        placed.order_id
    ]
    cancelled = api.delete_order(symbol="BTCUSDT", order_id=placed.order_id).data()
    assert cancelled.status == "CANCELED"
    bought = api.new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.01).data()
    assert bought.status == "FILLED"
    assert api.my_trades(symbol="BTCUSDT").data()
    assert len(api.all_orders(symbol="BTCUSDT").data()) == 2
    balances = {each.asset: each for each in api.get_account().data().balances}
    assert float(balances["BTC"].free) == pytest.approx(5.01, abs=1e-4)


def test_refusals_have_their_own_class(spot):
    from binance_common.errors import BadRequestError

    with pytest.raises(BadRequestError, match="Invalid symbol"):
        spot.rest_api.depth(symbol="NOSUCH")


async def test_orders_and_user_events_over_the_websocket_api(spot):
    connection = await spot.websocket_api.create_connection()
    try:
        stream = await connection.user_data_stream_subscribe_signature()
        heard: asyncio.Queue = asyncio.Queue()
        stream.stream.on("message", heard.put_nowait)
        placed = await connection.order_place(
            symbol="BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC",
            quantity=0.01, price=30_000,
        )  # fmt: skip
        order = placed.data().result
        assert order.status == "NEW"
        assert await next_execution(heard) == (order.order_id, "NEW")
        status = await connection.order_status(symbol="BTCUSDT", order_id=order.order_id)
        assert status.data().result.status == "NEW"
        cancelled = await connection.order_cancel(symbol="BTCUSDT", order_id=order.order_id)
        assert cancelled.data().result.status == "CANCELED"
        assert await next_execution(heard) == (order.order_id, "CANCELED")
    finally:
        await connection.close_connection()


async def next_execution(heard):
    """(order id, what happened) of the next executionReport."""
    while True:
        event = (await asyncio.wait_for(heard.get(), 20)).actual_instance
        if type(event).__name__ == "ExecutionReport":
            return event.i, event.x


async def test_market_streams_arrive(spot):
    connection = await spot.websocket_streams.create_connection()
    try:
        heard: asyncio.Queue = asyncio.Queue()
        stream = await connection.diff_book_depth(symbol="btcusdt", update_speed="100ms")
        stream.on("message", heard.put_nowait)
        event = await asyncio.wait_for(heard.get(), 20)
        assert event.e == "depthUpdate"
        for kind, stream in (
            ("aggTrade", await connection.agg_trade(symbol="btcusdt")),
            ("kline", await connection.kline(symbol="btcusdt", interval="1m")),
        ):
            heard = asyncio.Queue()
            stream.on("message", heard.put_nowait)
            assert (await asyncio.wait_for(heard.get(), 60)).e == kind
    finally:
        await connection.close_connection()
