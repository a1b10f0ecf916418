"""Rules of the line: message rate, attempts, pings, slow readers, frames that break RFC 6455."""

import asyncio
import contextlib
import datetime as dt
import os
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.frames import Opcode

from sunwise.chassis.http import AddressTaken
from sunwise.contracts.exchange.market_data import Feed
from sunwise.exchange.gateway.lines.connection import LineSettings
from sunwise.exchange.gateway.lines.frames import MAX_FRAGMENTS
from tests.contract.streams.venue import Edge, answer, ask, running_edge, trade

BINANCE = LineSettings()


async def closed(client: websockets.ClientConnection) -> tuple[int | None, str | None]:
    await asyncio.wait_for(client.wait_closed(), 5)
    return client.close_code, client.close_reason


async def test_a_sixth_message_within_a_second_ends_the_connection():
    async with running_edge(line=BINANCE) as (edge, _), edge.connect("/ws") as client:
        for number in range(5):
            await ask(client, "LIST_SUBSCRIPTIONS", id=number)
        await client.send('{"method":"LIST_SUBSCRIPTIONS","id":6}')
        assert await closed(client) == (1008, "Too many requests")


@pytest.mark.parametrize("frame", ["ping", "pong"])
async def test_pings_and_pongs_count_as_messages(frame):
    async with running_edge(line=BINANCE) as (edge, _), edge.connect("/ws") as client:
        for number in range(6):
            await getattr(client, frame)(str(number))
        assert await closed(client) == (1008, "Too many requests")


async def test_five_messages_a_second_are_welcome_for_ever():
    async with running_edge(line=BINANCE) as (edge, _), edge.connect("/ws") as client:
        for number in range(8):
            await ask(client, "LIST_SUBSCRIPTIONS", id=number)
            await asyncio.sleep(0.21)


async def test_the_301st_connection_of_an_address_is_turned_away():
    async with running_edge(attempts=3) as (edge, _):
        for _ in range(3):
            async with edge.connect("/ws") as client:
                await ask(client, "LIST_SUBSCRIPTIONS")
        late = await edge.connect("/ws")
        code, reason = await closed(late)
        assert code == 1008
        assert reason.startswith("Too many connection attempts from IP")


async def test_a_full_server_says_so():
    async with running_edge(max_connections=1) as (edge, _), edge.connect("/ws"):
        late = await edge.connect("/ws")
        assert (await closed(late))[0] == 1008


async def test_the_servers_ping_is_answered_by_any_client_and_keeps_it_alive():
    line = LineSettings(ping_every_s=0.05, pong_within_s=0.12, messages_per_s=1_000)
    async with running_edge(line=line) as (edge, _), edge.connect("/ws") as client:
        await asyncio.sleep(0.5)
        assert (await ask(client, "LIST_SUBSCRIPTIONS"))["result"] == []


async def test_a_client_that_never_answers_a_ping_is_dropped():
    line = LineSettings(ping_every_s=0.05, pong_within_s=0.12, messages_per_s=1_000)
    async with running_edge(line=line) as (edge, _), raw_client(edge) as client:
        opcode, payload = await client.frame()
        assert opcode == Opcode.PING
        assert abs(int(payload) - time.time() * 1_000) < 10_000
        closing = asyncio.create_task(client.close_code())
        async with asyncio.timeout(5):
            while not closing.done():  # unsolicited pongs are allowed, and no sign of life
                await client.send(Opcode.PONG, b"")
                await asyncio.sleep(0.02)
        assert await closing == 1008


async def test_a_ping_comes_back_with_its_payload():
    async with running_edge() as (edge, _), raw_client(edge) as client:
        await client.send(Opcode.PING, b"are you there?")
        assert await client.frame() == (Opcode.PONG, b"are you there?")


async def test_a_slow_reader_is_cut_and_nobody_waits_for_it():
    line = LineSettings(backlog_bytes=200_000, socket_bytes=16_384)
    async with running_edge(line=line) as (edge, market):
        slow_client = raw_client(edge, "/ws/btcusdt@trade", receive_bytes=4_096)
        async with slow_client as slow, edge.connect("/ws/btcusdt@trade") as quick:
            slow.reader._transport.pause_reading()
            await ask(quick, "LIST_SUBSCRIPTIONS")
            sent = 0
            while len(edge.server.connections) == 2:
                assert sent < 100_000, "the slow reader was never cut"
                market.publish(Feed.TRADES, *(trade(sent + i) for i in range(100)))
                seen = [(await answer(quick))["t"] for _ in range(100)]
                assert seen == list(range(sent, sent + 100))
                sent += 100


