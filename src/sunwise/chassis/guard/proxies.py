"""Whose request it is behind a proxy that ends TLS: `X-Forwarded-For`, as far as it can be believed.

Each proxy writes behind what it was told the address that it saw. What stands at the right end is the
word of the proxy that we see ourselves; what stands further left anybody may have invented. So it is
read from the right, and only while the one who speaks is on the list.
"""

import ipaddress
from collections.abc import Iterable, Sequence

from sunwise.chassis.errors import Permanent


class ProxyUnusable(Permanent):
    """A trusted proxy is not named by an address or a network; the message says what to write."""


class Proxies:
    """The proxies whose word about an address is believed; none when the list is empty."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        """`trusted`: addresses or networks, such as 10.0.0.5 or 10.1.0.0/16. Raises ProxyUnusable."""
        self._networks = tuple(map(_network, trusted))

    def client_of(self, peer: str, forwarded: Sequence[str]) -> str:
        """The address of who asks: `peer` as the socket knows it, or as trusted proxies saw it.

        `forwarded`: every `X-Forwarded-For` header, in order.
        """
        said = [each.strip() for header in forwarded for each in header.split(",")]
        while said and self._is_trusted(peer):
            address = _address(said.pop())
            if address is None:
                break
            peer = address
        return peer

    def _is_trusted(self, address: str) -> bool:
        found = _parsed(address)
        return found is not None and any(found in network for network in self._networks)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as fault:
        raise ProxyUnusable(
            f"{text!r} names no proxy ({fault}): write addresses or networks, such as 10.0.0.5"
        ) from fault
    if network.prefixlen == 0:
        raise ProxyUnusable(f"{text!r} is everybody: anybody could say whose request it is.")
    return network


def _address(said: str) -> str | None:
    """The address in one entry, which may have a port; None for what is none."""
    host = said.removeprefix("[").partition("]")[0] if said.startswith("[") else said
    if host.count(":") == 1:
        host = host.partition(":")[0]
    found = _parsed(host)
    return None if found is None else str(found)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
