"""A process's metrics at `GET /metrics`, for whoever shows the token: how Prometheus reads them.

A port of its own, so that it is reached where the process's other ports are not, and on loopback
unless told otherwise. It speaks plain HTTP: put a proxy with TLS before it where the network is not
yours alone.
"""

import asyncio
import contextlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sunwise.chassis.data_folder import write_private
from sunwise.chassis.http import HttpLimits, HttpServer, Request, Responder
from sunwise.chassis.secret_files import read_secret
from sunwise.chassis.telemetry import METRICS, Metrics

_TEXT: Final = b"text/plain; version=0.0.4; charset=utf-8"
_LIMITS: Final = HttpLimits(max_connections=32, max_connections_per_ip=32, max_body_bytes=0)


class MetricsPage:
    """The application: metrics as text, to whoever shows the token."""

    def __init__(self, metrics: Metrics, token: bytes) -> None:
        self._metrics = metrics
        self._expected = b"Bearer " + token

    def handle(self, request: Request, responder: Responder) -> None:
        """Answers every request once."""
        if request.path != b"/metrics":
            responder.respond(404, b"Metrics are at /metrics.\n", content_type=_TEXT)
        elif request.method != "GET":
            responder.respond(405, b"", headers=b"allow: GET, HEAD\r\n", content_type=_TEXT)
        elif not hmac.compare_digest(request.headers.get(b"authorization", b""), self._expected):
            told = b"Show the token of metrics as `Authorization: Bearer TOKEN`.\n"
            headers = b"www-authenticate: Bearer\r\n"
            responder.respond(401, told, headers=headers, content_type=_TEXT)
        else:
            text = self._metrics.text().encode()
            responder.respond(200, text, headers=b"cache-control: no-store\r\n", content_type=_TEXT)


class MetricsService:
    """This process's metrics as one of its services."""

    name = "metrics"

    def __init__(self, *, host: str, port: int, token_file: Path) -> None:
        """Raises SecretUnusable."""
        page = MetricsPage(METRICS, read_secret(token_file))
        self.server = HttpServer(page, host=host, port=port, limits=_LIMITS)

    async def run(self, ready: Callable[[], None]) -> None:
        """Serves until it is cancelled. Raises AddressTaken."""
        await self.server.start()
        try:
            ready()
            await asyncio.Event().wait()
        finally:
            await self.server.stop()


def ensure_token(path: Path) -> Path:
    """The token file, made if it is missing: the first of several processes makes it for all."""
    if not path.exists():
        staged = path.with_name(f"{path.name}.{os.getpid()}")
        write_private(staged, secrets.token_urlsafe(32).encode())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(staged)
        staged.unlink()
    return path
