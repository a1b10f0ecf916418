"""Market streams as a client meets them: URLs, subscribing, wrapping, lifetimes."""

import asyncio
import json

import pytest
import websockets

from sunwise.chassis.bus.simulated_server import Faults
from sunwise.contracts.exchange.market_data import Feed, GetDepth
from sunwise.exchange.gateway.lines.connection import LineSettings
from tests.contract.streams.venue import (
    SYMBOLS,
    answer,
    ask,
    book,
    change,
    listed,
    running_edge,
    silent,
    trade,
)


async def test_a_raw_stream_is_named_by_its_path():
    async with running_edge() as (edge, market), edge.connect("/ws/btcusdt@trade") as client:
        await ask(client, "LIST_SUBSCRIPTIONS")
        market.publish(Feed.TRADES, trade(7))
        event = await answer(client)
        assert (event["e"], event["t"]) == ("trade", 7)


async def test_several_raw_streams_may_stand_in_one_path():
    async with (
        running_edge() as (edge, _),
        edge.connect("/ws/btcusdt@trade/ethusdt@trade") as client,
    ):
        reply = await ask(client, "LIST_SUBSCRIPTIONS")
        assert reply["result"] == ["btcusdt@trade", "ethusdt@trade"]


async def test_combined_events_are_wrapped_with_their_stream():
    path = "/stream?streams=btcusdt@trade/ethusdt@trade"
    async with running_edge() as (edge, market), edge.connect(path) as client:
        await ask(client, "LIST_SUBSCRIPTIONS")
        market.publish(Feed.TRADES, trade(3, symbol=1))
        event = await answer(client)
        assert event["stream"] == "ethusdt@trade"
        assert event["data"]["s"] == "ETHUSDT"


@pytest.mark.parametrize("path", ["/ws", "/ws/", "/ws/0", "/ws/17", "/stream", "/stream?streams="])
async def test_a_client_may_connect_first_and_subscribe_later(path):
    async with running_edge() as (edge, market), edge.connect(path) as client:
        assert await ask(client, "SUBSCRIBE", "btcusdt@trade") == {"result": None, "id": 1}
        market.publish(Feed.TRADES, trade(1))
        event = await answer(client)
        assert event.get("data", event)["t"] == 1


async def test_an_answer_to_subscribe_means_that_nothing_later_is_missed():
    async with running_edge() as (edge, market), edge.connect("/ws") as client:
        edge.world.faults = Faults(delay_s=(0.0, 0.02))
        for number in range(20):
            name = ("btcusdt", "ethusdt")[number % 2]
            await ask(client, "SUBSCRIBE", f"{name}@trade")
            market.publish(Feed.TRADES, trade(number, symbol=number % 2))
            assert (await answer(client))["t"] == number
            await ask(client, "UNSUBSCRIBE", f"{name}@trade")


async def test_a_second_subscribe_to_the_same_stream_does_no_harm():
    async with running_edge() as (edge, market), edge.connect("/ws/btcusdt@trade") as client:
        assert await ask(client, "SUBSCRIBE", "btcusdt@trade") == {"result": None, "id": 1}
        market.publish(Feed.TRADES, trade(1))
        assert (await answer(client))["t"] == 1
        assert await silent(client)
        await ask(client, "UNSUBSCRIBE", "btcusdt@trade")
        market.publish(Feed.TRADES, trade(2))
        assert await silent(client)


async def test_microseconds_are_asked_for_in_the_url():
    path = "/stream?streams=btcusdt@trade&timeUnit=microsecond"
    async with running_edge() as (edge, market), edge.connect(path) as client:
        await ask(client, "LIST_SUBSCRIPTIONS")
        market.publish(Feed.TRADES, trade(1))
        assert (await answer(client))["data"]["T"] == 1_723_161_255_343_000


async def test_an_unknown_time_unit_is_refused_with_its_code():
    async with running_edge() as (edge, _):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await edge.connect("/ws?timeUnit=NANOSECOND")
        assert refused.value.response.status_code == 400
        assert json.loads(refused.value.response.body)["code"] == -1194


@pytest.mark.parametrize("path", ["/", "/wsx", "/api/v3/ping", "/ws-api", "/ws-api/v4", "/streams"])
async def test_other_paths_are_not_found(path):
    async with running_edge() as (edge, _):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await edge.connect(path)
        assert refused.value.response.status_code == 404


async def test_firefox_connects_with_two_words_in_its_connection_header():
    async with running_edge() as (edge, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.server.port)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
        writer.close()


async def test_properties_switch_the_wrapping_of_a_live_connection():
    async with running_edge() as (edge, market), edge.connect("/ws/btcusdt@trade") as client:
        assert (await ask(client, "GET_PROPERTY", "combined"))["result"] is False
        assert await ask(client, "SET_PROPERTY", "combined", True) == {"result": None, "id": 1}
        market.publish(Feed.TRADES, trade(1))
        assert (await answer(client))["stream"] == "btcusdt@trade"
        assert (await ask(client, "GET_PROPERTY", "combined"))["result"] is True


