"""The directory over the bus: the pages of its newest snapshot, put together."""

from typing import Final

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.contracts.people.directory import SUBJECT, DirectoryPage, GetDirectory, Snapshot

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(DirectoryPage).decode


async def read_directory(bus: Bus, *, known: Snapshot | None = None) -> Snapshot:
    """The newest snapshot; `known` itself while there is no newer one.

    Raises Retryable, Permanent and msgspec.DecodeError. Cost: a request a page.
    """
    first = await _page(bus, GetDirectory())
    whole = first.snapshot
    if known is not None and known.version == whole.version:
        return known
    for number in range(1, first.n_pages):
        page = (await _page(bus, GetDirectory(page=number, version=whole.version))).snapshot
        whole = Snapshot(
            version=whole.version,
            people=whole.people + page.people,
            teams=whole.teams + page.teams,
            hubs=whole.hubs + page.hubs,
            services=whole.services + page.services,
            leave=whole.leave + page.leave,
        )
    return whole


async def _page(bus: Bus, query: GetDirectory) -> DirectoryPage:
    return _decode(await bus.request(SUBJECT, _encode(query)))