HOSTILE = [
    ("an unmasked frame", b"\x81\x02{}", 1002),
    ("a reserved bit", None, 1002),
    ("an unknown opcode", b"\x83\x80abcd", 1002),
    ("a fragmented ping", b"\x09\x80abcd", 1002),
    ("a ping of 126 bytes", b"\x89\xfe\x00\x7eabcd" + bytes(126), 1002),
    ("a continuation of nothing", b"\x80\x81abcd\x00", 1002),
    ("a frame longer than allowed", b"\x81\xff" + struct.pack(">Q", 1 << 20) + b"abcd", 1009),
    ("a length with its highest bit", b"\x81\xff" + struct.pack(">Q", 1 << 63) + b"abcd", 1002),
    ("a length that fits fewer bytes", b"\x81\xfe\x00\x05abcd" + bytes(5), 1002),
    ("a close of one byte", b"\x88\x81abcd\x00", 1002),
    ("a close with a forbidden code", b"\x88\x82abcd" + bytes((0x03 ^ 0x61, 0xED ^ 0x62)), 1002),
]


@pytest.mark.parametrize(("what", "frame", "code"), HOSTILE)
async def test_a_broken_frame_ends_the_connection_with_its_code(what, frame, code):
    async with running_edge() as (edge, _), raw_client(edge) as client:
        client.writer.write(frame or b"\xc1\x80abcd")
        assert await client.close_code() == code


async def test_binary_frames_are_not_understood():
    async with running_edge() as (edge, _), edge.connect("/ws") as client:
        await client.send(b"{}")
        assert (await closed(client))[0] == 1003


async def test_text_that_is_not_utf8_ends_the_connection():
    async with running_edge() as (edge, _), raw_client(edge) as client:
        await client.send(Opcode.TEXT, b'{"id":"\xff\xfe"}')
        assert await client.close_code() == 1007


async def test_a_message_may_come_in_fragments_with_a_ping_between():
    async with running_edge() as (edge, _), raw_client(edge) as client:
        await client.send(Opcode.TEXT, b'{"method":"LIST_SUB', final=False)
        await client.send(Opcode.PING, b"x")
        await client.send(Opcode.CONT, b'SCRIPTIONS","id"', final=False)
        await client.send(Opcode.CONT, b":3}")
        assert (await client.frame())[0] == Opcode.PONG
        assert await client.frame() == (Opcode.TEXT, b'{"result":[],"id":3}')


async def test_utf8_may_be_cut_between_fragments():
    async with running_edge() as (edge, _), raw_client(edge) as client:
        text = '{"method":"SUBSCRIBE","params":["测试usdt@trade"],"id":1}'.encode()
        cut = text.index("测".encode()) + 1
        await client.send(Opcode.TEXT, text[:cut], final=False)
        await client.send(Opcode.CONT, text[cut:])
        assert await client.frame() == (Opcode.TEXT, b'{"result":null,"id":1}')


async def test_a_text_frame_may_not_begin_inside_a_message():
    async with running_edge() as (edge, _), raw_client(edge) as client:
        await client.send(Opcode.TEXT, b"{", final=False)
        await client.send(Opcode.TEXT, b"}")
        assert await client.close_code() == 1002


async def test_fragments_may_not_add_up_to_more_than_a_message_may_be():
    async with running_edge() as (edge, _), raw_client(edge) as client:
        await client.send(Opcode.TEXT, b"[" + b"1," * 20_000, final=False)
        await client.send(Opcode.CONT, b"1," * 20_000, final=False)
        assert await client.close_code() == 1009


async def test_endless_empty_fragments_end_the_connection():
    async with running_edge() as (edge, _), raw_client(edge) as client:
        await client.send(Opcode.TEXT, b"{", final=False)
        for _ in range(MAX_FRAGMENTS):
            await client.send(Opcode.CONT, b"", final=False)
        assert await client.close_code() == 1008


