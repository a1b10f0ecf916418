"""What takes longer than a request: one at a time for each, bounded, cancelled, lost with its process."""

import asyncio

import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.people.rota.errands import (
    MOST_KEPT,
    MOST_RUNNING,
    Busy,
    Errands,
    ErrandState,
    Lost,
    Unknown,
    Wish,
)

pytestmark = pytest.mark.asyncio


def wish(about: str = "core", **facts) -> Wish:
    return Wish(**{"kind": "plan", "about": about, "by": "eve"} | facts)


@pytest.fixture
def clock():
    return SimulatedClock()


@pytest.fixture
def errands(clock):
    return Errands(clock)


async def at_once(_tell):
    return "a draft"


async def for_ever(_tell):
    await asyncio.Event().wait()


async def test_an_errand_tells_how_far_it_is_and_then_what_came_of_it(errands, clock):
    half_way = asyncio.Event()
    let_go = asyncio.Event()

    async def work(tell):
        tell(1, 2)
        half_way.set()
        await let_go.wait()
        return "a draft"

    errand = errands.start(wish(), work)
    await half_way.wait()
    clock.advance_ns(3 * 10**9)
    assert (errand.state, errand.n_done, errand.n_all) == (ErrandState.RUNNING, 1, 2)
    assert errands.elapsed_s(errand) == 3
    assert errands.expected_s(errand) is None
    let_go.set()
    await errand.ended.wait()
    clock.advance_ns(9 * 10**9)
    assert (errand.state, errand.result, errand.n_done) == (ErrandState.DONE, "a draft", 2)
    assert errands.elapsed_s(errand) == 3
    assert errands.expected_s(errands.start(wish(), at_once)) == 3


async def test_whoever_asks_for_the_same_is_told_of_the_one_that_runs(errands):
    errand = errands.start(wish(), for_ever)
    assert errands.start(wish(), at_once) is errand
    with pytest.raises(Busy, match="core is being worked on"):
        errands.start(wish(by="bo"), at_once)
    other = errands.start(wish("ledger"), for_ever)
    assert errands.n_before(errand) == 0
    assert errands.n_before(other) <= 1


async def test_so_many_may_run_and_no_more(errands):
    for number in range(MOST_RUNNING):
        errands.start(wish(f"u{number}"), for_ever)
    with pytest.raises(Retryable, match="wait for some"):
        errands.start(wish(), at_once)


async def test_a_bug_is_not_hidden(errands, caplog):
    errand = errands.start(wish(), broken)
    await errand.ended.wait()
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("has_begun", [True, False])
async def test_what_is_cancelled_ends_even_before_it_began(errands, has_begun):
    errand = errands.start(wish(), for_ever)
    if has_begun:
        await asyncio.sleep(0)
    errands.cancel(errand.id, by="ana")
    await errand.ended.wait()
    assert errand.state is ErrandState.CANCELLED
    assert errand.problem.startswith(
        "It was stopped by ana. What it had written whole by then stays"
    )
    assert errands.start(wish(by="bo"), at_once) is not errand


async def test_whoever_asks_again_while_it_is_being_ended_gets_one_that_is_not(errands):
    async def slow_to_end(_tell):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # as a child that is waited for

    ending = errands.start(wish(), slow_to_end)
    await asyncio.sleep(0)
    errands.cancel(ending.id, by="eve")
    again = errands.start(wish(), at_once)
    assert again is not ending
    await again.ended.wait()
    await ending.ended.wait()
    assert (again.state, ending.state) == (ErrandState.DONE, ErrandState.CANCELLED)


async def interrupted(_tell):
    raise asyncio.CancelledError


async def silent(_tell):
    raise Retryable("")


async def refused(_tell):
    raise Permanent("Plan a window that is not over.")


async def broken(_tell):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (interrupted, "It was interrupted, as when the server stops: "),
        (silent, "It ended without a reason: "),
        (refused, "Plan a window that is not over."),
        (broken, "It ended by a fault of this server: "),
    ],
)
async def test_whatever_ends_an_errand_that_nobody_stopped_has_words_of_its_own(
    errands, work, words
):
    errand = errands.start(wish(), work)
    await errand.ended.wait()
    assert errand.state is ErrandState.FAILED
    assert errand.problem.startswith(words)


async def test_what_runs_when_the_loop_ends_was_interrupted(clock):
    """As when the service is stopped: every task is cancelled, and nobody has asked for that."""
    errands = Errands(clock)
    errand = errands.start(wish(), for_ever)
    await asyncio.sleep(0)
    for task in list(errands._tasks.values()):
        task.cancel()
    await errand.ended.wait()
    assert "interrupted" in errand.problem


async def test_an_errand_of_another_process_is_lost_and_says_so(errands, clock):
    errand = Errands(clock).start(wish(), at_once)
    with pytest.raises(Lost, match="started anew"):
        errands.find(errand.id)
    with pytest.raises(Unknown):
        errands.find(f"{errands.start(wish(), at_once).id}9")


async def test_old_results_are_dropped_and_running_ones_are_not(errands):
    running = errands.start(wish("for ever"), for_ever)
    first = errands.start(wish(), at_once)
    await first.ended.wait()
    for _ in range(MOST_KEPT):
        await errands.start(wish(), at_once).ended.wait()
    with pytest.raises(Unknown):
        errands.find(first.id)
    assert errands.find(running.id) is running
