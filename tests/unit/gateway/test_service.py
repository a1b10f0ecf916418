"""The gateway as a service on a simulated bus: it starts, says how it is, follows its keys, ends."""

import asyncio
import json
import time
import urllib.request
from urllib.error import HTTPError
from urllib.parse import urlencode

import msgspec
import pytest
from sqlalchemy import create_engine
from websockets import connect

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.http import AddressTaken
from sunwise.chassis.nats_server import OPERATOR
from sunwise.contracts.exchange.accounts import (
    HoldingsChanged,
    Position,
    UserEvents,
    user_subject,
)
from sunwise.contracts.exchange.log import (
    GENESIS_CHAIN,
    BatchFlag,
    EventMessage,
    chained,
    encode_events,
    event_subject,
)
from sunwise.exchange.gateway.service import GatewayService, GatewaySettings
from sunwise.exchange.gateway.store import KeyStore
from tests.unit.gateway.conftest import hmac_hex


class Running:
    """A gateway at work."""

    def __init__(self, service, bus, store, task):
        self.service, self.bus, self.store, self.task = service, bus, store, task

    async def get(self, path, **headers):
        """Status and body."""
        return await asyncio.to_thread(self._get, path, headers)

    def _get(self, path, headers):
        url = f"http://127.0.0.1:{self.service.rest_port}{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=named)) as reply:
                return reply.status, reply.read()
        except HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()

    async def key_is_known(self, name):
        _, body = await self.get("/sapi/v1/margin/allPairs", X_MBX_APIKEY=name)
        return body == b"[]"


@pytest.fixture
async def world():
    server = SimulatedServer(seed=1)
    for spec in shard_streams("0"):
        await SimulatedBus(server, user=OPERATOR).ensure_stream(spec)
    return server


@pytest.fixture
async def running(world, tmp_path):
    bus = SimulatedBus(world, user="gateway")
    store = KeyStore.open(tmp_path / "keys.sqlite", SystemClock())
    settings = GatewaySettings(rest_port=0, ws_port=0)
    service = GatewayService(bus, clock=SystemClock(), settings=settings, keys=store)
    ready = asyncio.Event()
    task = asyncio.create_task(service.run(ready.set))
    await asyncio.wait_for(ready.wait(), 10)
    yield Running(service, bus, store, task)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    store.close()


async def eventually(condition):
    for _ in range(100):
        if await condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not happen within five seconds")


async def test_a_gateway_serves_and_says_that_it_is_ready(running):
    assert await running.get("/api/v3/ping") == (200, b"{}")
    assert await running.get("/sunwise/v1/health") == (200, b'{"status":"up"}')
    status, body = await running.get("/sunwise/v1/ready")
    assert (status, json.loads(body)["ready"]) == (200, True)
    assert running.service.rest_port != running.service.ws_port != 0


async def test_a_gateway_without_its_bus_is_not_ready(running, world):
    running.bus.cut(hold=True)
    status, body = await running.get("/sunwise/v1/ready")
    assert status == 503
    assert json.loads(body)["reasons"] == ["no connection to the bus"]
    running.bus.release()

    async def is_back():
        return (await running.get("/sunwise/v1/ready"))[0] == 200

    await eventually(is_back)


async def test_keys_come_into_force_and_out_of_it_while_running(running):
    key, _ = await asyncio.to_thread(running.store.create_hmac, 5)
    assert not await running.key_is_known(key.name)
    await eventually(lambda: running.key_is_known(key.name))
    await asyncio.to_thread(running.store.revoke, key.name)

    async def is_gone():
        return not await running.key_is_known(key.name)

    await eventually(is_gone)


async def test_a_database_that_does_not_answer_leaves_keys_in_force(running):
    key, _ = await asyncio.to_thread(running.store.create_hmac, 5)
    await eventually(lambda: running.key_is_known(key.name))
    whole = running.store._engine
    running.store._engine = create_engine("sqlite:////no/such/folder/keys.sqlite")
    with pytest.raises(Retryable, match="cannot be read now"):
        running.store.changed_since(0)
    await asyncio.sleep(1.3)
    assert not running.task.done()
    assert await running.key_is_known(key.name)
    running.store._engine = whole


async def test_a_user_stream_begins_behind_what_any_gateway_has_answered(running, world):
    """An answer is of stored events, so it begins behind what is stored."""
    accounts = SimulatedBus(world, user="accounts")
    stored, after = Position(command_seq=5), Position(command_seq=6)
    message = EventMessage(5, 0, BatchFlag.LAST, 17, 1, 1, 0, GENESIS_CHAIN, GENESIS_CHAIN, b"")
    engine = SimulatedBus(world, user="engine")
    await engine.append(event_subject("0", writer=17), encode_events(chained(message)))
    key, secret = await asyncio.to_thread(running.store.create_hmac, 5)
    await eventually(lambda: running.key_is_known(key.name))

    async with connect(f"ws://127.0.0.1:{running.service.ws_port}/ws-api/v3") as client:
        method = "userDataStream.subscribe.signature"
        params = {"apiKey": key.name, "timestamp": time.time_ns() // 1_000_000}
        params["signature"] = hmac_hex(urlencode(params), secret)
        await client.send(json.dumps({"id": 1, "method": method, "params": params}))
        assert json.loads(await client.recv())["status"] == 200
        for position in (stored, after):
            events = UserEvents(
                account=5,
                position=position,
                time_ns=position.command_seq * 1_000_000,
                events=[HoldingsChanged(balances=[])],
                previous=stored if position == after else None,
            )
            accounts.publish(user_subject("0", 5), msgspec.msgpack.encode(events))
        assert json.loads(await client.recv())["event"]["E"] == after.command_seq


async def test_a_taken_port_is_one_clear_sentence_and_nothing_stays_open(running, world, tmp_path):
    store = KeyStore.open(tmp_path / "others.sqlite", SystemClock())
    settings = GatewaySettings(rest_port=running.service.rest_port, ws_port=0, writer=17)
    bus = SimulatedBus(world, user="gateway")
    second = GatewayService(bus, clock=SystemClock(), settings=settings, keys=store)
    with pytest.raises(AddressTaken, match="choose another port"):
        await second.run(lambda: None)
    store.close()
    assert await running.get("/api/v3/ping") == (200, b"{}")


async def test_the_page_of_endpoints_is_served(running):
    status, body = await running.get("/docs")
    assert status == 200
    assert b"/api/v3/order" in body
    status, body = await running.get("/openapi.json")
    assert "/api/v3/depth" in json.loads(body)["paths"]
