"""Who really has a duty: handoff's events, made actual in the rota, none of them missed.

Whoever has accepted holds it from then on. Whoever kept it beyond their shift until somebody did, or
until the law released them, had it meanwhile: those are hours of duty as any others, so that the rest
after them, the week's hours and the burden are counted from who really was on duty.
"""

import asyncio
import logging
from collections.abc import Iterator
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.personal import ERASED
from sunwise.contracts.people.handoff import (
    SUBJECT,
    GetHandoffEvents,
    HandoffAccepted,
    HandoffClosed,
    HandoffEvent,
    HandoffEvents,
    HandoffUnheld,
)
from sunwise.people.rota.desk import Blocking, RotaDesk
from sunwise.people.rota.heard import Heard
from sunwise.people.rota.rows import NoSuch
from sunwise.people.rota.turns import Held

_RETRY_S: Final = 5.0
_log: Final = logging.getLogger("sunwise.rota")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(HandoffEvents).decode


class TakeOvers:
    """Follows handoff from where it stood before; a message only says that there is something new."""

    def __init__(self, bus: Bus, desk: RotaDesk, clock: Clock, *, blocking: Blocking) -> None:
        self._bus = bus
        self._desk = desk
        self._clock = clock
        self._blocking = blocking
        self._heard = Heard(desk.store.engine)
        self._news = asyncio.Event()
        self._news.set()

    def hear(self, _message: Message) -> None:
        """Something was said on `people.handoff.*`."""
        self._news.set()

    async def follow(self) -> None:
        """Works until it is cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.catch_up()
            except (Retryable, Permanent, msgspec.DecodeError) as fault:
                _log.info("handoffs are not known now", extra={"why": str(fault)})
                await self._clock.sleep(_RETRY_S)

    async def catch_up(self) -> None:
        """Every event after the last that was made actual. Raises Retryable and Permanent.

        Where handoff does not know that one (it was restored from a backup) all that it knows is taken
        anew, but for what is over: that stays as it was.
        """
        after: int = await self._blocking(lambda: self._heard.seq)
        since_ns = 0
        if after and not await self._is_known(after):
            _log.warning("handoff tells another story than before: it is read from its beginning")
            after, since_ns = 0, self._clock.now_ns()
        while events := await self._events(after):
            for event in events:
                await self._take(event, since_ns)
            after = events[-1].seq
            await self._blocking(self._heard.set, events[-1])

    async def _is_known(self, seq: int) -> bool:
        """Whether handoff's event of that number is the one that was heard."""
        first = (await self._events(seq - 1))[:1]
        return bool(first) and bool(await self._blocking(self._heard.is_it, first[0]))

    async def _events(self, after: int) -> tuple[HandoffEvent, ...]:
        query = GetHandoffEvents(after=after)
        return _decode(await self._bus.request(SUBJECT, _encode(query))).events

    async def _take(self, event: HandoffEvent, since_ns: int) -> None:
        """What ended before `since_ns` stays as it was."""
        if not isinstance(event, HandoffAccepted | HandoffUnheld | HandoffClosed):
            return
        units = await self._blocking(self._desk.store.units)
        for held in _held(event):
            if held.start_ns < held.end_ns and held.end_ns > since_ns:
                for unit in units.values():
                    if set(unit.services) & set(event.services):
                        await self._hold_in(unit.id, held)

    async def _hold_in(self, unit: str, held: Held) -> None:
        try:
            await self._blocking(self._desk.store.hold, unit, held)
        except NoSuch:
            _log.warning("a handoff has no shift", extra={"unit": unit, "role": held.role.value})


def _held(event: HandoffAccepted | HandoffUnheld | HandoffClosed) -> Iterator[Held]:
    """What it says of who has the duty when; empty stretches too.

    What a release before this one wrote does not say how long somebody kept it. Whoever was erased has
    no duty: theirs to come is a gap, which handoff's words of before must not fill again.
    """
    kept_until_ns = event.since_ns if isinstance(event, HandoffUnheld) else event.kept_until_ns
    if event.outgoing not in (None, ERASED) and event.at_ns:
        yield Held(event.handoff, event.role, event.outgoing, event.at_ns, kept_until_ns)
    if isinstance(event, HandoffAccepted) and event.holder != ERASED:
        yield Held(event.handoff, event.role, event.holder, event.since_ns, event.until_ns)
