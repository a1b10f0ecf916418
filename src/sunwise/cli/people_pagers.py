"""The two pagers beside a people plane: processes of their own, which outlive a killed supervisor.

Whoever starts next finds them still at work, and replaces one after the other: one always accepts.
"""

import asyncio
import os
import secrets
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import msgspec

from sunwise.chassis.config import load_settings, read_settings_file
from sunwise.chassis.data_folder import holder_of, open_data_folder, write_private
from sunwise.chassis.http.server import AddressTaken
from sunwise.chassis.ports import settled_port
from sunwise.chassis.secret_files import read_secret
from sunwise.chassis.supervisor import Supervisor
from sunwise.people.pager.client import PagerClient
from sunwise.people.pager.service import ROSTER_FILE, PagerSettings

SERVICES: Final = ("pager_feed", "pager_door")
"""Of the people plane's process, when it has pagers."""
_ORDERS: Final = (0, 1)
_END_S: Final = 12.0
_LOOK_S: Final = 0.05
_SETTINGS: Final = """\
# How the two pagers beside `sunwise people up` reach people: docs/howto/page-from-alertmanager.md.
# Read at the next start of `sunwise people up`, which sets ports, order and secret itself.

# [pager]
# public_url = "https://pager.example.com"  # where links in messages lead; else this machine alone

[pager.channels.web_push]
key_file = {key_file}
subject = "mailto:pager@example.com"

# [pager.channels.smtp]
# host = "smtp.example.com"
# sender = "pager@example.com"
"""


class PagerPorts(msgspec.Struct, frozen=True, kw_only=True):
    """Where the two listen."""

    first: Annotated[int, msgspec.Meta(ge=0, le=65_534)] = 7090
    """The second has the next one; 0: any free ones."""


class Pagers:
    """Both instances; started once, stopped with their supervisor."""

    def __init__(self, supervisor: Supervisor, ports: PagerPorts) -> None:
        self._supervisor = supervisor
        self._ports = ports
        self._folder = supervisor.data / "pagers"
        self.urls: tuple[str, ...] = ()

    @property
    def _secret(self) -> Path:
        return self._folder / "secret"

    def prepare(self) -> None:
        """Settles folders, secret, settings and ports. Raises SettingsInvalid and AddressTaken."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if not self._secret.exists():
            write_private(self._secret, secrets.token_hex(32).encode())
        if not self._settings_file.exists():
            key_file = msgspec.json.encode(str(self._folder / "vapid.pem")).decode()
            write_private(self._settings_file, _SETTINGS.format(key_file=key_file).encode())
        for order in _ORDERS:
            if holder_of(self._data(order)) is None:
                open_data_folder(self._data(order)).close()
        settings = load_settings(
            PagerSettings, "pager", file=read_settings_file(self._settings_file)
        )
        self.urls = tuple(
            msgspec.structs.replace(settings, port=port).own_url
            for port in self._free_ports(settings.host)
        )

    async def start_first(self) -> None:
        """One answers, and the people plane has its key there. Raises ChildFailed."""
        await self._start(0)
        await asyncio.to_thread(self._make_alarm_key)

    async def start_second(self) -> None:
        """The other one answers too. Raises ChildFailed."""
        await self._start(1)

    async def _start(self, order: int) -> None:
        await _end_holder(self._data(order))
        child = self._supervisor.child(
            f"pager-{order}", self._command(order), self._environment(order), outlives_us=True
        )
        await child.start()

    def environment(self) -> dict[str, str]:
        """The variables by which the people plane's process finds them."""
        rosters = ",".join(str(self._data(order) / ROSTER_FILE) for order in _ORDERS)
        return {
            "SUNWISE_PAGERS_URLS": ",".join(self.urls),
            "SUNWISE_PAGERS_SECRET_FILE": str(self._secret),
            "SUNWISE_PAGERS_ROSTER_FILES": rosters,
            "SUNWISE_PEOPLE_ALARMS_PAGERS": ",".join(self.urls),
            "SUNWISE_PEOPLE_ALARMS_KEY_FILE": str(self._alarm_key),
        }

    def _make_alarm_key(self) -> None:
        """The key with which the people plane itself sends alerts, as any sender has one."""
        if not self._alarm_key.exists():
            pagers = PagerClient(self.urls[:1], read_secret(self._secret))
            made = pagers.ask("POST", "/v1/keys", content={"name": "alarms", "service": "people"})
            write_private(self._alarm_key, made["key"].encode())

    @property
    def _alarm_key(self) -> Path:
        return self._folder / "alarm-key"

    @property
    def _settings_file(self) -> Path:
        return self._folder / "pager.toml"

    def _data(self, order: int) -> Path:
        return self._folder / str(order)

    def _command(self, order: int) -> list[str]:
        options = ["--data", str(self._data(order)), "--settings", str(self._settings_file)]
        return [sys.executable, "-m", "sunwise.cli", "pager", "run", *options]

    def _environment(self, order: int) -> dict[str, str]:
        port = self.urls[order].rpartition(":")[2]
        return {
            **os.environ,
            "SUNWISE_PAGER_PORT": port,
            "SUNWISE_PAGER_ORDER": str(order),
            "SUNWISE_PAGER_PEER_URL": self.urls[1 - order],
            "SUNWISE_PAGER_SECRET_FILE": str(self._secret),
        }

    def _free_ports(self, host: str) -> list[int]:
        """Those that were asked for, unless a pager of ours has them still."""
        first = self._ports.first
        wanted = [first + order if first else 0 for order in _ORDERS]
        found = []
        for order, port in zip(_ORDERS, wanted, strict=True):
            if port and holder_of(self._data(order)) is not None:
                found.append(port)
                continue
            try:
                found.append(settled_port(host, port))
            except AddressTaken as taken:
                raise AddressTaken(f"{taken} with --pager-port (0: any free ones)") from taken
        return found


async def _end_holder(folder: Path) -> None:
    """Ends the pager that a killed supervisor left behind in this folder, if there is one."""
    pid = holder_of(folder)
    if pid is None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                while holder_of(folder) == pid:  # noqa: ASYNC110 - another process tells nobody
                    await asyncio.sleep(_LOOK_S)
                return
