import asyncio

import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.simulated_loop import NothingLeftToDo, run_simulated


def test_hours_pass_without_waiting():
    clock = SimulatedClock()

    async def main() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.sleep(3600)
        await clock.sleep(3600)
        return loop.time() - start

    assert run_simulated(main, clock) == pytest.approx(7200)
    assert clock.monotonic_ns() == pytest.approx(7200e9)


def test_sleepers_of_loop_and_clock_wake_in_the_order_of_their_due_times():
    clock = SimulatedClock()
    order: list[int] = []

    async def main() -> None:
        async def wait(i: int, sleep) -> None:
            await sleep(i / 10)
            order.append(i)

        sleeps = [asyncio.sleep, clock.sleep]
        await asyncio.gather(*(wait(i, sleeps[i % 2]) for i in (7, 2, 9, 4, 1, 8, 3, 6, 5)))

    run_simulated(main, clock)
    assert order == list(range(1, 10))


def test_a_deadlock_is_told_and_not_waited_for():
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NothingLeftToDo):
        run_simulated(main)


def test_a_failing_callback_fails_the_run():
    async def main() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(1)

    with pytest.raises(ZeroDivisionError):
        run_simulated(main)
