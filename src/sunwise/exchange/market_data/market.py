"""One symbol: its book, tape, candles and day."""

from typing import Final

from sunwise.contracts.exchange.market_data import Ticker, TopOfBook
from sunwise.exchange.market_data.book import Book
from sunwise.exchange.market_data.candles import Candles
from sunwise.exchange.market_data.day import Day
from sunwise.exchange.market_data.intervals import DAY_NS, MINUTE, SECOND_NS
from sunwise.exchange.market_data.tape import Tape

_BUCKET_NS: Final = 10 * SECOND_NS  # of the average price, as in the engine's filters
_BUCKETS_A_MINUTE: Final = 6


class Market:
    """What the public may know of one symbol."""

    __slots__ = (
        "avg_price_mins",
        "book",
        "candles",
        "day",
        "first_ns",
        "quote_atoms_per_tick_lot",
        "symbol",
        "tape",
        "top",
    )

    def __init__(
        self, symbol: int, *, quote_atoms_per_tick_lot: int, avg_price_mins: int, tape: Tape
    ) -> None:
        self.symbol = symbol
        self.quote_atoms_per_tick_lot = quote_atoms_per_tick_lot
        self.avg_price_mins = avg_price_mins
        self.book = Book()
        self.tape = tape
        self.candles = Candles(symbol)
        self.day = Day()
        self.first_ns = -1  # log time of the first trade
        self.top: TopOfBook | None = None  # as told last

    @property
    def has_traded(self) -> bool:
        """From the first trade on there are candles."""
        return self.first_ns >= 0

    def top_of_book(self, time_ns: int) -> TopOfBook:
        """The best bid and ask now."""
        book = self.book
        return TopOfBook(
            symbol=self.symbol,
            update_id=book.update_id,
            bid=book.bids.best,
            ask=book.asks.best,
            time_ns=time_ns,
        )

    def ticker(self, time_ns: int) -> Ticker:
        """Statistics of the 24 hours before `time_ns`. The day was advanced to it before."""
        newest, last = self.tape.newest, self.candles.last_ticks
        window = self.day.window(self.candles.live_bar(MINUTE)).row(0)
        _, opened, high, low, _, lots, quote_atoms, trades, _, _, first_id = window
        if not trades:
            opened = high = low = last
        return Ticker(
            symbol=self.symbol,
            open_ns=time_ns - DAY_NS,
            close_ns=time_ns,
            open_ticks=opened,
            high_ticks=high,
            low_ticks=low,
            last_ticks=last,
            last_lots=newest[2] if newest else 0,
            previous_close_ticks=self.day.previous_close_ticks if trades else last,
            qty_lots=lots,
            quote_atoms=quote_atoms,
            trades=trades,
            first_trade_id=first_id if trades else -1,
            last_trade_id=first_id + trades - 1 if trades else -1,
            bid=self.book.bids.best,
            ask=self.book.asks.best,
        )

    def average_sums(self, time_ns: int) -> tuple[int, int]:
        """(ticks x lots, lots) over the window of the average price: the engine's rule.

        The window is the last `avg_price_mins` x 6 buckets of ten seconds, the one at work included.
        """
        if not self.avg_price_mins:
            return 0, 0
        n_before = self.avg_price_mins * _BUCKETS_A_MINUTE - 1
        begin_ns = (time_ns // _BUCKET_NS - n_before) * _BUCKET_NS
        seconds = self.candles.seconds
        at_work = self.candles.bars[0]
        quote_atoms, lots = at_work.quote_atoms, at_work.lots
        for row in seconds.slice(seconds.find(begin_ns), len(seconds)):
            lots += row[5]
            quote_atoms += row[6]
        return quote_atoms // self.quote_atoms_per_tick_lot, lots
