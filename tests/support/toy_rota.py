"""A rota that keeps the contract of `people.duty`, for whoever follows it."""

import random
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import (
    CHANGED,
    PAGE_SLOTS,
    SUBJECT,
    DutyChanged,
    DutyPage,
    DutySlot,
    DutyTable,
    GetDuty,
)

HOUR: Final = 3_600 * 10**9
_encode = msgspec.msgpack.encode


def slot(
    service: str, start_h: float, end_h: float, person: str | None = "ada", **more
) -> DutySlot:
    role = more.pop("role", Role.PRIMARY)
    since_ns, until_ns = int(start_h * HOUR), int(end_h * HOUR)
    return DutySlot(
        service=service, role=role, person=person, since_ns=since_ns, until_ns=until_ns, **more
    )


def company(
    *, services: int, days: int, from_ns: int = 0, roles: int = 2, block_h: int = 8
) -> list[DutySlot]:
    """Around the clock in blocks: service, role and time decide who it is."""
    return [
        DutySlot(
            service=f"s{service}",
            role=role,
            person=f"p{(service * 31 + number * 7 + place) % 5_000}",
            since_ns=from_ns + number * block_h * HOUR,
            until_ns=from_ns + (number + 1) * block_h * HOUR,
        )
        for service in range(services)
        for place, role in enumerate(list(Role)[:roles])
        for number in range(days * 24 // block_h)
    ]


class ToyRota:
    """Answers for its table in pages and tells of changes; it may be stopped and set back."""

    def __init__(
        self, clock: Clock, slots: list[DutySlot], *, page_slots: int = PAGE_SLOTS
    ) -> None:
        self.clock = clock
        self.version = 1
        self.from_ns = min((each.since_ns for each in slots), default=0)
        self.until_ns = max((each.until_ns for each in slots), default=0)
        self.slots = sorted(slots, key=lambda each: (each.service, each.role, each.since_ns))
        self.questions = 0
        self._page_slots = page_slots
        self._bus: Bus | None = None

    async def serve(self, bus: Bus) -> None:
        self._bus = bus
        await bus.serve(SUBJECT, self._answer)

    def change(self, *slots: DutySlot, is_told: bool = True) -> None:
        """Publishes the next version; untold, it is as if the message was lost."""
        self.version += 1
        for new in slots:
            self.slots = [
                old
                for old in self.slots
                if (old.service, old.role) != (new.service, new.role)
                or old.until_ns <= new.since_ns
                or old.since_ns >= new.until_ns
            ]
        self.slots = sorted(
            [*self.slots, *slots], key=lambda each: (each.service, each.role, each.since_ns)
        )
        if is_told:
            self.tell(*slots)

    def tell(self, *slots: DutySlot) -> None:
        """The change that made this version, or without slots a heartbeat."""
        assert self._bus is not None
        told = DutyChanged(version=self.version, as_of_ns=self.clock.now_ns(), slots=slots)
        self._bus.publish(CHANGED, _encode(told))

    def swap_something(self, rng: random.Random, *, is_told: bool = True) -> None:
        """A random slot goes to somebody else, perhaps with other hours."""
        old = rng.choice(self.slots)
        shift_ns = rng.choice([0, 0, HOUR, -HOUR])
        self.change(
            msgspec.structs.replace(
                old,
                person=f"q{rng.randrange(100)}",
                since_ns=old.since_ns + shift_ns,
                until_ns=old.until_ns + shift_ns,
                actual=True,
            ),
            is_told=is_told,
        )

    async def _answer(self, message: Message) -> bytes:
        self.questions += 1
        asked = msgspec.msgpack.decode(message.payload, type=GetDuty)
        if asked.version not in (None, self.version):
            raise Retryable(f"version {asked.version} is gone", after_s=0.05)
        n_pages = max(1, -(-len(self.slots) // self._page_slots))
        if asked.page >= n_pages:
            raise Permanent(f"there is no page {asked.page}")
        start = asked.page * self._page_slots
        table = DutyTable(
            version=self.version,
            as_of_ns=self.clock.now_ns(),
            from_ns=self.from_ns,
            until_ns=self.until_ns,
            slots=tuple(self.slots[start : start + self._page_slots]),
        )
        return _encode(DutyPage(table=table, n_pages=n_pages))
