"""The WebSocket edge on a real socket, between the real `websockets` client and a simulated bus."""

import asyncio
import base64
import contextlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import websockets
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.log.catalog import Catalog
from sunwise.contracts.exchange.accounts import Position, UserEvent, UserEvents, user_subject
from sunwise.contracts.exchange.catalog import Asset, Symbol
from sunwise.contracts.exchange.market_data import (
    Depth,
    DepthChanged,
    MarketQuery,
    TradePrint,
    feed_subject,
    query_subject,
)
from sunwise.exchange.gateway.calls.authentication import Authenticator, KeyRing
from sunwise.exchange.gateway.calls.dispatch import Dispatcher
from sunwise.exchange.gateway.calls.limits import LimitSettings, OrderLimits, RequestLimits
from sunwise.exchange.gateway.calls.parameters import Id, SymbolName, SymbolNames
from sunwise.exchange.gateway.calls.registry import Call, Endpoint, Registry, Security
from sunwise.exchange.gateway.keys.api_keys import ALL_PERMISSIONS, ApiKey, KeyKind, Permission
from sunwise.exchange.gateway.keys.signatures import verifier_of
from sunwise.exchange.gateway.lines.connection import LineSettings
from sunwise.exchange.gateway.streams.feeds import Feeds
from sunwise.exchange.gateway.streams.hub import StreamHub
from sunwise.exchange.gateway.streams.symbols import StreamNames
from sunwise.exchange.gateway.users.codecs import UserCodec
from sunwise.exchange.gateway.users.listen_keys import KeyAccess, ListenKeys
from sunwise.exchange.gateway.users.streams import UserStreams
from sunwise.exchange.gateway.websocket.api import ApiAccess, api_opener
from sunwise.exchange.gateway.websocket.server import WebSocketServer, WebSocketSettings
from sunwise.exchange.gateway.websocket.session_endpoints import session_endpoints

SECOND_NS = 1_000_000_000
T_NS = 1_723_161_255_343 * 1_000_000
ASSETS = [
    Asset(index=0, name="BTC", decimals=8),
    Asset(index=1, name="USDT", decimals=8),
    Asset(index=2, name="ETH", decimals=8),
    Asset(index=3, name="测试", decimals=8),
]
_TERMS = {
    name: 0
    for name in Symbol.__struct_fields__
    if name not in {"index", "name", "version", "base_asset", "quote_asset"}
}


