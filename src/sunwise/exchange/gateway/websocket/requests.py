"""Requests of the WebSocket API: from a text message to arguments and what their signature covers.

A message is `{"id": ..., "method": ..., "params": {...}}`. Parameters become the same text that REST
reads from a query: a string as it is, a number, a boolean or a list as its JSON. The signature is
made over `name=value` of every parameter but `signature`, sorted by name and joined by `&`, in UTF-8
without percent-encoding (web-socket-api.md, "SIGNED request security").
"""

import re
from typing import Any, Final, NamedTuple

import msgspec

from sunwise.exchange.gateway.errors import ApiError

_ID_TEXT: Final = re.compile(r"[a-zA-Z0-9\-_]{1,36}")
_BAD_ID: Final = (
    "Invalid 'id' in JSON request; expected an integer, a string matching "
    "'^[a-zA-Z0-9-_]{1,36}$', or null."
)
_VERSION: Final = "v3/"


class _Number(str):
    """A number with a point or exponent as written: the signature was made over its text."""

    __slots__ = ()


_decode: Final = msgspec.json.Decoder(float_hook=_Number).decode
_json: Final = msgspec.json.Encoder().encode


class Request(NamedTuple):
    """A request as read."""

    id: bytes
    """JSON of the id, to be echoed."""
    method: str
    """Without a version in front."""
    arguments: dict[str, str]
    """Parameters by name, without `returnRateLimits`."""
    payload: bytes
    """What the signature covers."""
    show_limits: bool | None
    """`returnRateLimits` when it was sent."""


class Unreadable(Exception):
    """The message is no request; `id` is the JSON to answer with."""

    def __init__(self, error: ApiError, request_id: bytes = b"null") -> None:
        super().__init__(error.message)
        self.error: Final = error
        self.id: Final = request_id


def read_request(message: bytes) -> Request:
    """The request in this message. Raises Unreadable."""
    try:
        content = _decode(message)
    except (msgspec.DecodeError, RecursionError):
        raise Unreadable(ApiError(-1135, "Invalid JSON Request")) from None
    if not isinstance(content, dict):
        raise Unreadable(ApiError(-1135, "Invalid JSON Request"))
    request_id = _request_id(content)
    method, params = content.get("method"), content.get("params")
    if type(method) is not str:
        error = ApiError(-1135, "Invalid 'method' in JSON request; expected a string.")
        raise Unreadable(error, request_id)
    if params is None:
        params = {}
    elif not isinstance(params, dict):
        error = ApiError(-1135, "Invalid 'params' in JSON request; expected an object.")
        raise Unreadable(error, request_id)
    return _request(request_id, method.removeprefix(_VERSION), params)


def _request_id(content: dict[str, Any]) -> bytes:
    value = content.get("id", msgspec.UNSET)
    if value is None:
        return b"null"
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return b"%d" % value
    if type(value) is str and _ID_TEXT.fullmatch(value):
        return b'"%b"' % value.encode()
    raise Unreadable(ApiError(-1135, _BAD_ID))


def _request(request_id: bytes, method: str, params: dict[str, Any]) -> Request:
    texts, signed = {}, []
    for name in sorted(params):
        value = params[name]
        text = value if isinstance(value, str) else _text(value)
        if value is not None:
            texts[name] = text
        if name != "signature":
            signed.append(f"{name}={text}")
    shown = params.get("returnRateLimits")
    if isinstance(shown, bool):
        del texts["returnRateLimits"]
    else:
        shown = None
    return Request(request_id, method, texts, "&".join(signed).encode(), shown)


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value but a string
    return str(value) if type(value) is int else _json(value).decode()
