"""The load generator asks each request once, in order, and leaves no waiting out of a latency."""

import asyncio
import contextlib
import itertools
import json
from random import Random

import pytest
import websockets

from benchmarks.compiler import CompilerMissing
from benchmarks.gateway import load
from benchmarks.gateway.load import Closed, Door, LoadFailed, Poisson
from benchmarks.gateway.orders import Credentials, rest_requests, websocket_frames

SHORT_S = 0.2
STALL_S = 0.3
OK = b"HTTP/1.1 200 OK\r\nX-A: b\r\ncontent-length: 2\r\n\r\n{}"
REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\noops"
TRADERS = [Credentials("key", "secret")]


async def loaded(door, pace):
    try:
        prepared = await load.prepare(door, pace, seed=1)
    except CompilerMissing as missing:
        pytest.skip(str(missing))
    return await prepared.run()


class HttpServer:
    """Answers `/N` by `answer(N)`, a coroutine that returns what to write."""

    def __init__(self, answer):
        self.asked = []
        self.in_flight = self.most_in_flight = 0
        self._answer = answer

    async def __call__(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append(int(head.split()[1][1:]))
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                answer = await self._answer(self.asked[-1])
                self.in_flight -= 1
                for piece in answer if isinstance(answer, list) else [answer]:
                    writer.write(piece)
                    await asyncio.sleep(0)
        writer.close()


@contextlib.asynccontextmanager
async def serving(answer):
    server = HttpServer(answer)
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    async with listening:
        address = listening.sockets[0].getsockname()
        yield (
            server,
            Door(address, lambda _: map(b"GET /%d HTTP/1.1\r\n\r\n".__mod__, itertools.count())),
        )
        await asyncio.sleep(0.01)  # its handlers see that the connections are closed


async def at_once(_number):
    return OK


async def test_a_closed_loop_asks_each_request_once_in_order_and_keeps_its_number_in_flight():
    async def after_a_while(_number):
        await asyncio.sleep(0.002)
        return OK

    async with serving(after_a_while) as (server, door):
        outcome = await loaded(door, Closed(4, SHORT_S))
    assert sorted(server.asked) == list(range(len(outcome.latencies_ns)))
    assert server.most_in_flight == 4
    assert outcome.refused == 0
    assert not outcome.ran_out
    assert SHORT_S <= outcome.wall_s < SHORT_S + 1
    assert min(outcome.latencies_ns) >= 2e6
    assert outcome.cpu_s > 0


async def test_a_closed_loop_that_needs_more_requests_than_were_prepared_ends_and_says_so():
    async with serving(at_once) as (server, door):
        outcome = await loaded(door, Closed(2, SHORT_S, most_per_s=100))
    assert outcome.ran_out
    assert sorted(server.asked) == list(range(22))


async def test_a_refusal_is_counted_and_shown_but_has_no_latency():
    async def every_third_refused(number):
        return OK if number % 3 else REFUSED

    async with serving(every_third_refused) as (_, door):
        outcome = await loaded(door, Closed(1, 1.0, most_per_s=29))
    assert (outcome.refused, len(outcome.latencies_ns)) == (10, 20)
    assert outcome.refusal == REFUSED


async def test_an_answer_in_pieces_is_one_answer():
    async def in_pieces(_number):
        return [OK[:10], OK[10:30], OK[30:-1], OK[-1:]]

    async with serving(in_pieces) as (server, door):
        outcome = await loaded(door, Closed(2, 1.0, most_per_s=28))
    assert len(outcome.latencies_ns) == len(server.asked) == 30


async def test_what_is_due_while_the_server_stalls_has_the_stall_in_its_latency():
    stall = asyncio.Event()

    async def stalled_at_first(number):
        if number == 0:
            asyncio.get_running_loop().call_later(STALL_S, stall.set)
        await stall.wait()
        return OK

    async with serving(stalled_at_first) as (server, door):
        # More arrivals than connections: most wait here, none for the server.
        outcome = await loaded(door, Poisson(4_000, 2 * STALL_S))
    assert sorted(server.asked) == list(range(len(outcome.latencies_ns)))
    assert server.most_in_flight == 256
    waited = sum(ns > 1e9 * STALL_S / 2 for ns in outcome.latencies_ns)
    assert waited > 4_000 * STALL_S / 2 * 0.8
    assert len(outcome.noticed_ns) == len(outcome.latencies_ns)


async def test_a_connection_that_the_server_closes_is_an_error():
    async def broken(_number):
        raise ConnectionError

    async with serving(broken) as (_, door):
        with pytest.raises(LoadFailed, match="closed a connection"):
            await loaded(door, Closed(1, SHORT_S))


async def test_an_answer_that_nobody_asked_for_is_an_error():
    async def twice(_number):
        return OK + OK

    async with serving(twice) as (_, door):
        with pytest.raises(LoadFailed, match="answer to nothing"):
            await loaded(door, Closed(1, SHORT_S))


async def test_a_request_that_the_socket_has_no_room_for_goes_out_whole_and_in_order():
    request = Random(1).randbytes(16_000_000)
    received = []

    async def slow_to_read(reader, writer):
        await asyncio.sleep(0.1)
        received.append(await reader.readexactly(len(request)))
        writer.write(OK)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(slow_to_read, "127.0.0.1", 0) as server:
        door = Door(server.sockets[0].getsockname(), lambda _: itertools.repeat(request))
        outcome = await loaded(door, Closed(1, SHORT_S, most_per_s=0))
        await asyncio.sleep(0.01)
    assert len(outcome.latencies_ns) == 1
    assert received == [request]


@contextlib.asynccontextmanager
async def serving_websockets(handle):
    async with websockets.serve(handle, "127.0.0.1", 0) as server:
        address = server.sockets[0].getsockname()
        yield Door(address, lambda seed: websocket_frames(TRADERS, seed), "/ws-api/v3")


async def test_answers_of_a_websocket_are_matched_by_id():
    asked = []

    async def last_first(connection):
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                requests = [json.loads(await connection.recv()) for _ in range(2)]
                asked.extend(request["id"] for request in requests)
                await connection.ping()
                for request in reversed(requests):
                    await asyncio.sleep(0.001)
                    status = 400 if request["id"] == 7 else 200
                    await connection.send(f'{{"id":{request["id"]},"status":{status}}}')

    async with serving_websockets(last_first) as door:
        outcome = await loaded(door, Closed(32, 1.0, most_per_s=160))
    assert sorted(asked) == list(range(192))
    assert (outcome.refused, len(outcome.latencies_ns)) == (1, 191)
    assert outcome.refusal == b'{"id":7,"status":400}'


async def test_a_late_answer_of_a_websocket_is_late_for_its_own_request_only():
    async def first_last(connection):
        async for message in connection:
            number = json.loads(message)["id"]
            send = connection.send(f'{{"id":{number},"status":200}}')
            delayed.append(asyncio.create_task(_after(0.001 if number else STALL_S, send)))

    async def _after(seconds, send):
        await asyncio.sleep(seconds)
        await send

    delayed = []
    async with serving_websockets(first_last) as door:
        outcome = await loaded(door, Closed(2, 0.1))
        await asyncio.gather(*delayed)
    assert sum(ns >= 1e9 * STALL_S for ns in outcome.latencies_ns) == 1


async def test_a_websocket_takes_what_is_due_while_the_server_reads_nothing():
    async def stalled_at_first(connection):
        await asyncio.sleep(STALL_S)
        async for message in connection:
            await connection.send(f'{{"id":{json.loads(message)["id"]},"status":200}}')

    async with serving_websockets(stalled_at_first) as door:
        outcome = await loaded(door, Poisson(2_000, STALL_S))
    assert len(outcome.latencies_ns) == len(outcome.noticed_ns)
    assert outcome.percentile_ms(0.1) > 1e3 * STALL_S / 20


def test_the_same_seed_makes_the_same_orders_and_no_name_twice():
    bodies = [
        [request.partition(b"&recvWindow")[0] for request in itertools.islice(made, 50)]
        for made in (
            rest_requests(TRADERS, 1),
            rest_requests(TRADERS, 1),
            rest_requests(TRADERS, 2),
        )
    ]
    assert bodies[0] == bodies[1] != bodies[2]
    names = {body.partition(b"newClientOrderId=")[2] for each in bodies[1:] for body in each}
    assert len(names) == 100