def symbol(index: int, name: str, base: int, lot_atoms: int) -> Symbol:
    """A symbol quoted in USDT with a tick of 0.01."""
    terms = _TERMS | {"base_atoms_per_lot": lot_atoms, "price_atoms_per_tick": 1_000_000}
    return Symbol(
        index=index, version=1, name=name, base_asset=base, quote_asset=1,
        **terms | {"quote_atoms_per_tick_lot": lot_atoms // 100},
    )  # fmt: skip


SYMBOLS = [
    symbol(0, "BTCUSDT", 0, 1_000),
    symbol(1, "ETHUSDT", 2, 10_000),
    symbol(2, "测试USDT", 3, 10_000),
]


def listed(symbols: list[Symbol] | None = None) -> Catalog:
    catalog = Catalog()
    catalog.assets = list(ASSETS)
    catalog.symbols = list(SYMBOLS if symbols is None else symbols)
    catalog.version = 1
    return catalog


class Publisher:
    """What market data and accounts do on the bus: publish feeds, answer queries."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.answers: dict[type, Callable[[Any], object]] = {}
        self.asked: list[object] = []
        self._last: dict[int, Position] = {}

    async def open(self) -> None:
        decoder = msgspec.msgpack.Decoder(MarketQuery)

        async def answer(message: Message) -> bytes:
            query = decoder.decode(message.payload)
            self.asked.append(query)
            if type(query) not in self.answers:
                raise Retryable("market data is starting", after_s=0.02)
            return msgspec.msgpack.encode(self.answers[type(query)](query))

        await self.bus.serve(query_subject("0"), answer)

    def publish(self, feed: str, *events: Any) -> None:
        subject = feed_subject("0", events[0].symbol, feed)
        self.bus.publish(subject, msgspec.msgpack.encode(list(events)))

    def tell(
        self,
        account: int,
        *events: UserEvent,
        seq: int,
        part: int = 0,
        previous: Position | None = None,
    ) -> None:
        """User events; they name the message before them unless `previous` says otherwise."""
        position = Position(command_seq=seq, part=part)
        content = UserEvents(
            account=account, position=position, time_ns=T_NS, events=list(events),
            previous=previous or self._last.get(account),
        )  # fmt: skip
        self._last[account] = position
        self.bus.publish(user_subject("0", account), msgspec.msgpack.encode(content))


class Echo(msgspec.Struct, frozen=True, rename="camel"):
    """Parameters of the endpoints that stand for the exchange's own."""

    symbol: SymbolName | None = None
    symbols: SymbolNames | None = None
    limit: Id | None = None


class Edge:
    """A running edge; `server` is its WebSocket port.

    The WebSocket API has its own session methods and three that answer what they were asked:
    `ping`, `order.place` (TRADE, an order) and `account.status` (USER_DATA, answered later).
    """

    def __init__(
        self, bus: Bus, catalog: Catalog, settings: WebSocketSettings, limits: LimitSettings
    ) -> None:
        self.bus = bus
        self.world: SimulatedServer
        self.catalog = catalog
        self.clock = SystemClock()
        self.ring = KeyRing()
        self.calls: list[Call] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.dispatcher = Dispatcher(
            Authenticator(self.ring),
            RequestLimits(limits, self.clock),
            OrderLimits(limits, self.clock),
        )
        self.access = ApiAccess(self._registry(), self.dispatcher, self.ring, self.clock)
        names = StreamNames(catalog)
        self.feeds = Feeds(bus)
        self.hub = StreamHub(bus, self.feeds, names, self.clock)
        self.stored = Position(command_seq=0)
        self.users = UserStreams(
            bus, self.feeds, UserCodec(names), self.clock, stored=self._stored_position
        )
        self.keys = ListenKeys(self.clock)
        self.server = WebSocketServer(
            settings, self.clock, self.hub,
            open_api=api_opener(self.access, self.users),
            keys=KeyAccess(self.keys, self.users),
        )  # fmt: skip

    async def _stored_position(self) -> Position:
        return self.stored

    def _registry(self) -> Registry:
        async def later(call: Call, params: Echo) -> bytes:
            await self.gate.wait()
            return self._echo(call, params)

        rows = [
            Endpoint(name="ping", summary="-", handler=self._echo, ws_method="ping", params=Echo),
            Endpoint(
                name="place", summary="-", handler=self._echo, ws_method="order.place", params=Echo,
                security=Security.TRADE, order_count=1, weight_on_success=False,
            ),
            Endpoint(
                name="account", summary="-", handler=later, ws_method="account.status", params=Echo,
                security=Security.USER_DATA, weight=20,
            ),
        ]  # fmt: skip
        return Registry([*rows, *session_endpoints()])

    def _echo(self, call: Call, params: Echo) -> bytes:
        self.calls.append(call)
        account = call.key.account if call.key is not None else None
        return msgspec.json.encode({"account": account, "params": params})

    def add_key(
        self, account: int, kind: KeyKind = KeyKind.HMAC, permissions: Permission = ALL_PERMISSIONS
    ) -> "Signer":
        """A key of the account, in force."""
        signer = Signer(kind, f"{len(self.ring):02d}".ljust(64, "k"))
        key = ApiKey(name=signer.name, kind=kind, account=account, permissions=permissions)
        self.ring.put(key, verifier_of(kind, signer.material))
        return signer

    def url(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.server.port}{path}"

    def connect(self, path: str, **options: Any) -> websockets.connect:
        return websockets.connect(self.url(path), **options)

    async def close(self) -> None:
        await self.server.close(notice_s=0.05)
        await self.hub.close()
        await self.feeds.close()


class Signer:
    """A client's side of a key."""

    def __init__(self, kind: KeyKind, name: str) -> None:
        self.name = name
        self.material = b"a secret of the tests, long enough"
        if kind is KeyKind.HMAC:
            self._sign = lambda text: hmac.digest(self.material, text, "sha256").hex()
            return
        private: Any = ed25519.Ed25519PrivateKey.generate()
        arguments: tuple[Any, ...] = ()
        if kind is KeyKind.RSA:
            private = rsa.generate_private_key(65_537, 2_048)
            arguments = (padding.PKCS1v15(), hashes.SHA256())
        self._sign = lambda text: base64.b64encode(private.sign(text, *arguments)).decode()
        self.material = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def signed(self, **params: Any) -> dict[str, Any]:
        """The parameters with key, time and signature, as the documentation makes them."""
        params = {"apiKey": self.name, "timestamp": time.time_ns() // 1_000_000} | params
        text = "&".join(f"{k}={v}" for k, v in sorted(params.items()))
        return params | {"signature": self._sign(text.encode())}


@contextlib.asynccontextmanager
async def running_edge(
    *,
    catalog: Catalog | None = None,
    line: LineSettings | None = None,
    limits: LimitSettings | None = None,
    **settings: Any,
) -> AsyncIterator[tuple[Edge, Publisher]]:
    """An edge and the services around it; a bug in a callback fails the test."""
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: failures.append(what))
    world = SimulatedServer(seed=1)
    publisher = Publisher(SimulatedBus(world, user="market"))
    await publisher.open()
    edge = Edge(
        SimulatedBus(world, user="gateway"),
        catalog or listed(),
        WebSocketSettings(line=line or LineSettings(messages_per_s=1_000), **settings),
        limits or LimitSettings(),
    )
    edge.world = world
    await edge.server.start()
    try:
        yield edge, publisher
    finally:
        await edge.close()
    assert not failures, failures


async def ask(client: websockets.ClientConnection, method: str, *params: Any, id: Any = 1) -> Any:  # noqa: A002
    """Sends a control message and returns the next message."""
    await client.send(json.dumps({"method": method, "params": list(params), "id": id}))
    return await answer(client)


async def call(
    client: websockets.ClientConnection,
    method: str,
    params: dict[str, Any] | None = None,
    id: Any = 1,  # noqa: A002
) -> Any:
    """Calls a method of the WebSocket API and returns the next message."""
    content = {"id": id, "method": method}
    if params is not None:
        content["params"] = params
    await client.send(json.dumps(content))
    return await answer(client)


async def answer(client: websockets.ClientConnection, within_s: float = 5.0) -> Any:
    """The next message, decoded."""
    return json.loads(await asyncio.wait_for(client.recv(), within_s))


async def silent(client: websockets.ClientConnection, for_s: float = 0.1) -> bool:
    """Whether nothing comes for this long."""
    try:
        await asyncio.wait_for(client.recv(), for_s)
    except TimeoutError:
        return True
    return False


def trade(number: int, *, symbol: int = 0, ticks: int = 6_183_763, lots: int = 2_000) -> TradePrint:
    return TradePrint(
        symbol=symbol, trade_id=number, price_ticks=ticks, qty_lots=lots,
        quote_atoms=ticks * lots * 10, time_ns=T_NS, buyer_is_maker=True,
    )  # fmt: skip


def change(
    first: int, last: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]
) -> DepthChanged:
    return DepthChanged(
        symbol=0, first_update_id=first, last_update_id=last, time_ns=T_NS, bids=bids, asks=asks
    )


def book(last: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> Depth:
    return Depth(
        position=Position(command_seq=1), symbol=0, last_update_id=last, bids=bids, asks=asks
    )
