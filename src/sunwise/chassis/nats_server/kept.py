"""A nats-server that is started again, on the same port, whenever it ends."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

from sunwise.chassis.children import Report
from sunwise.chassis.nats_server import (
    Grant,
    NatsServer,
    NatsServerFailed,
    NatsServerSettings,
    start_nats_server,
)

_WATCH_S: Final = 0.1
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0


class KeptNatsServer:
    """The nats-server of one supervisor; made by `start`, ended by `stop`."""

    def __init__(
        self,
        server: NatsServer,
        grants: Sequence[Grant],
        *,
        report: Report,
        on_return: Callable[[], None],
    ) -> None:
        self._server = server
        self._grants = grants
        self._report = report
        self._on_return = on_return
        self._watching = asyncio.create_task(self._watch(), name="watch nats-server")

    @classmethod
    async def start(
        cls,
        folder: Path,
        grants: Sequence[Grant],
        *,
        report: Report,
        on_return: Callable[[], None],
    ) -> Self:
        """Listens on return; `on_return` is called when it is back. Raises NatsServerFailed."""
        server = await start_nats_server(folder, grants, NatsServerSettings())
        return cls(server, grants, report=report, on_return=on_return)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self._server.url

    @property
    def keys(self) -> Path:
        """The folder of the users' seeds."""
        return self._server.keys

    @property
    def pid(self) -> int:
        """Its process id, as of its last start."""
        return self._server.pid

    async def stop(self) -> None:
        """Ends it politely and for good."""
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._server.stop()

    async def _watch(self) -> None:
        wait_s = _FIRST_WAIT_S
        while True:
            await asyncio.sleep(_WATCH_S)
            if self._server.exit_code() is None:
                wait_s = _FIRST_WAIT_S
                continue
            self._report(f"nats-server ended: starting it again in {wait_s:g} s.")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            try:
                settings = NatsServerSettings(port=self._server.port)
                self._server = await start_nats_server(self._server.folder, self._grants, settings)
            except NatsServerFailed as failure:
                self._report(str(failure))
            else:
                self._report("nats-server is back.")
                self._on_return()
