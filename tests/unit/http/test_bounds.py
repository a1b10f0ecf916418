"""No client can take more than its share: of bytes, time, connections or patience."""

import asyncio
import socket
import struct

import pytest

from sunwise.chassis.http import AddressTaken, HttpLimits, HttpServer
from tests.unit.http.conftest import Mirror

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_a_long_url_is_refused(edge):
    said = await edge.exchange(b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 414")


async def test_an_endless_url_is_refused_before_it_ends(edge):
    client = await edge.connect()
    await client.send(b"GET /")
    for _ in range(20):
        await client.send(b"a" * 1_000)
        await asyncio.sleep(0)
    assert (await client.all_until_close()).startswith(b"HTTP/1.1 414")


async def test_many_headers_are_refused(edge):
    lines = b"".join(b"A%d: b\r\n" % n for n in range(100))
    said = await edge.exchange(b"GET / HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n")
    assert said.startswith(b"HTTP/1.1 431")


async def test_large_headers_are_refused(edge):
    said = await edge.exchange(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 17_000 + b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 431")


async def test_a_header_without_end_is_refused_before_it_ends(edge):
    client = await edge.connect()
    await client.send(b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
    for _ in range(100):
        await client.send(b"a" * 1_000)
        await asyncio.sleep(0.001)
        if client.reader._buffer:
            break
    else:
        pytest.fail("100 kB of one header were read without a word")
    assert (await client.all_until_close()).startswith(b"HTTP/1.1 431")


async def test_a_large_body_before_a_split_header_is_no_large_header(edge):
    client = await edge.connect()
    body = b"x" * 60_000
    post = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    await client.send(post[:40])
    await asyncio.sleep(0.01)
    await client.send(post[40:] + body + GET[:20])
    await asyncio.sleep(0.01)
    await client.send(GET[20:])
    assert (await client.answer())[0] == 200
    assert (await client.answer())[0] == 200


async def test_a_large_body_is_refused_before_it_is_sent(edge):
    client = await edge.connect()
    await client.send(b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n")
    assert (await client.all_until_close()).startswith(b"HTTP/1.1 413")
    assert edge.mirror.requests == []


async def test_a_large_chunked_body_is_refused(edge):
    client = await edge.connect()
    await client.send(b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"2710\r\n" + b"x" * 10_000 + b"\r\n"
    for _ in range(7):
        await client.send(chunk)
    assert (await client.all_until_close()).startswith(b"HTTP/1.1 413")


async def test_chunks_with_endless_extensions_are_refused(edge):
    client = await edge.connect()
    head = b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    await client.send(head + b"1;" + b"x" * (16 * HttpLimits().max_body_bytes))
    assert (await client.all_until_close()).startswith(b"HTTP/1.1 413")
    assert edge.mirror.requests == []


async def test_a_body_in_chunks_of_a_byte_is_no_endless_chunk(edge):
    client = await edge.connect()
    head = b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for piece in (head, b"1\r\na\r\n" * HttpLimits().max_body_bytes, b"0\r\n\r\n"):
        await client.send(piece)
    assert (await client.answer())[0] == 200


async def test_the_reason_reaches_a_client_that_is_still_sending(edge):
    client = await edge.connect()
    await client.send(
        b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000
    )
    assert (await client.all_until_close()).startswith(b"HTTP/1.1 413")


async def test_expect_100_continue_is_answered_at_once(edge):
    client = await edge.connect()
    head = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    await client.send(head)
    async with asyncio.timeout(2):
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    await client.send(b"hello")
    assert (await client.answer())[2] == b"POST /p? hello"


async def test_expect_100_continue_of_a_large_body_is_refused_without_continue(edge):
    client = await edge.connect()
    await client.send(
        b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\nExpect: 100-continue\r\n\r\n"
    )
    assert (await client.all_until_close()).startswith(b"HTTP/1.1 413")


async def test_another_expectation_is_refused(edge):
    said = await edge.exchange(b"GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 417")


async def test_head_has_the_headers_of_get_and_no_body(edge):
    client = await edge.connect()
    await client.send(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
    async with asyncio.timeout(2):
        head = await client.reader.readuntil(b"\r\n\r\n")
    assert b"content-length: 8\r\n" in head
    assert (await client.answer())[2] == b"GET /a? "


async def test_http_1_0_closes_after_its_answer(edge):
    said = await edge.exchange(b"GET /a HTTP/1.0\r\n\r\n")
    assert b"connection: close" in said
    assert said.endswith(b"GET /a? ")


async def test_an_offered_upgrade_is_ignored(edge):
    client = await edge.connect()
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n"
    await client.send(b"GET /a HTTP/1.1\r\nHost: x\r\n" + offer)
    assert (await client.answer())[2] == b"GET /a? "
    await client.send(GET + b"GET /b HTTP/1.1\r\nHost: x\r\n" + offer + GET)
    assert [(await client.answer())[0] for _ in range(3)] == [200, 200, 200]


async def test_slow_headers_are_cut(serve):
    async with serve(HttpLimits(header_timeout_s=0.3)) as edge:
        client = await edge.connect()
        await client.send(b"GET / HTTP/1.1\r\n")
        for n in range(40):
            await client.send(b"A%d: b\r\n" % n)  # a byte now and then does not extend the time
            await asyncio.sleep(0.05)
            if client.reader._buffer:
                break
        said = await client.all_until_close()
        assert said.startswith(b"HTTP/1.1 408")


async def test_a_slow_body_is_cut(serve):
    async with serve(HttpLimits(body_timeout_s=0.3)) as edge:
        client = await edge.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n")
        for _ in range(40):
            await client.send(b"x")
            await asyncio.sleep(0.05)
            if client.reader._buffer:
                break
        assert (await client.all_until_close()).startswith(b"HTTP/1.1 408")
        assert edge.mirror.requests == []


async def test_a_silent_connection_is_closed(serve):
    async with serve(HttpLimits(idle_timeout_s=0.2)) as edge:
        client = await edge.connect()
        assert await client.all_until_close() == b""


async def test_a_connection_that_only_sends_blank_lines_is_closed(serve):
    async with serve(HttpLimits(idle_timeout_s=0.3)) as edge:
        client = await edge.connect()
        for _ in range(40):
            client.writer.write(b"\r\n")
            await asyncio.sleep(0.05)
            if len(edge.server.connections) == 0:
                return
        pytest.fail("blank lines kept a connection open")


async def test_keep_alive_ends_after_the_idle_time(serve):
    async with serve(HttpLimits(idle_timeout_s=0.3)) as edge:
        client = await edge.connect()
        await client.send(GET)
        assert (await client.answer())[0] == 200
        assert await client.all_until_close() == b""


async def test_a_slow_answer_is_no_idle_connection(serve):
    async with serve(HttpLimits(idle_timeout_s=0.2, header_timeout_s=0.2)) as edge:
        client = await edge.connect()
        await client.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.8)
        edge.mirror.held[0].respond(200, b"late")
        assert (await client.answer())[2] == b"late"


async def test_connections_beyond_the_limit_are_refused(serve):
    async with serve(HttpLimits(max_connections=3)) as edge:
        first = [await edge.connect() for _ in range(3)]
        for client in first:
            await client.send(GET)
            assert (await client.answer())[0] == 200
        fourth = await edge.connect()
        assert (await fourth.all_until_close()).startswith(b"HTTP/1.1 503")
        await first[0].close()
        await asyncio.sleep(0.05)
        fifth = await edge.connect()
        await fifth.send(GET)
        assert (await fifth.answer())[0] == 200


async def test_connections_of_one_address_are_limited(serve):
    async with serve(HttpLimits(max_connections_per_ip=1)) as edge:
        await edge.connect()
        await asyncio.sleep(0.02)
        second = await edge.connect()
        assert (await second.all_until_close()).startswith(b"HTTP/1.1 503")


async def test_a_client_that_closes_early_leaves_nothing_behind(edge):
    for _ in range(20):
        client = await edge.connect()
        await client.send(b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhalf")
        await client.close()
    for _ in range(100):
        if len(edge.server.connections) == 0:
            break
        await asyncio.sleep(0.01)
    assert len(edge.server.connections) == 0
    assert edge.mirror.requests == []


async def test_a_client_that_resets_before_its_answer_is_no_error(edge):
    client = await edge.connect()
    await client.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(0.02)
    raw = client.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()
    await asyncio.sleep(0.05)
    edge.mirror.held[0].respond(200, b"to nobody")
    assert len(edge.server.connections) == 0


async def test_a_half_closed_client_still_gets_its_answer(edge):
    client = await edge.connect()
    await client.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    client.writer.write_eof()
    await asyncio.sleep(0.05)
    edge.mirror.held[0].respond(200, b"here")
    assert (await client.all_until_close()).endswith(b"here")


class Flood(Mirror):
    """Answers a megabyte."""

    def handle(self, request, responder):
        self.requests.append(request)
        responder.respond(200, b"x" * 1_000_000)


async def test_a_client_that_does_not_read_is_cut_and_not_served_further(serve):
    async with serve(HttpLimits(write_timeout_s=0.5), application=Flood()) as edge:
        sock = socket.create_connection(("127.0.0.1", edge.server.port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        sock.setblocking(False)
        sock.send(GET * 50)
        await asyncio.sleep(0.2)
        served = len(edge.mirror.requests)
        assert served < 20  # what the kernel's buffers take, not fifty megabytes
        for _ in range(40):
            if len(edge.server.connections) == 0:
                break
            await asyncio.sleep(0.05)
        assert len(edge.server.connections) == 0
        assert len(edge.mirror.requests) <= served + 1
        sock.close()


async def test_a_taken_port_is_one_clear_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressTaken, match=f"port {port} .*choose another port"):
            await HttpServer(Mirror(), port=port).start()


async def test_stopping_lets_a_due_answer_leave():
    mirror = Mirror()
    server = HttpServer(mirror)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0.3)
    mirror.held[0].respond(200, b"the last")
    async with asyncio.timeout(5):
        assert (await reader.read()).endswith(b"the last")
        await stopping
    writer.close()
