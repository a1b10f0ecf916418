"""Metrics over HTTP: to whoever shows the token, and to nobody else."""

import urllib.error
import urllib.request
from asyncio import to_thread

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sunwise.chassis.http import HttpServer
from sunwise.chassis.metrics_page import MetricsPage, ensure_token
from sunwise.chassis.secret_files import SecretUnusable, read_secret
from sunwise.chassis.telemetry import Metrics


@pytest.fixture
async def ask():
    metrics = Metrics()
    metrics.counter("orders_total", "Orders taken.").value += 3
    server = HttpServer(MetricsPage(metrics, b"the-token"))
    await server.start()

    def blocking(path="/metrics", *, method="GET", **headers):
        url = f"http://127.0.0.1:{server.port}{path}"
        request = urllib.request.Request(url, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:
                return reply.status, dict(reply.headers), reply.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, dict(refused.headers), refused.read().decode()

    yield lambda *args, **kwargs: to_thread(blocking, *args, **kwargs)
    await server.stop()


async def test_whoever_shows_the_token_gets_what_prometheus_reads(ask):
    status, headers, text = await ask(authorization="Bearer the-token")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    (orders,) = text_string_to_metric_families(text)
    assert (orders.name, orders.samples[0].value) == ("orders", 3.0)


@pytest.mark.parametrize(
    "shown", [{}, *({"authorization": a} for a in ("the-token", "Bearer the-toke", "Bearer é", ""))]
)
async def test_without_the_token_nothing_is_told(ask, shown):
    status, headers, text = await ask(**shown)
    assert status == 401
    assert headers["www-authenticate"] == "Bearer"
    assert "orders" not in text


async def test_nothing_else_is_there(ask):
    assert (await ask("/", authorization="Bearer the-token"))[0] == 404
    status, headers, _ = await ask(method="POST", authorization="Bearer the-token")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_the_token_is_made_once_and_is_its_owners_alone(tmp_path):
    path = ensure_token(tmp_path / "metrics.token")
    token = read_secret(path)
    assert len(token) >= 43
    assert read_secret(ensure_token(path)) == token
    assert [each.name for each in tmp_path.iterdir()] == ["metrics.token"]
    path.chmod(0o644)
    with pytest.raises(SecretUnusable, match="others may read"):
        read_secret(path)