async def test_symbols_may_be_of_any_script():
    async with running_edge() as (edge, market), edge.connect("/ws") as client:
        await ask(client, "SUBSCRIBE", "测试usdt@trade")
        market.publish(Feed.TRADES, trade(1, symbol=2))
        assert (await answer(client))["s"] == "测试USDT"


async def test_a_stream_of_an_unlisted_symbol_flows_once_it_is_listed():
    catalog = listed(SYMBOLS[:1])
    line = LineSettings(ping_every_s=0.1)
    edges = running_edge(catalog=catalog, line=line)
    async with edges as (edge, market), edge.connect("/ws") as client:
        assert await ask(client, "SUBSCRIBE", "ethusdt@trade") == {"result": None, "id": 1}
        catalog.symbols.append(SYMBOLS[1])
        catalog.version += 1
        await asyncio.sleep(0.1)
        market.publish(Feed.TRADES, trade(1, symbol=1))
        assert (await answer(client))["s"] == "ETHUSDT"


async def test_feeds_are_left_when_the_last_client_leaves():
    async with running_edge() as (edge, _):
        async with edge.connect("/ws/btcusdt@trade"), edge.connect("/ws/btcusdt@trade") as client:
            await ask(client, "SUBSCRIBE", "btcusdt@depth5", "btcusdt@kline_1m", "!miniTicker@arr")
            assert len(edge.feeds.subjects) == 5
        await asyncio.sleep(0.05)
        assert edge.feeds.subjects == []


async def test_partial_depth_is_cut_from_a_snapshot_and_the_changes_after_it():
    async with running_edge() as (edge, market), edge.connect("/ws/btcusdt@depth5@100ms") as client:
        bids = [(100 - i, 10 + i) for i in range(8)]
        asks = [(101 + i, 20 + i) for i in range(8)]
        market.answers[GetDepth] = lambda _: book(40, bids, asks)
        first = await answer(client)
        assert first["lastUpdateId"] == 40
        assert first["bids"][0] == ["1.00000000", "0.00010000"]
        assert len(first["bids"]) == len(first["asks"]) == 5
        market.publish(Feed.DEPTH, change(41, 43, [(100, 0), (98, 5)], [(101, 7)]))
        second = await answer(client)
        assert second["lastUpdateId"] == 43
        assert second["bids"][:2] == [["0.99000000", "0.00011000"], ["0.98000000", "0.00005000"]]
        assert second["asks"][0] == ["1.01000000", "0.00007000"]


async def test_partial_depth_starts_anew_after_a_gap():
    async with running_edge() as (edge, market), edge.connect("/ws/btcusdt@depth5@100ms") as client:
        market.answers[GetDepth] = lambda _: book(40, [(100, 1)], [(101, 1)])
        assert (await answer(client))["lastUpdateId"] == 40
        market.answers[GetDepth] = lambda _: book(60, [(90, 1)], [(91, 1)])
        market.publish(Feed.DEPTH, change(50, 55, [(95, 3)], []))
        shown = await answer(client)
        assert shown["lastUpdateId"] == 60
        assert shown["bids"] == [["0.90000000", "0.00001000"]]


async def test_a_second_reader_of_partial_depth_sees_the_quiet_book_at_once():
    async with running_edge() as (edge, market):
        market.answers[GetDepth] = lambda _: book(40, [(100, 1)], [(101, 1)])
        async with edge.connect("/ws/btcusdt@depth5") as early:
            await answer(early)
            async with edge.connect("/ws/btcusdt@depth5") as late:
                assert (await answer(late))["lastUpdateId"] == 40


async def test_every_connection_is_told_before_the_server_goes_away():
    async with running_edge() as (edge, _):
        raw, combined = await edge.connect("/ws"), await edge.connect("/stream")
        await ask(raw, "LIST_SUBSCRIPTIONS")
        closing = asyncio.create_task(edge.server.close(notice_s=0.2))
        assert (await answer(raw))["e"] == "serverShutdown"
        told = await answer(combined)
        assert (told["stream"], told["data"]["e"]) == ("!serverShutdown", "serverShutdown")
        await raw.wait_closed()
        assert raw.close_code == 1001
        await closing


async def test_a_connection_ends_after_a_day_and_is_told_before():
    line = LineSettings(ping_every_s=0.05, life_s=0.4, shutdown_notice_s=0.2, messages_per_s=1_000)
    async with running_edge(line=line) as (edge, _), edge.connect("/ws") as client:
        assert (await answer(client))["e"] == "serverShutdown"
        await asyncio.wait_for(client.wait_closed(), 5)
        assert client.close_code == 1001
