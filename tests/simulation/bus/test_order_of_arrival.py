"""What one connection sends arrives in the order in which it was sent, however long it takes."""

import pytest

from sunwise.chassis.bus import Message
from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import Faults, SimulatedServer
from sunwise.chassis.simulated_loop import run_simulated


@pytest.mark.parametrize("seed", range(10))
def test_an_answer_never_overtakes_what_was_published_before_it(seed: int):
    got: list[bytes] = []

    async def ask() -> bytes:
        server = SimulatedServer(seed=seed)
        server.faults = Faults(delay_s=(0.0, 0.01))
        teller, asker = SimulatedBus(server, user="teller"), SimulatedBus(server, user="asker")

        async def tell_and_answer(_: Message) -> bytes:
            for i in range(10):
                teller.publish("told", b"%d" % i)
            return b"told"

        await asker.subscribe("told", lambda message: got.append(message.payload))
        await teller.serve("ask", tell_and_answer)
        return await asker.request("ask", b"")

    assert run_simulated(ask) == b"told"
    assert got == [b"%d" % i for i in range(10)]
