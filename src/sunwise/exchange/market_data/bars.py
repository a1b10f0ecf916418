"""What traded in a stretch of time: the numbers of a candle, without its place in time."""

from typing import Final

from sunwise.contracts.exchange.market_data import Candle
from sunwise.exchange.market_data.rows import LARGEST

BarRow = tuple[int, ...]
"""(open_ns, open, high, low, close ticks, lots, quote, trades, buy lots, buy quote, first id)."""
BAR_WIDTH: Final = 11
_MILLISECOND_NS: Final = 1_000_000  # a candle closes that much before the next, as Binance has it


class Bar:
    """A candle at work. Without a trade its prices mean nothing."""

    __slots__ = (
        "buy_lots",
        "buy_quote_atoms",
        "close_ticks",
        "first_trade_id",
        "high_ticks",
        "lots",
        "low_ticks",
        "open_ticks",
        "quote_atoms",
        "trades",
    )

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing has traded."""
        self.open_ticks = self.high_ticks = self.low_ticks = self.close_ticks = 0
        self.lots = self.quote_atoms = self.trades = 0
        self.buy_lots = self.buy_quote_atoms = 0
        self.first_trade_id = 0

    def merge(self, later: "Bar") -> None:
        """Adds what traded right after."""
        if not later.trades:
            return
        if not self.trades:
            self.open_ticks, self.first_trade_id = later.open_ticks, later.first_trade_id
            self.high_ticks, self.low_ticks = later.high_ticks, later.low_ticks
        else:
            self.high_ticks = max(self.high_ticks, later.high_ticks)
            self.low_ticks = min(self.low_ticks, later.low_ticks)
        self.close_ticks = later.close_ticks
        self.lots += later.lots
        self.quote_atoms += later.quote_atoms
        self.trades += later.trades
        self.buy_lots += later.buy_lots
        self.buy_quote_atoms += later.buy_quote_atoms

    def row(self, open_ns: int) -> BarRow:
        """The bar as a row."""
        return (
            open_ns,
            self.open_ticks,
            self.high_ticks,
            self.low_ticks,
            self.close_ticks,
            min(self.lots, LARGEST),
            min(self.quote_atoms, LARGEST),
            self.trades,
            min(self.buy_lots, LARGEST),
            min(self.buy_quote_atoms, LARGEST),
            self.first_trade_id,
        )

    def load(self, row: BarRow) -> None:
        """Takes a row's numbers."""
        (
            _,
            self.open_ticks,
            self.high_ticks,
            self.low_ticks,
            self.close_ticks,
            self.lots,
            self.quote_atoms,
            self.trades,
            self.buy_lots,
            self.buy_quote_atoms,
            self.first_trade_id,
        ) = row


def merged(bars: list[Bar]) -> Bar:
    """One bar of several that follow each other."""
    whole = Bar()
    for bar in bars:
        whole.merge(bar)
    return whole


def bar_of(row: BarRow) -> Bar:
    """The bar that `row` holds."""
    bar = Bar()
    bar.load(row)
    return bar


def empty_row(open_ns: int, close_ticks: int) -> BarRow:
    """A stretch without a trade: all prices are the close before."""
    return (open_ns, close_ticks, close_ticks, close_ticks, close_ticks, 0, 0, 0, 0, 0, -1)


def candle(symbol: int, interval: str, row: BarRow, *, next_ns: int, is_closed: bool) -> Candle:
    """The row as the contract shows it; the next candle opens at `next_ns`."""
    open_ns, opened, high, low, closed, lots, quote, trades, buy_lots, buy_quote, first_id = row
    return Candle(
        symbol=symbol,
        interval=interval,
        open_ns=open_ns,
        close_ns=next_ns - _MILLISECOND_NS,
        open_ticks=opened,
        high_ticks=high,
        low_ticks=low,
        close_ticks=closed,
        qty_lots=lots,
        quote_atoms=quote,
        trades=trades,
        taker_buy_lots=buy_lots,
        taker_buy_quote_atoms=buy_quote,
        first_trade_id=first_id,
        last_trade_id=first_id + trades - 1 if trades else -1,
        is_closed=is_closed,
    )