async def test_a_close_is_answered_with_the_same_code():
    async with running_edge() as (edge, _), edge.connect("/ws") as client:
        await client.close(4_001, "bye")
        assert client.protocol.close_rcvd is not None
        assert client.protocol.close_rcvd.code == 4_001


async def test_an_upgrade_that_never_ends_is_dropped():
    async with running_edge(handshake_s=0.2) as (edge, _), raw_socket(edge) as client:
        client.writer.write(b"GET /ws HTTP/1.1\r\nHost: x\r\n")
        assert await client.rest() == b""


@pytest.mark.parametrize(
    "request_head",
    [
        b"POST /ws HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /ws HTTP/1.0\r\nHost: x\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        b"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01 hello, is this TLS?\r\n\r\n",
    ],
)
async def test_what_is_no_upgrade_gets_400_and_the_connection_closes(request_head):
    async with running_edge() as (edge, _), raw_socket(edge) as client:
        client.writer.write(request_head)
        answered = await client.rest()
        assert answered.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("version", [b"Sec-WebSocket-Version: 8\r\n", b""])
async def test_another_version_of_the_protocol_is_told_which_one_is_spoken(version):
    upgrade = (
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%b\r\n" % version
    )
    async with running_edge() as (edge, _), raw_socket(edge) as client:
        client.writer.write(upgrade)
        answered = await client.rest()
        assert answered.startswith(b"HTTP/1.1 426 ")
        assert b"sec-websocket-version: 13\r\n" in answered.lower()


async def test_an_endless_header_is_not_buffered():
    async with running_edge() as (edge, _), raw_socket(edge) as client:
        client.writer.write(b"GET /ws HTTP/1.1\r\nX: " + b"a" * 60_000)
        assert await client.rest() == b""


async def test_a_taken_port_is_one_clear_sentence():
    async with running_edge() as (edge, _):
        with pytest.raises(AddressTaken, match=str(edge.server.port)):
            async with running_edge(port=edge.server.port):
                pass


async def test_a_certificate_makes_the_port_secure(tmp_path):
    files = certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=files[0])
    async with running_edge(tls=files) as (edge, market):
        url = f"wss://localhost:{edge.server.port}/ws/btcusdt@trade"
        async with websockets.connect(url, ssl=trusting) as client:
            await ask(client, "LIST_SUBSCRIPTIONS")
            market.publish(Feed.TRADES, trade(3))
            assert (await answer(client))["t"] == 3


def certificate(folder: Path) -> tuple[str, str]:
    """Files of a certificate for localhost and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


class RawClient:
    """A WebSocket client without manners: it sends the very frames it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def upgrade(self, path: str) -> None:
        self.writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert b" 101 " in await self.reader.readuntil(b"\r\n\r\n")

    async def send(self, opcode: int, payload: bytes, *, final: bool = True) -> None:
        mask = os.urandom(4)
        head = bytes((opcode | (0x80 if final else 0),))
        size = len(payload)
        head += bytes((0x80 | size,)) if size < 126 else b"\xfe" + struct.pack(">H", size)
        self.writer.write(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))
        await asyncio.sleep(0)

    async def frame(self) -> tuple[int, bytes]:
        async with asyncio.timeout(5):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack(">H", await self.reader.readexactly(2))
            return first & 0x0F, await self.reader.readexactly(size)

    async def rest(self) -> bytes:
        """What comes until the server closes."""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                return await self.reader.read()
        return b""

    async def close_code(self) -> int:
        """The code of the close frame, after which the socket must close too."""
        while True:
            opcode, payload = await self.frame()
            if opcode == Opcode.CLOSE:
                await self.rest()
                return int.from_bytes(payload[:2], "big")


@contextlib.asynccontextmanager
async def raw_socket(edge: Edge, receive_bytes: int = 0) -> AsyncIterator[RawClient]:
    sock = socket.socket()
    if receive_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", edge.server.port))
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def raw_client(
    edge: Edge, path: str = "/ws", receive_bytes: int = 0
) -> AsyncIterator[RawClient]:
    async with raw_socket(edge, receive_bytes) as client:
        await client.upgrade(path)
        yield client
