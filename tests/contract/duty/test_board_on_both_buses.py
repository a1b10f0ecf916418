"""The board keeps its promises on the real bus and on the simulated one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sunwise.chassis.bus import Bus
from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.duty import DutyBoard, DutyFile
from sunwise.chassis.nats_server import Grant, NatsServerSettings, seed_path, start_nats_server
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import CHANGED, SUBJECT
from tests.support.toy_rota import HOUR, ToyRota, company

GRANTS = (
    Grant(user="rota", publish=(CHANGED,), serve=(SUBJECT,)),
    Grant(user="reader", publish=(SUBJECT,), subscribe=(CHANGED,)),
)


class NatsWorld:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buses: list[Bus] = []
        self._port = 0

    async def start(self) -> None:
        settings = NatsServerSettings(port=self._port)
        self.server = await start_nats_server(self._folder, GRANTS, settings)
        self._port = self.server.port

    async def connect(self, user: str) -> Bus:
        bus = await connect_nats(self.server.url, user=user, seed=seed_path(self.server.keys, user))
        self._buses.append(bus)
        return bus

    async def crash(self) -> None:
        self.server.kill()

    async def close(self) -> None:
        for bus in self._buses:
            await bus.close()
        await self.server.stop()


class SimulatedWorld:
    async def start(self) -> None:
        if not hasattr(self, "server"):
            self.server = SimulatedServer(seed=1, grants=GRANTS)
        self.server.start()

    async def connect(self, user: str) -> Bus:
        return SimulatedBus(self.server, user=user)

    async def crash(self) -> None:
        self.server.kill()

    async def close(self) -> None:
        self.server.kill()


@pytest.fixture(params=["nats", "simulated"])
async def world(request, tmp_path) -> AsyncIterator[NatsWorld | SimulatedWorld]:
    made = NatsWorld(tmp_path / "nats") if request.param == "nats" else SimulatedWorld()
    await made.start()
    yield made
    await made.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is watched sets no event
            await asyncio.sleep(0.01)


async def test_the_board_follows_survives_a_crash_of_the_bus_and_a_restart(world, tmp_path):
    clock = SystemClock()
    from_ns = clock.now_ns() - 24 * HOUR
    rota = ToyRota(clock, company(services=40, days=28, from_ns=from_ns), page_slots=1_000)
    await rota.serve(await world.connect("rota"))
    reader = await world.connect("reader")
    board = await DutyBoard.open(reader, clock=clock, file=DutyFile(tmp_path / "duty"))
    await until(lambda: not board.is_stale)
    assert len(board._index) == 40 * 2 * 28 * 3
    old = next(s for s in rota.slots if s.service == "s7" and s.until_ns > clock.now_ns())
    rota.change(type(old)(service="s7", role=old.role, person="zoe", since_ns=old.since_ns,
                          until_ns=old.until_ns, actual=True))  # fmt: skip
    await until(lambda: board.duty("s7", Role.PRIMARY).person == "zoe")
    await world.crash()
    rota.change(old, is_told=False)
    assert board.duty("s7", Role.PRIMARY).person == "zoe"
    await world.start()
    await until(lambda: board.duty("s7", Role.PRIMARY).person == old.person)
    assert board.version == rota.version
    await board.close()
    again = await DutyBoard.open(reader, clock=clock, file=DutyFile(tmp_path / "duty"))
    answer = again.duty("s7", Role.PRIMARY)
    assert (answer.person, answer.version) == (old.person, rota.version)
    await again.close()
