"""What ends a command that runs until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


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


async def first_of(starting: "asyncio.Task[Any]", stop: asyncio.Event) -> None:
    """Returns after the start, or the end of patience: then what was started is stopped again."""
    stopping = asyncio.ensure_future(stop.wait())
    stopping.add_done_callback(lambda _: starting.cancel())
    with contextlib.suppress(asyncio.CancelledError):
        await starting
    stopping.cancel()
