"""The two buses behind one door: a real nats-server, and the simulation of it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, TypeVar

from sunwise.chassis.bus import Bus, StreamAdmin, StreamSpec
from sunwise.chassis.bus.nats import NatsBus
from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.errors import Retryable
from sunwise.chassis.nats_server import (
    OPERATOR,
    Grant,
    NatsServer,
    NatsServerSettings,
    seed_path,
    start_nats_server,
)

T = TypeVar("T")
GRANTS = (
    Grant(user="writer", publish=("cmd.0.w1", "cmd.0.w2"), read_streams=("CMD_0",)),
    Grant(
        user="engine",
        publish=("evt.0.*",),
        subscribe=("out.0.*",),
        read_streams=("CMD_0", "EVT_0"),
    ),
    Grant(
        user="server",
        publish=("told.server",),
        serve=("ask.server",),
        subscribe=("news.>",),
    ),
    Grant(user="filler", publish=("small.x",), read_streams=("SMALL",)),
    Grant(
        user="asker",
        publish=("ask.server", "ask.nobody", "news.>"),
        subscribe=("told.server",),
        read_streams=("GONE",),
    ),
)
COMMANDS = StreamSpec(name="CMD_0", subjects=("cmd.0.*",), max_bytes=64 << 20)
EVENTS = StreamSpec(
    name="EVT_0", subjects=("evt.0.*",), max_bytes=64 << 20, republish=("evt.>", "out.>")
)
SMALL = StreamSpec(name="SMALL", subjects=("small.*",), max_bytes=10_000)


class World(Protocol):
    """A bus with the streams of shard 0 and the users of GRANTS."""

    async def connect(self, user: str) -> Bus: ...
    async def operator(self) -> StreamAdmin: ...
    async def ensure(self, spec: StreamSpec) -> None: ...
    async def crash(self) -> None: ...
    async def come_back(self) -> None: ...
    async def close(self) -> None: ...


class NatsWorld:
    """A real nats-server in a folder of its own; its clients read at most once in `gather_s`."""

    def __init__(self, folder: Path, *, gather_s: float = 0.0) -> None:
        self.folder = folder / "nats"
        self._gather_s = gather_s
        self._buses: list[NatsBus] = []
        self._port = 0

    async def open(self) -> None:
        await self.come_back()
        for spec in (COMMANDS, EVENTS):
            await self.ensure(spec)

    async def connect(self, user: str) -> NatsBus:
        seed = seed_path(self.server.keys, user)
        bus = await connect_nats(self.server.url, user=user, seed=seed, gather_s=self._gather_s)
        self._buses.append(bus)
        return bus

    async def ensure(self, spec: StreamSpec) -> None:
        await (await self.operator()).ensure_stream(spec)

    async def operator(self) -> NatsBus:
        return await self.connect(OPERATOR)

    async def crash(self) -> None:
        self.server.kill()

    async def come_back(self) -> None:
        settings = NatsServerSettings(port=self._port)
        self.server: NatsServer = await start_nats_server(self.folder, GRANTS, settings)
        self._port = self.server.port

    async def close(self) -> None:
        for bus in self._buses:
            await bus.close()
        await self.server.stop()


class SimulatedWorld:
    """The simulation, on the real event loop."""

    def __init__(self, seed: int) -> None:
        self.server = SimulatedServer(seed=seed, grants=GRANTS)
        self._buses: list[SimulatedBus] = []

    async def open(self) -> None:
        for spec in (COMMANDS, EVENTS):
            await self.ensure(spec)

    async def connect(self, user: str) -> SimulatedBus:
        bus = SimulatedBus(self.server, user=user)
        self._buses.append(bus)
        return bus

    async def ensure(self, spec: StreamSpec) -> None:
        await (await self.operator()).ensure_stream(spec)

    async def operator(self) -> SimulatedBus:
        return await self.connect(OPERATOR)

    async def crash(self) -> None:
        self.server.kill()

    async def come_back(self) -> None:
        self.server.start()

    async def close(self) -> None:
        for bus in self._buses:
            await bus.close()


class Listening:
    """How many listen to the connection of `bus`, of those who began after this was made."""

    def __init__(self, bus: Bus) -> None:
        self.count = 0
        self._begin = bus.listen_connection
        bus.listen_connection = self._listen  # type: ignore[method-assign]

    def _listen(self, callback: Callable[[bool], None]) -> Callable[[], None]:
        self.count += 1
        stop = self._begin(callback)

        def stop_and_count() -> None:
            self.count -= 1
            stop()

        return stop_and_count


async def patiently(act: Callable[[], Awaitable[T]]) -> T:
    """What `act` returns once the bus is back; fails after 10 s."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await act()
            except Retryable as error:
                await asyncio.sleep(error.after_s)


async def eventually(holds: Callable[[], bool]) -> None:
    """Returns once `holds()`; fails after 10 s."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  (what is watched sets no event)
            await asyncio.sleep(0.002)
