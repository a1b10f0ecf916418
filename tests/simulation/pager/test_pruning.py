"""Journals are pruned while instances are killed and cut off; nothing that is open goes, all else does."""

import pytest
from msgspec.structs import replace

from sunwise.chassis.simulated_loop import run_simulated
from sunwise.people.pager.core.facts import Acknowledged, Fired, Notified, Pruned
from sunwise.people.pager.core.intake import Signal, bodies_of
from sunwise.people.pager.core.policy import Policy
from tests.simulation.pager.test_storms import judge
from tests.support.pager_world import SENDER, Disk, World, calm_world, run_story

SEEDS = range(4)
SLOW_SEEDS = range(200, 230)
HOUR_S = 3_600
KEPT_H = 2
POLICY = replace(Policy(last_resort=("noa",)), kept_days=KEPT_H / 24)


def facts_on(node, *kinds):
    return [fact for fact in node.disk.read() if isinstance(fact.body, kinds)]


def pages_on(node):
    return {fact.body.page for fact in facts_on(node, Fired, Acknowledged, Notified)}


async def close_all(world):
    """Whoever has the pages ends them, wherever they can be reached."""
    for page in sorted(world.nodes[0].instance.board.open_pages):
        assert await world.post(lambda board, _now, p=page: [world.closing(board, p)], tries=50)
    world.accepted.clear()


async def weather(world: World) -> None:
    for node in world.nodes:
        node.start()
    for _ in range(3):
        await world.storm(seconds=900, n_alerts=15)
        world.malice = 0.03
        await world.clock.sleep(300)
        await close_all(world)
        await world.clock.sleep(HOUR_S)
    await world.storm(seconds=900, n_alerts=15)
    world.malice, world.refusal = 0.05, 0.0
    await world.clock.sleep((KEPT_H + 2) * HOUR_S)
    world.malice = 0.0
    await world.clock.sleep(2 * HOUR_S)
    world.accepted = {key: state for key, state in world.accepted.items() if state == "firing"}
    judge(world)
    for node in world.nodes:
        assert pages_on(node) == set(node.instance.board.open_pages)
        assert facts_on(node, Pruned)
    for node in world.nodes:  # and once more from what is left on its disk
        node.kill()
        node.start()
        await world.clock.sleep(60)
    judge(world)
    await world.end()


def run(seed: int) -> None:
    print(f"seed {seed}")
    world = World(seed, POLICY)
    world.diligence = (0.0, 0.5)[seed % 2]
    run_simulated(lambda: weather(world), world.clock)
    print(f"{world.n_kills} kills, {len(facts_on(world.nodes[0], Pruned))} pruned")


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_open_stays_and_what_is_over_goes_whoever_is_killed_meanwhile(seed):
    run(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SLOW_SEEDS)
def test_what_is_open_stays_and_what_is_over_goes_in_many_storms(seed):
    run(seed)


def fire(is_firing=True):
    signal = Signal("k", is_firing, "gateway is down", "critical", {}, "g")
    return lambda board, now: bodies_of([signal], SENDER, board, now)


async def ask(node, make):
    return await node.ask(node.instance.submit(make))


def test_while_the_other_is_away_all_is_kept_and_it_learns_that_it_is_over():
    world = calm_world(1, POLICY)

    async def story():
        first, second = world.nodes
        await ask(first, fire())
        await world.clock.sleep(5)
        (page,) = second.instance.board.open_pages
        second.kill()
        await ask(first, fire(is_firing=False))
        await world.clock.sleep((KEPT_H + 3) * HOUR_S)
        assert page in pages_on(first)
        second.start()
        await world.clock.sleep(60)
        assert page not in second.instance.board.open_pages
        await world.clock.sleep((KEPT_H + 3) * HOUR_S)
        assert all(page not in pages_on(node) for node in world.nodes)

    run_story(world, story)


def test_a_fresh_disk_gets_what_is_open_and_nothing_comes_to_life_again():
    world = calm_world(2, POLICY)

    async def story():
        first, second = world.nodes
        await ask(first, fire())
        await ask(first, fire(is_firing=False))
        await world.clock.sleep((KEPT_H + 2) * HOUR_S)
        assert facts_on(first, Pruned)
        await ask(first, fire())
        (page,) = first.instance.board.open_pages
        second.kill()
        second.disk = Disk("c", world.rng, second.clock)
        second.start()
        await world.clock.sleep(60)
        assert second.instance.board.open_pages == {page}
        assert second.instance.board.shared_view() == first.instance.board.shared_view()

    run_story(world, story)


def test_a_group_that_was_forgotten_begins_a_page_that_never_was():
    world = calm_world(3, POLICY)

    async def story():
        first, _ = world.nodes
        pages = set()
        for _ in range(3):
            await ask(first, fire())
            (page,) = first.instance.board.open_pages
            assert page not in pages, "the keys of its messages would be those of old ones"
            pages.add(page)
            await ask(first, fire(is_firing=False))
            await world.clock.sleep((KEPT_H + 2) * HOUR_S)
            assert not first.instance.board.pages

    run_story(world, story)
