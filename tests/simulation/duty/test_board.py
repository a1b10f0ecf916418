"""The board against a rota over a simulated bus: cut off, lied to by loss, restarted."""

import asyncio
import random

import msgspec
import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import Faults, SimulatedServer
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.duty import STALE_AFTER_S, DutyBoard, DutyFile, Standing
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import CHANGED, HEARTBEAT_S
from tests.support.toy_rota import HOUR, ToyRota, company, slot


async def at_once(work, *arguments):
    """Threads have no place in a simulation."""
    return work(*arguments)


class World:
    """One bus, one rota that is alive, and boards."""

    def __init__(self, folder, seed: int = 1, **company_size) -> None:
        self.clock = SimulatedClock()
        self.folder = folder
        self.server = SimulatedServer(seed=seed)
        self.now_ns = self.clock.now_ns()
        size = {"services": 5, "days": 2, **company_size}
        slots = company(from_ns=self.now_ns - 2 * HOUR, **size)
        self.rota = ToyRota(self.clock, slots, page_slots=7)

    async def begin(self) -> None:
        await self.rota.serve(SimulatedBus(self.server, user="rota"))
        self.beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.rota.tell()

    async def board(self) -> DutyBoard:
        self.bus = SimulatedBus(self.server, user="reader")
        return await DutyBoard.open(
            self.bus, clock=self.clock, file=DutyFile(self.folder), in_thread=at_once
        )

    def agree(self, board: DutyBoard) -> None:
        for each in self.rota.slots:
            answer = board.duty(each.service, each.role, each.since_ns)
            assert (answer.person, answer.until_ns) == (each.person, each.until_ns)
        assert board.version == self.rota.version


