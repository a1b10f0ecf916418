"""What other commands must know of a running exchange: one private file in the data folder.

The supervisor writes it when the exchange is ready and removes it when it ends. A file that a
killed supervisor left behind is recognised by its process being gone.
"""

import os
from pathlib import Path
from typing import Final

import click
import msgspec

from sunwise.chassis.data_folder import write_private
from sunwise.chassis.errors import Permanent

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
    write_private(folder / _FILE, msgspec.json.encode(running))


def remove_running(folder: Path) -> None:
    """The exchange has ended."""
    (folder / _FILE).unlink(missing_ok=True)


def find_running(folder: Path) -> RunningExchange:
    """The exchange that runs on `folder`. Raises NotRunning."""
    try:
        running = msgspec.json.decode((folder / _FILE).read_bytes(), type=RunningExchange)
    except (OSError, msgspec.DecodeError) as error:
        raise _not_running(folder) from error
    if not is_alive(running.pid):
        raise _not_running(folder)
    return running


def _not_running(folder: Path) -> NotRunning:
    return NotRunning(f"No exchange is running on {folder}. Start one: sunwise up --data {folder}")


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
