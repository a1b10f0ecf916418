"""What a URL on the WebSocket port asks for.

`/ws/<stream>/<stream>` raw streams, `/stream?streams=a/b` combined ones, `/ws` and `/ws/<anything>`
an empty connection to subscribe on, `/ws-api/v3` the WebSocket API. Anything else is 404.
"""

from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.streams.codecs import MICROSECOND_NS, MILLISECOND_NS
from sunwise.exchange.gateway.websocket.stream_control import MAX_STREAMS

_UNITS: Final = {
    "MICROSECOND": MICROSECOND_NS,
    "microsecond": MICROSECOND_NS,
    "MILLISECOND": MILLISECOND_NS,
    "millisecond": MILLISECOND_NS,
}


class StreamTarget(NamedTuple):
    """A connection to market streams."""

    names: tuple[str, ...]
    combined: bool
    unit_ns: int


class ApiTarget(NamedTuple):
    """A connection to the WebSocket API."""

    show_limits: bool
    unit_ns: int


def parse_target(raw: bytes) -> StreamTarget | ApiTarget | None:
    """What this request target asks for; None when there is nothing. Raises ApiError."""
    path, _, query = raw.decode("utf-8", "replace").partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if path == "/ws-api/v3":
        return ApiTarget(_show_limits(options), _unit(options))
    if path in {"/stream", "/stream/"}:
        return _streams(options.get("streams", ""), options, combined=True)
    if path == "/ws" or path.startswith("/ws/"):
        return _streams(unquote(path[4:]), options, combined=False)
    return None


def _streams(joined: str, options: dict[str, str], *, combined: bool) -> StreamTarget:
    names = tuple(dict.fromkeys(name for name in joined.split("/") if name))
    if len(names) > MAX_STREAMS:
        raise ApiError(-1191, f"Too many subscriptions; at most {MAX_STREAMS} on a connection.")
    return StreamTarget(names, combined, _unit(options))


def _unit(options: dict[str, str]) -> int:
    unit = _UNITS.get(options.get("timeUnit", "MILLISECOND"))
    if unit is None:
        raise errors.invalid_time_unit()
    return unit


def _show_limits(options: dict[str, str]) -> bool:
    value = options.get("returnRateLimits", "true").lower()
    if value not in {"true", "false"}:
        raise errors.invalid("returnRateLimits")
    return value == "true"
