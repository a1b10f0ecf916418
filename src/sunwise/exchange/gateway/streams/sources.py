"""Where topics get their events: feeds decoded once for all topics of a symbol, books, polls.

A source lives as long as a topic needs it. `Route` decodes a subject's messages; `BookSource` keeps
a copy of a book in step; `AverageSource` asks each second, as there is no feed for it.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Retryable
from sunwise.contracts.exchange.market_data import (
    AggregateTrade,
    AveragePrice,
    Candle,
    Depth,
    DepthChanged,
    Feed,
    GetAveragePrice,
    GetDepth,
    MarketQuery,
    MarketReply,
    Ticker,
    TopOfBook,
    TradePrint,
    query_subject,
)
from sunwise.exchange.gateway.streams import codecs
from sunwise.exchange.gateway.streams.books import SNAPSHOT_LEVELS, BookCopy
from sunwise.exchange.gateway.streams.tasks import Tasks
from sunwise.exchange.gateway.streams.topics import PartialDepthTopic, Topic

_POLL_S: Final = 1.0
_LEAST_POLL_S: Final = 0.02  # real time, for exchanges whose clock runs faster
_RESYNC_S: Final = 0.1  # market data was behind the feed: ask again after this long

DECODERS: Final[dict[str, msgspec.msgpack.Decoder[Any]]] = {
    feed: msgspec.msgpack.Decoder(list[event])  # type: ignore[valid-type]
    for feed, event in (
        (Feed.DEPTH, DepthChanged),
        (Feed.DEPTH_SLOW, DepthChanged),
        (Feed.TOP, TopOfBook),
        (Feed.TRADES, TradePrint),
        (Feed.AGGREGATES, AggregateTrade),
        (Feed.CANDLES, Candle),
        (Feed.TICKER, Ticker),
    )
}
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final[msgspec.msgpack.Decoder[MarketReply]] = msgspec.msgpack.Decoder(MarketReply)

Take = Callable[[str, Any], None]
"""Takes one event of the feed it names."""

_Reply = TypeVar("_Reply", bound=MarketReply)


class MarketQueries:
    """Questions to market data, asked until they are answered."""

    def __init__(self, bus: Bus, shard: str) -> None:
        self._bus = bus
        self._subject = query_subject(shard)

    async def ask(self, query: MarketQuery, reply: type[_Reply]) -> _Reply:
        """The answer, once market data gives it; waits as long as that takes."""
        while True:
            try:
                answer = _decode.decode(await self._bus.request(self._subject, _encode(query)))
            except Retryable as fault:
                await asyncio.sleep(fault.after_s)
            else:
                assert isinstance(answer, reply), "market data answered another question"
                return answer


class Route:
    """One subject's messages, decoded once and handed to each topic in the order of joining."""

    def __init__(self, feed: str) -> None:
        self._feed = feed
        self._decode = DECODERS[feed].decode
        self.takers: list[Take] = []
        self.opened: asyncio.Future[None] | None = None

    def on_message(self, message: Message) -> None:
        """A message of the subject."""
        for event in self._decode(message.payload):
            for take in tuple(self.takers):
                take(self._feed, event)


class BookSource:
    """Keeps a symbol's book copy in step and shows it to partial depth topics."""

    def __init__(self, symbol: int, queries: MarketQueries, tasks: Tasks) -> None:
        self.book = BookCopy()
        self.topics: dict[PartialDepthTopic, None] = {}
        self._symbol = symbol
        self._queries = queries
        self._tasks = tasks
        self._asking = False

    def take(self, feed: str, event: DepthChanged) -> None:  # noqa: ARG002 - always Feed.DEPTH
        """A change of the book; it comes before any topic sees it."""
        self.book.apply(event)
        self.keep_in_step()

    def keep_in_step(self) -> None:
        """Asks for a snapshot when the copy needs one."""
        if self.book.needs_snapshot and not self._asking:
            self._asking = True
            self._tasks.spawn(self._ask())

    async def _ask(self) -> None:
        query = GetDepth(symbol=self._symbol, limit=SNAPSHOT_LEVELS)
        while self.topics:
            if self.book.load(await self._queries.ask(query, Depth)):
                break
            await asyncio.sleep(_RESYNC_S)
        self._asking = False
        for topic in self.topics:
            topic.show()


class AverageTopic(Topic):
    """`@avgPrice`: asked for each second, sent when it has changed."""

    async def poll(self, queries: MarketQueries, clock: Clock) -> None:
        """Runs while anybody listens."""
        assert self.text is not None, "polled only when the symbol is listed"
        before: tuple[int, ...] = ()
        while not self.is_deserted:
            answer = await queries.ask(GetAveragePrice(symbol=self.text.index), AveragePrice)
            now = (answer.tick_lots, answer.lots, answer.last_ticks, answer.close_ns)
            if now != before:
                before = now
                self._show(answer, clock.now_ns())
            await clock.sleep(_POLL_S)
            await asyncio.sleep(_LEAST_POLL_S)

    def _show(self, answer: AveragePrice, now_ns: int) -> None:
        text = self.text
        assert text is not None, "polled only when the symbol is listed"
        self.send(lambda unit: codecs.average_price(text, answer, unit, now_ns=now_ns))
