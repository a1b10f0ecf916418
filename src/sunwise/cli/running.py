"""What other commands must know of a running exchange; see `running_file`."""

import os
from pathlib import Path
from typing import Final

import click
import msgspec

from sunwise.chassis.errors import Permanent
from sunwise.chassis.running_file import RunningFile

_FILE: Final = "running.json"


class NotRunning(Permanent):
    """No exchange runs on this data folder."""


class DemoKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key with its secret, for a demo or test account."""

    account: int
    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        """Without the secret: a key may end up in a log."""
        return f"DemoKey(account={self.account}, api_key={self.api_key!r})"


class RunningExchange(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running exchange is reached."""

    pid: int
    """Of the supervisor."""
    rest_url: str
    ws_url: str
    nats_url: str
    nats_keys: str
    """The folder of the bus users' seeds."""
    demo: DemoKey
    children: dict[str, int] = {}
    """Process ids by name, as of the last start of each."""


def default_data_folder() -> Path:
    """`sunwise` in the user's data folder (XDG)."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "sunwise"


data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=True),
    envvar="SUNWISE_DATA",
    default=default_data_folder,
    show_default="~/.local/share/sunwise",
    help="The data folder.",
)


def write_running(folder: Path, running: RunningExchange) -> None:
    """Makes `running` known to other commands."""
    _file(folder).write(running)


def remove_running(folder: Path) -> None:
    """The exchange has ended."""
    _file(folder).remove()


def find_running(folder: Path) -> RunningExchange:
    """The exchange that runs on `folder`. Raises NotRunning."""
    running = _file(folder).find()
    if running is None:
        raise NotRunning(
            f"No exchange is running on {folder}. Start one: sunwise up --data {folder}"
        )
    return running


def _file(folder: Path) -> RunningFile[RunningExchange]:
    return RunningFile(folder / _FILE, RunningExchange)
