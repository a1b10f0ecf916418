"""What a request must be before anybody asks who sent it: from here, in JSON, no secret in its URL.

A browser says where a request comes from (`Origin`, `Sec-Fetch-Site`); a page of another site
cannot forge that. Whoever shows a secret in `Authorization` needs no such proof: no browser adds
that by itself.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec

from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard.secret_text import Kind, secrets_in

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BODY_TYPES: Final = frozenset({"application/json", "application/scim+json"})
_SECRET_NAMES: Final = re.compile(
    r"(?:^|[&;])(?:access_|api_|session_|id_)?(?:token|secret|password)=", re.IGNORECASE
)
_LOOPBACK: Final = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")


class Refusal(msgspec.Struct, frozen=True):
    """Why a request is refused before anything is done, and how to mend it."""

    status: int
    detail: str


class OriginUnusable(Permanent):
    """An address that people would open is not one; the message says what to write."""


class Origins:
    """The addresses under which browsers reach this server, `scheme://host[:port]`."""

    def __init__(self, origins: Iterable[str]) -> None:
        """Raises OriginUnusable: not an origin, or plain HTTP to somewhere else."""
        self.all = frozenset(map(_checked, origins))
        self.hosts = frozenset(origin.partition("://")[2] for origin in self.all)
        self.is_secure = any(origin.startswith("https:") for origin in self.all)


def refusal(
    *,
    method: str,
    path: str,
    query: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    origins: Origins,
) -> Refusal | None:
    """Why this request is refused; None when it may go on."""
    values: dict[bytes, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value.decode("latin-1").strip())
    return (
        _wrong_host(values, origins)
        or _secret_in_address(path, query)
        or (None if method in _SAFE else _crossed(values, origins) or _wrong_type(values))
    )


def _wrong_host(values: dict[bytes, list[str]], origins: Origins) -> Refusal | None:
    """A name that somebody else pointed at this machine is not ours (DNS rebinding)."""
    hosts = values.get(b"host", [])
    if len(hosts) == 1 and hosts[0].lower() in origins.hosts:
        return None
    return Refusal(421, "This server is not known by that name: use one of its addresses.")


def _secret_in_address(path: str, query: bytes) -> Refusal | None:
    asked = unquote_to_bytes(query).decode("latin-1")
    in_path = [kind for kind in secrets_in(path) if kind is not Kind.FEED]
    if in_path or secrets_in(asked) or _SECRET_NAMES.search(asked):
        return Refusal(
            400,
            "A secret in an address ends up in logs: revoke it, and send the new one in the "
            "header `Authorization: Bearer ...`.",
        )
    return None


def _crossed(values: dict[bytes, list[str]], origins: Origins) -> Refusal | None:
    """Whether it may come from a page of another site."""
    origin, site = values.get(b"origin", []), values.get(b"sec-fetch-site", [])
    proofs = [o in origins.all for o in origin] + [s == "same-origin" for s in site]
    is_explicit = b"authorization" in values
    if all(proofs) and (proofs or is_explicit):
        return None
    return Refusal(403, "Refused: the request does not come from a page of this server.")


def _wrong_type(values: dict[bytes, list[str]]) -> Refusal | None:
    has_body = b"transfer-encoding" in values or values.get(b"content-length", ["0"]) != ["0"]
    types = values.get(b"content-type", [])
    media = types[0].partition(";")[0].strip().lower() if len(types) == 1 else ""
    if media in _BODY_TYPES or not (has_body or types):
        return None
    return Refusal(415, "Send JSON: content-type application/json.")


def _checked(origin: str) -> str:
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError as fault:
        raise OriginUnusable(f"{origin!r} is not an address: {fault}") from fault
    if parts.scheme not in ("http", "https") or not host or origin != origin.lower():
        raise OriginUnusable(f"{origin!r} is not an address: write https://people.example.com")
    if f"{parts.scheme}://{parts.netloc}" != origin or "@" in parts.netloc:
        raise OriginUnusable(f"{origin!r}: write scheme, host and port only, without a path.")
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        raise OriginUnusable(
            f"{origin}: tokens would cross the network in the clear. Put TLS before it and write "
            f"https://{host}, or listen on 127.0.0.1."
        )
    return origin
