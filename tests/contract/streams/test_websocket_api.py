"""The WebSocket API as a client meets it: envelope, signatures, sessions, limits."""

import asyncio
import json
import time

import pytest

from sunwise.exchange.gateway.calls.limits import LimitSettings
from sunwise.exchange.gateway.keys.api_keys import KeyKind, Permission
from sunwise.exchange.gateway.websocket.api import MAX_IN_FLIGHT
from tests.contract.streams.venue import answer, call, running_edge

API = "/ws-api/v3"
QUIET = "/ws-api/v3?returnRateLimits=false"
BAD_ID = (
    "Invalid 'id' in JSON request; expected an integer, a string matching "
    "'^[a-zA-Z0-9-_]{1,36}$', or null."
)


@pytest.mark.parametrize(
    "request_id", [0, -7, 2**63 - 1, "e2a85d9f-07a5-4f94-8d5f-789dc3deb097", None]
)
async def test_a_result_echoes_the_id_and_tells_the_weight_used(request_id):
    async with running_edge() as (edge, _), edge.connect(API) as client:
        told = await call(client, "ping", {"limit": 5}, id=request_id)
        assert list(told) == ["id", "status", "result", "rateLimits"]
        assert told["id"] == request_id
        assert told["status"] == 200
        assert told["result"]["params"]["limit"] == 5
        assert told["rateLimits"] == [
            {
                "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1,
                "limit": 6000, "count": 3,  # two of them for connecting
            }
        ]  # fmt: skip


async def test_rate_limits_are_hidden_by_url_or_by_request():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        assert "rateLimits" not in await call(client, "ping")
        assert "rateLimits" in await call(client, "ping", {"returnRateLimits": True})
    async with running_edge() as (edge, _), edge.connect(API) as client:
        assert "rateLimits" not in await call(client, "ping", {"returnRateLimits": False})


async def test_a_placed_order_tells_of_order_limits_and_costs_no_weight():
    async with running_edge() as (edge, _), edge.connect(API) as client:
        told = await call(client, "order.place", edge.add_key(5).signed(symbol="BTCUSDT"))
        assert told["result"]["account"] == 5
        kinds = [
            (each["rateLimitType"], each["interval"], each["count"]) for each in told["rateLimits"]
        ]
        assert kinds == [
            ("ORDERS", "SECOND", 1),
            ("ORDERS", "DAY", 1),
            ("REQUEST_WEIGHT", "MINUTE", 2),
        ]


