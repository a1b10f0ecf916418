"""HTTP to the outside: only to public addresses unless one is allowed, no redirects, bounded.

The name is looked up once, every address it has is judged, and the connection goes to a judged one:
a name that resolves differently a moment later leads nowhere.
"""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import httpx

from sunwise.chassis.errors import Permanent

TIMEOUT_S: Final = 10.0
_LIMITS: Final = httpx.Limits(max_connections=128, max_keepalive_connections=64)
_MAX_ANSWER: Final = 65_536


class AddressRefused(Permanent):
    """The address is not one that messages may go to."""


class Outbound:
    """Sends requests to addresses that were judged."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        # httpx tells every address, and those of chats and browsers are as good as keys.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._client = httpx.AsyncClient(timeout=timeout_s, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        """Ends its connections."""
        await self._client.aclose()

    async def send(
        self,
        method: str,
        url: str,
        *,
        content: bytes,
        headers: Mapping[str, str],
        allow_private: bool = False,
    ) -> tuple[int, bytes]:
        """Status and the beginning of the answer. Raises AddressRefused or httpx.HTTPError."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" and not (parts.scheme == "http" and allow_private):
            raise AddressRefused(f"{host}: only https, or http to an address that may be private")
        if not host or parts.username is not None:
            raise AddressRefused("an address needs a host, and no user in it")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = await _judged(host, port, allow_private=allow_private)
        shown = f"[{address}]" if ":" in address else address
        target = urlunsplit((parts.scheme, f"{shown}:{port}", parts.path or "/", parts.query, ""))
        request = self._client.build_request(
            method,
            target,
            content=content,
            headers={**headers, "host": parts.netloc},
            extensions={"sni_hostname": host, "timeout": self._client.timeout.as_dict()},
        )
        answer = await self._client.send(request, stream=True)
        try:
            return answer.status_code, await _beginning(answer)
        finally:
            await answer.aclose()


async def _beginning(answer: httpx.Response) -> bytes:
    body = b""
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) >= _MAX_ANSWER:
            break
    return body[:_MAX_ANSWER]


async def _judged(host: str, port: int, *, allow_private: bool) -> str:
    """An address of the host, all of which may be used. Raises AddressRefused."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressRefused(f"{host} is not known: {error.strerror}") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise AddressRefused(
                    f"{host} is at {address}, which is not public: allow_private in the settings"
                    " of its target allows that"
                )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
