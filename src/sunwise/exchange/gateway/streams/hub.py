"""The hub: every market stream that anybody here listens to, opened by the first, closed by the last.

It subscribes to market data lazily, decodes and encodes once, and pushes frames into outboxes. It
knows no socket and no client.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import Clock
from sunwise.contracts.exchange.market_data import Feed, Ticker, feed_subject
from sunwise.exchange.gateway.streams import codecs
from sunwise.exchange.gateway.streams.codecs import SymbolText
from sunwise.exchange.gateway.streams.feeds import Feeds
from sunwise.exchange.gateway.streams.names import Stream, StreamKind
from sunwise.exchange.gateway.streams.sources import (
    AverageTopic,
    BookSource,
    MarketQueries,
    Route,
    Take,
)
from sunwise.exchange.gateway.streams.symbols import StreamNames
from sunwise.exchange.gateway.streams.tasks import Tasks
from sunwise.exchange.gateway.streams.topics import (
    EVENT_STREAMS,
    AllMiniTickersTopic,
    CandleTopic,
    EventTopic,
    Form,
    Listener,
    PartialDepthTopic,
    Topic,
)

_GATHER_S: Final = 0.05  # market data publishes the tickers of one second in one burst


@dataclass
class _Open:
    """A topic in force: how to end it, and when it began to get events."""

    topic: Topic
    opened: list[asyncio.Future[None]] = field(default_factory=list)
    undo: list[Callable[[], None]] = field(default_factory=list)


class StreamHub:
    """All market streams of one gateway process."""

    def __init__(
        self, bus: Bus, feeds: Feeds, names: StreamNames, clock: Clock, *, shard: str = "0"
    ) -> None:
        self._feeds = feeds
        self._names = names
        self._clock = clock
        self._shard = shard
        self._queries = MarketQueries(bus, shard)
        self._tasks = Tasks()
        self._open: dict[str, _Open] = {}
        self._routes: dict[str, Route] = {}
        self._books: dict[int, BookSource] = {}

    def join(self, stream: Stream, listener: Listener, form: Form) -> list[asyncio.Future[None]]:
        """Sends the stream to the listener; complete once the returned futures are done."""
        entry = self._open.get(stream.name)
        if entry is None:
            entry = self._open[stream.name] = self._opened(stream)
        entry.topic.join(listener, form)
        return [opened for opened in entry.opened if not opened.done()]

    def leave(self, stream: Stream, listener: Listener, form: Form) -> None:
        """Ends one `join` with the same arguments."""
        entry = self._open[stream.name]
        entry.topic.leave(listener, form)
        if entry.topic.is_deserted:
            del self._open[stream.name]
            self._undo(entry)

    def refresh(self, version: int) -> int:
        """Lets streams of newly listed symbols flow, if listings changed since `version`."""
        if version != self._names.version:
            for entry in self._open.values():
                if entry.topic.text is None and entry.topic.stream.symbol:
                    self._connect(entry)
        return self._names.version

    async def close(self) -> None:
        """Leaves every feed."""
        for entry in self._open.values():
            self._undo(entry)
        self._open.clear()
        await self._tasks.cancel()

    # --- opening and closing topics ---

    def _opened(self, stream: Stream) -> _Open:
        entry = _Open(Topic(stream, None))
        if stream.kind is StreamKind.ALL_MINI_TICKERS:
            self._connect_all_mini_tickers(entry)
        else:
            self._connect(entry)
        return entry

    def _connect(self, entry: _Open) -> None:
        """Replaces a silent topic by the real one, with its audience, if its symbol is listed."""
        stream = entry.topic.stream
        text = self._names.of_stream(stream.symbol)
        if text is None or stream.kind is StreamKind.NONE:
            return
        silent, entry.topic = entry.topic, self._topic(stream, text)
        if isinstance(entry.topic, PartialDepthTopic):
            self._connect_book(entry, entry.topic, text.index)
        for feed in entry.topic.feeds:
            self._connect_feed(entry, text.index, feed)
        for form, audience in silent.audiences.items():
            for listener in audience:
                entry.topic.join(listener, form)
        if isinstance(entry.topic, AverageTopic):
            self._tasks.spawn(entry.topic.poll(self._queries, self._clock))

    def _topic(self, stream: Stream, text: SymbolText) -> Topic:
        if stream.kind is StreamKind.PARTIAL_DEPTH:
            return PartialDepthTopic(stream, text, self._book(text.index).book)
        if stream.kind is StreamKind.DEPTH:
            feed = Feed.DEPTH if stream.fast else Feed.DEPTH_SLOW
            return EventTopic(stream, text, feed, codecs.depth_update)
        if stream.kind is StreamKind.CANDLE:
            return CandleTopic(stream, text, self._clock.now_ns)
        if stream.kind is StreamKind.AVERAGE_PRICE:
            return AverageTopic(stream, text)
        feed, encode = EVENT_STREAMS[stream.kind]
        return EventTopic(stream, text, feed, encode)

    def _connect_book(self, entry: _Open, topic: PartialDepthTopic, symbol: int) -> None:
        source = self._books[symbol]
        subject = feed_subject(self._shard, symbol, Feed.DEPTH)
        if not source.topics:
            entry.opened.append(self._listen(subject, Feed.DEPTH, source.take))
        source.topics[topic] = None
        entry.undo.append(lambda: self._disconnect_book(topic, symbol, subject))
        source.keep_in_step()

    def _disconnect_book(self, topic: PartialDepthTopic, symbol: int, subject: str) -> None:
        source = self._books[symbol]
        del source.topics[topic]
        if not source.topics:
            self._unlisten(subject, source.take)
            del self._books[symbol]

    def _book(self, symbol: int) -> BookSource:
        if symbol not in self._books:
            self._books[symbol] = BookSource(symbol, self._queries, self._tasks)
        return self._books[symbol]

    def _connect_all_mini_tickers(self, entry: _Open) -> None:
        topic = AllMiniTickersTopic(entry.topic.stream)
        entry.topic = topic
        gathered: dict[int, Ticker] = {}
        loop = asyncio.get_running_loop()

        def show() -> None:
            known = [each for each in gathered.values() if self._names.has_symbol(each.symbol)]
            topic.show([(self._names.symbol(each.symbol), each) for each in known])
            gathered.clear()

        def take(_feed: str, event: Ticker) -> None:
            if not gathered:
                loop.call_later(_GATHER_S, show)
            gathered[event.symbol] = event

        subject = f"md.{self._shard}.*.{Feed.TICKER}"
        entry.opened.append(self._listen(subject, Feed.TICKER, take))
        entry.undo.append(lambda: self._unlisten(subject, take))

    # --- subjects ---

    def _connect_feed(self, entry: _Open, symbol: int, feed: str) -> None:
        take = entry.topic.take
        subject = feed_subject(self._shard, symbol, feed)
        entry.opened.append(self._listen(subject, feed, take))
        entry.undo.append(lambda: self._unlisten(subject, take))

    def _listen(self, subject: str, feed: str, take: Take) -> asyncio.Future[None]:
        route = self._routes.get(subject)
        if route is None or route.opened is None:
            route = self._routes[subject] = Route(feed)
            route.opened = self._feeds.listen(subject, route.on_message)
        route.takers.append(take)
        return route.opened

    def _unlisten(self, subject: str, take: Take) -> None:
        route = self._routes[subject]
        route.takers.remove(take)
        if not route.takers:
            del self._routes[subject]
            self._feeds.leave(subject, route.on_message)

    def _undo(self, entry: _Open) -> None:
        while entry.undo:
            entry.undo.pop()()
