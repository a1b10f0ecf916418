"""REST, WebSocket API and streams; and what Binance has beyond them."""
# ruff: noqa: INP001, SLF001 - scripts of the documents; they show what modules keep private

import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from docs.reference.generator.markdown import code, table

from sunwise.chassis.clock import SystemClock
from sunwise.chassis.log import Catalog
from sunwise.exchange.gateway.calls.authentication import KeyRing
from sunwise.exchange.gateway.calls.registry import Endpoint, Registry
from sunwise.exchange.gateway.service import Core, GatewaySettings
from sunwise.exchange.gateway.streams.names import INTERVALS, StreamKind, parse_stream
from sunwise.exchange.gateway.websocket import stream_control
from sunwise.exchange.gateway.wire.listings import Listings

INVENTORY: Final = Path(__file__).resolve().with_name("binance-inventory.txt")


_STREAMS: Final = (
    ("<symbol>@trade", "each trade"),
    ("<symbol>@aggTrade", "trades of one taker order at one price"),
    ("<symbol>@bookTicker", "best bid and ask, when they change"),
    ("<symbol>@depth", "changed levels, each second"),
    ("<symbol>@depth@100ms", "changed levels, ten times a second"),
    ("<symbol>@depth5", "best 5, 10 or 20 levels; also with `@100ms`"),
    ("<symbol>@kline_1m", f"candles: {', '.join(INTERVALS)}"),
    ("<symbol>@ticker", "24 hours, each second"),
    ("<symbol>@miniTicker", "24 hours, short, each second"),
    ("<symbol>@avgPrice", "average price, each second when it changed"),
    ("!miniTicker@arr", "24 hours of all symbols that changed"),
)


