"""Nothing that was accepted is lost, whatever is killed, cut off, late, doubled or wound back."""

import pytest

from sunwise.chassis.simulated_loop import run_simulated
from sunwise.people.pager.core.facts import Acknowledged
from sunwise.people.pager.core.intake import alert_key
from tests.support.pager_world import SENDER, World

STORM_S = 1_800
QUIET_S = 4_200  # every page begins a round in it and comes to its end
SEEDS = range(6)
SLOW_SEEDS = range(100, 200)


async def weather(world: World, n_alerts: int = 40) -> None:
    for node in world.nodes:
        node.start()
    await world.storm(seconds=STORM_S, n_alerts=n_alerts)
    world.refusal = 0.0
    await world.clock.sleep(QUIET_S)
    judge(world)
    await world.end()


def judge(world: World) -> None:
    assert not world.failures, world.failures
    boards = [node.instance.board for node in world.nodes]
    first, second = (board.shared_view() for board in boards)
    for part in first:
        assert first[part] == second[part], f"the instances do not agree on {part}"
    repeats = world.n_messages - len(world.messages)
    assert repeats <= len(world.messages) + 2 * world.n_kills, "repeats are the exception"
    board = boards[0]
    for key, state in world.accepted.items():
        pages = world.page_of(board, key)
        assert pages, f"{key} was accepted and is nowhere"
        fires = [page for page in pages if alert_key(SENDER, key) in page.open]
        if state == "firing":
            assert fires, f"{key} was accepted, nobody resolved it, and it is not open"
        for page in fires:
            judge_open(world, page)


def judge_open(world: World, page) -> None:
    """Somebody holds it, or everybody who may be told was told and it still waits."""
    if page.attention is not None and isinstance(page.attention.body, Acknowledged):
        assert page.id in world.acknowledged
        return
    may_be_told = {"ana", "noa", "kenji"} - world.company.leave - world.company.rest
    assert world.told.get(page.id, set()) >= may_be_told, f"{page.id} was not escalated to the end"


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_accepted_is_lost(seed):
    run(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SLOW_SEEDS)
def test_nothing_accepted_is_lost_in_many_storms(seed):
    run(seed)


def run(seed: int) -> World:
    print(f"seed {seed}")
    world = World(seed)
    world.company.leave |= {"kenji"} if seed % 3 == 1 else set()
    world.company.rest |= {"noa"} if seed % 3 == 2 else set()
    world.diligence = (0.0, 0.3, 0.7)[seed % 3]
    run_simulated(lambda: weather(world), world.clock)
    print(f"{len(world.accepted)} accepted, {world.n_messages} messages for {len(world.messages)}"
          f" keys, {world.n_kills} kills")  # fmt: skip
    return world
