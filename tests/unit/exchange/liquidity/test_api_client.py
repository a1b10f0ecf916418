"""The client against a WebSocket server of a few lines."""

import asyncio
import json

import pytest
from picows import WSListener, WSMsgType, ws_create_server

from sunwise.chassis.clock import AcceleratedClock
from sunwise.exchange.liquidity.api_client import ApiClient, Key, Refused, Unreachable, signature

KEY = Key(name="thekey", secret="thesecret")


class Venue(WSListener):
    """Echoes what it is asked; refuses, keeps silent or hangs up when it is told to."""

    def __init__(self, asked):
        self.asked = asked

    def on_ws_frame(self, transport, frame):
        if frame.msg_type != WSMsgType.TEXT:
            return
        request = json.loads(frame.get_payload_as_bytes())
        self.asked.append(request)
        reply = {"id": request["id"], "status": 200, "result": request["params"]}
        if request["method"] == "refuse":
            error = {"code": -2011, "msg": "Unknown order sent."}
            reply = {"id": request["id"], "status": 400, "error": error}
        if request["method"] == "hang up":
            transport.disconnect()
        elif request["method"] != "silence":
            event = {"subscriptionId": 3, "event": {"e": "executionReport"}}
            transport.send(WSMsgType.TEXT, json.dumps(event).encode())
            transport.send(WSMsgType.TEXT, json.dumps(reply).encode())


@pytest.fixture
async def venue():
    """A client, what it has asked, and the user events that came."""
    asked, events = [], []
    server = await ws_create_server(lambda _request: Venue(asked), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = await ApiClient.connect(
        f"ws://127.0.0.1:{port}/ws-api/v3",
        clock=AcceleratedClock(rate=1.0, origin_ns=1_700_000_000_123_000_000),
        on_user_event=lambda subscription, event: events.append((subscription, event)),
    )
    yield client, asked, events
    client.close()
    server.close()


def test_a_signature_covers_the_parameters_in_alphabetical_order():
    # printf 'apiKey=k&symbol=B&timestamp=1' | openssl dgst -sha256 -hmac s
    wanted = "17fdaff0b6942b1874e02ef2a2a07d383382682737b7ee9c16cc90584adc0ae8"
    assert signature({"symbol": "B", "apiKey": "k", "timestamp": "1"}, "s") == wanted
    assert signature({"timestamp": "1", "apiKey": "k", "symbol": "B"}, "s") == wanted


async def test_requests_are_answered_by_their_number_and_events_go_their_own_way(venue):
    client, _asked, events = venue
    one, two = client.send("echo", {"n": "1"}), client.send("echo", {"n": "2"})
    assert (await two, await one) == ({"n": "2"}, {"n": "1"})
    assert events == [(3, {"e": "executionReport"})] * 2


async def test_a_signed_request_carries_key_time_and_signature(venue):
    client, asked, _events = venue
    await client.request("echo", {"symbol": "BTCUSDT"}, key=KEY)
    params = asked[0]["params"]
    assert params["apiKey"] == "thekey"
    assert params["timestamp"].startswith("1700000000")
    signed = {name: value for name, value in params.items() if name != "signature"}
    assert params["signature"] == signature(signed, "thesecret")


async def test_a_refusal_has_binances_code(venue):
    client, _asked, _events = venue
    with pytest.raises(Refused, match="Unknown order sent") as refusal:
        await client.request("refuse")
    assert refusal.value.code == -2011


async def test_a_lost_connection_ends_every_wait_and_every_later_request(venue):
    client, _asked, _events = venue
    waiting = client.send("silence")
    client.send("hang up").cancel()
    with pytest.raises(Unreachable):
        await asyncio.wait_for(waiting, 5)
    with pytest.raises(Unreachable):
        client.send("echo")


async def test_nobody_there_is_told_at_once():
    with pytest.raises(Unreachable, match="does not answer"):
        await ApiClient.connect(
            "ws://127.0.0.1:1/ws-api/v3",
            clock=AcceleratedClock(rate=1.0, origin_ns=0),
            on_user_event=print,
        )


def test_a_key_does_not_print_its_secret():
    assert "thesecret" not in repr(KEY)
