"""A whole exchange as real processes, for end-to-end and compatibility tests.

One exchange serves a test module. Its kernels may have to be compiled first, which takes up to a
minute: that happens here, once a session, and not within a test's own time-out.
"""

import json
import time
import urllib.request
from collections.abc import Iterator

import pytest

from sunwise.cli.launched import LaunchedExchange


@pytest.fixture(scope="session")
def compiled_engine() -> None:
    """The engine's machine code is in the cache from here on."""
    from sunwise.exchange.engine.core import warm_up

    warm_up()


@pytest.fixture(scope="module")
def exchange(
    compiled_engine: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LaunchedExchange]:
    """The dozen symbols, without makers and takers: a test's orders are alone in the book."""
    folder = tmp_path_factory.mktemp("exchange") / "data"
    with LaunchedExchange.start(folder, options=["--no-liquidity"]) as running:
        yield running


@pytest.fixture(scope="module")
def lively_exchange(
    compiled_engine: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LaunchedExchange]:
    """The dozen symbols with makers and takers at work."""
    folder = tmp_path_factory.mktemp("lively") / "data"
    with LaunchedExchange.start(folder) as running:
        _wait_for_a_market(running)
        yield running


def _wait_for_a_market(exchange: LaunchedExchange, *, within_s: float = 60.0) -> None:
    """Until makers quote every symbol and a taker has traded: it is up a moment before they begin."""
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        tops = _read(exchange, "ticker/bookTicker")
        is_quoted = all(float(top["bidPrice"]) and float(top["askPrice"]) for top in tops)
        if is_quoted and _read(exchange, "trades?symbol=BTCUSDT&limit=1"):
            return
        time.sleep(0.05)
    pytest.fail(f"no market within {within_s:g} s: {exchange.output}")


def _read(exchange: LaunchedExchange, path: str) -> list[dict[str, str]]:
    with urllib.request.urlopen(f"{exchange.rest_url}/api/v3/{path}") as reply:
        return json.load(reply)
