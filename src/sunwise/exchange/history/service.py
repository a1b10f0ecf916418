"""History as a service: follows the events into SQL, answers questions out of it."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

import msgspec
from sqlalchemy import Engine

from sunwise.chassis.bus import Bus
from sunwise.chassis.log import Checkpoint, EventReader, LogBroken
from sunwise.chassis.queries import QueryDesk
from sunwise.chassis.telemetry import METRICS
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.history import (
    Fills,
    GetOrders,
    HistoryQuery,
    HistoryReply,
    PastOrders,
    query_subject,
)
from sunwise.contracts.exchange.log import EventMessage, event_stream
from sunwise.exchange.history.model import History
from sunwise.exchange.history.reading import past_fills, past_orders
from sunwise.exchange.history.store import HistoryStore

_GATHER_S: Final = (
    0.05  # a transaction costs as much as twenty rows: while nobody asks, one in so long
)
_IDLE_MESSAGES: Final = 1_000  # without a row, the position is written after so many
_log = logging.getLogger("sunwise.history")


class HistorySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The history service of one shard."""

    shard: str = "0"
    """Name of the shard."""
    database: str = ""
    """URL of a PostgreSQL database; empty for a SQLite file in the data folder."""


class HistoryService:
    """One replica; `run` works until it is cancelled or must stop."""

    name = "history"

    def __init__(self, bus: Bus, database: Engine, *, settings: HistorySettings) -> None:
        self._bus = bus
        self._database = database
        self._settings = settings
        self._store = HistoryStore(database, reader=f"history.{settings.shard}")
        self._model = History({})
        self._reader: EventReader
        self._n_unwritten = 0  # messages since the position was written
        self._checkpoint: Checkpoint | None = None  # of the last whole batch, not written yet
        self._rows = METRICS.counter("sunwise_history_rows_total", "Rows written.")

    async def run(self, ready: Callable[[], None]) -> None:
        """Catches up with the log, calls `ready`, and works.

        Raises Retryable when the log cannot be read now, and what ended the reader.
        """
        settings = self._settings
        async with AsyncExitStack() as stack:
            self._reader = await self._open()
            stack.push_async_callback(self._reader.close)
            await self._reader.barrier()
            desk = await QueryDesk.open(
                self._bus,
                query_subject(settings.shard),
                kind=HistoryQuery,
                barrier=self._reader.barrier,
                answer=self._answer,
            )
            stack.push_async_callback(desk.close)
            ready()
            await asyncio.wait([self._reader.closed])
            self._reader.closed.result()

    async def _open(self) -> EventReader:
        stream = await self._bus.stream_info(event_stream(self._settings.shard))
        start = await asyncio.to_thread(self._store.start, stream.created_ns)
        try:
            return await self._follow(start)
        except LogBroken as error:
            if start is None:
                raise
            _log.warning("the rows are not of this log: replaying it", extra={"why": str(error)})
            await asyncio.to_thread(self._store.clear)
            return await self._follow(None)

    async def _follow(self, start: Checkpoint | None) -> EventReader:
        self._model = History(await asyncio.to_thread(self._store.assets_of))
        return await EventReader.open(
            self._bus,
            shard=self._settings.shard,
            handler=self._apply,
            after_batch=self._write,
            start=start,
            gather_s=_GATHER_S,
        )

    def _apply(self, message: EventMessage) -> None:
        self._model.apply(message)
        self._n_unwritten += 1
        if message.is_last:
            self._checkpoint = self._reader.checkpoint()

    async def _write(self) -> None:
        """Writes what has changed.

        Rows of a batch whose last part has not come yet are written too, so that they can be read;
        the position stays before that batch, which a restart then replays from its first part.
        """
        changes = self._model.take_changes()
        if not changes.n_rows and self._n_unwritten < _IDLE_MESSAGES:
            return
        checkpoint, self._checkpoint = self._checkpoint, None
        self._n_unwritten = 0
        await asyncio.to_thread(self._store.write, changes, checkpoint)
        self._rows.value += changes.n_rows

    async def _answer(self, query: HistoryQuery) -> HistoryReply:
        return await asyncio.to_thread(self._read, query, self._reader.position)

    def _read(self, query: HistoryQuery, position: Position) -> HistoryReply:
        with self._database.connect() as connection:
            if isinstance(query, GetOrders):
                return PastOrders(position=position, orders=past_orders(connection, query))
            return Fills(position=position, fills=past_fills(connection, query))
