"""A gateway without sockets or log: requests in, answers out, on a clock that the test moves."""

import asyncio
import hashlib
import hmac
from urllib.parse import urlencode

import msgspec
import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.http import Request
from sunwise.exchange.gateway.calls.authentication import KeyRing
from sunwise.exchange.gateway.keys.api_keys import ALL_PERMISSIONS, ApiKey, KeyKind
from sunwise.exchange.gateway.keys.signatures import verifier_of
from sunwise.exchange.gateway.rest.requests import Rest
from sunwise.exchange.gateway.service import Core, GatewaySettings
from sunwise.exchange.gateway.users.listen_keys import ListenKeys
from sunwise.exchange.gateway.wire.listings import Listings
from tests.support.fake_gateway import FakeBus, FakeWriter, catalog

KEY, SECRET, ACCOUNT = "k" * 64, "s" * 64, 5


class Answer:
    """What a client got."""

    def __init__(self, status, body, headers):
        self.status = status
        self.raw = body
        rows = [row.split(b": ", 1) for row in headers.split(b"\r\n") if row]
        self.headers = {name.decode(): value.decode() for name, value in rows}

    @property
    def json(self):
        return msgspec.json.decode(self.raw)

    @property
    def refusal(self):
        """(status, code, msg)."""
        return self.status, self.json["code"], self.json["msg"]


class Waiter:
    """The responder of one request."""

    def __init__(self):
        self.answered = asyncio.get_running_loop().create_future()

    def respond(self, status, body, *, headers=b"", content_type=b""):
        self.answered.set_result(Answer(status, body, headers))


class Pages:
    """Stands where the docs are."""

    def handle(self, request, responder):
        responder.respond(200, b"a page")


class Gateway:
    """The gateway's core and REST edge."""

    def __init__(self, clock, settings, listed):
        self.clock = clock
        self.bus = FakeBus()
        self.writer = FakeWriter(clock.now_ns)
        self.ring = KeyRing()
        self.catalog = listed
        self.add_key(KEY, SECRET)
        legacy = ListenKeys(clock) if settings.legacy_listen_key else None
        self.core = Core(
            self.bus,
            self.writer,
            listings=Listings(listed),
            ring=self.ring,
            clock=clock,
            settings=settings,
            listen_keys=legacy,
        )
        self.rest = Rest(
            self.core.registry,
            self.core.dispatcher,
            clock,
            probes={"/sunwise/v1/health": lambda: (200, b'{"status":"up"}')},
            pages=Pages(),
        )

    def add_key(self, name, secret, *, account=ACCOUNT, permissions=ALL_PERMISSIONS, **more):
        key = ApiKey(name=name, kind=KeyKind.HMAC, account=account, permissions=permissions, **more)
        self.ring.put(key, verifier_of(KeyKind.HMAC, secret.encode()))

    @property
    def now_ms(self):
        return self.clock.now_ns() // 1_000_000

    async def ask(self, method, target, body=b"", *, peer="10.0.0.1", **headers):
        """The answer to a raw request; header names with `_` for `-`."""
        path, _, query = target.encode().partition(b"?")
        request = Request(method, path, query, peer)
        request.body = body
        request.headers = {
            name.replace("_", "-").encode(): value.encode() for name, value in headers.items()
        }
        waiter = Waiter()
        self.rest.handle(request, waiter)
        async with asyncio.timeout(5):
            return await waiter.answered

    def signed(self, params, *, secret=SECRET):
        """The parameters with timestamp and signature, urlencoded."""
        params = {key: value for key, value in params.items() if value is not None}
        params.setdefault("timestamp", self.now_ms)
        payload = urlencode(params)
        return f"{payload}&signature={hmac_hex(payload, secret)}"

    async def call(self, method, path, *, key=KEY, secret=SECRET, headers=None, **params):
        """A signed request with its parameters in the query, or in the body of a POST."""
        text = self.signed(params, secret=secret)
        more = {"x_mbx_apikey": key} | (headers or {})
        if method == "POST":
            return await self.ask(method, path, text.encode(), **more)
        return await self.ask(method, f"{path}?{text}", **more)

    async def order(self, **params):
        """POST order: a LIMIT BUY of 0.001 BTC at 61,000, but for what is given."""
        plain = {
            "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
            "quantity": "0.00100", "price": "61000.00",
        }  # fmt: skip
        return await self.call("POST", "/api/v3/order", **(plain | params))


def hmac_hex(payload, secret=SECRET):
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def clock():
    return SimulatedClock(start_ns=1_700_000_040_000_000_000)  # second 0 of a minute


@pytest.fixture
def make_gateway(clock):
    """A gateway with settings, or a catalog, of its own."""

    def make(listed=None, **settings):
        return Gateway(clock, GatewaySettings(**settings), listed or catalog())

    return make


@pytest.fixture
async def gateway(make_gateway):
    return make_gateway()
