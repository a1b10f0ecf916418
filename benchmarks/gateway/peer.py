"""The peer: PyPI's `matching-engine`, its own HTTP gateway with its write-ahead log synced.

It needs Python 3.12 or newer and is installed into a folder of its own, so that
nothing of it reaches this project's environment. It knows no accounts' money,
no signatures and no limits: what it does for an order is less than here.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.peer_packages import PeerMissing, installed
from sunwise.chassis.ports import settled_port

VERSION: Final = "0.1.1"
_REQUIREMENTS: Final = [f"matching-engine[gateway]=={VERSION}", "uvloop"]


@contextmanager
def running(folder: Path) -> Iterator[tuple[tuple[str, int], int]]:
    """The peer's address and process id, while it runs with its data in `folder`."""
    command = installed(_REQUIREMENTS, (3, 12), folder / "venv") / "matching-engine"
    port = settled_port("127.0.0.1")
    environment = {**os.environ, "ME_DATA_DIR": str(folder / "data"), "ME_FSYNC": "1"}
    process = subprocess.Popen(
        [command, "serve", "--host", "127.0.0.1", "--port", str(port)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_until_open(port)
        yield ("127.0.0.1", port), process.pid
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_open(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise PeerMissing("matching-engine did not open its port within 20 s")
