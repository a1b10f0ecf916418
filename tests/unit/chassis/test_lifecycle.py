import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from sunwise.chassis.lifecycle import run_services


class Recorder:
    """A service that writes down what happens to it."""

    def __init__(self, name: str, diary: list[str]) -> None:
        self.name = name
        self.diary = diary

    async def run(self, ready: Callable[[], None]) -> None:
        self.diary.append(f"start {self.name}")
        await asyncio.sleep(0.001)
        ready()
        try:
            await self.work()
        finally:
            self.diary.append(f"end {self.name}")

    async def work(self) -> None:
        await asyncio.get_running_loop().create_future()


class Failing(Recorder):
    async def work(self) -> None:
        await asyncio.sleep(0.01)
        raise ZeroDivisionError


class Ending(Recorder):
    async def work(self) -> None:
        await asyncio.sleep(0.01)


class FailingCallback(Recorder):
    async def work(self) -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await super().work()


class NeverReady(Recorder):
    async def run(self, ready: Callable[[], None]) -> None:
        await self.work()


class Stubborn(Recorder):
    async def work(self) -> None:
        while True:
            try:
                await asyncio.sleep(0.2)
                return
            except asyncio.CancelledError:
                continue


def kill_self(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_services_start_in_order_and_end_in_the_opposite_order(number: int):
    diary: list[str] = []
    services = [Recorder(name, diary) for name in "abc"]
    assert await run_services(services, on_ready=kill_self(number)) == 0
    assert diary == ["start a", "start b", "start c", "end c", "end b", "end a"]


@pytest.mark.parametrize("kind", [Failing, Ending, FailingCallback])
async def test_one_failure_ends_all_with_code_1(kind, caplog: pytest.LogCaptureFixture):
    diary: list[str] = []
    services = [Recorder("a", diary), kind("b", diary), Recorder("c", diary)]
    assert await run_services(services) == 1
    assert diary[-1] == "end a"
    assert [record.levelname for record in caplog.records].count("CRITICAL") == 1


async def test_a_service_that_does_not_get_ready_ends_all():
    diary: list[str] = []
    services = [Recorder("a", diary), NeverReady("b", diary), Recorder("c", diary)]
    assert await run_services(services, start_timeout_s=0.05) == 1
    assert diary == ["start a", "end a"]


async def test_a_service_that_fails_before_it_is_ready_ends_all():
    class Broken(Recorder):
        async def run(self, ready: Callable[[], None]) -> None:
            raise ZeroDivisionError

    diary: list[str] = []
    assert await run_services([Broken("a", diary), Recorder("b", diary)]) == 1
    assert diary == []


async def test_a_service_that_will_not_end_is_told_of_and_left(caplog: pytest.LogCaptureFixture):
    diary: list[str] = []
    services = [Recorder("a", diary), Stubborn("b", diary)]
    code = await run_services(services, on_ready=kill_self(signal.SIGTERM), stop_timeout_s=0.05)
    assert code == 1
    assert "did not end in time" in caplog.text
    assert "end a" in diary
