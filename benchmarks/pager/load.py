"""Sends events at random moments (Poisson) over kept connections, and times each from when it was due."""

import asyncio
import random
import time
from dataclasses import dataclass, field

import msgspec

_CONNECTIONS = 64


@dataclass
class Outcome:
    """What became of the load; times in seconds of this machine's monotonic clock."""

    due_s: dict[str, float] = field(default_factory=dict)
    accepted_s: dict[str, float] = field(default_factory=dict)
    replicated: int = 0
    refused: list[bytes] = field(default_factory=list)


class _Connection:
    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> "_Connection":
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and head of the answer."""
        head = f"POST {path} HTTP/1.1\r\nhost: {self._host}\r\ncontent-length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        lower = answer.lower()
        at = lower.index(b"content-length:") + 15
        await self._reader.readexactly(int(lower[at : lower.index(b"\r\n", at)]))
        return int(answer[9:12]), lower

    def close(self) -> None:
        self._writer.close()


async def send(
    ports: list[int], events: list[tuple[str, dict[str, object]]], *, seconds: float, seed: int
) -> Outcome:
    """Sends each event (name and content) once, spread over so many seconds, to the ports in turn."""
    rng = random.Random(seed)
    times = sorted(rng.uniform(0, seconds) for _ in events)  # of a Poisson process, given how many
    outcome = Outcome()
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    for n in range(_CONNECTIONS):
        free.put_nowait(await _Connection("127.0.0.1", ports[n % len(ports)]).open())
    began_s = time.monotonic() + 0.5

    async def one(name: str, body: bytes) -> None:
        connection = await free.get()  # waiting for one counts: the clock runs from the due time
        status, head = await connection.post("/v2/enqueue", body)
        free.put_nowait(connection)
        if status == 202:
            outcome.accepted_s[name] = time.monotonic()
            outcome.replicated += b"x-sunwise-replicated: yes" in head
        else:
            outcome.refused.append(head[:80])

    async with asyncio.TaskGroup() as group:
        for at_s, (name, event) in zip(times, events, strict=True):
            body = msgspec.json.encode(event)
            due_s = began_s + at_s
            if (wait_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            outcome.due_s[name] = due_s
            group.create_task(one(name, body))
    while not free.empty():
        free.get_nowait().close()
    return outcome
