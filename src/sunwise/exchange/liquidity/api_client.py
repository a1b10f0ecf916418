"""A small client of the public WebSocket API: signed requests out, answers and user events in.

One connection carries every account: each request is signed with its own key (HMAC-SHA256 over the
parameters in alphabetical order). Source: Binance spot docs, "WebSocket API".
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final, Self

import msgspec
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Retryable

_NS_A_MS: Final = 1_000_000
_RECV_WINDOW_MS: Final = "5000"


class Unreachable(Retryable):
    """The API does not answer, or the connection was lost; requests may have been carried out."""


class Refused(Exception):
    """The API refused a request, with Binance's code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An HMAC API key."""

    name: str
    secret: str

    def __repr__(self) -> str:
        """Without the secret: a key may end up in a log."""
        return f"Key({self.name!r})"


class _Error(msgspec.Struct):
    code: int = 0
    msg: str = ""


class _Frame(msgspec.Struct, rename={"subscription_id": "subscriptionId"}):
    id: int | None = None
    status: int = 0
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None
    subscription_id: int = -1
    event: msgspec.Raw = msgspec.Raw(b"null")


UserEventHandler = Callable[[int, dict[str, Any]], None]
"""Takes a subscription's number and the event as decoded JSON."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Frame)
_decode_any: Final = msgspec.json.Decoder()


def signature(parameters: dict[str, str], secret: str) -> str:
    """HMAC-SHA256 in hex over `name=value` of the parameters in alphabetical order."""
    text = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256).hex()


class ApiClient:
    """One connection; made by `connect`. When it is lost every wait ends with Unreachable."""

    def __init__(self, clock: Clock, on_user_event: UserEventHandler) -> None:
        self._clock = clock
        self._on_user_event = on_user_event
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last_id = 0
        self._is_lost = False
        self._transport: WSTransport

    @classmethod
    async def connect(cls, url: str, *, clock: Clock, on_user_event: UserEventHandler) -> Self:
        """A connected client. Raises Unreachable."""
        self = cls(clock, on_user_event)
        try:
            self._transport, _ = await ws_connect(lambda: _Listener(self), url)
        except (OSError, WSError, TimeoutError) as error:
            raise Unreachable(f"{url} does not answer: {error}", after_s=0.2) from error
        return self

    async def request(
        self, method: str, parameters: dict[str, str] | None = None, *, key: Key | None = None
    ) -> Any:  # noqa: ANN401 - any JSON
        """The result as decoded JSON. Raises Refused and Unreachable."""
        return await self.send(method, parameters, key=key)

    def send(
        self, method: str, parameters: dict[str, str] | None = None, *, key: Key | None = None
    ) -> asyncio.Future[Any]:
        """As `request`, sent before this returns: requests arrive in the order of the calls.

        Raises Unreachable at once when the connection is lost already.
        """
        if self._is_lost:
            raise _lost()
        params = dict(parameters or {})
        if key is not None:
            params["apiKey"] = key.name
            params["timestamp"] = str(self._clock.now_ns() // _NS_A_MS)
            params["recvWindow"] = _RECV_WINDOW_MS
            params["signature"] = signature(params, key.secret)
        self._last_id += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._last_id] = future
        frame = _encode({"id": self._last_id, "method": method, "params": params})
        self._transport.send(WSMsgType.TEXT, frame)
        return future

    def close(self) -> None:
        """Ends the connection."""
        self._transport.disconnect()

    def on_frame(self, payload: bytes) -> None:
        """An answer or a user event."""
        frame = _decode.decode(payload)
        if frame.subscription_id >= 0:
            self._on_user_event(frame.subscription_id, _decode_any.decode(frame.event))
            return
        future = self._waiting.pop(frame.id, None) if frame.id is not None else None
        if future is None or future.done():
            return
        if frame.error is not None:
            future.set_exception(Refused(frame.error.code, frame.error.msg))
        else:
            future.set_result(_decode_any.decode(frame.result))

    def on_lost(self) -> None:
        """No more answers come."""
        self._is_lost = True
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(_lost())


def _lost() -> Unreachable:
    return Unreachable("the connection to the API was lost")


class _Listener(WSListener):
    """picows' callbacks, told to the client."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self._client.on_frame(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - picows' call
        self._client.on_lost()
