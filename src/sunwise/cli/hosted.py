"""A service out of a coroutine function."""

from collections.abc import Awaitable, Callable

Ready = Callable[[], None]


class Hosted:
    """A service out of one coroutine function `work(ready)`."""

    def __init__(self, name: str, work: Callable[[Ready], Awaitable[None]]) -> None:
        self.name = name
        self._work = work

    async def run(self, ready: Ready) -> None:
        """See `Service.run`."""
        await self._work(ready)
