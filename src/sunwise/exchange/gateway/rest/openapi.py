"""The OpenAPI document and a page of all endpoints, both made from the registry."""

import html
from collections.abc import Awaitable, Callable
from typing import Any, Final

from sunwise.chassis.http.asgi import AsgiApp, Scope
from sunwise.exchange.gateway.calls.parameters import Field
from sunwise.exchange.gateway.calls.registry import Endpoint, Registry, Security

_ERROR: Final = {
    "type": "object",
    "required": ["code", "msg"],
    "properties": {"code": {"type": "integer"}, "msg": {"type": "string"}},
}
_SIGNING: Final = (
    ("timestamp", True, {"type": "integer", "format": "int64"}),
    ("recvWindow", False, {"type": "number", "maximum": 60_000, "minimum": 0}),
    ("signature", True, {"type": "string"}),
)
_STATUSES: Final = {
    "400": "Refused: see code and msg",
    "401": "The API key is missing, unknown or may not do this",
    "410": "Retired, as on Binance",
    "418": "The address is banned for a while: see Retry-After",
    "429": "A limit is reached: see Retry-After",
    "503": "Nothing was done; try again",
    "504": "The outcome is unknown: ask before sending it again",
}


def document(registry: Registry, *, version: str) -> dict[str, Any]:
    """OpenAPI 3.1 of every endpoint that REST has."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in registry.endpoints:
        if endpoint.path:
            paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sunwise",
            "version": version,
            "description": "A spot exchange that speaks Binance's API.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "ApiKey": {"type": "apiKey", "in": "header", "name": "X-MBX-APIKEY"}
            },
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    parameters = [_parameter(field) for field in endpoint.reader.fields]
    if endpoint.is_signed:
        parameters += [
            {"name": name, "in": "query", "required": required, "schema": schema}
            for name, required, schema in _SIGNING
        ]
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Done", "content": {"application/json": {}}},
            **{status: _refusal(text) for status, text in _STATUSES.items()},
        },
    }
    if endpoint.security is not Security.NONE:
        operation["security"] = [{"ApiKey": []}]
    return operation


def _parameter(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "in": "query",
        "required": field.required,
        "schema": field.schema,
    }


def _refusal(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


class Pages:
    """What people look at: `/docs` and `/openapi.json`. Loads nothing from elsewhere.

    An ASGI application that is made when somebody first looks: FastAPI costs half a second of
    every start and 20 MB, which no order needs.
    """

    def __init__(self, registry: Registry, *, version: str) -> None:
        self._registry = registry
        self._version = version
        self._app: AsgiApp | None = None

    async def __call__(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """Answers one request."""
        if self._app is None:
            self._app = _application(self._registry, version=self._version)
        await self._app(scope, receive, send)


def _application(registry: Registry, *, version: str) -> AsgiApp:
    from fastapi import FastAPI  # noqa: PLC0415 - see Pages
    from fastapi.responses import HTMLResponse  # noqa: PLC0415 - see Pages

    described = document(registry, version=version)
    listed = _listed(registry)
    app = FastAPI(title="Sunwise", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> dict[str, Any]:
        return described

    @app.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    @app.get("/", include_in_schema=False, response_class=HTMLResponse)
    def docs() -> str:
        return listed

    return app


def _listed(registry: Registry) -> str:
    rows = "\n".join(_row(endpoint) for endpoint in registry.endpoints)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Sunwise API</title>"
        "<style>body{font:15px/1.5 system-ui;margin:2rem auto;max-width:72rem;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;"
        "border-bottom:1px solid #8884;vertical-align:top}code{font-size:13px}</style>"
        "<h1>Sunwise API</h1><p>It speaks Binance spot. Machine-readable: "
        '<a href="/openapi.json">openapi.json</a>.</p>'
        "<table><tr><th>REST<th>WebSocket API<th>Security<th>Weight<th>Parameters<th></tr>"
        f"{rows}</table></html>"
    )


def _row(endpoint: Endpoint) -> str:
    names = ", ".join(
        f"{field.name}{'' if field.required else '?'}" for field in endpoint.reader.fields
    )
    weight = endpoint.weight if isinstance(endpoint.weight, int) else "varies"
    cells = (
        f"<code>{endpoint.method} {endpoint.path}</code>" if endpoint.path else "",
        f"<code>{endpoint.ws_method}</code>" if endpoint.ws_method else "",
        endpoint.security.value,
        str(weight),
        f"<code>{html.escape(names)}</code>",
        html.escape(endpoint.summary),
    )
    return "<tr>" + "".join(f"<td>{cell}" for cell in cells) + "</tr>"
