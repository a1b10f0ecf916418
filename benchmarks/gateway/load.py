"""A load generator for order entry over HTTP, the same for every server under test.

Closed loop: `n` connections, each sends its next order when the last is
answered. Open loop: orders are due at Poisson times and their latency counts
from the due time, whether or not a connection was free (no coordinated
omission). Responses are read just far enough to know their status and end, so
that the generator costs little beside the server.
"""

import asyncio
import ctypes
import os
import random
import socket
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, cast

_CLOCK_MONOTONIC: Final = 1
_HEADERS_END: Final = b"\r\n\r\n"
_OK: Final = b"200"
NextRequest = Callable[[], bytes]


@dataclass
class Outcome:
    """What a run of load has seen; latencies in ns, in order of completion."""

    latencies_ns: "array[int]" = field(default_factory=lambda: array("q"))
    refused: int = 0
    started_ns: int = 0
    ended_ns: int = 0
    first_refusal: bytes = b""

    @property
    def per_second(self) -> float:
        """Orders accepted a second."""
        return len(self.latencies_ns) / ((self.ended_ns - self.started_ns) / 1e9)

    def percentile_ms(self, share: float) -> float:
        """The latency that `share` (0 to 1) of all accepted orders stayed under, ms."""
        ordered = sorted(self.latencies_ns)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6

    def note(self, since_ns: int, reply: bytes, *, accepted: bool) -> None:
        """Count one answered request."""
        if accepted:
            self.latencies_ns.append(time.monotonic_ns() - since_ns)
            return
        self.refused += 1
        self.first_refusal = self.first_refusal or reply[:400]


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request in flight."""

    def __init__(self, answered: Callable[["Connection", bytes], None]) -> None:
        """Call `answered` with each whole reply."""
        self._answered = answered
        self._buffer = b""
        self._transport: asyncio.Transport
        self.since_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send small packets at once."""
        self._transport = cast("asyncio.Transport", transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes, since_ns: int) -> None:
        """Send a request whose latency counts from `since_ns`."""
        self.since_ns = since_ns
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Hand on a reply once it is whole."""
        self._buffer += data
        end = self._buffer.find(_HEADERS_END)
        if end < 0:
            return
        if len(self._buffer) >= end + 4 + _content_length(self._buffer[:end]):
            reply, self._buffer = self._buffer, b""
            self._answered(self, reply)

    def close(self) -> None:
        """Close at once."""
        self._transport.abort()


def _content_length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 : head.find(b"\r\n", at) if b"\r\n" in head[at:] else None])


async def closed_loop(
    address: tuple[str, int], next_request: NextRequest, *, in_flight: int, seconds: float
) -> Outcome:
    """Keep `in_flight` requests going for that long."""
    outcome = Outcome()
    deadline = time.monotonic_ns() + int(seconds * 1e9)
    idle = asyncio.Event()
    busy = in_flight

    def answered(connection: Connection, reply: bytes) -> None:
        nonlocal busy
        outcome.note(connection.since_ns, reply, accepted=reply[9:12] == _OK)
        if time.monotonic_ns() < deadline:
            connection.send(next_request(), time.monotonic_ns())
            return
        busy -= 1
        if not busy:
            idle.set()

    connections = await _connected(address, answered, in_flight)
    outcome.started_ns = time.monotonic_ns()
    for connection in connections:
        connection.send(next_request(), time.monotonic_ns())
    await asyncio.wait_for(idle.wait(), seconds + 30)
    outcome.ended_ns = time.monotonic_ns()
    _close(connections)
    return outcome


async def open_loop(
    address: tuple[str, int],
    next_request: NextRequest,
    *,
    per_second: float,
    seconds: float,
    connections: int = 256,
    seed: int = 1,
) -> Outcome:
    """Send at Poisson times; latency counts from the time each order was due."""
    outcome = Outcome()
    due = deque(due_times(per_second, seconds, seed))
    waiting: deque[int] = deque()
    n_left = len(due)
    finished = asyncio.Event()

    def answered(connection: Connection, reply: bytes) -> None:
        nonlocal n_left
        outcome.note(connection.since_ns, reply, accepted=reply[9:12] == _OK)
        n_left -= 1
        if waiting:
            connection.send(next_request(), waiting.popleft())
        else:
            free.append(connection)
        if not n_left:
            finished.set()

    free = await _connected(address, answered, connections)
    everyone = list(free)
    outcome.started_ns = time.monotonic_ns()

    def send_due() -> None:
        now = time.monotonic_ns() - outcome.started_ns
        while due and due[0] <= now:
            since = outcome.started_ns + due.popleft()
            if free:
                free.pop().send(next_request(), since)
            else:
                waiting.append(since)
        if due:
            pacer.set(outcome.started_ns + due[0])

    pacer = Pacer(send_due)
    send_due()
    await asyncio.wait_for(finished.wait(), seconds + 60)
    outcome.ended_ns = time.monotonic_ns()
    pacer.close()
    _close(everyone)
    return outcome


def due_times(per_second: float, seconds: float, seed: int) -> Iterator[int]:
    """Poisson arrival times in ns from 0; `seed` repeats them."""
    rng = random.Random(seed)
    at = 0.0
    while (at := at + rng.expovariate(per_second)) < seconds:
        yield int(at * 1e9)


async def _connected(
    address: tuple[str, int], answered: Callable[[Connection, bytes], None], n_connections: int
) -> list[Connection]:
    loop = asyncio.get_running_loop()
    made = []
    for _ in range(n_connections):
        _, connection = await loop.create_connection(lambda: Connection(answered), *address)
        made.append(connection)
    return made


def _close(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close()


class Pacer:
    """Calls back at an exact time: event-loop timers round to a millisecond, a timerfd does not."""

    def __init__(self, due: Callable[[], None]) -> None:
        """Call `due` each time the set time is reached."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        self._due = due
        asyncio.get_running_loop().add_reader(self._fd, self._fired)

    def set(self, at_ns: int) -> None:
        """Fire once at this monotonic time, or at once when it has passed."""
        _absolute_time = 1
        value = (ctypes.c_long * 4)(0, 0, at_ns // 10**9, max(1, at_ns % 10**9))
        self._libc.timerfd_settime(self._fd, _absolute_time, ctypes.byref(value), None)

    def _fired(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return
        self._due()

    def close(self) -> None:
        """Stop and free the timer."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
