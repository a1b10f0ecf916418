"""Simulated time: what is to happen, in order; nothing is waited for."""

import heapq
from collections.abc import Callable
from typing import Any, Final

NS: Final = 1_000_000_000


class Agenda:
    """Calls by time. Those of the same instant come in the order in which they were asked for."""

    def __init__(self, start_ns: int) -> None:
        self.now_ns = start_ns
        self.n_done = 0
        self._count = 0
        self._due: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []

    def at(self, at_ns: int, call: Callable[..., None], *args: object) -> None:
        """`call(*args)` at that instant, or now if it is over."""
        self._count += 1
        heapq.heappush(self._due, (max(at_ns, self.now_ns), self._count, call, args))

    def after(self, seconds: float, call: Callable[..., None], *args: object) -> None:
        """`call(*args)` in so long."""
        self.at(self.now_ns + round(seconds * NS), call, *args)

    def run(self, until_ns: int) -> None:
        """All that is due before then."""
        while self._due and self._due[0][0] < until_ns:
            self.now_ns, _, call, args = heapq.heappop(self._due)
            self.n_done += 1
            call(*args)
        self.now_ns = until_ns
