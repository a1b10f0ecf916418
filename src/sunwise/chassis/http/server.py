"""Starts and stops the lean protocol inside uvicorn."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import uvicorn

from sunwise.chassis.errors import Permanent
from sunwise.chassis.http.connections import Connections
from sunwise.chassis.http.messages import Application, HttpLimits
from sunwise.chassis.http.protocol import LeanProtocol

_BACKLOG: Final = 2_048
_STOP_TIMEOUT_S: Final = 5


class AddressTaken(Permanent):
    """Nothing can be bound at this address."""


class _EmbeddedServer(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self.stopping = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # renews the date
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 1)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves an application on one address."""

    def __init__(
        self,
        application: Application,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: HttpLimits | None = None,
        tls: tuple[str, str] | None = None,
    ) -> None:
        """Port 0 takes a free one. `tls` names the files of certificate chain and key."""
        self.connections = Connections(limits or HttpLimits())
        self._host, self._port = host, port
        protocol = type(
            "BoundLeanProtocol",
            (LeanProtocol,),
            {"application": application, "open_connections": self.connections},
        )
        self._config = uvicorn.Config(
            _no_asgi,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_STOP_TIMEOUT_S,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
        )
        self._server = _EmbeddedServer(self._config)
        self._running: asyncio.Task[None] | None = None
        self.port = port
        """The port in use, once started."""

    async def start(self) -> None:
        """Listens on return. Raises AddressTaken."""
        listener = bind(self._host, self._port)
        self.port = listener.getsockname()[1]
        self.connections.start(self._date)
        self._running = asyncio.create_task(self._server.serve([listener]), name="http-server")
        await self._server.listening.wait()

    def _date(self) -> bytes:
        """The value that uvicorn renews each second."""
        return dict(self._server.server_state.default_headers).get(b"date", b"")

    async def stop(self) -> None:
        """Stops listening, lets answers that are due leave, then closes every connection."""
        if self._running is None:
            return
        self._server.should_exit = True
        self._server.stopping.set()
        await self._running
        await self.connections.stop()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises AddressTaken with what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise AddressTaken(
            f"cannot listen on {host} port {port} ({error.strerror}): "
            "stop what listens there, or choose another port"
        ) from error


async def _no_asgi(_scope: object, _receive: object, _send: object) -> None:
    """Stands where uvicorn wants an ASGI application; the lean protocol never calls it."""
    raise AssertionError("the lean protocol answers every request itself")
