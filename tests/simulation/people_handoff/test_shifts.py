"""Days of shifts under a bus that loses messages, services that are killed, people who forget."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from sunwise.chassis.bus.simulated_server import Faults
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.handoff import (
    HandoffAccepted,
    HandoffAsked,
    HandoffClosed,
    HandoffState,
    HandoffUnheld,
)
from sunwise.daylight.zones import NS_PER_HOUR
from tests.simulation.people_handoff.handoff_world import World
from tests.support.handoff_company import ZONES, at, day

DAYS = 2
_MINUTES = 10


async def live_through(world: World, *, diligence: float, kills: float) -> None:
    """`diligence`: how likely somebody looks in ten minutes; `kills`: a service dies in them."""
    await world.start()
    world.server.faults = Faults(drop_live=0.1, delay_s=(0.0, 0.05))
    end_ns = at(24 * DAYS)
    while world.clock.now_ns() < end_ns:
        for number in list(world.services):
            if world.rng.random() < kills:
                await world.stop_service(number)
        for number in (0, 1):
            if number not in world.services and world.rng.random() < 0.5:
                await world.start_service(number)
        looking = [who for who in ZONES if world.rng.random() < diligence]
        await asyncio.gather(*(world.try_to_accept(who) for who in looking))
        await world.rota.catch_up()
        await asyncio.sleep(_MINUTES * 60)
    world.server.faults = Faults()
    for number in (0, 1):
        if number not in world.services:
            await world.start_service(number)
    await asyncio.sleep(150)
    await world.rota.catch_up()
    for number in list(world.services):
        await world.stop_service(number)


@contextmanager
def lived(tmp_path, seed: int, **habits) -> Iterator[World]:
    world = World(tmp_path / f"handoff{seed}.db", seed, day(("ledger", "matching"), days=DAYS))
    try:
        run_simulated(lambda: live_through(world, **habits), world.clock)
        judge(world)
        yield world
    finally:
        world.engine.dispose()


def judge(world: World) -> None:
    """What must hold whatever happened."""
    events = world.rota.events
    assert [event.seq for event in events] == list(range(1, world.store.head() + 1))
    assert events == world.store.events_after(0, 10_000), "nothing was lost on the way"
    accepted = Counter(e.handoff for e in events if isinstance(e, HandoffAccepted))
    assert all(count == 1 for count in accepted.values()), "one holder"
    asked = defaultdict(set)
    for event in events:
        if isinstance(event, HandoffAsked):
            assert event.person not in asked[event.handoff], "nobody is asked twice"
            asked[event.handoff].add(event.person)
        if isinstance(event, HandoffAccepted):
            assert event.holder in asked[event.handoff] | {event.holder}
            assert event.holder != event.outgoing
    judge_states(world)


def judge_states(world: World) -> None:
    now_ns = world.clock.now_ns()
    unheld = {e.handoff for e in world.rota.events if isinstance(e, HandoffUnheld)}
    closed = {e.handoff: e.state for e in world.rota.events if isinstance(e, HandoffClosed)}
    for handoff in world.store.known(0).values():
        assert handoff.is_final or handoff.seam.at_ns > now_ns - 16 * NS_PER_HOUR
        if handoff.state in {HandoffState.LAPSED, HandoffState.WITHDRAWN}:
            assert closed[handoff.id] is handoff.state
        late = now_ns > handoff.unheld_ns
        if handoff.state is HandoffState.LAPSED or (late and not handoff.is_final):
            assert handoff.id in unheld, "a duty that nobody took was declared unheld"
        kept_h = (handoff.keeps_until_ns - handoff.seam.since_ns) / NS_PER_HOUR
        assert kept_h <= 12, "nobody is kept beyond the law"


def primaries(world: World) -> Counter:
    return Counter(
        handoff.state
        for handoff in world.store.known(0).values()
        if handoff.seam.role is Role.PRIMARY and handoff.seam.at_ns < at(24 * DAYS - 2)
    )


def test_diligent_people_hand_over_every_shift(tmp_path, seed):
    with lived(tmp_path, seed, diligence=0.9, kills=0.0) as world:
        states = primaries(world)
        assert states[HandoffState.ACCEPTED] == 3 * DAYS - 1
        assert set(states) == {HandoffState.ACCEPTED}


def test_with_forgetful_people_and_killed_services_one_holder_or_a_declared_gap(tmp_path, seed):
    with lived(tmp_path, seed, diligence=0.05, kills=0.1) as world:
        assert primaries(world)[HandoffState.ACCEPTED] > 0


def test_when_nobody_ever_looks_nobody_holds_and_every_gap_is_declared(tmp_path, seed):
    with lived(tmp_path, seed, diligence=0.0, kills=0.05) as world:
        assert HandoffState.ACCEPTED not in primaries(world)
        assert not any(isinstance(event, HandoffAccepted) for event in world.rota.events)
        assert any(isinstance(event, HandoffUnheld) for event in world.rota.events)
