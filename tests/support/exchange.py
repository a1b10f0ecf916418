"""A whole exchange as real processes, for end-to-end and compatibility tests.

One exchange serves a test module. Its kernels may have to be compiled first, which takes up to a
minute: that happens here, once a session, and not within a test's own time-out.
"""

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
        yield running
