"""All open connections of a server: how many there may be, and which have run out of time."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from sunwise.chassis.http.messages import HttpLimits

_SWEEP_S: Final = 0.25


class _Expiring(Protocol):
    """A connection with a deadline in the event loop's time."""

    deadline: float

    def expire(self) -> None:
        """Ends the connection or what it waits for."""
        ...


class Connections:
    """Counts connections and ends those whose deadline has passed.

    One sweep for all is cheaper than a timer for each request; a deadline is noticed at most
    half a second late.
    """

    def __init__(self, limits: HttpLimits) -> None:
        self.limits = limits
        self.now_s = 0.0
        """The event loop's time as of the last sweep: fine enough for deadlines, and free."""
        self.date_line = b""
        """The Date header of answers, as of the last sweep."""
        self._open: set[_Expiring] = set()
        self._by_ip: Counter[str] = Counter()
        self._sweeper: asyncio.Task[None] | None = None
        self._date: Callable[[], bytes] = bytes

    def __len__(self) -> int:
        """Open connections."""
        return len(self._open)

    def admit(self, connection: _Expiring, ip: str) -> bool:
        """Whether there is room for it; it is counted only then."""
        limits = self.limits
        if len(self._open) >= limits.max_connections:
            return False
        if self._by_ip[ip] >= limits.max_connections_per_ip:
            return False
        self._open.add(connection)
        self._by_ip[ip] += 1
        return True

    def release(self, connection: _Expiring, ip: str) -> None:
        """Forgets a connection that has ended."""
        if connection not in self._open:
            return
        self._open.discard(connection)
        self._by_ip[ip] -= 1
        if not self._by_ip[ip]:
            del self._by_ip[ip]

    def start(self, date: Callable[[], bytes]) -> None:
        """Begins to sweep; `date` gives the value of the Date header."""
        self._date = date
        self._look_at_clocks()
        self._sweeper = asyncio.create_task(self._sweep(), name="http-sweep")

    async def stop(self) -> None:
        """Sweeps no more."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeper

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            self._look_at_clocks()
            for connection in [c for c in self._open if c.deadline < self.now_s]:
                connection.expire()

    def _look_at_clocks(self) -> None:
        self.now_s = asyncio.get_running_loop().time()
        self.date_line = b"date: %b\r\n" % self._date()