_ONE: Final = {"symbol": "A"}
_SYMBOL_CASES: Final = (("one symbol", _ONE), ("more", {}))
_WINDOW_CASES: Final = (("each symbol", _ONE), ("at most", {"symbols": ("A",) * 100}))
_NEW_ORDER: Final = {"symbol": "A", "side": 0, "type": 0}
_WEIGHTS: Final[dict[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "depth": tuple(
        (f"to {limit} levels", _ONE | {"limit": limit}) for limit in (100, 500, 1_000, 5_000)
    ),
    "ticker_24hr": (
        ("one symbol", _ONE),
        ("to 20 symbols", {"symbols": ("A",) * 20}),
        ("to 100", {"symbols": ("A",) * 100}),
        ("beyond, or all", {}),
    ),
    "ticker_price": _SYMBOL_CASES,
    "ticker_book": _SYMBOL_CASES,
    "ticker_tradingDay": _WINDOW_CASES,
    "ticker": _WINDOW_CASES,
    "test_order": (
        ("plain", _NEW_ORDER),
        ("with computeCommissionRates", _NEW_ORDER | {"compute_commission_rates": True}),
    ),
    "openOrders_status": (("one symbol", _ONE), ("all", {})),
    "myTrades": (("with orderId", _ONE | {"order_id": 1}), ("without", _ONE)),
}
"""Parameters that show each weight of an endpoint whose weight depends on them."""


def endpoints_page() -> str:
    """REST, WebSocket API and streams; and what Binance has beyond them."""
    registry = _registry()
    api = [each for each in registry.endpoints if not each.name.startswith("stub_")]
    stubs = [each for each in registry.endpoints if each.name.startswith("stub_")]
    return f"""# Endpoints

All that clients can ask. The same list makes the running gateway's `/docs` and `/openapi.json`, where
each parameter's range stands too. Parameters with a question mark may be left out; signed endpoints
take `timestamp`, `recvWindow?` and `signature` besides.

Security: NONE needs nothing, KEY a header `X-MBX-APIKEY`, everything else a signature too, of a key
that has this permission. "Back" means that a call which succeeds costs no weight, as on Binance.

## REST and WebSocket API

REST is at `http://HOST:7070`, the WebSocket API at `ws://HOST:7071/ws-api/v3` (the ports of
`sunwise up`).

{table("REST | WebSocket API | Security | Weight | Parameters | What", map(_endpoint_row, api))}
## Asked by clients at their start

Margin, futures and wallet do not exist here; these answer as an exchange without them would.

{table("REST | Security | What it answers", map(_stub_row, stubs))}
## Market streams

At `ws://HOST:7071/ws/<stream>` and `/stream?streams=<stream>/<stream>`; `/ws/<anything>` opens a
connection to SUBSCRIBE on. Control messages: {", ".join(stream_control._METHODS)}.

{table("Stream | What", _stream_names())}
User data comes over the WebSocket API (`userDataStream.subscribe.signature`, or `session.logon` and
`userDataStream.subscribe`): `executionReport`, `outboundAccountPosition`, `balanceUpdate` and
`eventStreamTerminated`, each as `{{"subscriptionId":0,"event":{{...}}}}`.

## Of Sunwise itself

{table("REST | What", _own_rows())}
## Not built yet

What Binance's documentation of 2026-07-21 has and Sunwise has not. REST answers 404 with `-1020`, the
WebSocket API `-1020`. Tiers are the order in which they will be built.

{table("Tier | REST | WebSocket API", _missing_rows(registry))}
REST has {_coverage(registry, "REST")}, the WebSocket API {_coverage(registry, "WS")}."""


def _registry() -> Registry:
    """The gateway's registry, around nothing that could answer."""
    nothing: Any = None
    core = Core(
        nothing,
        nothing,
        listings=Listings(Catalog()),
        ring=KeyRing(),
        clock=SystemClock(),
        settings=GatewaySettings(),
        listen_keys=None,
    )
    return core.registry


def _endpoint_row(endpoint: Endpoint) -> tuple[object, ...]:
    rest = code(f"{endpoint.method} {endpoint.path}") if endpoint.path else ""
    names = [f"{f.name}{'' if f.required else '?'}" for f in endpoint.reader.fields]
    return (
        rest,
        code(endpoint.ws_method),
        endpoint.security.value,
        _weight(endpoint),
        code(", ".join(names)),
        endpoint.summary.rstrip("."),
    )


def _weight(endpoint: Endpoint) -> str:
    weight = endpoint.weight
    if isinstance(weight, int):
        return str(weight) if endpoint.weight_on_success else f"{weight}, back"
    cases = _WEIGHTS[endpoint.name]
    return "; ".join(f"{case}: {weight(endpoint.params(**given))}" for case, given in cases)


def _stub_row(endpoint: Endpoint) -> tuple[object, ...]:
    said = str(inspect.getdoc(endpoint.handler)).split("\n", 1)[0].rstrip(".")
    return code(f"{endpoint.method} {endpoint.path}"), endpoint.security.value, said


def _stream_names() -> Iterator[tuple[object, ...]]:
    for name, meaning in _STREAMS:
        found = parse_stream(name.replace("<symbol>", "btcusdt"))
        assert found is not None, f"{name} cannot be a stream"
        assert found.kind is not StreamKind.NONE, f"{name} does not exist"
        yield code(name), meaning


def _own_rows() -> Iterator[tuple[object, ...]]:
    yield code("GET /sunwise/v1/health"), "the gateway's process is up"
    yield code("GET /sunwise/v1/ready"), "200 when it takes orders, else 503 with the reasons"
    yield code("GET /docs"), "this list, for people"
    yield code("GET /openapi.json"), "OpenAPI 3.1; also `sunwise openapi`"


@cache
def _inventory() -> tuple[tuple[str, int, str], ...]:
    """(REST or WS, tier, what) of everything that Binance has."""
    lines = INVENTORY.read_text("utf-8").splitlines()
    rows = (line.split(" ", 2) for line in lines if line and not line.startswith("#"))
    return tuple((transport, int(tier), what) for transport, tier, what in rows)


def _exists(registry: Registry, transport: str, what: str) -> bool:
    if transport == "WS":
        return what in registry.by_ws_method
    method, path = what.split(" ")
    return method in registry.by_path.get(path, {})


def _missing_rows(registry: Registry) -> Iterator[tuple[object, ...]]:
    missing = [row for row in _inventory() if not _exists(registry, row[0], row[2])]
    for tier in sorted({row[1] for row in missing}):
        rest, ws = (
            ", ".join(code(what) for t, n, what in missing if (t, n) == (transport, tier)) or "none"
            for transport in ("REST", "WS")
        )
        yield tier, rest, ws


def _coverage(registry: Registry, transport: str) -> str:
    rows = [row for row in _inventory() if row[0] == transport]
    there = sum(_exists(registry, *row[::2]) for row in rows)
    first = [row for row in rows if row[1] == 1]
    all_first = sum(_exists(registry, *row[::2]) for row in first)
    return f"{there} of {len(rows)} ({all_first} of {len(first)} of tier 1)"
