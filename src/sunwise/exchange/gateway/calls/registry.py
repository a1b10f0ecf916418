"""The one list of endpoints: REST dispatch, WebSocket-API dispatch and OpenAPI all read it.

A transport (REST, WebSocket API) makes a `Call`, hands it to the `Dispatcher` and is called back
by `Call.send`, exactly once, in the same or a later turn of the event loop.
"""

import re
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from msgspec import Struct

from sunwise.exchange.gateway.calls.limits import Address, Unfilled
from sunwise.exchange.gateway.calls.parameters import Reader
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.keys.api_keys import ApiKey, Permission


class Security(Enum):
    """What a caller must show. Everything but NONE and KEY is signed."""

    NONE = "NONE"
    KEY = "KEY"  # an API key without a signature: nothing but the retired listen keys
    TRADE = "TRADE"
    USER_DATA = "USER_DATA"
    USER_STREAM = "USER_STREAM"
    SIGNED = "SIGNED"  # signed by any key, whatever it may do: logging on


_NEEDED = {
    Security.TRADE: Permission.TRADE,
    Security.USER_DATA: Permission.USER_DATA,
    Security.USER_STREAM: Permission.USER_STREAM,
    Security.KEY: Permission.USER_STREAM,
}


def permission_for(security: Security) -> int:
    """The Permission that a key needs for this; 0 for none."""
    return int(_NEEDED.get(security, 0))


class Transport(Enum):
    """How a call came in."""

    REST = "REST"
    WEBSOCKET = "WEBSOCKET"


class NoParameters(Struct, frozen=True):
    """Parameters of an endpoint that takes none."""


class Call:
    """One request from its arrival to its answer. Each transport has a subclass with `send`."""

    __slots__ = (
        "address",
        "arguments",
        "endpoint",
        "expires_ns",
        "ip",
        "key",
        "key_text",
        "micros",
        "order_count",
        "payload",
        "received_ns",
        "transport",
        "unfilled",
        "weight",
    )

    transport: Transport
    endpoint: "Endpoint"
    arguments: dict[str, str]
    """Parameters by wire name, percent-decoded (JSON scalars as text), `signature` included."""
    ip: str
    received_ns: int
    """Wall time of arrival, ns since 1970."""
    key_text: str
    """X-MBX-APIKEY or `apiKey` as sent; empty for none."""
    payload: bytes
    """What the signature was made over."""
    micros: bool
    """Times in the answer are microseconds instead of milliseconds."""
    key: ApiKey | None
    """Whom the call speaks for: set before the handler runs when the endpoint is signed. A
    logged-on WebSocket session sets it itself and sends no signature."""
    expires_ns: int
    """timestamp + recvWindow, ns since 1970; 0 when the call is not signed."""
    address: Address | None
    """What the client's address has used, once the call is admitted."""
    weight: int
    """Request weight still to be charged when the call is refused."""
    unfilled: Unfilled | None
    """The account's unfilled orders, when this call has added to them."""
    order_count: int
    """Orders that it has added, given back when it is refused or trades."""

    def __init__(self, endpoint: "Endpoint", arguments: dict[str, str]) -> None:
        self.endpoint = endpoint
        self.arguments = arguments
        self.key = self.address = self.unfilled = None
        self.key_text = ""
        self.payload = b""
        self.micros = False
        self.expires_ns = self.weight = self.order_count = 0

    @property
    def account(self) -> int:
        """The account that a signed call acts for."""
        assert self.key is not None, "only signed endpoints act for an account"
        return self.key.account

    def send(self, status: int, body: bytes, error: ApiError | None) -> None:
        """Takes the answer to the client: `body` is the JSON of the result, or of the error.

        Status is HTTP's. Called once, by the dispatcher; a client that is gone is not an error.
        """
        raise NotImplementedError


Handler = Callable[[Any, Any], bytes | Coroutine[Any, Any, bytes] | None]
"""`handler(call, params)`: the JSON of the result at once, a coroutine that returns it (it runs in
a task of its own), or None when the handler itself ends the call later by
`dispatcher.succeed(call, body)` or `dispatcher.fail(call, error)`. Refuses by raising ApiError."""

Weight = int | Callable[[Any], int]
"""Request weight, or a function of the parameters that gives it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One thing that clients can ask, by REST, the WebSocket API or both."""

    name: str
    """Unique; the operation's id in OpenAPI."""
    summary: str
    handler: Handler
    method: str = ""
    """HTTP method; empty when REST does not have it."""
    path: str = ""
    ws_method: str = ""
    """Method of the WebSocket API; empty when it does not have it."""
    params: type[Struct] = NoParameters
    """Its fields are the parameters, in Binance's order; `parameters` reads their annotations."""
    security: Security = Security.NONE
    weight: Weight = 1
    order_count: int = 0
    """Orders that it counts against the account."""
    weight_on_success: bool = True
    """False: a call that succeeds gives its weight back (orders and cancels, since 2026-04-02)."""
    reads_itself: bool = False
    """The handler is given the arguments as they are: for the order path, where a pass counts."""
    least_weight: int = 1
    """Weight of a call that is refused before its parameters are read."""
    reader: Reader = field(init=False)
    """Reads the parameters."""
    needs_key: bool = field(init=False)
    """Whether a call must show an API key."""
    is_signed: bool = field(init=False)
    """Whether calls carry timestamp and signature."""
    permission: int = field(init=False)
    """The Permission that the key must have; 0 for none."""

    def __post_init__(self) -> None:
        needs_key = self.security is not Security.NONE
        derived = {
            "reader": Reader(self.params, signed=needs_key),
            "needs_key": needs_key,
            "is_signed": needs_key and self.security is not Security.KEY,
            "permission": permission_for(self.security),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)


_PATH = re.compile(r"/[a-zA-Z0-9/._-]+")


class Registry:
    """All endpoints, by route and by WebSocket method. Raises ValueError on a contradiction."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self.endpoints = tuple(endpoints)
        self.by_path: dict[str, dict[str, Endpoint]] = {}
        """Path, then HTTP method."""
        self.by_ws_method: dict[str, Endpoint] = {}
        names: set[str] = set()
        for endpoint in self.endpoints:
            if endpoint.name in names:
                raise ValueError(f"two endpoints are named {endpoint.name}")
            names.add(endpoint.name)
            self._add(endpoint)
        self.by_ws_method.pop("", None)

    def _add(self, endpoint: Endpoint) -> None:
        if not endpoint.path and not endpoint.ws_method:
            raise ValueError(f"{endpoint.name} can be reached by no transport")
        if endpoint.path:
            if not endpoint.method or not _PATH.fullmatch(endpoint.path):
                raise ValueError(f"{endpoint.name} needs a method and a plain path")
            methods = self.by_path.setdefault(endpoint.path, {})
            if methods.setdefault(endpoint.method, endpoint) is not endpoint:
                raise ValueError(f"{endpoint.method} {endpoint.path} is taken twice")
        holder = self.by_ws_method.setdefault(endpoint.ws_method, endpoint)
        if endpoint.ws_method and holder is not endpoint:
            raise ValueError(f"{endpoint.ws_method} is taken twice")
