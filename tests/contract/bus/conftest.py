import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.bus.worlds import NatsWorld, SimulatedWorld, World


@pytest.fixture(params=["nats", "simulated"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A fresh bus of either kind; a bug in a callback fails the test."""
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: failures.append(what))
    chosen = NatsWorld(tmp_path) if request.param == "nats" else SimulatedWorld(seed=1)
    await chosen.open()
    yield chosen
    await chosen.close()
    assert not failures, failures
