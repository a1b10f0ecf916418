"""What starts and ends a command that runs until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from sunwise.cli.terminal import Terminal


class Supervised(Protocol):
    """What a supervisor command runs."""

    async def start(self) -> object:
        """Returns when it can be used; what had been started is stopped when it fails."""
        ...

    async def stop(self) -> None:
        """Ends everything in order. Safe to call twice."""
        ...


async def run_until_told(
    supervised: Supervised,
    terminal: Terminal,
    *,
    what: str,
    meanwhile: Callable[[], Awaitable[None]],
) -> None:
    """Starts it, does `meanwhile` while it runs, and stops it on Ctrl-C or SIGTERM."""
    async with told_to_stop() as stop:
        starting = asyncio.create_task(supervised.start())
        with terminal.waiting(f"Starting {what} ..."):
            await first_of(starting, stop)
        try:
            if not stop.is_set():
                await _beside(meanwhile(), stop)
        finally:
            with terminal.waiting("Stopping ..."):
                await supervised.stop()
    terminal.say(f"Stopped. Everything is in the data folder; the next start of {what} goes on.")


async def _beside(work: Awaitable[None], stop: asyncio.Event) -> None:
    """Returns when told to stop, however long the work takes. Raises what the work raises."""
    working = asyncio.ensure_future(work)

    def ended(done: asyncio.Future[None]) -> None:
        if not done.cancelled() and done.exception() is not None:
            stop.set()

    working.add_done_callback(ended)
    await stop.wait()
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


@asynccontextmanager
async def told_to_stop() -> AsyncIterator[asyncio.Event]:
    """An event that Ctrl-C and SIGTERM set, instead of an exception in the middle of something."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def first_of(starting: asyncio.Task[Any], stop: asyncio.Event) -> None:
    """Returns after the start, or the end of patience: then what was started is stopped again."""
    stopping = asyncio.ensure_future(stop.wait())
    stopping.add_done_callback(lambda _: starting.cancel())
    with contextlib.suppress(asyncio.CancelledError):
        await starting
    stopping.cancel()
