"""Topics: what becomes of a symbol's market events before they leave as one stream's payloads.

A topic is one stream with everybody who listens to it. It encodes an event once for each form in
which somebody wants it (raw or combined, milliseconds or microseconds), never once a listener.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from sunwise.contracts.exchange.market_data import DepthChanged, Feed, Ticker
from sunwise.exchange.gateway.lines.frames import text_frame
from sunwise.exchange.gateway.streams import codecs
from sunwise.exchange.gateway.streams.books import BookCopy
from sunwise.exchange.gateway.streams.codecs import SymbolText
from sunwise.exchange.gateway.streams.names import Stream, StreamKind


class Form(NamedTuple):
    """How a connection wants its payloads."""

    combined: bool  # wrapped with the stream's name
    unit_ns: int  # length of the unit of times


class Listener(Protocol):
    """Whoever receives frames: a connection's outbox."""

    def push(self, frame: bytes) -> None:
        """Takes one whole frame; must not block."""
        ...


PayloadOf = Callable[[int], bytes]
"""The payload for a unit of time, ns."""


class Topic:
    """One stream and its listeners."""

    feeds: tuple[str, ...] = ()
    """Feeds of the symbol that it is made from."""

    def __init__(self, stream: Stream, text: SymbolText | None) -> None:
        self.stream = stream
        self.text = text
        self._prefix = b'{"stream":"%b","data":' % stream.name.encode()
        self.audiences: dict[Form, dict[Listener, None]] = {}

    @property
    def is_deserted(self) -> bool:
        """Nobody listens."""
        return not self.audiences

    def join(self, listener: Listener, form: Form) -> None:
        """Adds a listener; twice is once."""
        self.audiences.setdefault(form, {})[listener] = None

    def leave(self, listener: Listener, form: Form) -> None:
        """Removes a listener that has joined with this form."""
        audience = self.audiences[form]
        del audience[listener]
        if not audience:
            del self.audiences[form]

    def send(self, payload_of: PayloadOf) -> None:
        """Sends one event to everybody."""
        payloads: dict[int, bytes] = {}
        for form, audience in self.audiences.items():
            payload = payloads.get(form.unit_ns)
            if payload is None:
                payload = payloads[form.unit_ns] = payload_of(form.unit_ns)
            frame = self._frame(form, payload)
            for listener in audience:
                listener.push(frame)

    def _frame(self, form: Form, payload: bytes) -> bytes:
        return text_frame(b"%b%b}" % (self._prefix, payload) if form.combined else payload)

    def take(self, feed: str, event: Any) -> None:  # noqa: ANN401 - the feed says which event
        """One event of one of its feeds."""
        raise NotImplementedError


class EventTopic(Topic):
    """Every event of a feed is one payload."""

    def __init__(
        self,
        stream: Stream,
        text: SymbolText,
        feed: str,
        encode: Callable[[SymbolText, Any, int], bytes],
    ) -> None:
        super().__init__(stream, text)
        self.text: SymbolText = text
        self.feeds = (feed,)
        self._encode = encode

    def take(self, feed: str, event: Any) -> None:  # noqa: ANN401, ARG002 - one feed only
        """Every event is sent."""
        self.send(lambda unit_ns: self._encode(self.text, event, unit_ns))


class CandleTopic(Topic):
    """Candles of one interval."""

    feeds = (Feed.CANDLES,)

    def __init__(self, stream: Stream, text: SymbolText, now_ns: Callable[[], int]) -> None:
        super().__init__(stream, text)
        self.text: SymbolText = text
        self._now_ns = now_ns

    def take(self, feed: str, event: Any) -> None:  # noqa: ANN401, ARG002 - one feed only
        """Candles of other intervals are not for this topic."""
        if event.interval == self.stream.interval:
            now_ns = self._now_ns()
            self.send(lambda unit: codecs.kline(self.text, event, unit, now_ns=now_ns))


class PartialDepthTopic(Topic):
    """The best levels, cut from a copy of the book; sent when the book has changed."""

    def __init__(self, stream: Stream, text: SymbolText, book: BookCopy) -> None:
        super().__init__(stream, text)
        self.text: SymbolText = text
        self.feeds = (Feed.DEPTH,) if stream.fast else (Feed.DEPTH_SLOW,)
        self._book = book
        self._shown_id = 0

    def take(self, feed: str, event: DepthChanged) -> None:  # noqa: ARG002 - the book has them
        """A sign that an interval has ended: the book has taken the event already."""
        self.show()

    def show(self) -> None:
        """Sends the levels as they stand, unless they were sent or are not known."""
        if not self._book.needs_snapshot and self._book.last_update_id != self._shown_id:
            self._shown_id = self._book.last_update_id
            payload = self._payload()
            self.send(lambda _: payload)

    def join(self, listener: Listener, form: Form) -> None:
        """Adds a listener and shows it the book at once: a quiet one may not change for long."""
        super().join(listener, form)
        if self._shown_id and not self._book.needs_snapshot:
            listener.push(self._frame(form, self._payload()))

    def _payload(self) -> bytes:
        bids, asks = self._book.top(self.stream.levels)
        return codecs.partial_depth(self.text, self._book.last_update_id, bids, asks)


class AllMiniTickersTopic(Topic):
    """Mini tickers of all symbols that changed, gathered into one array."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, None)

    def show(self, changed: Sequence[tuple[SymbolText, Ticker]]) -> None:
        """Sends one array."""
        self.send(
            lambda unit_ns: (
                b"[%b]" % b",".join([codecs.mini_ticker(text, t, unit_ns) for text, t in changed])
            )
        )


EVENT_STREAMS: Final[dict[StreamKind, tuple[str, Callable[[SymbolText, Any, int], bytes]]]] = {
    StreamKind.TRADE: (Feed.TRADES, codecs.trade),
    StreamKind.AGGREGATE: (Feed.AGGREGATES, codecs.aggregate_trade),
    StreamKind.TOP: (Feed.TOP, codecs.book_ticker),
    StreamKind.TICKER: (Feed.TICKER, codecs.ticker),
    StreamKind.MINI_TICKER: (Feed.TICKER, codecs.mini_ticker),
}
"""Streams that show every event of a feed as it is; DEPTH too, from the feed of its pace."""
