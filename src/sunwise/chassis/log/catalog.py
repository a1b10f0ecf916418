"""What is listed, decoded from the log's own events and kept current."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Self

import msgspec

from sunwise.chassis.bus import Bus, RepublishFollower, StoredMessage
from sunwise.chassis.log.event_place import decode_stored
from sunwise.contracts.exchange.catalog import Asset, Symbol
from sunwise.contracts.exchange.codec import EVENT_CODECS
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    EventMessage,
    event_stream,
    event_subject,
    reply_subject,
)
from sunwise.contracts.exchange.records import EVENT_STRIDE, EventKind

_SYMBOL_FIELDS: Final = [
    name for name in Symbol.__struct_fields__ if name not in {"index", "version"}
]


class Catalog:
    """The assets and symbols of a shard. Indexes count from 0 in the order of listing.

    `version` rises with every change, so that what is derived from the catalog can be kept until
    then. Asset and Symbol never change: a change replaces them.
    """

    def __init__(self) -> None:
        self.assets: list[Asset] = []
        self.symbols: list[Symbol] = []
        self.version = 0
        self._asset_of: dict[str, Asset] = {}
        self._symbol_of: dict[str, int] = {}

    def asset(self, name: str) -> Asset | None:
        """The asset of this name, or None."""
        return self._asset_of.get(name)

    def symbol(self, name: str) -> Symbol | None:
        """The symbol of this name as it is now, or None."""
        index = self._symbol_of.get(name)
        return None if index is None else self.symbols[index]

    def apply(self, message: EventMessage) -> None:
        """Takes what `message` lists or changes; anything else is passed over. Repeats do no harm."""
        if message.writer != ADMIN_WRITER:
            return
        records = message.records
        for at in range(0, len(records), EVENT_STRIDE):
            kind = records[at]
            if kind == EventKind.ASSET_LISTED:
                self._apply_asset(EVENT_CODECS["asset"].unpack(records, at))
            elif kind in (EventKind.SYMBOL_LISTED, EventKind.SYMBOL_STATUS_SET):
                self._apply_symbol(EVENT_CODECS["symbol"].unpack(records, at))

    def _apply_asset(self, event: Any) -> None:  # noqa: ANN401 - a named tuple of the codec
        if event.asset < len(self.assets):
            return
        assert event.asset == len(self.assets), "assets are listed in the order of their indexes"
        asset = Asset(index=event.asset, name=event.name, decimals=event.decimals)
        self.assets.append(asset)
        self._asset_of[asset.name] = asset
        self.version += 1

    def _apply_symbol(self, event: Any) -> None:  # noqa: ANN401 - a named tuple of the codec
        if event.kind == EventKind.SYMBOL_LISTED:
            if event.symbol < len(self.symbols):
                return
            assert event.symbol == len(self.symbols), "symbols are listed in order of their indexes"
            terms = {name: getattr(event, name) for name in _SYMBOL_FIELDS}
            symbol = Symbol(index=event.symbol, version=event.symbol_version, **terms)
            self.symbols.append(symbol)
            self._symbol_of[symbol.name] = symbol.index
        else:
            symbol = self.symbols[event.symbol]
            if event.symbol_version <= symbol.version:
                return
            self.symbols[event.symbol] = msgspec.structs.replace(
                symbol, version=event.symbol_version, status=event.status
            )
        self.version += 1


class CatalogFollower:
    """Keeps a Catalog current by the admin writer's events alone; made by `open`.

    For services that do not follow all events.
    """

    def __init__(self, bus: Bus, *, shard: str) -> None:
        self.catalog = Catalog()
        self._stream = event_stream(shard)
        self._follower = RepublishFollower(
            bus,
            self._stream,
            self._on_messages,
            stored_subject=event_subject(shard, ADMIN_WRITER),
            live_subject=reply_subject(shard, ADMIN_WRITER),
        )
        self.closed: asyncio.Task[None]
        """Ends, with an exception, when the follower had to stop."""

    @classmethod
    async def open(cls, bus: Bus, *, shard: str) -> Self:
        """A follower whose catalog holds everything listed so far.

        Raises Retryable when EVT cannot be read now, and what ended the follower.
        """
        self = cls(bus, shard=shard)
        last = await bus.read_last(self._stream, event_subject(shard, ADMIN_WRITER))
        self.closed = asyncio.get_running_loop().create_task(self._follower.run())
        self.closed.add_done_callback(_tell)
        if last is not None:
            await self._follower.wait_for(last.seq)
        return self

    async def close(self) -> None:
        """Stops following; the catalog stays as it is."""
        self.closed.cancel()
        await asyncio.gather(self.closed, return_exceptions=True)

    async def _on_messages(self, batch: Sequence[StoredMessage]) -> None:
        for stored in batch:
            self.catalog.apply(decode_stored(self._stream, stored))


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        task.get_loop().call_exception_handler(
            {"message": "the catalog's follower ended", "exception": error}
        )
