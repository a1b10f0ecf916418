"""A bus with an event stream, for services that follow it: what the engine would append, by hand."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from sunwise.chassis.bus import Message, StreamSpec
from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.nats_server import OPERATOR
from sunwise.contracts.exchange import accounts, history, market_data
from sunwise.contracts.exchange.log import EventMessage, encode_events, event_subject

_REPLIES = {
    "accounts": (accounts.query_subject("0"), accounts.AccountsReply),
    "market": (market_data.query_subject("0"), market_data.MarketReply),
    "history": (history.query_subject("0"), history.HistoryReply),
}


class Stage:
    """A simulated server with EVT_0, and everything that was published live."""

    def __init__(self, seed: int = 1) -> None:
        self.server = SimulatedServer(seed=seed)
        self.failures: list[dict] = []
        self.heard: list[Message] = []
        self._engine = self.bus("engine")
        self._asker = self.bus("asker")

    def bus(self, user: str) -> SimulatedBus:
        return SimulatedBus(self.server, user=user)

    async def open(self, *, created_after: int = 0) -> None:
        """Makes the streams; `created_after` others, which give them another identity."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, what: self.failures.append(what))
        for number in range(created_after):
            old = StreamSpec(name=f"OLD{number}", subjects=(f"old.{number}",), max_bytes=1_000)
            await self.bus(OPERATOR).ensure_stream(old)
        await self.make_streams()
        for subject in ("user.0.*", "md.0.>"):
            await self._asker.subscribe(subject, self.heard.append)

    async def make_streams(self) -> None:
        for spec in shard_streams("0"):
            await self.bus(OPERATOR).ensure_stream(spec)

    async def store(self, messages: Iterable[EventMessage]) -> None:
        """Appends event messages as the engine does, and waits until they are stored."""
        appended = [
            self._engine.append(event_subject("0", message.writer), encode_events(message))
            for message in messages
        ]
        await asyncio.gather(*appended)

    async def ask(self, service: str, query: msgspec.Struct) -> Any:
        reply = _REPLIES[service][1]
        return msgspec.msgpack.decode(await self.ask_raw(service, query), type=reply)

    async def ask_raw(self, service: str, query: Any) -> bytes:
        subject = _REPLIES[service][0]
        payload = query if isinstance(query, bytes) else msgspec.msgpack.encode(query)
        return await self._asker.request(subject, payload, timeout_s=10)

    def told(self, subject: str, kind: Any) -> list[Any]:
        """What was published at `subject`, or below it if it ends in a dot, decoded, in order."""
        return [
            msgspec.msgpack.decode(message.payload, type=kind)
            for message in self.heard
            if message.subject == subject
            or (subject.endswith(".") and message.subject.startswith(subject))
        ]


@asynccontextmanager
async def running(service: Any):
    """A service that is ready; ended as its process would end it."""
    ready = asyncio.Event()
    task = asyncio.create_task(service.run(ready.set))
    waits = [task, asyncio.create_task(ready.wait())]
    await asyncio.wait(waits, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    waits[1].cancel()
    if task.done():
        task.result()
    assert ready.is_set(), "not ready in time"
    try:
        yield service
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=10)


async def eventually(holds: Callable[[], bool]) -> None:
    """Returns once `holds()`; fails after 10 s."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  (what is watched sets no event)
            await asyncio.sleep(0.005)
