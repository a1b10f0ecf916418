"""Whoever has accepted a duty holds it: handoff's events, made actual in the rota, none of them missed."""

import asyncio
import logging
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people.handoff import (
    SUBJECT,
    GetHandoffEvents,
    HandoffAccepted,
    HandoffEvent,
    HandoffEvents,
)
from sunwise.people.rota.desk import Blocking, RotaDesk
from sunwise.people.rota.heard import Heard
from sunwise.people.rota.rows import NoSuch
from sunwise.people.rota.turns import Piece, Stale

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
        """Every acceptance after the last that was made actual. Raises Retryable and Permanent.

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
                if isinstance(event, HandoffAccepted) and event.until_ns > since_ns:
                    await self._hold(event)
            after = events[-1].seq
            await self._blocking(self._heard.set, events[-1])

    async def _is_known(self, seq: int) -> bool:
        """Whether handoff's event of that number is the one that was heard."""
        first = (await self._events(seq - 1))[:1]
        return bool(first) and bool(await self._blocking(self._heard.is_it, first[0]))

    async def _events(self, after: int) -> tuple[HandoffEvent, ...]:
        query = GetHandoffEvents(after=after)
        return _decode(await self._bus.request(SUBJECT, _encode(query))).events

    async def _hold(self, accepted: HandoffAccepted) -> None:
        units = await self._blocking(self._desk.store.units)
        for unit in units.values():
            if set(unit.services) & set(accepted.services):
                await self._hold_in(unit.id, accepted)

    async def _hold_in(self, unit_id: str, accepted: HandoffAccepted) -> None:
        try:
            kept, turn = await self._desk.shift(unit_id, accepted.role, accepted.since_ns)
            window = accepted.since_ns, min(turn.end_ns, accepted.until_ns)
            piece = Piece(*window, accepted.role, turn.person, accepted.holder)
            await self._blocking(self._desk.store.hold, kept.unit, kept.window_ns, piece)
        except (NoSuch, Stale) as fault:
            _log.warning("a handoff has no shift", extra={"why": str(fault)})
