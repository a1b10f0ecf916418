"""Whom a signed call speaks for, and whether it is in time."""

from functools import lru_cache
from typing import Final

from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.calls.parameters import INTEGER_RANGE, time_ns
from sunwise.exchange.gateway.calls.registry import Call, Security, permission_for
from sunwise.exchange.gateway.keys.api_keys import ApiKey, is_key_name
from sunwise.exchange.gateway.keys.signatures import Verifier
from sunwise.money.decimal_text import Malformed, TooLarge, TooPrecise, parse_scaled

MAX_RECV_WINDOW_MS: Final = 60_000
_DEFAULT_RECV_WINDOW_NS: Final = 5_000_000_000
_AHEAD_NS: Final = 1_000_000_000
_RECV_WINDOW_RANGE: Final = r"^[0-9]{1,20}(\.[0-9]{1,3})?$"


class KeyRing:
    """The keys in force, in memory. Replaced key by key, never half."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[ApiKey, Verifier]] = {}

    def __len__(self) -> int:
        """Keys in force."""
        return len(self._keys)

    def put(self, key: ApiKey, verifier: Verifier) -> None:
        """Takes a key, or what has changed about it, into force."""
        self._keys[key.name] = (key, verifier)

    def has(self, key: ApiKey) -> bool:
        """Whether exactly this key is in force."""
        found = self._keys.get(key.name)
        return found is not None and found[0] == key

    def drop(self, name: str) -> None:
        """Puts a key out of force."""
        self._keys.pop(name, None)

    def find(self, name: str) -> tuple[ApiKey, Verifier]:
        """The key of this name with its verifier. Raises ApiError -2014 or -2015."""
        found = self._keys.get(name)
        if found is None:
            raise errors.rejected_key() if is_key_name(name) else errors.bad_key_format()
        return found


class Authenticator:
    """Checks key, time and signature of a call, in this order."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def authenticate(self, call: Call) -> None:
        """Sets the call's `key` and `expires_ns`. Raises ApiError.

        A call that has its key already (a logged-on session) needs no signature, only a timestamp.
        """
        endpoint = call.endpoint
        if call.key is not None:
            check_permission(call.key, endpoint.permission, call.ip)
            call.expires_ns = deadline_ns(call.arguments, call.received_ns)
            return
        key, verifier = self._keys.find(call.key_text)
        check_permission(key, endpoint.permission, call.ip)
        if endpoint.is_signed:
            call.expires_ns = deadline_ns(call.arguments, call.received_ns)
            signature = call.arguments.get("signature")
            if not signature:
                raise errors.missing("signature")
            if not verifier.verify(call.payload, signature):
                raise errors.bad_signature()
        call.key = key


def deadline_ns(arguments: dict[str, str], now_ns: int) -> int:
    """Timestamp + recvWindow, ns since 1970. Raises ApiError -1021 for what is not in time."""
    text = arguments.get("timestamp")
    if not text:
        raise errors.missing("timestamp")
    if len(text) > 20 or not (text.isdecimal() and text.isascii()):
        raise errors.illegal("timestamp", INTEGER_RANGE)
    sent_ns = time_ns(int(text), "timestamp")
    if sent_ns >= now_ns + _AHEAD_NS:
        raise errors.too_early()
    window = arguments.get("recvWindow")
    due_ns = sent_ns + (_DEFAULT_RECV_WINDOW_NS if window is None else recv_window_ns(window))
    if now_ns > due_ns:
        raise errors.too_late()
    return due_ns


def check_key(key: ApiKey, security: Security, ip: str) -> None:
    """Raises ApiError -2015 when this key may not do this, or not from there."""
    check_permission(key, permission_for(security), ip)


def check_permission(key: ApiKey, permission: int, ip: str) -> None:
    """As `check_key`, with the permission that an endpoint needs; 0 for none."""
    if permission & ~key.mask or (key.allowed_ips and ip not in key.allowed_ips):
        raise errors.rejected_key()


@lru_cache(maxsize=256)  # a client sends the same one each time
def recv_window_ns(text: str) -> int:
    """Nanoseconds of a recvWindow in ms with up to three decimals. Raises ApiError."""
    if not text:
        raise errors.empty("recvWindow")
    try:
        window_us = parse_scaled(text, 3)
    except Malformed:
        raise errors.illegal("recvWindow", _RECV_WINDOW_RANGE) from None
    except TooPrecise:
        raise errors.too_precise("recvWindow") from None
    except TooLarge:
        raise errors.too_great("recvWindow", MAX_RECV_WINDOW_MS) from None
    if window_us > MAX_RECV_WINDOW_MS * 1_000:
        raise errors.too_great("recvWindow", MAX_RECV_WINDOW_MS)
    return window_us * 1_000
