"""A server of the lean protocol with an application that tells what it was asked."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
import uvloop

from sunwise.chassis.http import HttpLimits, HttpServer, Request, Responder


def pytest_asyncio_loop_factories(config, item):
    """The loop that serves in production."""
    return {"uvloop": uvloop.new_event_loop}


class Mirror:
    """Answers with what it got; a request for /later is answered when the test says so."""

    def __init__(self):
        self.requests: list[Request] = []
        self.held: list[Responder] = []

    def handle(self, request, responder):
        self.requests.append(request)
        if request.path == b"/later":
            self.held.append(responder)
            return
        body = b"%b %b?%b %b" % (
            request.method.encode(),
            request.path,
            request.query,
            request.body,
        )
        responder.respond(200, body)


class Client:
    """A raw connection: what is written is what the server reads."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes):
        self.writer.write(data)
        await self.writer.drain()

    async def all_until_close(self, within_s: float = 5) -> bytes:
        async with asyncio.timeout(within_s):
            return await self.reader.read()

    async def answer(self, within_s: float = 5) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, headers and body of the next answer."""
        async with asyncio.timeout(within_s):
            head = await self.reader.readuntil(b"\r\n\r\n")
            line, *lines = head[:-4].split(b"\r\n")
            headers = dict(row.lower().split(b": ", 1) for row in lines)
            body = await self.reader.readexactly(int(headers.get(b"content-length", 0)))
            return int(line.split()[1]), headers, body

    async def close(self):
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


class Edge:
    """A running server and the connections opened to it."""

    def __init__(self, server, mirror):
        self.server, self.mirror = server, mirror
        self.clients: list[Client] = []

    async def connect(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.server.port))
        self.clients.append(client)
        return client

    async def exchange(self, data: bytes) -> bytes:
        """Everything that the server says to these bytes until it closes the connection."""
        client = await self.connect()
        await client.send(data)
        client.writer.write_eof()
        return await client.all_until_close()


@asynccontextmanager
async def running(limits: HttpLimits | None = None, application=None):
    mirror = application or Mirror()
    server = HttpServer(mirror, limits=limits)
    await server.start()
    edge = Edge(server, mirror)
    try:
        yield edge
    finally:
        for client in edge.clients:
            await client.close()
        await server.stop()


@pytest.fixture
async def edge():
    async with running() as started:
        yield started


@pytest.fixture
def serve():
    """`async with serve(limits) as edge`: a server with limits of its own."""
    return running
