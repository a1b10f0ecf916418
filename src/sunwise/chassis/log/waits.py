"""Who waits until something has come as far as they need."""

import asyncio
import heapq
from typing import Generic, Protocol, Self, TypeVar


class _Ordered(Protocol):
    def __le__(self, other: Self, /) -> bool: ...
    def __lt__(self, other: Self, /) -> bool: ...


_K = TypeVar("_K", bound=_Ordered)


class Waits(Generic[_K]):
    """Futures that are done once a mark, which only rises, has reached their own."""

    def __init__(self) -> None:
        self._heap: list[tuple[_K, int, asyncio.Future[None]]] = []
        self._count = 0
        self._failure: BaseException | None = None

    def __bool__(self) -> bool:
        """Whether anybody waits."""
        return bool(self._heap)

    def add(self, mark: _K, future: asyncio.Future[None]) -> None:
        """`future` is done once `mark` is reached."""
        if self._failure is not None:
            fail(future, self._failure)
            return
        self._count += 1
        heapq.heappush(self._heap, (mark, self._count, future))

    def reached(self, mark: _K) -> None:
        """Everything up to `mark` is reached. Cost: O(log n) for each that waited for it."""
        while self._heap and self._heap[0][0] <= mark:
            future = heapq.heappop(self._heap)[2]
            if not future.done():
                future.set_result(None)

    def fail(self, failure: BaseException) -> None:
        """Nothing more will be reached."""
        self._failure = failure
        heap, self._heap = self._heap, []
        for _mark, _count, future in heap:
            fail(future, failure)


def fail(future: asyncio.Future[None], failure: BaseException) -> None:
    """Ends `future` with `failure`, unless it has ended."""
    if future.done():
        return
    if isinstance(failure, asyncio.CancelledError):
        future.cancel()
    else:
        future.set_exception(failure)
