"""A server that hangs (a stopped process, a stalled disk) without closing its connections."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sunwise.chassis.bus import AppendOutcomeUnknown, StreamReader
from sunwise.chassis.bus.nats import NatsBus
from tests.contract.bus.worlds import NatsWorld, eventually, patiently

pytestmark = pytest.mark.slow


@asynccontextmanager
async def hanging_with_much_unsent(folder: Path) -> AsyncIterator[tuple[NatsBus, list[bool]]]:
    """A connection to a hanging server, with more written to it than the system's buffers hold."""
    world = NatsWorld(folder)
    await world.open()
    engine = await world.connect("engine")
    seen: list[bool] = []
    engine.listen_connection(seen.append)
    await engine.append("evt.0.a", b"before")
    os.kill(world.server.pid, signal.SIGSTOP)
    try:
        futures = [engine.append("evt.0.a", bytes(1_000_000)) for _ in range(30)]
        yield engine, seen
    finally:
        os.kill(world.server.pid, signal.SIGCONT)
        await asyncio.gather(*futures, return_exceptions=True)
        await world.close()


async def test_a_hanging_server_that_takes_nothing_is_given_up(tmp_path: Path):
    async with hanging_with_much_unsent(tmp_path) as (_, seen):
        await eventually(lambda: seen == [False])


async def test_a_hanging_server_does_not_hold_up_a_close(tmp_path: Path):
    async with hanging_with_much_unsent(tmp_path) as (engine, _), asyncio.timeout(4):
        await engine.close()


async def test_a_hanging_server_costs_time_but_no_message(tmp_path: Path):
    world = NatsWorld(tmp_path)
    await world.open()
    engine, other = [await world.connect("engine") for _ in range(2)]
    seqs: list[int] = []

    async def take(batch) -> None:
        seqs.extend(message.seq for message in batch)

    reader = StreamReader(other, "EVT_0", take)
    running = asyncio.create_task(reader.run())
    await engine.append("evt.0.a", b"before")
    os.kill(world.server.pid, signal.SIGSTOP)
    try:
        hanging = engine.append("evt.0.a", b"meanwhile")
        with pytest.raises(AppendOutcomeUnknown):
            await hanging
        await asyncio.sleep(2)
    finally:
        os.kill(world.server.pid, signal.SIGCONT)

    async def once_more() -> int:
        return await engine.append("evt.0.a", b"after")

    last = await patiently(once_more)
    async with asyncio.timeout(10):
        await reader.wait_for(last)
    assert seqs == list(range(1, last + 1))
    running.cancel()
    await world.close()
