"""When the duty of each service was accepted last: handoff says so, scorecards show it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.handoff import SUBJECT, Freshness, GetFreshness

_query: Final = msgspec.msgpack.encode(GetFreshness())
_decode: Final = msgspec.msgpack.Decoder(Freshness).decode


class HandedOver:
    """What handoff said last; it goes on serving while nobody answers."""

    def __init__(self) -> None:
        self._at_ns: Mapping[Id, int] = {}

    def __call__(self) -> Mapping[Id, int]:
        """By service; without those whose duty nobody accepted lately."""
        return self._at_ns

    async def refresh(self, bus: Bus) -> None:
        """Asks anew. Raises Retryable, Permanent and msgspec.DecodeError."""
        found = _decode(await bus.request(SUBJECT, _query))
        self._at_ns = {
            each.service: each.accepted_ns
            for each in found.services
            if each.accepted_ns is not None
        }
