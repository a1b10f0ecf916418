"""A PostgreSQL of our own for tests: a fresh cluster, reached by a socket, gone afterwards."""

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def running_postgresql() -> Iterator[str]:
    """The URL of a running server; skips where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: on Debian, apt install postgresql")
    # PostgreSQL refuses to run as root, and a socket's path has to be short.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="sunwise-pg-"))
    folder.chmod(0o777)
    control = [*as_user, str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    _run([*control, "-o", "-A trust -N", "initdb"])
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    _run([*control, "-o", options, "start"])
    try:
        yield f"postgresql://{'postgres' if as_user else getpass.getuser()}@/postgres?host={folder}"
    finally:
        _run([*control, "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    found = shutil.which("pg_ctl")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return places[-1] if places and (places[-1] / "initdb").exists() else None


def _run(command: list[str]) -> None:
    # Its output goes nowhere: the server keeps the descriptors, and a pipe would never end.
    subprocess.run(
        command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