async def until(holds, within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - what is watched sets no event
            await asyncio.sleep(0.05)


def run(world: World, story) -> None:
    async def main() -> None:
        await world.begin()
        try:
            await story()
        finally:
            world.beating.cancel()

    run_simulated(main, world.clock)


def test_the_whole_table_is_read_and_changes_follow(tmp_path):
    world = World(tmp_path)

    async def story() -> None:
        board = await world.board()
        assert board.duty("s1", Role.PRIMARY).standing is Standing.UNKNOWN
        await until(lambda: not board.is_stale)
        world.agree(board)
        questions = world.rota.questions
        for _ in range(20):
            world.rota.swap_something(random.Random(5))
            await asyncio.sleep(1)
            world.agree(board)
        assert world.rota.questions == questions, "no table is read while nothing is missed"
        await board.close()

    run(world, story)


def test_a_missed_version_is_noticed_at_the_next_heartbeat_at_the_latest(tmp_path):
    world = World(tmp_path)

    async def story() -> None:
        board = await world.board()
        await until(lambda: not board.is_stale)
        world.rota.swap_something(random.Random(5), is_told=False)
        await asyncio.sleep(HEARTBEAT_S + 1)
        world.agree(board)
        assert not board.is_stale
        await board.close()

    run(world, story)


def test_a_cut_off_bus_is_told_and_answers_go_on(tmp_path):
    world = World(tmp_path)

    async def story() -> None:
        board = await world.board()
        await until(lambda: not board.is_stale)
        as_of_ns = board.duty("s1", Role.PRIMARY).as_of_ns
        world.server.cut(world.bus.session, hold=True)
        await asyncio.sleep(STALE_AFTER_S + 1)
        for hour in range(40):
            answer = board.duty("s1", Role.PRIMARY)
            assert answer.is_stale
            assert answer.standing is Standing.PLANNED, hour
            assert answer.as_of_ns >= as_of_ns
            await asyncio.sleep(3_600)
        world.rota.swap_something(random.Random(5), is_told=False)
        world.server.release(world.bus.session)
        await until(lambda: not board.is_stale)
        world.agree(board)
        await board.close()

    run(world, story)


def test_a_restart_without_a_bus_knows_what_was_known(tmp_path):
    world = World(tmp_path)

    async def story() -> None:
        board = await world.board()
        await until(lambda: not board.is_stale)
        world.rota.swap_something(random.Random(5))
        await asyncio.sleep(15)  # kill -9 from here: nothing is closed
        before = board.duty("s1", Role.PRIMARY)
        for task in board._tasks:
            task.cancel()
        world.beating.cancel()
        world.server.kill()
        again = DutyBoard(world.bus, clock=world.clock, file=DutyFile(tmp_path))
        again._index = DutyFile(tmp_path).load()
        answer = again.duty("s1", Role.PRIMARY)
        assert answer.is_stale
        assert (answer.person, answer.version) == (before.person, world.rota.version)
        assert answer.as_of_ns <= before.as_of_ns

    run(world, story)


def test_a_change_that_comes_while_the_table_is_read_is_not_lost(tmp_path):
    world = World(tmp_path, services=1, days=1, roles=1)  # one page
    answer = world.rota._answer

    async def answer_and_change(message):
        reply = await answer(message)
        if world.rota.version == 1:
            asyncio.get_running_loop().call_soon(world.rota.swap_something, random.Random(5))
        return reply

    world.rota._answer = answer_and_change

    async def story() -> None:
        board = await world.board()
        await until(lambda: not board.is_stale)
        await asyncio.sleep(1)
        assert world.rota.version == 2
        world.agree(board)
        await board.close()

    run(world, story)


def test_a_rota_set_back_to_a_backup_is_believed(tmp_path):
    world = World(tmp_path)

    async def story() -> None:
        board = await world.board()
        await until(lambda: not board.is_stale)
        slots, version = world.rota.slots, world.rota.version
        for _ in range(5):
            world.rota.swap_something(random.Random(5))
        await asyncio.sleep(20)
        world.rota.slots, world.rota.version = slots, version
        world.rota.tell()
        await asyncio.sleep(5)
        world.agree(board)
        await board.close()
        assert DutyFile(tmp_path).load().version == version

    run(world, story)


def test_a_clock_that_jumps_weeks_ahead_and_back_empties_no_board(tmp_path):
    world = World(tmp_path)
    jump_ns = 21 * 24 * HOUR

    async def story() -> None:
        board = await world.board()
        await until(lambda: not board.is_stale)
        world.clock._start_ns += jump_ns
        world.rota.swap_something(random.Random(5))
        await asyncio.sleep(15)  # it was kept meanwhile
        world.clock._start_ns -= jump_ns
        await asyncio.sleep(15)
        world.agree(board)
        await board.close()

    run(world, story)


def test_a_table_that_the_rota_cut_by_a_wrong_clock_is_read_again(tmp_path):
    world = World(tmp_path)
    jump_ns = 21 * 24 * HOUR

    async def story() -> None:
        right = world.rota.slots, world.rota.from_ns
        world.rota.slots, world.rota.from_ns = [], world.clock.now_ns() + jump_ns
        world.clock._start_ns += jump_ns
        board = await world.board()
        await until(lambda: not board.is_stale)
        world.rota.slots, world.rota.from_ns = right
        world.clock._start_ns -= jump_ns
        await asyncio.sleep(2 * HEARTBEAT_S)
        world.agree(board)
        assert not board.is_stale
        questions = world.rota.questions
        await asyncio.sleep(5 * HEARTBEAT_S)
        assert world.rota.questions == questions
        await board.close()

    run(world, story)


def test_nonsense_on_the_bus_changes_nothing(tmp_path):
    world = World(tmp_path)

    async def story() -> None:
        board = await world.board()
        await until(lambda: not board.is_stale)
        stranger = SimulatedBus(world.server, user="stranger")
        wrong = msgspec.msgpack.encode({"version": "x", "slots": [[1]]})
        for payload in (b"", b"\xff" * 50, wrong):
            stranger.publish(CHANGED, payload)
        late = slot("s1", 0, 10**6, "mallory")
        world.rota.version -= 1
        world.rota.tell(late)
        world.rota.version += 1
        await asyncio.sleep(15)
        world.agree(board)
        assert not board.is_stale
        await board.close()

    run(world, story)


@pytest.mark.parametrize("number", range(10))
def test_in_any_weather_the_board_comes_to_what_the_rota_says(tmp_path, seed, number):
    world = World(tmp_path, seed=seed + number)
    rng = random.Random(seed + number)

    async def story() -> None:
        world.server.faults = Faults(delay_s=(0.0, 0.3), drop_live=0.1)
        board = await world.board()
        for _ in range(40):
            world.rota.swap_something(rng, is_told=rng.random() < 0.8)
            await asyncio.sleep(rng.choice([0, 0.01, 0.5, 5]))
            if rng.random() < 0.1:
                world.server.cut(world.bus.session)
            if rng.random() < 0.05:
                await board.close()
                board = await world.board()
        world.server.faults = Faults()
        await asyncio.sleep(2 * STALE_AFTER_S)
        await until(lambda: not board.is_stale)
        world.agree(board)
        await board.close()

    run(world, story)
