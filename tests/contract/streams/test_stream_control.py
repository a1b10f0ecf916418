"""Control messages of market streams: what is answered, and in whose words."""

import json

import pytest

from sunwise.exchange.gateway.websocket.stream_control import MAX_STREAMS
from tests.contract.streams.venue import answer, ask, running_edge, silent

VARIANTS = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
REFUSALS = [
    (b"nonsense", 3, "Invalid JSON: expected value at line 1 column 5", None),
    (b'{"method":"SUBSCRIBE",', 3, "Invalid JSON: expected value at line 1 column 22", None),
    (b'{\n "id": ]}', 3, "Invalid JSON: expected value at line 2 column 8", None),
    (b"[]", 2, "Invalid request: expected an object at line 1 column 1", None),
    (b'{"id":1}', 2, "Invalid request: missing field `method` at line 1 column 8", 1),
    (
        b'{"id":7,"method":"SUBSCRIBES"}', 2,
        f"Invalid request: unknown variant `SUBSCRIBES`, expected one of {VARIANTS} at line 1 column 29",
        7,
    ),
    (b'{"method":"LIST_SUBSCRIPTIONS"}', 2, "Invalid request: request ID must be an unsigned integer", None),
    (b'{"method":"LIST_SUBSCRIPTIONS","id":1.5}', 2, "Invalid request: request ID must be an unsigned integer", None),
    (b'{"method":"LIST_SUBSCRIPTIONS","id":true}', 2, "Invalid request: request ID must be an unsigned integer", None),
    (b'{"method":"LIST_SUBSCRIPTIONS","id":9223372036854775808}', 2, "Invalid request: request ID must be an unsigned integer", None),
    (b'{"method":"LIST_SUBSCRIPTIONS","id":"no spaces"}', 2, "Invalid request: request ID must be an unsigned integer", None),
    (b'{"method":"LIST_SUBSCRIPTIONS","params":["x"],"id":1}', 2, "Invalid request: too many parameters", 1),
    (b'{"method":"SUBSCRIBE","params":["@@@#"],"id":1}', 2, "Invalid request: invalid stream", 1),
    (b'{"method":"SUBSCRIBE","params":["btcusdt@trade","x y"],"id":1}', 2, "Invalid request: invalid stream", 1),
    (b'{"method":"UNSUBSCRIBE","params":["btcusdt"],"id":1}', 2, "Invalid request: invalid stream", 1),
    (b'{"method":"GET_PROPERTY","params":["speed"],"id":4}', 0, "Unknown property", 4),
    (b'{"method":"GET_PROPERTY","params":[7],"id":4}', 2, "Invalid request: property name must be a string", 4),
    (b'{"method":"GET_PROPERTY","id":4}', 2, "Invalid request: property name must be a string", 4),
    (b'{"method":"GET_PROPERTY","params":["combined",true],"id":4}', 2, "Invalid request: too many parameters", 4),
    (b'{"method":"SET_PROPERTY","params":["combined","yes"],"id":4}', 1, "Invalid value type: expected Boolean", 4),
    (b'{"method":"SET_PROPERTY","params":["combined"],"id":4}', 1, "Invalid value type: expected Boolean", 4),
    (b'{"method":"SET_PROPERTY","params":["combined",true,1],"id":4}', 2, "Invalid request: too many parameters", 4),
]  # fmt: skip


@pytest.mark.parametrize(("message", "code", "words", "request_id"), REFUSALS)
async def test_a_refusal_has_binances_code_and_words(message, code, words, request_id):
    async with running_edge() as (edge, _), edge.connect("/ws") as client:
        await client.send(message.decode())
        told = await answer(client)
        assert told["error"] == {"code": code, "msg": words}
        assert told.get("id") == request_id


@pytest.mark.parametrize("request_id", [0, -5, 2**63 - 1, "abc-DEF_9", "a" * 36, None])
async def test_an_id_is_echoed_as_it_came(request_id):
    async with running_edge() as (edge, _), edge.connect("/ws") as client:
        told = await ask(client, "LIST_SUBSCRIPTIONS", id=request_id)
        assert told == {"result": [], "id": request_id}


async def test_a_refused_subscribe_changes_nothing():
    async with running_edge() as (edge, _), edge.connect("/ws") as client:
        await ask(client, "SUBSCRIBE", "btcusdt@trade", "no stream")
        assert (await ask(client, "LIST_SUBSCRIPTIONS"))["result"] == []


async def test_a_well_formed_stream_that_does_not_exist_is_accepted_and_silent():
    async with running_edge() as (edge, _), edge.connect("/ws") as client:
        names = ["btcusdt@naoExiste", "nobody@trade", "!ticker@arr", "BTCUSDT@trade"]
        assert await ask(client, "SUBSCRIBE", *names) == {"result": None, "id": 1}
        assert (await ask(client, "LIST_SUBSCRIPTIONS"))["result"] == names
        assert edge.feeds.subjects == []


async def test_a_connection_takes_1024_streams_and_not_one_more():
    async with running_edge() as (edge, _), edge.connect("/ws") as client:
        names = [f"s{number}@trade" for number in range(MAX_STREAMS)]
        assert (await ask(client, "SUBSCRIBE", *names))["result"] is None
        told = await ask(client, "SUBSCRIBE", "btcusdt@trade", id=19)
        assert told == {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 19}
        assert (await ask(client, "SUBSCRIBE", *names))["result"] is None  # nothing new
        await ask(client, "UNSUBSCRIBE", names[0])
        assert (await ask(client, "SUBSCRIBE", "btcusdt@trade"))["result"] is None


async def test_leaving_a_stream_that_was_never_joined_does_no_harm():
    async with running_edge() as (edge, _), edge.connect("/ws") as client:
        assert await ask(client, "UNSUBSCRIBE", "btcusdt@trade") == {"result": None, "id": 1}


async def test_answers_come_in_order_even_when_feeds_open_late():
    async with running_edge() as (edge, _), edge.connect("/ws") as client:
        for number in range(10):
            content = {"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": number}
            await client.send(json.dumps(content))
        assert [(await answer(client))["id"] for _ in range(10)] == list(range(10))
        assert await silent(client)
