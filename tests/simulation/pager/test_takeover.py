"""The second instance sends within its bound when the first is gone, and says that it is."""

import pytest

from sunwise.people.pager.core.facts import Acknowledged
from sunwise.people.pager.core.intake import Signal, acknowledge, bodies_of
from sunwise.people.pager.core.liveness import PEER_ALARM_S, TAKEOVER_S
from sunwise.people.pager.peer import Batch
from tests.support.pager_world import SENDER, Disk, calm_world, run_story

GATEWAY_DOWN = Signal("k", True, "gateway is down", "critical", {}, "g")


def alert(board, now):
    return bodies_of([GATEWAY_DOWN], SENDER, board, now)


def people_told(world):
    return set().union(*world.told.values()) if world.told else set()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("accepted_by", [0, 1])
def test_what_the_first_leaves_behind_is_sent_by_the_second(seed, accepted_by):
    world = calm_world(seed)

    async def story():
        first, second = world.nodes
        accepted = await world.nodes[accepted_by].ask(
            world.nodes[accepted_by].instance.submit(alert)
        )
        assert accepted.is_replicated
        first.kill()
        await world.clock.sleep(TAKEOVER_S + 3)
        assert second.instance.is_active()
        assert people_told(world) == {"ana"}
        assert len(world.messages) == 1

    run_story(world, story)


def test_an_instance_that_stays_silent_is_an_alarm_and_its_return_ends_it():
    world = calm_world(1)

    async def story():
        world.nodes[0].kill()
        await world.clock.sleep(PEER_ALARM_S + 10)
        assert people_told(world) == {"noa"}  # the last resort: nobody owns the pager here
        world.nodes[0].start()
        await world.clock.sleep(20)
        assert not world.nodes[1].instance.board.open_pages

    run_story(world, story)


def test_cut_off_from_each_other_both_accept_alone_and_send_with_the_same_keys():
    world = calm_world(2)

    async def story():
        world.is_cut = True
        for node in world.nodes:
            accepted = await node.ask(node.instance.submit(alert))
            assert not accepted.is_replicated
        await world.clock.sleep(TAKEOVER_S + 5)
        assert world.n_messages == 2
        assert len(world.messages) == 1
        (page,) = world.told
        second = world.nodes[1]
        await second.ask(second.instance.submit(lambda b, _now: [acknowledge(b, page, "ana")]))
        world.is_cut = False
        await world.clock.sleep(10)
        boards = [node.instance.board for node in world.nodes]
        assert boards[0].shared_view() == boards[1].shared_view()
        assert isinstance(boards[0].pages[page].attention.body, Acknowledged)

    run_story(world, story)


def test_an_instance_that_lost_its_disk_gets_everything_from_the_other():
    world = calm_world(4)

    async def story():
        await world.nodes[0].ask(world.nodes[0].instance.submit(alert))
        await world.clock.sleep(30)
        world.nodes[0].kill()
        world.nodes[0].disk = Disk("c", world.rng, world.nodes[0].clock)
        world.nodes[0].start()
        await world.clock.sleep(30)
        boards = [node.instance.board for node in world.nodes]
        assert boards[0].shared_view() == boards[1].shared_view()
        assert len(world.messages) == world.n_messages == 1

    run_story(world, story)


def test_an_instance_that_is_set_back_numbers_under_a_new_name():
    world = calm_world(5)

    async def story():
        first = world.nodes[0]
        backup = first.disk.copy()
        await first.ask(first.instance.submit(alert))
        await world.clock.sleep(10)
        first.kill()
        origin, first.disk = first.disk.origin, backup
        first.start()
        await world.clock.sleep(30)
        again = GATEWAY_DOWN._replace(key="k2", group="g2")
        await first.ask(
            first.instance.submit(lambda board, now: bodies_of([again], SENDER, board, now))
        )
        await world.clock.sleep(30)
        boards = [node.instance.board for node in world.nodes]
        assert first.disk.origin != origin
        assert boards[0].shared_view() == boards[1].shared_view()
        assert len(boards[1].open_pages) == 2

    run_story(world, story)


def test_two_of_the_same_order_are_refused():
    world = calm_world(3)

    async def story():
        with pytest.raises(ValueError, match="both instances have order 0"):
            await world.nodes[0].instance.receive(Batch(order=0))

    run_story(world, story)
