"""How often somebody may be wrong: a bounded memory of failures, for load rather than secrecy.

A token has 256 bits, so nobody finds one by trying; what is kept away is the work of trying. What is
wrong is counted by what was shown and by where it came from: a script that goes on with a token that
was revoked uses up its own failures, not those of everybody at its address; whoever tries one secret
after the other uses up the address's. Who came in lately goes on, whoever else is at the address.
"""

import hashlib
import ipaddress
import secrets
import threading
from collections import OrderedDict
from typing import Final

from sunwise.chassis.clock import Clock

BURST: Final = 20
"""Failures that an address, or a secret, may have at once."""
EACH_S: Final = 6
"""Then one more every so many seconds."""
MAX_ADDRESSES: Final = 10_000
"""Addresses remembered, and secrets; beyond that the one that failed longest ago is forgotten."""
_NS: Final = 1_000_000_000


class FailedLogins:
    """Counts failures by address and by secret; an IPv6 network of 64 bits counts as one address.

    Of a secret no more is remembered than a digest whose key this process alone has. Call it from any
    thread.
    """

    def __init__(self, clock: Clock) -> None:
        self._addresses = _Failures(clock)
        self._secrets = _Failures(clock)
        self._opened: OrderedDict[str, None] = OrderedDict()  # the last at the end
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Addresses remembered."""
        return len(self._addresses)

    def wait_s(self, address: str, secret: str) -> int:
        """Seconds until this secret may be shown from this address; 0: now."""
        shown = self._digest(secret)
        with self._lock:
            if shown in self._opened:
                return 0
            return max(self._secrets.wait_s(shown), self._addresses.wait_s(_network(address)))

    def failed(self, address: str, secret: str) -> None:
        """This secret opens nothing; the address is charged with it the first time."""
        shown = self._digest(secret)
        with self._lock:
            self._opened.pop(shown, None)
            if shown not in self._secrets:
                self._addresses.failed(_network(address))
            self._secrets.failed(shown)

    def opened(self, secret: str) -> None:
        """This secret has opened the door."""
        shown = self._digest(secret)
        with self._lock:
            self._opened[shown] = None
            self._opened.move_to_end(shown)
            while len(self._opened) > MAX_ADDRESSES:
                self._opened.popitem(last=False)

    def _digest(self, secret: str) -> str:
        shown = secret.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(shown, key=self._key, digest_size=16).hexdigest()


class _Failures:
    """Failures by name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_ns: OrderedDict[str, int] = OrderedDict()
        # By name: the time from which it has no failures left to its account.

    def __len__(self) -> int:
        return len(self._free_ns)

    def __contains__(self, name: str) -> bool:
        """Whether it has failures to its account."""
        return self._free_ns.get(name, 0) > self._clock.monotonic_ns()

    def wait_s(self, name: str) -> int:
        ahead_ns = self._free_ns.get(name, 0) - self._clock.monotonic_ns()
        over_ns = ahead_ns - (BURST - 1) * EACH_S * _NS
        return max(0, -(-over_ns // _NS))

    def failed(self, name: str) -> None:
        now_ns = self._clock.monotonic_ns()
        self._free_ns[name] = max(self._free_ns.pop(name, 0), now_ns) + EACH_S * _NS
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
