"""`sunwise up` with a port for metrics: every process is scraped by itself."""

import contextlib
import random
import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sunwise.cli.launched import LaunchedExchange

pytestmark = pytest.mark.timeout(240)
PROCESSES = 3  # the supervisor, engine and edge


def free_ports(n):
    """The first of `n` free ports in a row."""
    draw = random.Random(socket.gethostname())
    while True:
        first = draw.randrange(20_000, 60_000)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(first, first + n):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


def scrape(port, token):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics")
    request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as reply:
        return {f.name for f in text_string_to_metric_families(reply.read().decode())}


def test_every_process_serves_its_metrics_to_whoever_shows_the_token(compiled_engine, tmp_path):
    first = free_ports(PROCESSES)
    with LaunchedExchange.start(
        tmp_path / "data",
        options=["--no-liquidity", "--symbols", "BTCUSDT"],
        environment={"SUNWISE_METRICS_PORT": str(first)},
    ) as exchange:
        token = (exchange.data / "metrics.token").read_text()
        supervisor, engine, edge = (scrape(first + i, token) for i in range(PROCESSES))
        assert "sunwise_disk_free_bytes" in supervisor
        assert "sunwise_engine_capacity_refusals" in engine
        assert {"sunwise_gateway_bugs", "sunwise_history_rows"} <= edge
        with pytest.raises(urllib.error.HTTPError, match="401"):
            scrape(first, "guess")
