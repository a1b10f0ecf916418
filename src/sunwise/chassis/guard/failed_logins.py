"""How often an address may be wrong: a bounded memory of failures, for load rather than secrecy.

A token has 256 bits, so nobody finds one by trying; what is kept away is the work of trying.
"""

import ipaddress
from collections import OrderedDict
from typing import Final

from sunwise.chassis.clock import Clock

BURST: Final = 20
"""Failures that an address may have at once."""
EACH_S: Final = 6
"""Then one more every so many seconds."""
MAX_ADDRESSES: Final = 10_000
"""Addresses remembered; beyond that the one that failed longest ago is forgotten."""
_NS: Final = 1_000_000_000


class FailedLogins:
    """Counts failures by address; an IPv6 network of 64 bits counts as one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_ns: OrderedDict[str, int] = OrderedDict()
        # By address: the time from which it has no failures left to its account.

    def __len__(self) -> int:
        """Addresses remembered."""
        return len(self._free_ns)

    def wait_s(self, address: str) -> int:
        """Seconds until this address may try again; 0: now."""
        ahead_ns = self._free_ns.get(_network(address), 0) - self._clock.monotonic_ns()
        over_ns = ahead_ns - (BURST - 1) * EACH_S * _NS
        return max(0, -(-over_ns // _NS))

    def failed(self, address: str) -> None:
        """This address has shown something that opens nothing."""
        network, now_ns = _network(address), self._clock.monotonic_ns()
        free_ns = max(self._free_ns.pop(network, 0), now_ns) + EACH_S * _NS
        self._free_ns[network] = free_ns
        while len(self._free_ns) > MAX_ADDRESSES:
            self._free_ns.popitem(last=False)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "other"
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))
