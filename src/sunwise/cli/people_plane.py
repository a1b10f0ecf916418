"""The people plane on one machine: nats-server and one process, supervised; pagers come beside them."""

import os
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

import click
import msgspec

from sunwise.chassis.data_folder import open_data_folder, write_private
from sunwise.chassis.errors import Permanent
from sunwise.chassis.http.server import bind
from sunwise.cli.children import Child, ChildSpec, Patience, Report
from sunwise.cli.kept_nats import KeptNatsServer
from sunwise.cli.people_grants import people_grants
from sunwise.cli.people_parts import PeopleWebSettings
from sunwise.cli.running import default_data_folder, is_alive

SERVICES: Final = ("directory", "rota", "incidents", "handoff", "alarms", "people_web")
"""In one process on a laptop; production gives each its own."""
_RUNNING: Final = "people-running.json"


class NotUp(Permanent):
    """No people plane runs on this data folder."""


class PeopleRunning(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running people plane is reached."""

    pid: int
    """Of the supervisor."""
    url: str
    children: dict[str, int] = {}
    """Process ids by name, as of the last start of each."""


people_data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=True),
    envvar="SUNWISE_PEOPLE_DATA",
    default=lambda: default_data_folder().with_name("sunwise-people"),
    show_default="~/.local/share/sunwise-people",
    help="The data folder.",
)


def find_people(data: Path) -> PeopleRunning:
    """The people plane that runs on this folder. Raises NotUp."""
    with suppress(OSError, msgspec.DecodeError):
        running = msgspec.json.decode((data / _RUNNING).read_bytes(), type=PeopleRunning)
        if is_alive(running.pid):
            return running
    raise NotUp(f"No people plane is running on {data}. Start it: sunwise people up --data {data}")


class PeoplePlane:
    """Made, started once, stopped once."""

    def __init__(self, data: Path, settings: PeopleWebSettings, *, report: Report) -> None:
        self.data = data.absolute()
        self.settings = settings
        self.running: PeopleRunning
        self._report = report
        self._stack = AsyncExitStack()
        self._nats: KeptNatsServer
        self._child: Child

    async def start(self) -> PeopleRunning:
        """Returns when it answers. Raises Permanent faults; what had been started is stopped then."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self.running

    async def stop(self) -> None:
        """Ends everything in order. Safe to call twice."""
        await self._stack.aclose()

    async def _start(self) -> None:
        settings = self.settings = _with_port(self.settings)
        settings.addresses()  # refused before anything is started
        folder = open_data_folder(self.data)
        self._stack.callback(folder.close)
        self._nats = await KeptNatsServer.start(
            folder.subfolder("nats"),
            people_grants(),
            report=self._report,
            on_return=self._write_running,
        )
        self._stack.push_async_callback(self._nats.stop)
        self._child = Child(
            self._spec(folder.subfolder("logs")), report=self._on_report, patience=Patience()
        )
        self._stack.push_async_callback(self._child.stop)
        await self._child.start()
        self.running = PeopleRunning(pid=os.getpid(), url=f"http://{settings.host}:{settings.port}")
        self._stack.callback((self.data / _RUNNING).unlink, missing_ok=True)
        self._write_running()

    def _spec(self, logs: Path) -> ChildSpec:
        settings = self.settings
        of_web = {
            f"SUNWISE_PEOPLE_WEB_{name.upper()}": str(value)
            for name, value in msgspec.structs.asdict(settings).items()
        }
        command = [sys.executable, "-m", "sunwise.cli", "run", *SERVICES, "--data", str(self.data)]
        return ChildSpec(
            name="people",
            command=command,
            environment={
                **os.environ,
                "SUNWISE_BUS_URL": self._nats.url,
                "SUNWISE_BUS_KEYS": str(self._nats.keys),
                **of_web,
            },
            log=logs / "people.log",
        )

    def _on_report(self, sentence: str) -> None:
        self._report(sentence)
        self._write_running()

    def _write_running(self) -> None:
        if not hasattr(self, "running"):
            return
        children = {"nats-server": self._nats.pid}
        if self._child.pid is not None:
            children["people"] = self._child.pid
        self.running = msgspec.structs.replace(self.running, children=children)
        write_private(self.data / _RUNNING, msgspec.json.encode(self.running))


def _with_port(settings: PeopleWebSettings) -> PeopleWebSettings:
    """The settings with a port that is free: it stays the same however often the process restarts.

    Raises AddressTaken.
    """
    with bind(settings.host, settings.port) as probe:
        return msgspec.structs.replace(settings, port=probe.getsockname()[1])
