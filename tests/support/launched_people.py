"""A people plane as real processes, as its first administrator has it."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sunwise.chassis.child_process import dying_with_parent
from sunwise.chassis.children import READY_FD
from sunwise.chassis.data_folder import holder_of
from sunwise.cli.people_client import PeopleClient
from sunwise.cli.people_plane import PeopleRunning, find_people
from sunwise.daylight.zones import nanoseconds

_START_S = 100.0
A_WORKDAY = datetime(2026, 11, 25, 7, 40, tzinfo=UTC)
"""A Wednesday, within the hour before many hand over: the demo has a handoff to accept then."""
ADA = {
    "person": "ada",
    "name": "Ada",
    "email": "ada@example.com",
    "zone": "Europe/Berlin",
    "country": "DE",
}


def begun_at(moment: datetime) -> dict[str, str]:
    """The variables by which it is that moment in every process of a plane that begins now."""
    return {
        "SUNWISE_TIME_ORIGIN_NS": str(nanoseconds(moment)),
        "SUNWISE_TIME_STARTED_NS": str(time.monotonic_ns()),
    }


class LaunchedPeople:
    """A folder in which `sunwise people` runs; its commands see only this folder."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self._environment = environment or {}
        self.data = folder / "data"
        self.credentials = folder / "people.json"
        self._out = folder / "out"
        self._process: subprocess.Popen[bytes] | None = None

    def command(
        self, *arguments: str, typed: str = "", within_s: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        environment = {
            **os.environ,
            **self._environment,
            "SUNWISE_PEOPLE_DATA": str(self.data),
            "SUNWISE_PEOPLE_CREDENTIALS": str(self.credentials),
        }
        return subprocess.run(
            [sys.executable, "-m", "sunwise.cli", *arguments],
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=within_s,
        )

    def init(self, *, port: int = 7080) -> subprocess.CompletedProcess[str]:
        options = [part for name, value in ADA.items() for part in (f"--{name}", value)]
        return self.command("people", "init", *options, "--url", f"http://127.0.0.1:{port}")

    def start(self, *, port: int = 0) -> Self:
        """Returns when it answers; its address is written into the credentials."""
        read_fd, write_fd = os.pipe()
        command = [sys.executable, "-m", "sunwise.cli", "people", "up", "--port", str(port)]
        command += ["--pager-port", "0"]
        with self._out.open("ab") as out:
            self._process = subprocess.Popen(
                dying_with_parent([*command, "--data", str(self.data)]),
                env={**os.environ, **self._environment, READY_FD: str(write_fd)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=(write_fd,),
                start_new_session=True,
            )
        os.close(write_fd)
        with os.fdopen(read_fd, "rb", buffering=0) as pipe:
            readable, _, _ = select.select([pipe], [], [], _START_S)
            if not readable or not pipe.read(1):
                self.stop()
                raise AssertionError(self.output)
        kept = json.loads(self.credentials.read_text())
        self.credentials.write_text(json.dumps({**kept, "url": self.running.url}))
        return self

    @property
    def running(self) -> PeopleRunning:
        return find_people(self.data)

    @property
    def output(self) -> str:
        return self._out.read_text("utf-8", "replace")

    @property
    def client(self) -> PeopleClient:
        return PeopleClient.of(self.credentials)

    def kill(self) -> None:
        """`kill -9` of the supervisor: the pagers go on, until the next start or `end_pagers`."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end_pagers(self) -> None:
        """Ends those that a killed supervisor left behind."""
        for order in (0, 1):
            pid = holder_of(self.data / "pagers" / str(order))
            if pid is not None:
                os.kill(pid, signal.SIGTERM)
                until(lambda gone=pid: not is_alive(gone))

    def stop(self) -> int:
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)


@contextlib.contextmanager
def launched_people(folder: Path) -> Iterator[LaunchedPeople]:
    plane = LaunchedPeople(folder)
    assert plane.init().returncode == 0
    try:
        yield plane.start()
    finally:
        plane.stop()


def until(holds: Callable[[], Any], within_s: float = 30.0) -> Any:
    """What `holds` returns once it is something; fails after its time."""
    deadline_s = time.monotonic() + within_s
    while not (found := holds()):
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.05)
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
