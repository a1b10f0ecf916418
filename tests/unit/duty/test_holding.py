"""Who holds what is not held as planned, by what handoff says."""

import msgspec
import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.duty.holding import Holding, Holdings, held_of, kept_of
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.handoff import SUBJECT, HandoffState, OpenHandoff, OpenHandoffs
from tests.support.handoff_company import OFFERED, at

HELD = msgspec.structs.replace(OFFERED, holder="ana")


def held(handoff: OpenHandoff, hour: float = 8.1):
    return held_of(OpenHandoffs(as_of_ns=at(hour), handoffs=(handoff,)))


def test_the_outgoing_keeps_every_service_of_a_seam_that_has_come():
    assert held(HELD, 7.9) == {}
    assert held(HELD) == {
        ("ledger", Role.PRIMARY): Holding("ana"),
        ("matching", Role.PRIMARY): Holding("ana"),
    }


def test_what_is_unheld_is_nobodys_and_what_nobody_had_before_waits_for_whom_it_is_planned():
    released = msgspec.structs.replace(HELD, holder=None)
    assert held(released) == {}
    unheld = msgspec.structs.replace(released, state=HandoffState.UNHELD)
    assert held(unheld)["ledger", Role.PRIMARY] == Holding(None)


def test_what_is_kept_lasts_from_the_seam_to_the_limit_of_the_keepers_rest():
    def kept(handoff, hour):
        return kept_of(OpenHandoffs(as_of_ns=at(hour), handoffs=(handoff,)))

    assert kept(HELD, 7.9) == ()
    ledger, matching = kept(HELD, 8.1)
    assert (ledger.service, matching.service, ledger.person) == ("ledger", "matching", "ana")
    assert (ledger.since_ns, ledger.until_ns, ledger.actual) == (at(8), at(11), True)
    assert kept(msgspec.structs.replace(HELD, holder=None), 8.1) == ()


@pytest.mark.asyncio
async def test_handoff_is_asked_again_after_a_moment_and_forgotten_when_it_is_silent():
    clock, server = SimulatedClock(start_ns=at(8.1)), SimulatedServer(seed=1)
    said, asked = [HELD], []

    async def answer(_message) -> bytes:
        asked.append(clock.now_ns())
        return msgspec.msgpack.encode(OpenHandoffs(as_of_ns=clock.now_ns(), handoffs=tuple(said)))

    serving = await SimulatedBus(server, user="handoff").serve(SUBJECT, answer)
    holdings = Holdings(SimulatedBus(server, user="pages"), clock)
    assert (await holdings())["ledger", Role.PRIMARY] == Holding("ana")
    said.clear()
    assert await holdings()
    assert len(asked) == 1
    clock.advance_ns(3 * 10**9)
    assert await holdings() == {}
    said.append(HELD)
    clock.advance_ns(3 * 10**9)
    assert await holdings()
    await serving.close()
    clock.advance_ns(50 * 10**9)
    assert await holdings(), "what was said last serves for a while"
    clock.advance_ns(11 * 10**9)
    assert await holdings() == {}
