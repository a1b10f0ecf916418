"""A server that hangs (a stopped process, a stalled disk) without closing its connections."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from sunwise.chassis.bus import AppendOutcomeUnknown, StreamReader
from tests.contract.bus.worlds import NatsWorld, patiently

pytestmark = pytest.mark.slow


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
