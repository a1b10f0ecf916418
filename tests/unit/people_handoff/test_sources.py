"""What handoff reads of the rota is whole, or not read yet."""

import msgspec
import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.errors import Retryable
from sunwise.contracts.people import directory, duty
from sunwise.contracts.people.directory import DirectoryPage, Role
from sunwise.contracts.people.duty import (
    DutyChanged,
    DutyPage,
    DutyQuery,
    GetTaken,
    TakenShift,
    TakenShifts,
)
from sunwise.people.handoff.following import changes
from sunwise.people.handoff.sources import Sources
from tests.support.handoff_company import at, company, law, slot, table

pytestmark = pytest.mark.asyncio
encode = msgspec.msgpack.encode
BEFORE = [slot("ledger", "ana", 0, 16)]
AFTER = [slot("ledger", "ana", 0, 8), slot("ledger", "bo", 8, 16)]
TAKEN = TakenShift(
    change="c1",
    services=("ledger",),
    role=Role.PRIMARY,
    since_ns=at(8),
    until_ns=at(16),
    before="ana",
    after="bo",
)


class Rota:
    """Answers its table, and at times not what was taken in it."""

    def __init__(self) -> None:
        self.table = table(BEFORE)
        self.is_half_deaf = False

    async def answer(self, message) -> bytes:
        if not isinstance(msgspec.msgpack.decode(message.payload, type=DutyQuery), GetTaken):
            return encode(DutyPage(table=self.table, n_pages=1))
        if self.is_half_deaf:
            raise Retryable("the database is away")
        shifts = (TAKEN,) if self.table.version > 1 else ()
        return encode(TakenShifts(as_of_ns=0, shifts=shifts))


async def answer_directory(_message) -> bytes:
    return encode(DirectoryPage(snapshot=company(services=("ledger",)), n_pages=1))


async def test_a_shift_that_was_taken_is_not_handed_over_while_the_rota_answers_half():
    server, rota = SimulatedServer(seed=1), Rota()
    world = SimulatedBus(server, user="world")
    await world.serve(duty.SUBJECT, rota.answer)
    await world.serve(directory.SUBJECT, answer_directory)
    sources = Sources(SimulatedBus(server, user="handoff"), rules_of=law)
    await sources.refresh()
    rota.table, rota.is_half_deaf = table(AFTER, version=2), True
    sources.heard_duty(DutyChanged(version=2, as_of_ns=at(7)))
    await sources.refresh()
    assert changes({}, sources.roster, at(7)) == []
    rota.is_half_deaf = False
    await sources.refresh()
    assert sources.roster.duty.version == 2
    assert changes({}, sources.roster, at(7)) == []
