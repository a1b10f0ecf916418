"""Where a request ends: the whole of it, in any pieces, in order, and nothing smuggled behind it."""

import asyncio
import random

import pytest

GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
)


async def test_a_request_is_handed_over_whole(edge):
    client = await edge.connect()
    await client.send(POST)
    status, headers, body = await client.answer()
    assert (status, body) == (200, b"POST /p? hello")
    assert headers[b"content-type"] == b"application/json;charset=utf-8"
    assert b"date" in headers


@pytest.mark.parametrize("request_bytes", [GET, POST, CHUNKED])
async def test_a_request_may_be_split_at_every_byte(edge, request_bytes):
    client = await edge.connect()
    for at in range(1, len(request_bytes)):
        await client.send(request_bytes[:at])
        await asyncio.sleep(0)
        await client.send(request_bytes[at:])
        status, _, body = await client.answer()
        assert status == 200
        assert body in (b"GET /a?b=c ", b"POST /p? hello")


@pytest.mark.parametrize("request_bytes", [GET, POST, CHUNKED])
async def test_a_request_may_come_byte_by_byte(edge, request_bytes):
    client = await edge.connect()
    client.writer.get_extra_info("socket").setsockopt(6, 1, 1)  # TCP_NODELAY
    for at in range(len(request_bytes)):
        await client.send(request_bytes[at : at + 1])
        await asyncio.sleep(0.0005)
    assert (await client.answer())[0] == 200
    assert len(edge.mirror.requests) == 1


async def test_a_first_line_may_stop_anywhere_for_a_while(edge):
    client = await edge.connect()
    await client.send(b"GE")
    await asyncio.sleep(0.05)
    await client.send(GET[2:])
    assert (await client.answer())[2] == b"GET /a?b=c "


async def test_blank_lines_before_a_request_are_skipped(edge):
    client = await edge.connect()
    await client.send(b"\r\n\r\n" + GET)
    assert (await client.answer())[0] == 200


async def test_random_pieces_of_many_requests_give_every_answer_in_order(edge, seed):
    rng = random.Random(seed)
    kinds = [GET, POST, CHUNKED]
    wanted = [b"GET /a?b=c ", b"POST /p? hello", b"POST /p? hello"]
    picks = [rng.randrange(3) for _ in range(40)]
    stream = b"".join(kinds[pick] for pick in picks)
    client = await edge.connect()
    at = 0
    while at < len(stream):
        step = rng.randint(1, 90)
        await client.send(stream[at : at + step])
        await asyncio.sleep(0)
        at += step
    assert [(await client.answer())[2] for _ in picks] == [wanted[pick] for pick in picks]


async def test_pipelined_answers_leave_in_order_even_when_the_first_is_slow(edge):
    client = await edge.connect()
    await client.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n" + GET * 3)
    await asyncio.sleep(0.05)
    assert len(edge.mirror.requests) == 1  # one request of a connection at a time
    edge.mirror.held[0].respond(200, b"first")
    bodies = [(await client.answer())[2] for _ in range(4)]
    assert bodies == [b"first"] + [b"GET /a?b=c "] * 3


async def test_more_pipelined_requests_than_the_bound_are_refused(edge):
    client = await edge.connect()
    await client.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n" + GET * 80)
    await asyncio.sleep(0.05)
    edge.mirror.held[0].respond(200, b"first")
    said = await client.all_until_close()
    assert said.count(b"HTTP/1.1 200") == 64
    assert b"HTTP/1.1 400" in said
    assert b"ahead of their answers" in said


async def test_repeated_headers_are_joined(edge):
    await edge.exchange(b"GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\na: 2\r\n\r\n")
    assert edge.mirror.requests[0].headers[b"a"] == b"1, 2"


