"""Clocks: the exchange's wall time, and time that a test or a fast market steers."""

import asyncio
import heapq
import time
from typing import Protocol

_NS = 1_000_000_000


class Clock(Protocol):
    """Where a service takes its time from; never from `time` directly."""

    def now_ns(self) -> int:
        """The exchange's wall time, ns since the epoch (UTC). May step."""
        ...

    def monotonic_ns(self) -> int:
        """A time that never goes back, ns from an arbitrary start, at the exchange's rate."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns when `seconds` of the exchange's time have passed."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ns(self) -> int:
        """The machine's wall time, ns since the epoch."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """The machine's monotonic time, ns."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Sleeps real seconds."""
        await asyncio.sleep(seconds)


class AcceleratedClock:
    """Time that starts at `origin_ns` and runs `rate` times as fast as the machine's.

    Processes that hand on `started_ns` (the machine's monotonic time, which they share) agree on
    the time to the nanosecond.
    """

    def __init__(self, *, rate: float, origin_ns: int, started_ns: int | None = None) -> None:
        if not 0 < rate <= 1e6:
            raise ValueError(f"a clock's rate must be above 0 and at most 1e6, not {rate}")
        self.rate = rate
        self.origin_ns = origin_ns
        self.started_ns = time.monotonic_ns() if started_ns is None else started_ns

    def now_ns(self) -> int:
        """The accelerated wall time, ns since the epoch; never steps."""
        return self.origin_ns + self.monotonic_ns()

    def monotonic_ns(self) -> int:
        """Accelerated ns since `started_ns`."""
        return int((time.monotonic_ns() - self.started_ns) * self.rate)

    async def sleep(self, seconds: float) -> None:
        """Sleeps `seconds / rate` real seconds."""
        await asyncio.sleep(seconds / self.rate)


class SimulatedClock:
    """Time that moves only when told; sleepers wake in the order of their due times."""

    def __init__(self, *, start_ns: int = 1_700_000_000 * _NS) -> None:
        self._start_ns = start_ns
        self._elapsed_ns = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    def now_ns(self) -> int:
        """The simulated wall time, ns since the epoch."""
        return self._start_ns + self._elapsed_ns

    def monotonic_ns(self) -> int:
        """Simulated ns since this clock was made."""
        return self._elapsed_ns

    async def sleep(self, seconds: float) -> None:
        """Returns once the clock was advanced past `seconds` from now."""
        due_ns = self._elapsed_ns + max(0, round(seconds * _NS))
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (due_ns, self._count, waiter))
        await waiter

    def next_due_ns(self) -> int | None:
        """The `monotonic_ns` at which the next sleeper wakes, or None."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def advance_ns(self, step_ns: int) -> None:
        """Moves time on and wakes every sleeper that is due."""
        assert step_ns >= 0, "time does not go back"
        self._elapsed_ns += step_ns
        while (due_ns := self.next_due_ns()) is not None and due_ns <= self._elapsed_ns:
            heapq.heappop(self._sleepers)[2].set_result(None)
