"""The bus over three servers with replicated streams, as production runs it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from sunwise.chassis.bus import RepublishFollower, StreamReader, WrongLastSequence
from sunwise.chassis.bus.nats import NatsBus
from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.child_process import dying_with_parent
from sunwise.chassis.errors import Retryable
from sunwise.chassis.nats_server.process import find_nats_server
from tests.support.pager_process import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Cluster:
    """Three nats-servers on this machine that replicate each other's streams."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = free_ports(6)
        self.children: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def urls(self) -> list[str]:
        return [f"nats://127.0.0.1:{port}" for port in self.ports[:3]]

    def start(self, i: int) -> None:
        config = {
            "server_name": f"n{i}",
            "listen": f"127.0.0.1:{self.ports[i]}",
            "log_file": str(self.folder / f"n{i}.log"),
            "jetstream": {"store_dir": str(self.folder / f"n{i}"), "sync_interval": "always"},
            "cluster": {
                "name": "c",
                "listen": f"127.0.0.1:{self.ports[3 + i]}",
                "routes": [f"nats-route://127.0.0.1:{port}" for port in self.ports[3:]],
            },
        }
        path = self.folder / f"n{i}.conf"
        path.write_bytes(msgspec.json.encode(config))
        command = dying_with_parent([find_nats_server(), "-c", str(path)])
        self.children[i] = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def kill(self, i: int) -> None:
        self.children[i].kill()
        self.children[i].wait()


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    cluster = Cluster(tmp_path)
    for i in range(3):
        cluster.start(i)
    bus = await connect_nats(cluster.urls, user="operator", seed=None, timeout_s=20)
    for spec in shard_streams("0", replicas=3, cmd_max_bytes=64 << 20, evt_max_bytes=64 << 20):
        async with asyncio.timeout(60):
            while not await _provided(bus, spec):  # noqa: ASYNC110  (a leader is being elected)
                await asyncio.sleep(0.2)
    await bus.close()
    yield cluster
    for child in cluster.children.values():
        child.kill()
        child.wait()


async def _provided(bus: NatsBus, spec) -> bool:
    try:
        await bus.ensure_stream(spec)
    except Retryable:
        return False
    return True


async def test_replicated_streams_survive_the_kill_of_each_server_in_turn(cluster: Cluster):
    buses = [await connect_nats(cluster.urls, user=f"u{i}", seed=None) for i in range(3)]
    read: list[tuple[int, bytes]] = []
    followed: list[tuple[int, bytes]] = []

    async def on_read(batch) -> None:
        read.extend((m.seq, m.payload) for m in batch)

    async def on_followed(batch) -> None:
        followed.extend((m.seq, m.payload) for m in batch)

    reader = StreamReader(buses[1], "EVT_0", on_read)
    follower = RepublishFollower(
        buses[2], "EVT_0", on_followed, stored_subject="evt.0.g1", live_subject="out.0.g1"
    )
    running = [asyncio.create_task(part.run()) for part in (reader, follower)]
    last = 0

    async def append_fenced(count: int) -> None:
        """Appends `count` more, each exactly once, whatever happens meanwhile."""
        nonlocal last
        end = last + count
        while last < end:
            try:
                last = await buses[0].append("evt.0.g1", b"%d" % (last + 1), expected_last_seq=last)
            except WrongLastSequence as error:
                last = error.last_seq  # an append of ours whose acknowledgement was lost
            except Retryable as error:
                await asyncio.sleep(error.after_s)

    await append_fenced(100)
    for i in range(3):
        writing = asyncio.create_task(append_fenced(200))
        await asyncio.sleep(0.1)
        cluster.kill(i)
        async with asyncio.timeout(60):
            await writing
        cluster.start(i)
        await asyncio.sleep(3)
    async with asyncio.timeout(60):
        await reader.wait_for(last)
        await follower.wait_for(last)
    assert read == [(seq, b"%d" % seq) for seq in range(1, 701)]
    assert followed == read
    for task in running:
        task.cancel()
    for bus in buses:
        await bus.close()
