"""From raw query and body to parameters, and to the bytes that the client has signed.

The signature is made over the query and the body exactly as sent, one after the other without a
separator, but for the `signature` parameter itself (rest-api.md, "SIGNED Endpoint security").
So the bytes are cut, never put together again from what was decoded.
"""

from typing import Final
from urllib.parse import unquote_to_bytes

from sunwise.exchange.gateway.errors import (
    duplicate_values,
    illegal_somewhere,
    too_many_parameters,
)

MAX_PARAMETERS: Final = 64
_MARK: Final = b"signature="
_HEX: Final = frozenset("0123456789abcdefABCDEF")


def read_arguments(query: bytes, body: bytes) -> dict[str, str]:
    """Parameters by name, percent-decoded; of a name in both, the query's value rules.

    Raises ApiError -1100 for what cannot be decoded, -1101 for a name that comes twice in the same
    place and for more parameters than any endpoint has.
    """
    if not query:
        return _read(body) if body else {}
    return _read(body) | _read(query) if body else _read(query)


def signed_payload(query: bytes, body: bytes) -> bytes:
    """What the client has signed: query and body as sent, without `signature`."""
    if not query:
        return _without_signature(body)
    return _without_signature(query) + _without_signature(body)


def _read(raw: bytes) -> dict[str, str]:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise illegal_somewhere() from None
    found: dict[str, str] = {}
    parts = text.split("&")
    if len(parts) > MAX_PARAMETERS:
        raise too_many_parameters(MAX_PARAMETERS, len(parts))
    is_plain = "%" not in text and "+" not in text
    for part in parts:
        name, _, value = part.partition("=")
        if not is_plain:
            name, value = _decoded(name), _decoded(value)
        found[name] = value
    n_empty = parts.count("")  # `a=1&&b=2`, and a last `&`
    if n_empty:
        found.pop("", None)
    if len(found) + n_empty != len(parts):
        raise duplicate_values()
    return found


def _decoded(text: str) -> str:
    """The text without percent-encoding; a plus is a space. Raises ApiError -1100."""
    pieces = text.split("%")
    for piece in pieces[1:]:
        if len(piece) < 2 or not _HEX.issuperset(piece[:2]):
            raise illegal_somewhere()
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode()
    except UnicodeDecodeError:
        raise illegal_somewhere() from None


def _without_signature(raw: bytes) -> bytes:
    at = raw.rfind(b"&" + _MARK)
    if at >= 0:
        end = raw.find(b"&", at + 1)
        return raw[:at] if end < 0 else raw[:at] + raw[end:]
    if raw.startswith(_MARK):
        return raw.partition(b"&")[2]
    return raw
