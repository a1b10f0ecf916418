"""What is kept for so long and no longer: each service forgets once an hour, on its own clock."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from sqlalchemy.exc import OperationalError

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Retryable

DAY_NS: Final = 24 * 3_600 * 1_000_000_000
_EVERY_S: Final = 3_600.0
_log: Final = logging.getLogger("sunwise.retention")


class Retention:
    """Calls `forget(before_ns)` with the time before which nothing is kept."""

    def __init__(
        self,
        clock: Clock,
        forget: Callable[[int], object],
        *,
        kept_days: float,
        blocking: Callable[..., Awaitable[Any]] = asyncio.to_thread,
    ) -> None:
        """`forget` blocks; `blocking` runs it. Called twice, it does as called once."""
        self._clock = clock
        self._forget = forget
        self._kept_ns = round(kept_days * DAY_NS)
        self._blocking = blocking
        self._next_ns = clock.monotonic_ns()

    async def look(self) -> None:
        """Forgets what is due, once an hour; while the database does not answer, an hour later."""
        if self._clock.monotonic_ns() < self._next_ns:
            return
        self._next_ns = self._clock.monotonic_ns() + round(_EVERY_S * 1_000_000_000)
        try:
            await self._blocking(self._forget, self._clock.now_ns() - self._kept_ns)
        except (Retryable, OperationalError) as fault:
            _log.warning("what is old is kept for now", extra={"why": str(fault)})

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(_EVERY_S)
