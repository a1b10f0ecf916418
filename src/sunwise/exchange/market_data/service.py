"""Market data as a service: follows the events, tells the feeds at their pace, answers questions."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from sqlalchemy import Engine

from sunwise.chassis.bus import Bus, MessageTooLarge
from sunwise.chassis.checkpoint import CheckpointStore
from sunwise.chassis.clock import Clock
from sunwise.chassis.projection import Projection
from sunwise.chassis.queries import QueryDesk
from sunwise.chassis.telemetry import METRICS
from sunwise.contracts.exchange.log import EventMessage, event_stream
from sunwise.contracts.exchange.market_data import (
    Candles,
    GetCandles,
    MarketQuery,
    MarketReply,
    feed_subject,
    query_subject,
)
from sunwise.exchange.market_data import checkpoint
from sunwise.exchange.market_data.answers import answer, market_of
from sunwise.exchange.market_data.candle_query import (
    filled_candles,
    seconds_of,
    wanted_candles,
)
from sunwise.exchange.market_data.feeds import Publication
from sunwise.exchange.market_data.intervals import NAMES, SECOND
from sunwise.exchange.market_data.model import Kept, MarketData
from sunwise.exchange.market_data.store import CandleStore

_DEPTH_S: Final = 0.1
_SLOW: Final = 10  # depth paces: one second, for slow depth, tickers and candles of a second
_SLOWEST: Final = 20  # and two seconds, for the other candles
_MAX_UNTOLD_LEVELS: Final = 20_000  # after a restart; beyond it readers start from a snapshot
_log = logging.getLogger("sunwise.market_data")
_encode: Final = msgspec.msgpack.Encoder().encode


class MarketDataSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The market data service of one shard."""

    shard: str = "0"
    """Name of the shard."""
    database: str = ""
    """URL of a PostgreSQL database for candles; empty for a SQLite file in the data folder."""
    tick_s: Annotated[float, Meta(ge=0.001, le=1)] = 0.01
    """Trades and tops of books are gathered for so long before they are told."""
    trades_kept: Annotated[int, Meta(ge=1_000, le=1_000_000)] = 1_000
    """Trades of a symbol kept in memory; 48 bytes each."""
    aggregates_kept: Annotated[int, Meta(ge=1_000, le=1_000_000)] = 1_000
    """Aggregate trades of a symbol kept in memory; 56 bytes each."""
    checkpoint_every_s: Annotated[float, Meta(gt=0)] = 60.0
    """How often the state is stored: a restart replays what came after."""


class MarketDataService:
    """One replica; `run` works until it is cancelled or must stop."""

    name = "market_data"

    def __init__(
        self,
        bus: Bus,
        database: Engine,
        *,
        clock: Clock,
        folder: Path,
        settings: MarketDataSettings,
    ) -> None:
        self._kept = Kept(settings.trades_kept, settings.aggregates_kept)
        self.model = MarketData(self._kept)
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._checkpoints = CheckpointStore(folder, name="market_data", layout=checkpoint.LAYOUT)
        self._candles = CandleStore(database, reader=f"market_data.{settings.shard}")
        self._is_live = False
        self._moved = asyncio.Event()
        self._told = METRICS.counter("sunwise_market_messages_total", "Messages of feeds sent.")

    async def run(self, ready: Callable[[], None]) -> None:
        """Catches up with the log, calls `ready`, and works.

        Raises Retryable when the log cannot be read now, and what ended the reader.
        """
        settings, bus = self._settings, self._bus
        stream = await bus.stream_info(event_stream(settings.shard))
        await asyncio.to_thread(self._candles.keep_only, stream.created_ns)
        async with AsyncExitStack() as stack:
            projection = await Projection.open(
                bus, self, shard=settings.shard, store=self._checkpoints
            )
            stack.push_async_callback(projection.close)
            await projection.reader.barrier()
            self._go_live(restored=projection.was_restored)
            desk = await QueryDesk.open(
                bus,
                query_subject(settings.shard),
                kind=MarketQuery,
                barrier=projection.reader.barrier,
                answer=self._answer,
            )
            stack.push_async_callback(desk.close)
            work = (
                self._tell_live(),
                self._tell_paced(),
                projection.run(every_s=settings.checkpoint_every_s),
            )
            tasks = [asyncio.create_task(part) for part in work]
            for task in tasks:
                stack.callback(task.cancel)
            ready()
            await asyncio.gather(*tasks)

    def _go_live(self, *, restored: bool) -> None:
        """From here on everything is told.

        Depth goes on where a checkpoint stopped, so that clients' books stay whole; without one,
        and where too much has changed, readers see the gap in the ids and ask for a snapshot.
        """
        untold = sum(
            len(market.book.bids.changed) + len(market.book.asks.changed)
            for market in self.model.markets
        )
        if not restored or untold > _MAX_UNTOLD_LEVELS:
            self.model.feeds.forget_untold(self.model.markets)
        self._is_live = True

    # --- what the projection asks of its state ---

    def begin(self, state: bytes | None) -> None:
        """From a checkpoint or from nothing."""
        self.model = MarketData(self._kept) if state is None else checkpoint.load(state, self._kept)

    def apply(self, message: EventMessage) -> None:
        """Applies the events; what they mean is told at the next tick."""
        self.model.apply(message, tells=self._is_live)
        if self._is_live and self.model.feeds.is_moved:
            self._moved.set()

    async def settle(self) -> None:
        """Candles are stored before anybody can ask for them."""
        rows = self.model.closed_rows.copy()
        if rows:
            await asyncio.to_thread(self._candles.add, rows)
            self.model.forget_stored(len(rows))

    def is_whole(self) -> bool:
        """Between batches, with closed candles stored."""
        return self.model.is_whole

    def save(self) -> bytes:
        """The checkpoint's state."""
        return checkpoint.save(self.model)

    # --- what goes out ---

    async def _tell_live(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            self._publish(self.model.feeds.take_live(self.model.time_ns))
            await self._clock.sleep(self._settings.tick_s)

    async def _tell_paced(self) -> None:
        count = 0
        while True:
            await self._clock.sleep(_DEPTH_S)
            count += 1
            self._tell_pace(count)

    def _tell_pace(self, count: int) -> None:
        """What is told at the `count`-th tenth of a second."""
        feeds, time_ns = self.model.feeds, self.model.time_ns
        self._publish(feeds.take_live(time_ns))
        self._publish(feeds.take_depth(time_ns))
        if count % _SLOW == 0:
            self._publish(feeds.take_slow_depth(time_ns))
            self._publish(feeds.take_candles(self.model.clock, longer=count % _SLOWEST == 0))
            self._publish(feeds.take_tickers(time_ns))

    def _publish(self, publications: list[Publication]) -> None:
        shard = self._settings.shard
        for symbol, feed, events in publications:
            try:
                self._bus.publish(feed_subject(shard, symbol, feed), _encode(events))
            except MessageTooLarge:
                _log.warning("market data too large to tell", extra={"feed": feed})
            else:
                self._told.value += 1

    async def _answer(self, query: MarketQuery) -> MarketReply:
        if not isinstance(query, GetCandles):
            return answer(self.model, query)
        market = market_of(self.model, query.symbol)
        position, wanted = self.model.position, wanted_candles(self.model, market, query)
        if not wanted.opens_ns:
            return Candles(position=position, candles=[])
        if wanted.source == NAMES[SECOND]:
            rows = seconds_of(market, wanted)
        else:
            rows = await asyncio.to_thread(self._candles.read, wanted)
        return Candles(position=position, candles=filled_candles(wanted, rows))
