"""An event loop whose time is simulated: hours pass in milliseconds, in the same order each run.

Everything that waits on the loop (`asyncio.sleep`, `asyncio.timeout`, `call_later`) and everything
that sleeps on the `SimulatedClock` sees the same time, which jumps to the next due moment whenever
nothing is left to do now. Threads and sockets have no place in it.
"""

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sunwise.chassis.clock import SimulatedClock

_T = TypeVar("_T")
_NS = 1_000_000_000


class NothingLeftToDo(RuntimeError):
    """The simulated program waits for something that can never happen."""


class _SimulatedSelector(selectors.DefaultSelector):
    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        waits_ns = [] if timeout is None else [math.ceil(timeout * _NS)]
        due_ns = self._clock.next_due_ns()
        if due_ns is not None:
            waits_ns.append(due_ns - self._clock.monotonic_ns())
        if not waits_ns:
            raise NothingLeftToDo("every task waits, and no timer is set: a deadlock")
        self._clock.advance_ns(max(1, min(waits_ns)))
        return events


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that takes its time from a `SimulatedClock` and moves it on when idle."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(_SimulatedSelector(clock))
        self._simulated_clock = clock

    def time(self) -> float:
        """Simulated seconds."""
        return self._simulated_clock.monotonic_ns() / _NS


def run_simulated(
    main: Callable[[], Coroutine[Any, Any, _T]], clock: SimulatedClock | None = None
) -> _T:
    """What `main()` returns, run to its end in simulated time.

    An exception in a callback or a forgotten task ends the run as that exception.
    Raises NothingLeftToDo on a deadlock.
    """
    clock = clock or SimulatedClock()
    failures: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=lambda: SimulatedLoop(clock)) as runner:
        runner.get_loop().set_exception_handler(lambda _loop, context: failures.append(context))
        result = runner.run(main())
    for context in failures:
        raise context.get("exception") or RuntimeError(context["message"])
    return result
