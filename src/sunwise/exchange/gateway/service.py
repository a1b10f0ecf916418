"""The gateway as a service: puts its parts together, opens both ports, keeps the keys current."""

import asyncio
import importlib.metadata
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.http import HttpLimits, HttpServer
from sunwise.chassis.http.asgi import AsgiBridge
from sunwise.chassis.log import CatalogFollower, LogWriter, WriterSettings
from sunwise.chassis.log.event_place import newest_position
from sunwise.contracts.exchange.keys import keys_subject
from sunwise.contracts.exchange.log import (
    FIRST_GATEWAY_WRITER,
    MAX_BATCH_COMMANDS,
    MAX_WRITER,
    event_stream,
)
from sunwise.exchange.gateway.calls.authentication import Authenticator, KeyRing
from sunwise.exchange.gateway.calls.dispatch import Dispatcher
from sunwise.exchange.gateway.calls.limits import LimitSettings, OrderLimits, RequestLimits
from sunwise.exchange.gateway.calls.registry import Registry
from sunwise.exchange.gateway.endpoints.account import Account
from sunwise.exchange.gateway.endpoints.general import General
from sunwise.exchange.gateway.endpoints.market import Market
from sunwise.exchange.gateway.endpoints.read_models import ReadModels
from sunwise.exchange.gateway.endpoints.stubs import Stubs, UserDataStream
from sunwise.exchange.gateway.endpoints.trading import CommandWriter, Trading
from sunwise.exchange.gateway.key_requests import KeyRequests
from sunwise.exchange.gateway.keys.signatures import verifier_of
from sunwise.exchange.gateway.rest.openapi import Pages
from sunwise.exchange.gateway.rest.requests import Rest
from sunwise.exchange.gateway.store import KeyStore
from sunwise.exchange.gateway.streams.feeds import Feeds
from sunwise.exchange.gateway.streams.hub import StreamHub
from sunwise.exchange.gateway.streams.symbols import StreamNames
from sunwise.exchange.gateway.users.codecs import UserCodec
from sunwise.exchange.gateway.users.listen_keys import KeyAccess, ListenKeys
from sunwise.exchange.gateway.users.streams import UserStreams
from sunwise.exchange.gateway.websocket.api import ApiAccess, api_opener
from sunwise.exchange.gateway.websocket.server import (
    ATTEMPTS,
    WebSocketServer,
    WebSocketSettings,
)
from sunwise.exchange.gateway.websocket.session_endpoints import session_endpoints
from sunwise.exchange.gateway.wire.listings import Listings

_KEYS_EVERY_S: Final = 1.0
_log = logging.getLogger(__name__)

Port = Annotated[int, Meta(ge=0, le=65_535)]


