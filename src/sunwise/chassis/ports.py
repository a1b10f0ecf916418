"""The port of a listener, settled before it starts and kept whenever it starts again."""

import contextlib
import secrets
from pathlib import Path
from typing import Final

from sunwise.chassis.http.server import AddressTaken, bind

_FIRST: Final = 20_000
_TRIES: Final = 100
_OUTGOING: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


def settled_port(host: str, port: int = 0) -> int:
    """The port, which is free now; 0 draws one. Raises AddressTaken.

    A drawn port is below those of outgoing connections. One that the kernel chose would be free,
    but any connection could get it before its listener starts, or while that starts again.
    """
    for _ in range(0 if port else _TRIES):
        drawn = _FIRST + secrets.randbelow(max(1, _first_outgoing() - _FIRST))
        with contextlib.suppress(AddressTaken), bind(host, drawn):
            return drawn
    with bind(host, port) as probe:
        settled: int = probe.getsockname()[1]
        return settled


def _first_outgoing() -> int:
    """The lowest port that an outgoing connection may be given."""
    try:
        return int(_OUTGOING.read_text().split()[0])
    except OSError:  # not Linux
        return 32_768
