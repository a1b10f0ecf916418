"""The people plane on one machine: nats-server, one process and two pagers, supervised."""

import os
from pathlib import Path
from typing import Final

import click
import msgspec

from sunwise.chassis.children import Report
from sunwise.chassis.errors import Permanent
from sunwise.chassis.ports import settled_port
from sunwise.chassis.running_file import RunningFile
from sunwise.chassis.supervisor import Supervisor, together
from sunwise.cli.people_grants import people_grants
from sunwise.cli.people_pagers import SERVICES as OF_PAGERS
from sunwise.cli.people_pagers import PagerPorts, Pagers
from sunwise.cli.people_parts import PeopleWebSettings
from sunwise.cli.place import service_command
from sunwise.cli.running import default_data_folder

SERVICES: Final = ("directory", "rota", "incidents", "handoff", "privacy", "alarms")
"""In one process on a laptop, with the pages; production gives each its own."""
_RUNNING: Final = "people-running.json"


class NotUp(Permanent):
    """No people plane runs on this data folder."""


class PeopleRunning(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running people plane is reached."""

    pid: int
    """Of the supervisor."""
    url: str
    pagers: tuple[str, ...] = ()
    """Where alerts are taken."""
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
    running = _file(data).find()
    if running is None:
        raise NotUp(
            f"No people plane is running on {data}. Start it: sunwise people up --data {data}"
        )
    return running


class PeoplePlane:
    """Made, started once, stopped once."""

    def __init__(
        self,
        data: Path,
        settings: PeopleWebSettings,
        *,
        report: Report,
        pagers: PagerPorts | None = None,
    ) -> None:
        """`pagers`: where the two listen; None: they run elsewhere, as [pagers] says."""
        self.settings = settings
        self.running: PeopleRunning
        self._supervisor = Supervisor(data, report=report, on_change=self._write_running)
        self._pagers = Pagers(self._supervisor, pagers) if pagers else None

    @property
    def data(self) -> Path:
        """The data folder."""
        return self._supervisor.data

    async def start(self) -> PeopleRunning:
        """Returns when it answers. Raises Permanent faults; what had been started is stopped then."""
        async with self._supervisor.starting():
            await self._start()
        return self.running

    async def stop(self) -> None:
        """Ends everything in order. Safe to call twice."""
        await self._supervisor.stop()

    async def _start(self) -> None:
        given = self.settings
        settings = msgspec.structs.replace(given, port=settled_port(given.host, given.port))
        self.settings = settings
        settings.addresses()  # refused before anything is started
        folder = self._supervisor.open_folder()
        if self._pagers is not None:
            self._pagers.prepare()
        await self._supervisor.start_nats(folder.subfolder("nats"), people_grants())
        if self._pagers is not None:
            await self._pagers.start_first()
        services = [*SERVICES, *(OF_PAGERS if self._has_pagers() else ()), "people_web"]
        people = self._supervisor.child(
            "people", service_command(services, self.data), self._environment()
        )
        if self._pagers is not None:
            await together(people.start(), self._pagers.start_second())
        else:
            await people.start()
        self.running = PeopleRunning(
            pid=os.getpid(),
            url=f"http://{settings.host}:{settings.port}",
            pagers=self._pagers.urls if self._pagers else (),
        )
        self._supervisor.stack.callback(_file(self.data).remove)
        self._write_running()

    def _has_pagers(self) -> bool:
        return self._pagers is not None or "SUNWISE_PAGERS_URLS" in os.environ

    def _environment(self) -> dict[str, str]:
        of_web = {
            f"SUNWISE_PEOPLE_WEB_{name.upper()}": str(value)
            for name, value in msgspec.structs.asdict(self.settings).items()
        }
        of_pagers = self._pagers.environment() if self._pagers else {}
        return {**os.environ, **self._supervisor.bus_environment(), **of_web, **of_pagers}

    def _write_running(self) -> None:
        if not hasattr(self, "running"):
            return
        self.running = msgspec.structs.replace(self.running, children=self._supervisor.pids)
        _file(self.data).write(self.running)


def _file(data: Path) -> RunningFile[PeopleRunning]:
    return RunningFile(data / _RUNNING, PeopleRunning)
