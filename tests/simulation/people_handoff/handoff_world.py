"""A rota, a directory, two handoff services on one database, and people who come and go."""

import asyncio
import random

import msgspec

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.errors import Retryable
from sunwise.contracts.people import directory, duty
from sunwise.contracts.people.directory import DirectoryPage
from sunwise.contracts.people.duty import (
    DutyChanged,
    DutyPage,
    DutyQuery,
    DutySlot,
    GetTaken,
    TakenShift,
    TakenShifts,
)
from sunwise.contracts.people.handoff import (
    EVENTS,
    SUBJECT,
    GetHandoffEvents,
    HandoffAccepted,
    HandoffEvent,
    HandoffEvents,
    HandoffHead,
)
from sunwise.people.handoff.acceptance import Refused
from sunwise.people.handoff.service import HandoffService, HandoffSettings
from sunwise.people.handoff.store import HandoffStore
from tests.support.handoff_company import at, company, law, table

_encode = msgspec.msgpack.encode
_duty_query = msgspec.msgpack.Decoder(DutyQuery).decode
_event = msgspec.msgpack.Decoder(HandoffEvent | HandoffHead).decode


async def at_once(call, *args, **kwargs):
    return call(*args, **kwargs)


class Rota:
    """Keeps the promise of the rota: versions by one, slots of whoever accepted marked actual."""

    def __init__(self, bus: SimulatedBus, slots: list[DutySlot]) -> None:
        self.bus = bus
        self.slots = slots
        self.version = 1
        self.events: list[HandoffEvent] = []
        self._known = 0
        self.taken: tuple[TakenShift, ...] = ()

    async def start(self) -> None:
        await self.bus.serve(duty.SUBJECT, self._answer)
        await self.bus.serve(directory.SUBJECT, self._directory)
        await self.bus.subscribe(EVENTS, self._hear)

    async def _answer(self, message) -> bytes:
        if isinstance(_duty_query(message.payload), GetTaken):
            return _encode(TakenShifts(as_of_ns=0, shifts=self.taken))
        return _encode(DutyPage(table=table(self.slots, self.version), n_pages=1))

    async def _directory(self, _message) -> bytes:
        return _encode(DirectoryPage(snapshot=company(), n_pages=1))

    def _hear(self, message) -> None:
        self._known = max(self._known, _event(message.payload).seq)

    async def catch_up(self) -> None:
        """Asks for every event behind the last one that it has: some live ones were lost."""
        while True:
            query = GetHandoffEvents(after=self.events[-1].seq if self.events else 0)
            try:
                answer = await self.bus.request(SUBJECT, _encode(query))
            except Retryable:
                return
            found = msgspec.msgpack.decode(answer, type=HandoffEvents)
            for event in found.events:
                self.events.append(event)
                if isinstance(event, HandoffAccepted):
                    self._mark(event)
            if not self.events or self.events[-1].seq == found.head:
                return

    def _mark(self, event: HandoffAccepted) -> None:
        """The outgoing's shift ends when the holder's begins; the holder's is actual."""
        marked = []
        for slot in self.slots:
            is_ours = slot.service in event.services and slot.role is event.role
            if is_ours and slot.until_ns > event.since_ns and slot.since_ns < event.until_ns:
                continue  # replaced below, or cut
            marked.append(slot)
        for service in event.services:
            before = max(
                (s for s in marked if s.service == service and s.role is event.role),
                key=lambda s: s.since_ns,
                default=None,
            )
            earlier = [s for s in self.slots if s.service == service and s.role is event.role]
            outgoing = next(
                (s for s in earlier if s.since_ns < event.since_ns <= s.until_ns), before
            )
            if outgoing is not None:
                marked = [s for s in marked if s != outgoing]
                marked.append(msgspec.structs.replace(outgoing, until_ns=event.since_ns))
            marked.append(
                DutySlot(
                    service=service,
                    role=event.role,
                    person=event.holder,
                    since_ns=event.since_ns,
                    until_ns=event.until_ns,
                    actual=True,
                )
            )
        self.slots = marked
        self.version += 1
        self.bus.publish(duty.CHANGED, _encode(DutyChanged(version=self.version, as_of_ns=0)))


class World:
    """Everything, on one seed."""

    def __init__(self, path, seed: int, slots: list[DutySlot]) -> None:
        self.rng = random.Random(seed)
        self.server = SimulatedServer(seed=seed)
        self.clock = SimulatedClock(start_ns=at(0))
        self.engine = open_database(path, is_derived=False)
        self.store = HandoffStore(self.engine)
        self.rota = Rota(SimulatedBus(self.server, user="rota"), slots)
        self.services: dict[int, tuple[HandoffService, asyncio.Task[None]]] = {}

    async def start(self) -> None:
        await self.rota.start()
        for number in (0, 1):
            await self.start_service(number)

    async def start_service(self, number: int) -> None:
        bus = SimulatedBus(self.server, user=f"handoff{number}")
        service = HandoffService(
            bus,
            HandoffStore(self.engine),
            self.clock,
            settings=HandoffSettings(look_s=60),
            law=law,
            blocking=at_once,
        )
        ready = asyncio.Event()
        task = asyncio.create_task(service.run(ready.set))
        self.services[number] = (service, task)
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([waiting, task], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def stop_service(self, number: int) -> None:
        _, task = self.services.pop(number)
        task.cancel()
        await asyncio.wait([task])

    async def try_to_accept(self, who: str) -> bool:
        """The person opens a list through any door that is up, and accepts what waits for them."""
        if not self.services:
            return False
        service, _ = self.rng.choice(list(self.services.values()))
        for row in await service.desk.mine(who):
            if not row.waits_for_you:
                continue
            try:
                page = await service.desk.page(row.id, who)
                await service.desk.accept(row.id, who, read_version=page.note_version)
            except Refused:
                continue
            return True
        return False
