"""One direction of a simulated connection: in order, with delays, emptied when cut."""

import asyncio
import random
from collections import deque
from collections.abc import Callable

# A loop runs a timer up to its clock's resolution early; not to take the action then would arm the
# same timer again, for ever, in simulated time.
_RESOLUTION_S = 1e-8


class Link:
    """Carries actions to the other side in the order given, each after a seeded delay."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self._last_due = 0.0
        self._scheduled = False

    def send(self, action: Callable[[], None], *, delay_s: tuple[float, float]) -> None:
        """Runs `action` on the other side, after `delay_s` (least, most) seconds or later."""
        loop = asyncio.get_running_loop()
        due = max(self._last_due, loop.time() + self._rng.uniform(*delay_s))
        self._last_due = due
        self._waiting.append((due, action))
        if not self._scheduled:
            self._scheduled = True
            loop.call_at(due, self._carry)

    def cut(self) -> list[Callable[[], None]]:
        """Loses what is under way; returns it for whoever wants some of it to happen after all."""
        lost = [action for _due, action in self._waiting]
        self._waiting.clear()
        return lost

    def _carry(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting and self._waiting[0][0] <= loop.time() + _RESOLUTION_S:
                self._waiting.popleft()[1]()
        finally:
            self._scheduled = bool(self._waiting)
            if self._waiting:
                loop.call_at(self._waiting[0][0], self._carry)
