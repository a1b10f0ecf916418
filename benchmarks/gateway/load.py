"""Load on any server's door: requests are made here beforehand and sent by `load.cpp`.

Closed loop: so many requests in flight, the next is due when one is answered.
Open loop: requests are due at Poisson times. Latency counts from the due time in
both, whether or not a connection was free (no coordinated omission).
"""

import asyncio
import base64
import itertools
import struct
from array import array
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.compiler import compiled

_SOURCE: Final = Path(__file__).parent / "load.cpp"
_RESULT: Final = struct.Struct("=7q")  # of the same name in load.cpp
_RECORD: Final = struct.Struct("=2q")  # what stands before a request
_MOST_CONNECTIONS: Final = 256  # of an open loop over HTTP
_WEBSOCKETS: Final = 16
_WRITTEN_AT_ONCE: Final = 1_000  # requests
_MASK: Final = 0x9E3779B1  # odd, so that keys differ


class LoadFailed(RuntimeError):
    """The load could not be brought to its end; the message says why."""


@dataclass(frozen=True)
class Door:
    """One way into a server, and what is sent there."""

    address: tuple[str, int]
    requests: Callable[[int], Iterator[bytes]]
    """By seed, without end."""
    websocket_path: str = ""
    """Empty: HTTP."""

    def connections(self, in_flight: int) -> int:
        """How many carry so many requests at once: one each over HTTP, a WebSocket many."""
        return min(in_flight, _WEBSOCKETS) if self.websocket_path else in_flight


@dataclass(frozen=True)
class Closed:
    """So many requests in flight for that long."""

    in_flight: int
    seconds: float
    most_per_s: int = 40_000
    """More than the server can answer: so many are prepared."""

    def arguments(self, door: Door) -> list[str]:
        """What `load` is told of connections and pace."""
        return [str(door.connections(self.in_flight)), str(self.in_flight), str(self.seconds)]

    def due_ns(self, _seed: int) -> Iterator[int]:
        """A time for each request that is prepared; when it is due is decided in the run."""
        return itertools.repeat(0, self.in_flight + int(self.most_per_s * self.seconds))


@dataclass(frozen=True)
class Poisson:
    """Arrivals at this rate for that long, whatever the server does."""

    per_second: float
    seconds: float

    def arguments(self, door: Door) -> list[str]:
        """What `load` is told of connections and pace."""
        return [str(door.connections(_MOST_CONNECTIONS)), "open"]

    def due_ns(self, seed: int) -> Iterator[int]:
        """When each request is due, from the start of the run."""
        rng = Random(seed)
        at_s = 0.0
        while (at_s := at_s + rng.expovariate(self.per_second)) < self.seconds:
            yield int(at_s * 1e9)


Pace = Closed | Poisson


@dataclass(frozen=True)
class Outcome:
    """What a run of load has seen; latencies in ns, in order of completion."""

    latencies_ns: "array[int]"
    noticed_ns: "array[int]"
    """Open loop: how late the generator noticed each due request; part of the latency."""
    refused: int
    refusal: bytes
    """The beginning of the first refusal."""
    ran_out: bool
    """A closed loop ended early: it would have needed more requests than were prepared."""
    wall_s: float
    cpu_s: float
    """Of the load generator."""

    @property
    def per_second(self) -> float:
        """Orders accepted a second."""
        return len(self.latencies_ns) / self.wall_s

    def percentile_ms(self, share: float) -> float:
        """The latency that `share` (0 to 1) of all accepted orders stayed under, ms."""
        return percentile_ms(self.latencies_ns, share)


def percentile_ms(times_ns: "array[int]", share: float) -> float:
    """The time that `share` (0 to 1) of these stayed under, ms; 0 of none."""
    ordered = sorted(times_ns) or [0]
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6


@dataclass(frozen=True)
class Load:
    """A run that is prepared; the end of its input starts it."""

    process: Process
    prepared: int
    is_closed: bool

    async def run(self) -> Outcome:
        """Load until the pace ends and everything is answered. Raises LoadFailed."""
        told, why = await self.process.communicate(b"")
        if self.process.returncode:
            raise LoadFailed(why.decode().strip() or f"status {self.process.returncode}")
        return self._outcome(told)

    def _outcome(self, told: bytes) -> Outcome:
        started_ns, ended_ns, cpu_ns, n_accepted, refused, n_noticed, sample = _RESULT.unpack_from(
            told
        )
        times = array("q", told[_RESULT.size + sample :])
        assert len(times) == n_accepted + n_noticed
        return Outcome(
            latencies_ns=times[:n_accepted],
            noticed_ns=times[n_accepted:],
            refused=refused,
            refusal=told[_RESULT.size :][:sample],
            ran_out=self.is_closed and n_accepted + refused == self.prepared,
            wall_s=(ended_ns - started_ns) / 1e9,
            cpu_s=cpu_ns / 1e9,
        )


def build() -> Path:
    """The generator as a program. Raises CompilerMissing."""
    return compiled(_SOURCE, ["-O2"])


async def prepare(door: Door, pace: Pace, *, seed: int) -> Load:
    """A generator that holds all its requests. Raises CompilerMissing."""
    host, port = door.address
    protocol = "websocket" if door.websocket_path else "http"
    process = await asyncio.create_subprocess_exec(
        build(), host, str(port), protocol, *pace.arguments(door),
        stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    assert process.stdin
    greeting = _upgrade(door) if door.websocket_path else b""
    process.stdin.write(_record(0, greeting))
    prepared = 0
    due = zip(pace.due_ns(seed), door.requests(seed), strict=False)  # requests have no end
    while batch := list(itertools.islice(due, _WRITTEN_AT_ONCE)):
        process.stdin.write(b"".join(itertools.starmap(_record, batch)))
        await process.stdin.drain()
        prepared += len(batch)
    return Load(process, prepared, is_closed=isinstance(pace, Closed))


def _record(due_ns: int, content: bytes) -> bytes:
    return _RECORD.pack(due_ns, len(content)) + content


def _upgrade(door: Door) -> bytes:
    key = base64.b64encode(bytes(16)).decode()
    return (
        f"GET {door.websocket_path} HTTP/1.1\r\nHost: {door.address[0]}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def masked_text(payload: bytes, number: int) -> bytes:
    """A text frame of a client; `number` chooses the key that it is masked with."""
    size = len(payload)
    key = (_MASK * (number + 1) & 0xFFFFFFFF).to_bytes(4, "big")
    repeated = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    if size < 126:
        head = struct.pack("!BB", 0x81, 0x80 | size)
    else:
        head = struct.pack("!BBH", 0x81, 0xFE, size)
    return head + key + masked.to_bytes(size, "big")
