"""Work that runs beside everything else; a failure of it is the process's, never silent."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """Tasks that belong to one owner and end with it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs it; what it raises goes to the event loop's exception handler."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            task.get_loop().call_exception_handler(
                {"message": "the WebSocket edge has a bug", "exception": fault, "task": task}
            )

    async def drain(self) -> None:
        """Returns when everything has ended by itself."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0)  # since Python 3.12 the await above may not let `_ended` run

    async def cancel(self) -> None:
        """Ends everything now."""
        for task in tuple(self._tasks):
            task.cancel()
        await self.drain()