class GatewaySettings(Struct, frozen=True, kw_only=True):
    """One gateway process."""

    shard: str = "0"
    """Name of the shard that it writes to."""
    writer: Annotated[int, Meta(ge=FIRST_GATEWAY_WRITER, le=MAX_WRITER)] = FIRST_GATEWAY_WRITER
    """Its number as a writer of the log; each gateway process has its own."""
    host: str = "127.0.0.1"
    """Address that both ports listen on."""
    rest_port: Port = 8000
    """Port of REST; 0 takes a free one."""
    ws_port: Port = 9443
    """Port of streams and the WebSocket API; 0 takes a free one."""
    tls_certificate: str = ""
    """File with the certificate chain of both ports (PEM); empty for plain HTTP and ws."""
    tls_key: str = ""
    """File with its private key (PEM)."""
    legacy_listen_key: bool = False
    """Lets old clients open user streams by listen keys, which Binance retired in 2026."""
    limits_enabled: bool = True
    """Whether request weights and unfilled orders are limited at all."""
    weight_per_minute: Annotated[int, Meta(ge=1)] = 6_000
    """Request weight of one address."""
    raw_per_5_minutes: Annotated[int, Meta(ge=1)] = 300_000
    """Requests of one address, whatever they weigh."""
    orders_per_10_seconds: Annotated[int, Meta(ge=1)] = 100
    """Unfilled orders of one account."""
    orders_per_day: Annotated[int, Meta(ge=1)] = 200_000
    """Unfilled orders of one account in a UTC day."""
    order_timeout_s: Annotated[float, Meta(gt=0, le=60)] = 5.0
    """An order without an event for so long is answered -1007."""
    query_timeout_s: Annotated[float, Meta(gt=0, le=60)] = 5.0
    """A question to a read model without an answer for so long is answered -1001."""
    max_waiting_orders: Annotated[int, Meta(ge=1, le=1_000_000)] = 8_192
    """Orders without an event, beyond which new ones are refused with -1008."""
    max_batch_commands: Annotated[int, Meta(ge=1, le=MAX_BATCH_COMMANDS)] = MAX_BATCH_COMMANDS
    """Orders that share one message of the log; 1 measures the worst case."""
    max_connections: Annotated[int, Meta(ge=1)] = 4_096
    """Open REST connections."""

    def tls(self) -> tuple[str, str] | None:
        """Files of certificate and key, when both ports are to be secure."""
        return (self.tls_certificate, self.tls_key) if self.tls_certificate else None

    def limits(self) -> LimitSettings:
        """The limits on requests and orders."""
        return LimitSettings(
            enabled=self.limits_enabled,
            weight_per_minute=self.weight_per_minute,
            raw_per_5_minutes=self.raw_per_5_minutes,
            orders_per_10_seconds=self.orders_per_10_seconds,
            orders_per_day=self.orders_per_day,
        )


class Core:
    """Everything between the transports and the bus: dispatcher and registry."""

    def __init__(
        self,
        bus: Bus,
        writer: CommandWriter,
        *,
        listings: Listings,
        ring: KeyRing,
        clock: Clock,
        settings: GatewaySettings,
        listen_keys: ListenKeys | None,
    ) -> None:
        limits = settings.limits()
        self.requests = RequestLimits(limits, clock)
        self.orders = OrderLimits(limits, clock)
        self.dispatcher = Dispatcher(Authenticator(ring), self.requests, self.orders)
        models = ReadModels(bus, shard=settings.shard, timeout_s=settings.query_timeout_s)
        trading = Trading(
            self.dispatcher, writer, listings=listings, read_models=models, clock=clock
        )
        self.registry = Registry(
            [
                *General(listings, self.requests, clock).endpoints(),
                *Market(listings, models, clock).endpoints(),
                *trading.endpoints(),
                *Account(listings, models, self.orders).endpoints(),
                *UserDataStream(listen_keys).endpoints(),
                *Stubs(listings, clock).endpoints(),
                *session_endpoints(),
            ]
        )


