"""Candles of one symbol, and the clock that closes those of all symbols.

A trade touches only the second at work. When the second ends it is merged into the minute, and the
minute, when it ends, into the other fourteen: every interval is made of whole minutes. What an
interval shows before it ends is its bar, the minute's and the second's, merged.
"""

from typing import Final, NamedTuple

from sunwise.contracts.exchange.market_data import Candle
from sunwise.exchange.market_data.bars import (
    BAR_WIDTH,
    Bar,
    BarRow,
    candle,
    empty_row,
    merged,
)
from sunwise.exchange.market_data.intervals import (
    LENGTHS_NS,
    MINUTE,
    NAMES,
    SECOND,
    following,
    open_of,
)
from sunwise.exchange.market_data.rows import Rows

SECONDS_KEPT: Final = 1_200
_PARTS: Final = {SECOND: (SECOND,), MINUTE: (MINUTE, SECOND)}  # bars that a candle is made of
_MAX_EMPTY_TOLD: Final = 100  # when log time leaps, of each interval only the newest are told


class ClosedRow(NamedTuple):
    """A candle in which something traded, for the store."""

    symbol: int
    interval: str
    row: BarRow


class Ended(NamedTuple):
    """An interval that log time has left."""

    place: int  # in NAMES
    open_ns: int  # of the candle at work before
    next_ns: int  # of the candle at work now: more than one may lie between


class CandleClock:
    """Which candles are at work now; the same ones for every symbol."""

    def __init__(self) -> None:
        self.opens_ns: list[int] = []
        self.start(0)

    def start(self, time_ns: int) -> None:
        """Sets the time without ending anything."""
        self.opens_ns = [open_of(name, time_ns) for name in NAMES]
        self.ends_ns = [
            following(name, open_ns) for name, open_ns in zip(NAMES, self.opens_ns, strict=True)
        ]

    @property
    def second_ends_ns(self) -> int:
        """Before this time nothing ends."""
        return self.ends_ns[SECOND]

    def advance(self, time_ns: int) -> list[Ended]:
        """The intervals that end by `time_ns`, shortest first."""
        ended = []
        for place, end_ns in enumerate(self.ends_ns):
            if time_ns >= end_ns:
                open_ns = open_of(NAMES[place], time_ns)
                ended.append(Ended(place, self.opens_ns[place], open_ns))
                self.opens_ns[place] = open_ns
                self.ends_ns[place] = following(NAMES[place], open_ns)
        return ended


class Candles:
    """One symbol's bars at work and its newest seconds."""

    __slots__ = ("bars", "last_ticks", "seconds", "symbol", "untold")

    def __init__(self, symbol: int) -> None:
        self.symbol = symbol
        self.bars = [Bar() for _ in NAMES]
        self.seconds = Rows(BAR_WIDTH, limit=SECONDS_KEPT)
        self.last_ticks = 0  # 0 before the first trade
        self.untold: list[Candle] = []  # closed ones

    def add(self, trade: tuple[int, int, int, int], *, buyer_is_maker: bool) -> None:
        """Takes the next trade: (trade_id, ticks, lots, quote atoms)."""
        trade_id, ticks, lots, quote_atoms = trade
        bar = self.bars[SECOND]
        if not bar.trades:
            bar.first_trade_id = trade_id
            bar.open_ticks = bar.high_ticks = bar.low_ticks = ticks
        elif ticks > bar.high_ticks:
            bar.high_ticks = ticks
        elif ticks < bar.low_ticks:
            bar.low_ticks = ticks
        bar.close_ticks = self.last_ticks = ticks
        bar.trades += 1
        bar.lots += lots
        bar.quote_atoms += quote_atoms
        if not buyer_is_maker:
            bar.buy_lots += lots
            bar.buy_quote_atoms += quote_atoms

    def live_row(self, place: int, open_ns: int) -> BarRow:
        """The candle at work of an interval, as a row; empty when nothing has traded in it."""
        row = self.live_bar(place).row(open_ns)
        return row if row[7] else empty_row(open_ns, self.last_ticks)

    def live_bar(self, place: int) -> Bar:
        """What has traded in the candle at work of an interval."""
        return merged([self.bars[at] for at in _PARTS.get(place, (place, MINUTE, SECOND))])

    def live_candles(self, clock: CandleClock, places: range) -> list[Candle]:
        """The candles at work in which something has traded."""
        found = []
        for place in places:
            row = self.live_bar(place).row(clock.opens_ns[place])
            if row[7]:
                end_ns = clock.ends_ns[place]
                found.append(
                    candle(self.symbol, NAMES[place], row, next_ns=end_ns, is_closed=False)
                )
        return found

    def end(self, ended: list[Ended], *, tells: bool) -> list[ClosedRow]:
        """Ends intervals, shortest first: rows for the store of those in which something traded."""
        closed: list[ClosedRow] = []
        for interval in ended:
            place, open_ns = interval.place, interval.open_ns
            bar = self.bars[place]
            if bar.trades:
                row = bar.row(open_ns)
                self._merge_onwards(place)
                bar.clear()
                if place == SECOND:
                    self.seconds.append(row)
                else:
                    closed.append(ClosedRow(self.symbol, NAMES[place], row))
            else:
                row = empty_row(open_ns, self.last_ticks)
            if tells:
                self._tell_closed(interval, row)
        return closed

    def _merge_onwards(self, place: int) -> None:
        bars = self.bars
        if place == SECOND:
            bars[MINUTE].merge(bars[SECOND])
        elif place == MINUTE:
            for bar in bars[MINUTE + 1 :]:
                bar.merge(bars[MINUTE])

    def _tell_closed(self, ended: Ended, row: BarRow) -> None:
        name = NAMES[ended.place]
        next_ns = following(name, ended.open_ns)
        self.untold.append(candle(self.symbol, name, row, next_ns=next_ns, is_closed=True))
        empty_ns = next_ns
        if length_ns := LENGTHS_NS[name]:
            empty_ns = max(empty_ns, ended.next_ns - _MAX_EMPTY_TOLD * length_ns)
        while empty_ns < ended.next_ns:
            empty = empty_row(empty_ns, self.last_ticks)
            next_ns = following(name, empty_ns)
            self.untold.append(candle(self.symbol, name, empty, next_ns=next_ns, is_closed=True))
            empty_ns = next_ns
