"""Work beside everything else ends with its owner."""

import asyncio

from sunwise.exchange.gateway.streams.tasks import Tasks


async def test_draining_ends_also_when_a_task_has_ended_in_this_very_turn():
    tasks, ended = Tasks(), asyncio.Event()

    async def work():
        ended.set()

    tasks.spawn(work())
    await ended.wait()  # the task is done, and its own callback has not run yet
    await tasks.drain()
    assert not tasks._tasks
