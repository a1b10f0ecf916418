import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.bus.worlds import NatsWorld, SimulatedWorld, World


def made(kind: str, folder: Path) -> World:
    if kind == "simulated":
        return SimulatedWorld(seed=1)
    return NatsWorld(folder, gather_s=0.004 if kind == "gathering" else 0.0)


@pytest.fixture(params=["nats", "gathering", "simulated"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A fresh bus of each kind; a bug in a callback fails the test."""
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: failures.append(what))
    chosen = made(request.param, tmp_path)
    await chosen.open()
    yield chosen
    await chosen.close()
    assert not failures, failures
