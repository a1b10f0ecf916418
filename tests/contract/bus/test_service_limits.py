"""What a real nats-server refuses to each service of a shard, whoever has its key."""

import asyncio
from pathlib import Path

import pytest

from sunwise.chassis.bus import NotPermitted
from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.nats_server import (
    OPERATOR,
    NatsServerSettings,
    seed_path,
    start_nats_server,
)
from sunwise.cli.grants import grants

USERS = [grant.user for grant in grants("0")]
DESTRUCTIVE = (
    "STREAM.DELETE.{}",
    "STREAM.PURGE.{}",
    "STREAM.UPDATE.{}",
    "STREAM.CREATE.{}",
    "STREAM.SNAPSHOT.{}",
    "STREAM.RESTORE.{}",
    "STREAM.MSG.DELETE.{}",
)
# Who may append where; every other pair is refused.
APPENDS = {
    "cmd.0.clock": {"clock"},
    "cmd.0.admin": {"desk"},
    "cmd.0.quarantine": {"engine"},
    "cmd.0.dissent": {"engine", "desk-client"},
    "cmd.0.g16": {"gateway"},
    "cmd.0.g64": {"replay"},
    "cmd.0.g17": set(),
    "evt.0.g16": {"engine"},
    "out.0.g16": set(),
}


@pytest.fixture
async def server(tmp_path: Path):
    server = await start_nats_server(tmp_path / "nats", grants("0"), NatsServerSettings())
    operator = await connect(server, OPERATOR)
    for spec in shard_streams("0"):
        await operator.ensure_stream(spec)
    await operator.close()
    yield server
    await server.stop()


async def connect(server, user):
    return await connect_nats(server.url, user=user, seed=seed_path(server.keys, user))


@pytest.mark.parametrize("user", USERS)
async def test_no_service_can_destroy_or_change_a_stream(server, user):
    bus = await connect(server, user)
    before = await _extents(server)
    calls = [call.format(stream) for call in DESTRUCTIVE for stream in ("CMD_0", "EVT_0")]
    refused = await asyncio.gather(
        *(bus.request(f"$JS.API.{call}", b"{}") for call in calls), return_exceptions=True
    )
    assert [
        call
        for call, error in zip(calls, refused, strict=True)
        if not isinstance(error, NotPermitted)
    ] == []
    assert await _extents(server) == before
    await bus.close()


@pytest.mark.parametrize("user", USERS)
async def test_a_service_appends_under_its_own_subjects_only(server, user):
    bus = await connect(server, user)
    for subject, allowed in APPENDS.items():
        if user in allowed:
            assert await bus.append(subject, b"x") > 0
        else:
            with pytest.raises(NotPermitted):
                await bus.append(subject, b"x")
    await bus.close()


async def _extents(server):
    operator = await connect(server, OPERATOR)
    extents = [await operator.stream_info(name) for name in ("CMD_0", "EVT_0")]
    await operator.close()
    return extents
