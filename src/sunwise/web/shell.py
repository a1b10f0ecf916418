"""The pages' shells and static files, under an address that changes whenever a file does."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template
from typing import Final

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from sunwise.chassis.guard.door import SAFE_HEADERS

PAGES: Final = {
    "/": ("today", "Today"),
    "/rota": ("rota", "Rota"),
    "/handoff": ("handoff", "Handoff"),
    "/handoff/{handoff}": ("handoff", "Handoff"),
    "/incidents": ("incidents", "Incidents"),
    "/incidents/{incident}": ("incidents", "Incident"),
    "/evidence/fact/{fact:path}": ("evidence", "Evidence"),
    "/evidence/page/{page}": ("evidence", "Evidence"),
    "/evidence/holiday/{country}/{day}": ("evidence", "Evidence"),
    "/approvals": ("approvals", "Approvals"),
    "/login": ("login", "Log in"),
}
"""Module and title by path. A shell holds no data, so it asks nobody who they are."""
_STATIC: Final = "/static/{version}/{name}"
_WORKER: Final = "/push-worker.js"
"""Not below /static: a worker serves no path above its own."""
OPEN_PATHS: Final = frozenset({*PAGES, _STATIC, _WORKER})

_TYPES: Final = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
_IMPORT: Final = re.compile(r'^(?:import|export)\b[^;]*?from "\./([a-z_]+\.js)";', re.MULTILINE)
_POLICY: Final = SAFE_HEADERS[b"content-security-policy"].decode()
_HEADERS: Final = {
    "content-security-policy": f"{_POLICY}; require-trusted-types-for 'script'; "
    "trusted-types push-worker"
}
_WORKER_HEADERS: Final = {
    "cache-control": "no-cache",
    # It runs no other script, and tells a pager, wherever that is, that a page has come.
    "content-security-policy": "default-src 'none'; "
    "connect-src https: http://127.0.0.1:* http://localhost:*",
}
_FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
_NAV: Final = (
    ("today", "/", "Today"),
    ("rota", "/rota", "Rota"),
    ("handoff", "/handoff", "Handoff"),
    ("incidents", "/incidents", "Incidents"),
    ("approvals", "/approvals", "Approvals"),
)


@dataclass(frozen=True)
class Files:
    """All static files, and the version that stands for exactly these."""

    content: dict[str, bytes]
    version: str


@cache
def static_files() -> Files:
    """The files as this process found them first."""
    folder = resources.files("sunwise.web") / "static"
    content = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    digest = hashlib.sha256()
    for name in sorted(content):
        digest.update(name.encode() + b"\0" + content[name] + b"\0")
    return Files(content=content, version=digest.hexdigest()[:12])


def shell(module: str, title: str) -> str:
    """The page before its module has run."""
    files = static_files()
    at = f"/static/{files.version}"
    preloads = "\n".join(
        f'<link rel="modulepreload" href="{at}/{name}">' for name in _needed(f"{module}.js")
    )
    nav = "\n".join(
        f'<li><a href="{path}"{_current(name == module)}>{label}</a></li>'
        for name, path, label in _NAV
    )
    template = Template(files.content["shell.html"].decode())
    return template.substitute(at=at, title=title, module=module, preloads=preloads, nav=nav)


def shell_router() -> APIRouter:
    """The routes of shells and files."""
    router = APIRouter(include_in_schema=False)
    for path, (module, title) in PAGES.items():
        _add_page(router, path, shell(module, title))

    @router.get(_STATIC)
    def static(version: str, name: str) -> Response:
        files = static_files()
        kind = _TYPES.get(name.rpartition(".")[2])
        if version != files.version or kind is None or name not in files.content:
            raise HTTPException(404, "There is no such file: load the page again.")
        return Response(files.content[name], media_type=kind, headers=_FOR_EVER)

    @router.get(_WORKER)
    def worker() -> Response:
        content = static_files().content["push_worker.js"]
        return Response(content, media_type=_TYPES["js"], headers=_WORKER_HEADERS)

    return router


def _add_page(router: APIRouter, path: str, page: str) -> None:
    @router.get(path)
    def served() -> Response:
        return Response(page, media_type="text/html", headers=_HEADERS)


def _current(is_current: bool) -> str:  # noqa: FBT001 - a truth about one link
    return ' aria-current="page"' if is_current else ""


def _needed(name: str) -> list[str]:
    """The module and all that it imports: without this a browser learns of them one by one."""
    files = static_files().content
    found = [name]
    for each in found:
        imported = _IMPORT.findall(files[each].decode())
        found += [more for more in dict.fromkeys(imported) if more not in found]
    return found
