"""What takes longer than a request may: it runs beside, and has an address that tells how far it is.

One at a time for whatever it is about, and a bounded number in all. Errands live in this process: one
that a restart ended is told to be lost, and left nothing half-done, for drafts, gaps and requests are
each written whole. However one ends without a result, it says why.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Final

import msgspec

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable

MOST_RUNNING: Final = 32
MOST_KEPT: Final = 256
"""Results of so many are kept, the newest."""
_BUSY_S: Final = 10.0
_AGAIN: Final = "look at the rota as it is now, and ask again."
_KEPT: Final = f"What it had written whole by then stays written: {_AGAIN}"
_INTERRUPTED: Final = f"It was interrupted, as when the server stops: {_AGAIN}"
_BUG: Final = "It ended by a fault of this server: tell whoever runs it."
_NS: Final = 1_000_000_000
_log: Final = logging.getLogger("sunwise.rota")


class ErrandState(StrEnum):
    """How far an errand is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"  # somebody has ended it


class Lost(Permanent):
    """The process was started anew since; the message says what to do."""


class Unknown(Permanent):
    """There never was such an errand, or its result was dropped."""


class Busy(Permanent):
    """Something else is under way for the same; the message says where it is followed."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. Who asks for the same again is told of the errand that runs."""

    kind: str
    """`plan`, `replan`, `explain`, `absence`, `journey` or `lost`."""
    about: str
    """The unit, person or place: one errand at a time for each."""
    by: str
    """Who asks."""
    content: tuple[Any, ...] = ()
    """All that tells two wishes apart."""


class Errand:
    """One wish, and what has become of it."""

    def __init__(self, id_: str, wish: Wish, *, began_ns: int) -> None:
        self.id = id_
        self.wish = wish
        self.state = ErrandState.RUNNING
        self.began_ns = began_ns
        self.ended_ns: int | None = None
        self.n_done = 0
        self.n_all = 1
        self.result: Any = None
        self.problem = ""
        """Why it has no result, and what to do; empty while it runs, and when it is done."""
        self.ended_by = ""
        """Who has ended it, which takes a moment: nobody else is told of it any more."""
        self.ended = asyncio.Event()

    def tell(self, n_done: int, n_all: int) -> None:
        """So many of so many parts are done."""
        self.n_done, self.n_all = n_done, n_all


Tell = Callable[[int, int], None]
"""Hears how many parts are done, of how many."""
Work = Callable[[Tell], Awaitable[Any]]


class Errands:
    """All errands of this process. Call it from one loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._run = secrets.token_hex(4)
        self._count = 0
        self._kept: dict[str, Errand] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lasted_s: dict[str, float] = {}

    def start(self, wish: Wish, work: Work) -> Errand:
        """The errand, begun or under way already. Raises Busy, and Retryable when too many run."""
        running = [each for each in self._kept.values() if each.id in self._tasks]
        for each in (each for each in running if not each.ended_by):
            if each.wish == wish:
                return each
            if each.wish.about == wish.about:
                raise Busy(f"{wish.about} is being worked on ({each.wish.kind}): wait for that.")
        if len(running) >= MOST_RUNNING:
            raise Retryable(f"{MOST_RUNNING} plans are under way: wait for some.", after_s=_BUSY_S)
        self._count += 1
        errand = Errand(f"{self._run}-{self._count}", wish, began_ns=self._clock.monotonic_ns())
        self._kept[errand.id] = errand
        task = asyncio.create_task(self._do(errand, work))
        self._tasks[errand.id] = task
        task.add_done_callback(lambda _task: self._over(errand))
        return errand

    def find(self, errand_id: str) -> Errand:
        """Raises Lost and Unknown."""
        found = self._kept.get(errand_id)
        if found is not None:
            return found
        if errand_id.partition("-")[0] != self._run:
            raise Lost(
                "This job ended when the server was started anew: look at the rota, ask again."
            )
        raise Unknown("There is no such job, or its result was dropped: ask again.")

    def cancel(self, errand_id: str, *, by: str) -> Errand:
        """Ends it, with whatever it has started; `by` says who wants that. Raises Lost and Unknown."""
        errand = self.find(errand_id)
        task = self._tasks.get(errand.id)
        if task is not None:
            errand.ended_by = errand.ended_by or by
            task.cancel()
        return errand

    def elapsed_s(self, errand: Errand) -> float:
        """How long it took, or has taken so far."""
        ended_ns = errand.ended_ns or self._clock.monotonic_ns()
        return (ended_ns - errand.began_ns) / _NS

    def expected_s(self, errand: Errand) -> float | None:
        """How long the last one of its kind took; None: there was none."""
        return self._lasted_s.get(errand.wish.kind)

    def n_before(self, errand: Errand) -> int:
        """How many were asked for earlier and are not over."""
        return sum(self._kept[each].began_ns < errand.began_ns for each in self._tasks)

    async def _do(self, errand: Errand, work: Work) -> None:
        try:
            errand.result = await work(errand.tell)
        except (Permanent, Retryable) as fault:
            errand.state = ErrandState.FAILED
            errand.problem = str(fault) or f"It ended without a reason: {_AGAIN}"
        else:
            errand.state, errand.n_done = ErrandState.DONE, errand.n_all

    def _over(self, errand: Errand) -> None:
        task = self._tasks.pop(errand.id)
        errand.ended_ns = self._clock.monotonic_ns()
        if task.cancelled() and errand.ended_by:
            errand.state = ErrandState.CANCELLED
            errand.problem = f"It was stopped by {errand.ended_by}. {_KEPT}"
        elif task.cancelled():
            errand.state, errand.problem = ErrandState.FAILED, _INTERRUPTED
        elif (bug := task.exception()) is not None:
            _log.error("an errand ended", exc_info=bug, extra={"kind": errand.wish.kind})
            errand.state = ErrandState.FAILED
            errand.problem = _BUG
        if errand.state is ErrandState.DONE:
            self._lasted_s[errand.wish.kind] = self.elapsed_s(errand)
        errand.ended.set()
        over = [each for each in self._kept if each not in self._tasks]
        for old in over[: max(0, len(over) - MOST_KEPT)]:
            del self._kept[old]
