"""Running services in a process: start in order, be ready, end politely, crash honestly."""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from sunwise.chassis.telemetry import METRICS

_log = logging.getLogger(__name__)
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Service(Protocol):
    """One service of a process."""

    name: str

    async def run(self, ready: Callable[[], None]) -> None:
        """Works until cancelled; calls `ready()` once it can do its duty.

        On cancellation it ends what it began (`finally`). Returning by itself is a fault.
        """
        ...


class ServiceFailed(RuntimeError):
    """A service did not start, ended by itself or broke; its name is in the message."""


async def run_services(
    services: Sequence[Service],
    *,
    on_ready: Callable[[], None] | None = None,
    start_timeout_s: float = 120.0,
    stop_timeout_s: float = 10.0,
) -> int:
    """The exit code: 0 after SIGTERM or SIGINT, 1 after a failure (logged and counted).

    Starts each service when the one before it is ready, and ends them in the opposite order. The
    first exception anywhere (a service, a callback, a forgotten task) ends all of them: whoever
    started the process starts it again, and the log brings back its state.
    """
    process = _Process(stop_timeout_s=stop_timeout_s)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(process.on_loop_error)
    for number in _SIGNALS:
        loop.add_signal_handler(number, process.stop.set)
    try:
        await process.start_all(services, timeout_s=start_timeout_s)
        if on_ready is not None and not process.stop.is_set():
            on_ready()
        await process.stop.wait()
    finally:
        await process.end_all()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
    return 1 if process.failed else 0


class _Process:
    def __init__(self, *, stop_timeout_s: float) -> None:
        self.stop = asyncio.Event()
        self.failed = False
        self._stop_timeout_s = stop_timeout_s
        self._running: list[tuple[str, asyncio.Task[None]]] = []

    async def start_all(self, services: Sequence[Service], *, timeout_s: float) -> None:
        for service in services:
            is_ready = asyncio.Event()
            task = asyncio.create_task(self._guard(service, is_ready.set), name=service.name)
            self._running.append((service.name, task))
            if not await self._ready_in_time(is_ready, timeout_s):
                self._fail(
                    service.name, ServiceFailed(f"{service.name} not ready in {timeout_s:g} s")
                )
            if self.stop.is_set():
                return
            _log.info("ready", extra={"service": service.name})

    async def _ready_in_time(self, is_ready: asyncio.Event, timeout_s: float) -> bool:
        waits = [asyncio.create_task(event.wait()) for event in (is_ready, self.stop)]
        done, pending = await asyncio.wait(
            waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        for wait in pending:
            wait.cancel()
        return bool(done)

    async def _guard(self, service: Service, ready: Callable[[], None]) -> None:
        try:
            await service.run(ready)
            if not self.stop.is_set():
                self._fail(service.name, ServiceFailed(f"{service.name} ended by itself"))
        except Exception as error:  # noqa: BLE001  (the one place: log, count, crash)
            self._fail(service.name, error)

    def on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback or a forgotten task failed: nobody else would notice."""
        error = context.get("exception") or RuntimeError(context["message"])
        self._fail("event loop", error)

    def _fail(self, name: str, error: BaseException) -> None:
        METRICS.counter("sunwise_failures_total", "Failures that ended this process.").value += 1
        _log.critical("%s failed: %s", name, error, exc_info=error)
        self.failed = True
        self.stop.set()

    async def end_all(self) -> None:
        self.stop.set()
        for name, task in reversed(self._running):
            task.cancel()
            _done, late = await asyncio.wait([task], timeout=self._stop_timeout_s)
            if late:
                _log.error("did not end in time", extra={"service": name})
                self.failed = True