SMUGGLING = {
    "content-length and transfer-encoding": b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
    "transfer-encoding and content-length": b"POST /p HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"
    b"GET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
    "two content-lengths": b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Content-Length: 6\r\n\r\nhelloGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
    "two equal content-lengths": b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Content-Length: 5\r\n\r\nhello",
    "a list of content-lengths": b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello",
    "a signed content-length": b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
    "a hexadecimal content-length": b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello",
    "a content-length with an underscore": b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1_0\r\n\r\n"
    b"0123456789",
    "a negative content-length": b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nhello",
    "a content-length beyond 64 bits": b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: "
    b"99999999999999999999\r\n\r\nhello",
    "a space before the colon": b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello",
    "obs-fold": b"GET /a HTTP/1.1\r\nHost: x\r\nA: 1\r\n folded\r\n\r\n",
    "obs-fold of transfer-encoding": b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked"
    b"\r\n\r\n0\r\n\r\n",
    "a folded first header": b"GET /a HTTP/1.1\r\n Host: x\r\n\r\n",
    "bare LF lines": b"GET /a HTTP/1.1\nHost: x\n\n",
    "a bare LF after a header": b"GET /a HTTP/1.1\r\nHost: x\nA: 1\r\n\r\n",
    "a bare CR in a header": b"GET /a HTTP/1.1\r\nHost: x\rA: 1\r\n\r\n",
    "a bare CR as line end": b"GET /a HTTP/1.1\rHost: x\r\r",
    "a NUL in a header": b"GET /a HTTP/1.1\r\nHost: x\r\nA: a\0b\r\n\r\n",
    "a NUL in a header name": b"GET /a HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n",
    "chunked that is not last": b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"
    b"0\r\n\r\n",
    "chunked twice": b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "identity after chunked": b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "transfer-encoding in HTTP/1.0": b"POST /p HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\n",
    "a vertical tab before chunked": b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked\r\n"
    b"\r\n0\r\n\r\n",
    "no host": b"GET /a HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "a control character in the URL": b"GET /a\x01b HTTP/1.1\r\nHost: x\r\n\r\n",
    "raw bytes beyond ASCII in the URL": b"GET /a\xffb HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the URL": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "an unknown method": b"FROB /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in lower case": b"get /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/2 in clear": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.7": b"GET /a HTTP/3.7\r\nHost: x\r\n\r\n",
    "HTTP/0.9": b"GET /a\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "an answer instead of a request": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("attack", SMUGGLING.values(), ids=SMUGGLING.keys())
async def test_what_two_readers_could_read_differently_is_refused(edge, attack):
    said = await edge.exchange(attack)
    assert said.startswith(b"HTTP/1.1 4"), said
    assert b"connection: close" in said
    assert edge.mirror.requests == []


BAD_CHUNKS = {
    "a size that is no number": b"zz\r\nhello\r\n0\r\n\r\n",
    "a negative size": b"-1\r\nhello\r\n0\r\n\r\n",
    "a size with a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "a size with 0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "an empty size": b"\r\nhello\r\n0\r\n\r\n",
    "a size beyond 64 bits": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "data longer than its size": b"3\r\nhello\r\n0\r\n\r\n",
    "bare LF after the size": b"5\nhello\r\n0\r\n\r\n",
    "bare LF after the data": b"5\r\nhello\n0\r\n\r\n",
    "a space before the extension": b"5 \r\nhello\r\n0\r\n\r\n",
    "a bare LF in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "trailers": b"5\r\nhello\r\n0\r\nHost: evil\r\n\r\n",
}


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS.keys())
async def test_bad_chunking_is_refused(edge, chunks):
    head = b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    said = await edge.exchange(head + chunks)
    assert said.startswith(b"HTTP/1.1 400")
    assert edge.mirror.requests == []


async def test_a_smuggled_tail_does_not_spoil_the_request_before_it(edge):
    said = await edge.exchange(POST + b"GET /evil HTTP/1.1\nHost: x\n\n")
    assert said.count(b"HTTP/1.1 ") == 2
    assert said.startswith(b"HTTP/1.1 200")
    assert [request.path for request in edge.mirror.requests] == [b"/p"]


async def test_nothing_is_read_after_connection_close(edge):
    said = await edge.exchange(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + GET)
    assert said.count(b"HTTP/1.1 200") == 1
    assert [request.path for request in edge.mirror.requests] == [b"/a"]


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"gzip", b"xchunked", b"identity"])
async def test_a_coding_that_is_not_undone_is_refused(edge, coding):
    said = await edge.exchange(
        b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: %b\r\n\r\n0\r\n\r\n" % coding
    )
    assert said.startswith(b"HTTP/1.1 501 ")
    assert edge.mirror.requests == []


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        (b"http://x/a?b=c", b"GET /a?b=c "),
        (b"HTTPS://x:1/a", b"GET /a? "),
        (b"http://x", b"GET /? "),
        (b"/http://x/a", b"GET /http://x/a? "),
    ],
)
async def test_a_target_may_be_an_absolute_url(edge, target, seen):
    client = await edge.connect()
    await client.send(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target)
    assert (await client.answer())[2] == seen
