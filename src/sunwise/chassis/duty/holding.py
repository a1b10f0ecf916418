"""Who holds a duty that was handed over by plan and not accepted: asked of handoff, kept for a moment.

The table names who is planned. Until they accept, whoever had the duty before keeps it, to their rest
limit at the latest; from then on nobody holds it.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people.directory import Id, Role
from sunwise.contracts.people.duty import DutySlot
from sunwise.contracts.people.handoff import (
    SUBJECT,
    GetOpenHandoffs,
    HandoffState,
    OpenHandoffs,
)

_ASK_AGAIN_NS: Final = 2_000_000_000
_FORGET_NS: Final = 60_000_000_000
_TIMEOUT_S: Final = 1.0
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(OpenHandoffs).decode


class Holding(NamedTuple):
    """A duty whose planned person has not accepted it."""

    holder: Id | None
    """Who keeps it meanwhile; None: they are released, and nobody holds it."""


Held = Mapping[tuple[Id, Role], Holding]
"""By service and role; what is not in it is held as planned, as far as anybody knows."""
HeldNow = Callable[[], Awaitable[Held]]


async def as_planned() -> Held:
    """Where nobody hands over."""
    return {}


def held_of(found: OpenHandoffs) -> Held:
    """What was handed over by plan at that time, and is kept or unheld."""
    return {
        (service, handoff.role): Holding(handoff.holder)
        for handoff in found.handoffs
        if handoff.at_ns <= found.as_of_ns
        and (handoff.holder is not None or handoff.state is HandoffState.UNHELD)
        for service in handoff.services
    }


def kept_of(found: OpenHandoffs) -> tuple[DutySlot, ...]:
    """What is kept beyond a shift at that time: from the seam to when its keeper is released at the latest."""
    return tuple(
        DutySlot(
            service=service,
            role=handoff.role,
            person=handoff.holder,
            since_ns=handoff.at_ns,
            until_ns=handoff.unheld_ns,
            actual=True,
        )
        for handoff in found.handoffs
        if handoff.holder is not None and handoff.at_ns <= found.as_of_ns
        for service in handoff.services
    )


async def read_open(bus: Bus) -> OpenHandoffs:
    """What nobody has accepted yet. Raises Retryable, Permanent and msgspec.DecodeError."""
    return _decode(await bus.request(SUBJECT, _encode(GetOpenHandoffs()), timeout_s=_TIMEOUT_S))


class Holdings:
    """Answers from what handoff said last, while that is fresh; call it for the answer now."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._held: Held = {}
        self._asked_ns: int | None = None
        self._known_ns = 0

    async def __call__(self) -> Held:
        """Which duties are not held by whom the table names; none where handoff does not answer."""
        now_ns = self._clock.monotonic_ns()
        if self._asked_ns is None or now_ns - self._asked_ns >= _ASK_AGAIN_NS:
            self._asked_ns = now_ns
            await self._ask(now_ns)
        return self._held if now_ns - self._known_ns < _FORGET_NS else {}

    async def _ask(self, now_ns: int) -> None:
        try:
            self._held, self._known_ns = held_of(await read_open(self._bus)), now_ns
        except (Retryable, Permanent, msgspec.DecodeError):
            return  # what was said last serves for a while
