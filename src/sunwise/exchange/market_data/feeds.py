"""What is told on the feeds, each at its pace. Only symbols in which something happened cost anything."""

from typing import Final, NamedTuple

from sunwise.contracts.exchange.market_data import DepthChanged, Feed, MarketEvent
from sunwise.exchange.market_data.candles import CandleClock
from sunwise.exchange.market_data.intervals import MINUTE, NAMES, SECOND
from sunwise.exchange.market_data.market import Market
from sunwise.exchange.market_data.tape import aggregate_trade, trade_print

_SECOND_ONLY: Final = range(SECOND, SECOND + 1)
_LONGER: Final = range(MINUTE, len(NAMES))

Markets = dict[int, Market]


class Publication(NamedTuple):
    """What goes out on one feed of one symbol."""

    symbol: int
    feed: str
    events: list[MarketEvent]


class Feeds:
    """Which symbols have something to tell, on which feed."""

    def __init__(self) -> None:
        self.booked: Markets = {}  # the book changed
        self.traded: Markets = {}
        self.closed: Markets = {}  # candles closed
        self.moved: Markets = {}  # the ticker changed
        self._depth: Markets = {}
        self._slow_depth: Markets = {}
        self._second: Markets = {}
        self._longer: Markets = {}

    @property
    def is_moved(self) -> bool:
        """Whether `take_live` would have something to look at."""
        return bool(self.booked or self.traded or self.closed)

    def forget_untold(self, markets: list[Market]) -> None:
        """Tells nothing of what has happened so far."""
        for market in markets:
            market.book.forget_untold()
        for waiting in vars(self).values():
            waiting.clear()

    def take_live(self, time_ns: int) -> list[Publication]:
        """Trades, aggregates, closed candles, and tops of books that have changed."""
        out: list[Publication] = []
        booked, traded = self._gather()
        for symbol, market in traded.items():
            tape = market.tape
            if tape.untold_trades:
                rows, tape.untold_trades = tape.untold_trades, []
                prints: list[MarketEvent] = [trade_print(symbol, row) for row in rows]
                out.append(Publication(symbol, Feed.TRADES, prints))
            if tape.untold_aggregates:
                told, tape.untold_aggregates = tape.untold_aggregates, []
                whole: list[MarketEvent] = [aggregate_trade(symbol, row) for row in told]
                out.append(Publication(symbol, Feed.AGGREGATES, whole))
        for symbol, market in self.closed.items():
            if market.candles.untold:
                candles: list[MarketEvent] = [*market.candles.untold]
                market.candles.untold = []
                out.append(Publication(symbol, Feed.CANDLES, candles))
        self.closed = {}
        for symbol, market in booked.items():
            top, before = market.top_of_book(time_ns), market.top
            if before is None or (top.bid, top.ask) != (before.bid, before.ask):
                market.top = top
                out.append(Publication(symbol, Feed.TOP, [top]))
        return out

    def _gather(self) -> tuple[Markets, Markets]:
        """Takes what the events touched, and notes it for the slower paces."""
        booked, self.booked = self.booked, {}
        traded, self.traded = self.traded, {}
        self._depth.update(booked)
        self.moved.update(booked)
        self._second.update(traded)
        self._longer.update(traded)
        return booked, traded

    def take_depth(self, time_ns: int) -> list[Publication]:
        """Changes of books since the last call. Call `take_live` before."""
        moved, self._depth = self._depth, {}
        self._slow_depth.update(moved)
        out = []
        for symbol, market in moved.items():
            book = market.book
            bids, asks = book.bids.take_changes(), book.asks.take_changes()
            book.slow_bids |= bids
            book.slow_asks |= asks
            first_id, book.told_id = book.told_id + 1, book.update_id
            if first_id <= book.told_id:
                changed = _depth_changed(market, (first_id, time_ns), bids, asks)
                out.append(Publication(symbol, Feed.DEPTH, [changed]))
        return out

    def take_slow_depth(self, time_ns: int) -> list[Publication]:
        """Changes of books since the last call, as told by `take_depth` meanwhile."""
        moved, self._slow_depth = self._slow_depth, {}
        out = []
        for symbol, market in moved.items():
            book = market.book
            bids, book.slow_bids = book.slow_bids, set()
            asks, book.slow_asks = book.slow_asks, set()
            first_id, book.slow_told_id = book.slow_told_id + 1, book.told_id
            if first_id <= book.slow_told_id:
                changed = _depth_changed(market, (first_id, time_ns), bids, asks)
                out.append(Publication(symbol, Feed.DEPTH_SLOW, [changed]))
        return out

    def take_candles(self, clock: CandleClock, *, longer: bool) -> list[Publication]:
        """Candles at work in which something traded: of a second, and the others if `longer`."""
        seconds, self._second = self._second, {}
        found = {
            symbol: market.candles.live_candles(clock, _SECOND_ONLY)
            for symbol, market in seconds.items()
        }
        if longer:
            moved, self._longer = self._longer, {}
            for symbol, market in moved.items():
                others = market.candles.live_candles(clock, _LONGER)
                found[symbol] = [*found.get(symbol, []), *others]
        return [Publication(s, Feed.CANDLES, [*told]) for s, told in found.items() if told]

    def take_tickers(self, time_ns: int) -> list[Publication]:
        """Statistics of the day where a trade, the top of the book or the window has moved."""
        moved, self.moved = self.moved, {}
        return [
            Publication(symbol, Feed.TICKER, [market.ticker(time_ns)])
            for symbol, market in moved.items()
        ]


def _depth_changed(
    market: Market, stamp: tuple[int, int], bids: set[int], asks: set[int]
) -> DepthChanged:
    """Levels at these prices as they stand now; `stamp` is the first update id and the time."""
    book = market.book
    return DepthChanged(
        symbol=market.symbol,
        first_update_id=stamp[0],
        last_update_id=book.told_id,
        time_ns=stamp[1],
        bids=book.bids.levels_at(bids),
        asks=book.asks.levels_at(asks),
    )
