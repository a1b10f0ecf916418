"""One list of endpoints: no contradictions, and OpenAPI says what dispatch does."""

import re

import msgspec
import pytest

from sunwise.chassis.http import Request
from sunwise.chassis.http.asgi import AsgiBridge
from sunwise.exchange.gateway.calls.parameters import Reader
from sunwise.exchange.gateway.calls.registry import Endpoint, NoParameters, Registry, Security
from sunwise.exchange.gateway.rest.openapi import Pages, document
from sunwise.exchange.gateway.wire.orders import NewOrder
from tests.unit.gateway.conftest import Waiter

TIER_1 = {
    ("GET", "ping"), ("GET", "time"), ("GET", "exchangeInfo"), ("GET", "depth"), ("GET", "trades"),
    ("GET", "aggTrades"), ("GET", "klines"), ("GET", "ticker/24hr"), ("GET", "ticker/price"),
    ("GET", "ticker/bookTicker"), ("POST", "order"), ("GET", "order"), ("DELETE", "order"),
    ("DELETE", "openOrders"), ("GET", "account"), ("GET", "openOrders"), ("GET", "allOrders"),
    ("GET", "myTrades"),
}  # fmt: skip
WS_TIER_1 = {
    "ping", "time", "exchangeInfo", "depth", "session.logon", "session.status", "order.place",
    "order.cancel", "openOrders.cancelAll", "account.status", "order.status", "openOrders.status",
    "userDataStream.subscribe", "userDataStream.unsubscribe", "userDataStream.subscribe.signature",
}  # fmt: skip


def handler(_call, _params):
    return b"{}"


def endpoint(**values):
    return Endpoint(**({"name": "x", "summary": "", "handler": handler} | values))


async def test_every_endpoint_of_tier_1_is_there(gateway):
    registry = gateway.core.registry
    routes = {(m, p) for p, methods in registry.by_path.items() for m in methods}
    assert {(method, f"/api/v3/{path}") for method, path in TIER_1} <= routes
    assert registry.by_ws_method.keys() >= WS_TIER_1


@pytest.mark.parametrize(
    ("endpoints", "word"),
    [
        ([endpoint()], "no transport"),
        ([endpoint(path="/a")], "method"),
        ([endpoint(path="/a b", method="GET")], "plain path"),
        ([endpoint(ws_method="a"), endpoint(ws_method="b")], "two endpoints"),
        ([endpoint(ws_method="a"), endpoint(name="y", ws_method="a")], "taken twice"),
        ([endpoint(path="/a", method="GET"), endpoint(name="y", path="/a", method="GET")], "twice"),
    ],
)  # fmt: skip
def test_a_contradiction_in_the_list_is_refused(endpoints, word):
    with pytest.raises(ValueError, match=word):
        Registry(endpoints)


def test_one_path_may_have_several_methods():
    registry = Registry(
        [endpoint(path="/a", method="GET"), endpoint(name="y", path="/a", method="POST")]
    )
    assert set(registry.by_path["/a"]) == {"GET", "POST"}


def test_a_parameter_without_a_rule_is_a_mistake_at_start():
    class Bad(NoParameters, frozen=True):
        size: int = 0

    with pytest.raises(TypeError, match="size has no rule"):
        endpoint(ws_method="a", params=Bad)


async def test_openapi_names_every_rest_endpoint_and_parameter(gateway):
    registry = gateway.core.registry
    described = document(registry, version="1")
    for each in registry.endpoints:
        if not each.path:
            continue
        operation = described["paths"][each.path][each.method.lower()]
        named = {row["name"]: row["required"] for row in operation["parameters"]}
        for field in each.reader.fields:
            assert named[field.name] == field.required
        assert ("signature" in named) == each.is_signed
        assert ("security" in operation) == (each.security is not Security.NONE)
    ids = [
        operation["operationId"]
        for path in described["paths"].values()
        for operation in path.values()
    ]
    assert len(set(ids)) == len(ids)


async def test_the_page_loads_nothing_from_elsewhere(gateway, serve_page):
    pages = Pages(gateway.core.registry, version="1")
    page = await serve_page(pages, "/docs")
    assert "/api/v3/order" in page
    assert not re.search(r"(src|href)=[\"']?https?:", page)
    described = msgspec.json.decode(await serve_page(pages, "/openapi.json"))
    assert "/api/v3/order" in described["paths"]


@pytest.fixture
def serve_page():
    """The body that an ASGI application gives for a path."""

    async def serve(app, path):
        waiter, request = Waiter(), Request("GET", path.encode(), b"", "10.0.0.1")
        AsgiBridge(app).handle(request, waiter)
        answer = await waiter.answered
        assert answer.status == 200
        return answer.raw.decode()

    return serve


def test_wire_names_are_camel_case():
    names = [field.name for field in Reader(NewOrder, signed=True).fields]
    assert "newClientOrderId" in names
    assert not [name for name in names if "_" in name]
