"""The ceiling: an order's HTTP request answered by the least Python that can do it.

A hand-written protocol on uvloop and httptools: it reads the form, checks key, signature and
terms, and answers with the fields of an order. It stores nothing, knows no accounts and asks
nobody. What our gateway costs is told beside it, measured in the same run on the same machine.
"""

import asyncio
import hmac
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from typing import Final, cast

import httptools
import msgspec
import uvloop

from benchmarks.gateway.orders import Credentials

_SPAWN: Final = multiprocessing.get_context("spawn")
_encode: Final = msgspec.json.Encoder().encode


class Order(msgspec.Struct):
    """The fields that Binance answers an order with."""

    symbol: str
    orderId: int  # noqa: N815 - the wire's name
    clientOrderId: str  # noqa: N815
    transactTime: int  # noqa: N815
    price: str
    origQty: str  # noqa: N815
    type: str
    side: str
    timeInForce: str  # noqa: N815
    executedQty: str = "0.00000000"  # noqa: N815
    status: str = "NEW"


class _Server(asyncio.Protocol):
    secrets: dict[bytes, bytes]
    count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpRequestParser(self)
        self._key, self._body = b"", b""

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"X-MBX-APIKEY":
            self._key = value

    def on_body(self, body: bytes) -> None:
        self._body = body

    def on_message_complete(self) -> None:
        payload, _, signature = self._body.rpartition(b"&signature=")
        expected = hmac.digest(self.secrets[self._key], payload, "sha256").hex()
        if not hmac.compare_digest(expected.encode(), signature):
            raise PermissionError
        form = dict(pair.split("=", 1) for pair in payload.decode().split("&"))
        now_ms = time.time_ns() // 1_000_000
        if not -1_000 < now_ms - int(form["timestamp"]) <= int(form["recvWindow"]):
            raise TimeoutError
        _Server.count += 1
        order = Order(
            form["symbol"], _Server.count, f"c{_Server.count}", now_ms, form["price"],
            form["quantity"], form["type"], form["side"], form["timeInForce"],
        )  # fmt: skip
        body = _encode(order)
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )


def _serve(pipe: Pipe, secrets: dict[bytes, bytes]) -> None:
    uvloop.run(_run(pipe, secrets))


async def _run(pipe: Pipe, secrets: dict[bytes, bytes]) -> None:
    _Server.secrets = secrets
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Server, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname())
    await loop.run_in_executor(None, pipe.recv)


@contextmanager
def running(credentials: list[Credentials]) -> Iterator[tuple[tuple[str, int], int]]:
    """Its address and process id, while it runs."""
    ours, theirs = _SPAWN.Pipe()
    secrets = {who.key.encode(): who.secret.encode() for who in credentials}
    process = _SPAWN.Process(target=_serve, args=(theirs, secrets))
    process.start()
    try:
        yield ours.recv(), process.pid or 0
    finally:
        ours.send("stop")
        process.join(10)