@pytest.mark.parametrize(
    ("message", "code", "words", "request_id"),
    [
        ("nonsense", -1135, "Invalid JSON Request", None),
        ("[1]", -1135, "Invalid JSON Request", None),
        ("[" * 5_000, -1135, "Invalid JSON Request", None),
        ('{"method":"ping"}', -1135, BAD_ID, None),
        ('{"id":1.5,"method":"ping"}', -1135, BAD_ID, None),
        ('{"id":1e400,"method":"ping"}', -1135, BAD_ID, None),
        ('{"id":"a b","method":"ping"}', -1135, BAD_ID, None),
        ('{"id":9223372036854775808,"method":"ping"}', -1135, BAD_ID, None),
        ('{"id":3}', -1135, "Invalid 'method' in JSON request; expected a string.", 3),
        ('{"id":3,"method":7}', -1135, "Invalid 'method' in JSON request; expected a string.", 3),
        ('{"id":3,"method":7e1}', -1135, "Invalid 'method' in JSON request; expected a string.", 3),
        ('{"id":3,"method":"ping","params":[]}', -1135, "Invalid 'params' in JSON request; expected an object.", 3),
        ('{"id":3,"method":"ping","params":{"foo":1}}', -1104, "Not all sent parameters were read; read '0' parameter(s) but was sent '1'.", 3),
        ('{"id":3,"method":"ping","params":{"limit":"x"}}', -1100, "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.", 3),
        ('{"id":3,"method":"ping","params":{"limit":1e3}}', -1100, "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.", 3),
        ('{"id":3,"method":"order.place"}', -2014, "API-key format invalid.", 3),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_in_binances_words(message, code, words, request_id):
    async with running_edge() as (edge, _), edge.connect(API) as client:
        await client.send(message)
        told = await answer(client)
        assert told["error"] == {"code": code, "msg": words}
        assert told["id"] == request_id
        assert told["status"] in (400, 401)


async def test_an_unknown_method_is_not_supported():
    async with running_edge() as (edge, _), edge.connect(API) as client:
        told = await call(client, "order.please")
        assert (told["status"], told["error"]["code"]) == (404, -1020)


async def test_a_method_may_carry_its_version():
    async with running_edge() as (edge, _), edge.connect(API) as client:
        assert (await call(client, "v3/ping"))["status"] == 200


async def test_params_may_be_missing_or_null_and_null_values_are_not_sent():
    async with running_edge() as (edge, _), edge.connect(API) as client:
        assert (await call(client, "ping"))["status"] == 200
        assert (await call(client, "ping", {"limit": None}))["status"] == 200
        await client.send('{"id":1,"method":"ping","params":null}')
        assert (await answer(client))["status"] == 200


async def test_lists_are_parameters_too():
    async with running_edge() as (edge, _), edge.connect(API) as client:
        told = await call(client, "ping", {"symbols": ["BTCUSDT", "测试USDT"]})
        assert told["result"]["params"]["symbols"] == ["BTCUSDT", "测试USDT"]


@pytest.mark.parametrize("kind", list(KeyKind))
async def test_every_kind_of_key_signs_sorted_parameters(kind):
    async with running_edge() as (edge, _), edge.connect(API) as client:
        signer = edge.add_key(9, kind)
        told = await call(
            client, "order.place", signer.signed(symbol="测试USDT", recvWindow="6000.346")
        )
        assert told["result"]["account"] == 9


async def test_the_signature_covers_exactly_what_was_sent():
    async with running_edge() as (edge, _), edge.connect(API) as client:
        params = edge.add_key(9).signed(symbol="BTCUSDT", limit=4)
        told = await call(client, "order.place", params | {"limit": 5})
        assert told["error"] == {"code": -1022, "msg": "Signature for this request is not valid."}


async def test_hidden_rate_limits_are_covered_by_the_signature_and_are_no_parameter():
    async with running_edge() as (edge, _), edge.connect(API) as client:
        signer = edge.add_key(9)
        params = {"symbol": "BTCUSDT", "returnRateLimits": "false"}
        signed = signer.signed(**params) | {"returnRateLimits": False}
        told = await call(client, "order.place", signed)
        assert told["status"] == 200
        assert "rateLimits" not in told


async def test_an_old_timestamp_is_refused():
    async with running_edge() as (edge, _), edge.connect(API) as client:
        old = edge.add_key(9).signed(timestamp=int(time.time() * 1_000) - 6_000)
        assert (await call(client, "order.place", old))["error"]["code"] == -1021


async def test_a_key_without_the_right_permission_is_refused():
    async with running_edge() as (edge, _), edge.connect(API) as client:
        reader = edge.add_key(9, permissions=Permission.USER_DATA)
        told = await call(client, "order.place", reader.signed())
        assert (told["status"], told["error"]["code"]) == (401, -2015)


async def test_answers_come_as_calls_end_and_not_in_the_order_of_asking():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        edge.gate.clear()
        signed = edge.add_key(9).signed()
        await client.send(json.dumps({"id": 1, "method": "account.status", "params": signed}))
        assert (await call(client, "ping", id=2))["id"] == 2
        edge.gate.set()
        assert (await answer(client))["id"] == 1


async def test_a_client_with_too_many_calls_in_flight_waits_until_some_have_ended():
    edges = running_edge(limits=LimitSettings(enabled=False))
    async with edges as (edge, _), edge.connect(QUIET, max_queue=None) as client:
        edge.gate.clear()
        params = edge.add_key(9).signed()
        message = json.dumps({"id": 1, "method": "account.status", "params": params})
        for _ in range(3 * MAX_IN_FLIGHT):
            await client.send(message)
        await asyncio.sleep(0.1)
        session = edge.server.connections[0]._session
        assert session._in_flight == MAX_IN_FLIGHT
        edge.gate.set()
        for _ in range(3 * MAX_IN_FLIGHT):
            assert (await answer(client))["status"] == 200


async def test_too_much_weight_is_429_with_the_time_to_try_again():
    limits = LimitSettings(weight_per_minute=4)
    async with running_edge(limits=limits) as (edge, _), edge.connect(API) as client:
        while (told := await call(client, "ping"))["status"] == 200:
            pass
        assert told["status"] == 429
        assert told["error"]["code"] == -1003
        assert told["error"]["msg"].startswith("Too much request weight used; current limit is 4")
        assert (
            0 < told["error"]["data"]["retryAfter"] - told["error"]["data"]["serverTime"] <= 60_000
        )


async def test_an_address_that_does_not_back_off_is_banned_and_disconnected():
    limits = LimitSettings(weight_per_minute=3, refusals_before_ban=3)
    async with running_edge(limits=limits) as (edge, _), edge.connect(API) as client:
        statuses = []
        while 418 not in statuses:
            statuses.append((await call(client, "ping"))["status"])
        await asyncio.wait_for(client.wait_closed(), 5)
        assert client.close_code == 1008
        late = await edge.connect(API)
        await asyncio.wait_for(late.wait_closed(), 5)
        assert late.close_code == 1008


async def test_nonsense_costs_weight_too():
    limits = LimitSettings(weight_per_minute=4)
    async with running_edge(limits=limits) as (edge, _), edge.connect(API) as client:
        for _ in range(2):
            await client.send("nonsense")
            assert (await answer(client))["status"] == 400
        await client.send("nonsense")
        assert (await answer(client))["status"] == 429


async def test_more_than_five_requests_a_second_are_welcome():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        for number in range(50):
            assert (await call(client, "ping", id=number))["id"] == number


async def test_pings_have_their_own_limit():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        for number in range(6):
            await client.ping(str(number))
        await asyncio.wait_for(client.wait_closed(), 5)
        assert (client.close_code, client.close_reason) == (1008, "Too many requests")


async def test_server_shutdown_is_an_event_of_its_own():
    async with running_edge() as (edge, _), edge.connect(API) as client:
        await call(client, "ping")
        closing = asyncio.create_task(edge.server.close(notice_s=0.1))
        told = await answer(client)
        assert told["event"]["e"] == "serverShutdown"
        await closing


# --- sessions ---


async def test_logging_on_lets_later_calls_go_unsigned():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        signer = edge.add_key(9, KeyKind.ED25519)
        told = await call(client, "session.logon", signer.signed())
        assert told["result"]["apiKey"] == signer.name
        assert told["result"]["userDataStream"] is False
        assert list(told["result"]) == [
            "apiKey", "authorizedSince", "connectedSince", "returnRateLimits", "serverTime", "userDataStream",
        ]  # fmt: skip
        told = await call(client, "order.place", {"timestamp": int(time.time() * 1_000)})
        assert told["result"]["account"] == 9


async def test_a_logged_on_call_still_needs_its_timestamp():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        await call(client, "session.logon", edge.add_key(9, KeyKind.ED25519).signed())
        assert (await call(client, "order.place"))["error"]["code"] == -1102


async def test_a_signed_call_overrides_the_session():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        await call(client, "session.logon", edge.add_key(9, KeyKind.ED25519).signed())
        told = await call(client, "order.place", edge.add_key(4).signed())
        assert told["result"]["account"] == 4


@pytest.mark.parametrize("kind", [KeyKind.HMAC, KeyKind.RSA])
async def test_only_ed25519_keys_log_on(kind):
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        told = await call(client, "session.logon", edge.add_key(9, kind).signed())
        assert told["error"]["code"] == -4056
        assert (await call(client, "session.status"))["result"]["apiKey"] is None


async def test_a_bad_signature_does_not_log_on():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        signed = edge.add_key(9, KeyKind.ED25519).signed() | {
            "timestamp": int(time.time() * 1_000) + 1
        }
        assert (await call(client, "session.logon", signed))["error"]["code"] == -1022


async def test_a_session_does_not_log_on_again_without_a_signature():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        await call(client, "session.logon", edge.add_key(9, KeyKind.ED25519).signed())
        told = await call(client, "session.logon", {"timestamp": int(time.time() * 1_000)})
        assert told["error"]["code"] == -2014


async def test_logging_out_forgets_the_key():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        await call(client, "session.logon", edge.add_key(9, KeyKind.ED25519).signed())
        assert (await call(client, "session.logout"))["result"]["apiKey"] is None
        assert (await call(client, "order.place"))["error"]["code"] == -2014


async def test_a_revoked_key_ends_the_session_at_its_next_call():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        signer = edge.add_key(9, KeyKind.ED25519)
        await call(client, "session.logon", signer.signed())
        edge.ring.drop(signer.name)
        told = await call(client, "order.place", {"timestamp": int(time.time() * 1_000)}, id=8)
        assert told == {
            "id": None, "status": 401,
            "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."},
        }  # fmt: skip
        assert (await call(client, "session.status"))["result"]["apiKey"] is None


async def test_session_times_are_microseconds_when_asked_for():
    path = QUIET + "&timeUnit=MICROSECOND"
    async with running_edge() as (edge, _), edge.connect(path) as client:
        told = await call(client, "session.status")
        assert abs(told["result"]["serverTime"] - time.time() * 1e6) < 10e6