class GatewayService:
    """One gateway process; `run` works until it is cancelled or must stop."""

    name = "gateway"

    def __init__(
        self, bus: Bus, *, clock: Clock, settings: GatewaySettings, keys: KeyStore
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._keys = keys
        self._ring = KeyRing()
        self._keys_revision = 0
        self._is_ready = False
        self._is_connected = True
        self.rest_port = settings.rest_port
        """The port in use, once ready."""
        self.ws_port = settings.ws_port
        """The port in use, once ready."""

    async def run(self, ready: Callable[[], None]) -> None:
        """Opens both ports, calls `ready`, and serves.

        Raises AddressTaken, LogBroken, and Retryable when the log cannot be read now.
        """
        self._bus.listen_connection(self._connection_changed)
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._is_ready = True
            ready()
            while True:
                await asyncio.sleep(_KEYS_EVERY_S)
                try:
                    await self._refresh_keys()
                except Retryable as fault:
                    _log.warning("keys stay as they are: %s", fault)

    async def _start(self, stack: AsyncExitStack) -> None:
        settings, clock = self._settings, self._clock
        await self._refresh_keys()
        follower = await CatalogFollower.open(self._bus, shard=settings.shard)
        stack.push_async_callback(follower.close)
        writer = await LogWriter.open(
            self._bus,
            shard=settings.shard,
            writer=settings.writer,
            clock=clock,
            settings=WriterSettings(
                deadline_s=settings.order_timeout_s,
                max_waiting=settings.max_waiting_orders,
                max_batch_commands=settings.max_batch_commands,
            ),
        )
        stack.push_async_callback(writer.close)
        listen_keys = ListenKeys(clock) if settings.legacy_listen_key else None
        core = Core(
            self._bus,
            writer,
            listings=Listings(follower.catalog),
            ring=self._ring,
            clock=clock,
            settings=settings,
            listen_keys=listen_keys,
        )
        stack.push_async_callback(core.dispatcher.close)
        requests = KeyRequests(self._keys, self._refresh_keys)
        serving = await self._bus.serve(keys_subject(settings.shard), requests.answer)
        stack.push_async_callback(serving.close)
        await self._start_rest(stack, core)
        await self._start_websockets(stack, core, StreamNames(follower.catalog), listen_keys)

    async def _start_rest(self, stack: AsyncExitStack, core: Core) -> None:
        settings = self._settings
        version = importlib.metadata.version("sunwise")
        rest = Rest(
            core.registry,
            core.dispatcher,
            self._clock,
            probes={"/sunwise/v1/health": self._health, "/sunwise/v1/ready": self._readiness},
            pages=AsgiBridge(Pages(core.registry, version=version)),
        )
        server = HttpServer(
            rest,
            host=settings.host,
            port=settings.rest_port,
            limits=HttpLimits(max_connections=settings.max_connections),
            tls=settings.tls(),
        )
        await server.start()
        stack.push_async_callback(server.stop)
        self.rest_port = server.port

    async def _start_websockets(
        self,
        stack: AsyncExitStack,
        core: Core,
        names: StreamNames,
        listen_keys: ListenKeys | None,
    ) -> None:
        settings, bus, clock = self._settings, self._bus, self._clock
        feeds = Feeds(bus)
        stack.push_async_callback(feeds.close)
        hub = StreamHub(bus, feeds, names, clock, shard=settings.shard)
        stack.push_async_callback(hub.close)
        users = UserStreams(
            bus,
            feeds,
            UserCodec(names),
            clock,
            stored=partial(newest_position, bus, event_stream(settings.shard)),
            shard=settings.shard,
        )
        stack.push_async_callback(users.close)
        access = ApiAccess(core.registry, core.dispatcher, self._ring, clock)
        server = WebSocketServer(
            WebSocketSettings(
                host=settings.host,
                port=settings.ws_port,
                tls=settings.tls(),
                attempts=ATTEMPTS if settings.limits_enabled else 0,
            ),
            clock,
            hub,
            open_api=api_opener(access, users),
            keys=KeyAccess(listen_keys, users) if listen_keys is not None else None,
        )
        await server.start()
        stack.push_async_callback(server.close)
        self.ws_port = server.port

    # ---- keys ----

    async def _refresh_keys(self) -> None:
        """Takes new keys into force and revoked ones out of it, a second late at most."""
        changed = await asyncio.to_thread(self._keys.changed_since, self._keys_revision)
        self._keys_revision, stored = changed
        for row in stored:
            if row.is_revoked:
                self._ring.drop(row.key.name)
            elif not self._ring.has(row.key):
                self._ring.put(row.key, verifier_of(row.key.kind, row.material))

    # ---- what operators ask ----

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - the bus's callback
        self._is_connected = connected

    def _health(self) -> tuple[int, bytes]:
        return 200, b'{"status":"up"}'

    def _readiness(self) -> tuple[int, bytes]:
        reasons = []
        if not self._is_ready:
            reasons.append("starting")
        if not self._is_connected:
            reasons.append("no connection to the bus")
        body = {"ready": not reasons, "reasons": reasons, "keys": len(self._ring)}
        return (503 if reasons else 200), msgspec.json.encode(body)
