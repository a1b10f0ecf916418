"""What every supervisor has: a locked data folder, a nats-server and children, ended in good order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from sunwise.chassis.children import Child, ChildSpec, Patience, Report
from sunwise.chassis.data_folder import DataFolder, open_data_folder
from sunwise.chassis.errors import Permanent
from sunwise.chassis.nats_server import Grant
from sunwise.chassis.nats_server.kept import KeptNatsServer


class Supervisor:
    """Of one data folder; started in the block of `starting`, stopped once."""

    def __init__(
        self, data: Path, *, report: Report, on_change: Callable[[], None] = lambda: None
    ) -> None:
        """`on_change` is called whenever a process id may be another."""
        self.data = data.absolute()
        self.children: dict[str, Child] = {}
        self.stack = AsyncExitStack()
        """What is to be undone, the last first."""
        self.nats: KeptNatsServer
        self._report = report
        self._on_change = on_change

    @asynccontextmanager
    async def starting(self) -> AsyncIterator[None]:
        """Whatever the block raises, what had been started in it is stopped."""
        try:
            yield
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends everything in order. Safe to call twice."""
        await self.stack.aclose()

    def open_folder(self) -> DataFolder:
        """The data folder, locked until the end. Raises DataFolderUnusable."""
        folder = open_data_folder(self.data)
        self.stack.callback(folder.close)
        return folder

    async def start_nats(self, folder: Path, grants: Sequence[Grant]) -> None:
        """Listens on return. Raises NatsServerFailed."""
        self.nats = await KeptNatsServer.start(
            folder, grants, report=self._report, on_return=self._on_change
        )
        self.stack.push_async_callback(self.nats.stop)

    def child(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        outlives_us: bool = False,
    ) -> Child:
        """A child that logs into the data folder and is stopped with the rest; not started yet."""
        logs = self.data / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        spec = ChildSpec(
            name=name,
            command=command,
            environment=environment,
            log=logs / f"{name}.log",
            outlives_us=outlives_us,
        )
        child = Child(spec, report=self._on_report, patience=Patience())
        self.children[name] = child
        self.stack.push_async_callback(child.stop)
        return child

    def bus_environment(self) -> dict[str, str]:
        """The variables by which a child finds the bus."""
        return {"SUNWISE_BUS_URL": self.nats.url, "SUNWISE_BUS_KEYS": str(self.nats.keys)}

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name, as of the last start of each."""
        found = {name: child.pid for name, child in self.children.items() if child.pid}
        return {**found, "nats-server": self.nats.pid}

    def _on_report(self, sentence: str) -> None:
        self._report(sentence)
        self._on_change()


async def together(*work: Coroutine[Any, Any, None]) -> None:
    """Returns when all of it is done. Raises the first failure, which ends the rest."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for each in work:
                tasks.create_task(each)
    except* Permanent as failures:
        raise failures.exceptions[0] from None
