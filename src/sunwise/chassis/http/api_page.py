"""A page of all routes of a FastAPI application, made from its OpenAPI description.

It loads nothing from elsewhere and runs no script, so a strict content security policy holds for it.
"""

import html
from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response

PATHS: Final = ("/docs", "/docs.css", "/openapi.json")
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_STYLE: Final = """:root{color-scheme:light dark}
body{font:15px/1.5 system-ui;margin:2rem auto;max-width:64rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884;vertical-align:top}
code{font-size:13px}
"""


def add_api_page(app: FastAPI) -> None:
    """Adds PATHS to an application that was made with `docs_url=None`, `redoc_url=None`."""

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(api_page(app.openapi()))

    @app.get("/docs.css", include_in_schema=False)
    def style() -> Response:
        return Response(_STYLE, media_type="text/css")


def api_page(described: dict[str, Any]) -> str:
    """The page of an OpenAPI description."""
    title = html.escape(described["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f'<link rel="stylesheet" href="/docs.css"><h1>{title}</h1>'
        '<p>Machine-readable: <a href="/openapi.json">openapi.json</a>.</p>'
        "<table><tr><th>Route</th><th>What it does</th><th>Parameters</th></tr>"
        f"{''.join(_rows(described))}</table></html>"
    )


def _rows(described: dict[str, Any]) -> Iterator[str]:
    for path, methods in described["paths"].items():
        for method in _METHODS:
            if method in methods:
                operation = methods[method]
                cells = (
                    f"<code>{method.upper()} {html.escape(path)}</code>",
                    html.escape(operation.get("summary", "")),
                    f"<code>{html.escape(', '.join(_parameters(operation)))}</code>",
                )
                yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        yield parameter["name"] + ("" if parameter.get("required") else "?")
