"""The duty table over the bus as it stands, for readers that keep no board."""

from typing import Final

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.contracts.people.duty import (
    SUBJECT,
    DutyPage,
    DutyTable,
    GetDuty,
    GetTaken,
    TakenShifts,
)

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(DutyPage).decode
_decode_taken: Final = msgspec.msgpack.Decoder(TakenShifts).decode


async def read_duty(bus: Bus, *, known: DutyTable | None = None) -> DutyTable:
    """The newest table, its pages put together; of the same version, `known` with the newer `as_of_ns`.

    Raises Retryable, Permanent and msgspec.DecodeError. Cost: a request a page.
    """
    first = await _page(bus, GetDuty())
    if known is not None and known.version == first.table.version:
        return msgspec.structs.replace(known, as_of_ns=first.table.as_of_ns)
    slots = first.table.slots
    for number in range(1, first.n_pages):
        query = GetDuty(page=number, version=first.table.version)
        slots += (await _page(bus, query)).table.slots
    return msgspec.structs.replace(first.table, slots=slots)


async def read_taken(bus: Bus) -> TakenShifts:
    """What was taken in an emergency. Raises Retryable, Permanent and msgspec.DecodeError."""
    return _decode_taken(await bus.request(SUBJECT, _encode(GetTaken())))


async def _page(bus: Bus, query: GetDuty) -> DutyPage:
    return _decode(await bus.request(SUBJECT, _encode(query)))
