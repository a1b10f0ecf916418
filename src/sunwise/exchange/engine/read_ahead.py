"""What a replica must know of CMD before it applies the first batch: words that rule earlier ones."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from sunwise.chassis.bus import Bus
from sunwise.exchange.engine.dissent import Settlement, read_disputes
from sunwise.exchange.engine.quarantine import read_quarantines


class ReadAhead(NamedTuple):
    """Said later in CMD, in force from its beginning."""

    quarantined: Mapping[int, int] = MappingProxyType({})
    """By each batch to skip, the symbol to halt in its place."""
    settlements: tuple[Settlement, ...] = ()
    """Which attested chains count for nothing."""


NOTHING_AHEAD: Final = ReadAhead()


async def read_ahead(bus: Bus, shard: str) -> ReadAhead:
    """Everything said so far. Raises Retryable. Cost: a few reads for each word."""
    settlements = (await read_disputes(bus, shard)).settlements
    return ReadAhead(await read_quarantines(bus, shard), settlements)
