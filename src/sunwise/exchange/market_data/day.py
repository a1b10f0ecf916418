"""The last 24 hours of one symbol, in whole minutes.

The window begins with the minute that holds `now - 24 h`, so it is up to a minute longer than the
24 hours it names: exact to the trade at its end, to the minute at its beginning.
"""

from typing import Final

from sunwise.exchange.market_data.bars import BAR_WIDTH, Bar, BarRow
from sunwise.exchange.market_data.intervals import DAY_NS, MINUTE_NS
from sunwise.exchange.market_data.rows import Rows

_HIGH: Final = 2  # fields of a BarRow
_LOW: Final = 3


class Day:
    """Minutes in which something traded, and their sums."""

    __slots__ = ("_whole", "minutes", "previous_close_ticks")

    def __init__(self) -> None:
        self.minutes = Rows(BAR_WIDTH)
        self.previous_close_ticks = 0  # of the last trade before the window
        self._whole = Bar()

    def add(self, minute: BarRow) -> None:
        """Takes a minute that has ended."""
        later = Bar()
        later.load(minute)
        self.minutes.append(minute)
        self._whole.merge(later)

    def advance(self, time_ns: int) -> bool:
        """Lets go of minutes that have left the window; whether any has."""
        begin_ns = time_ns - time_ns % MINUTE_NS - DAY_NS
        if not self.minutes or self.minutes[0][0] >= begin_ns:
            return False
        gone = []
        while self.minutes and self.minutes[0][0] < begin_ns:
            gone.append(self.minutes.popleft())
        self.previous_close_ticks = gone[-1][4]
        self._recount(gone)
        return True

    def _recount(self, gone: list[BarRow]) -> None:
        whole = self._whole
        if not self.minutes:
            whole.clear()
            return
        for row in gone:
            whole.lots -= row[5]
            whole.quote_atoms -= row[6]
            whole.trades -= row[7]
            whole.buy_lots -= row[8]
            whole.buy_quote_atoms -= row[9]
        first = self.minutes[0]
        whole.open_ticks, whole.first_trade_id = first[1], first[10]
        if any(row[_HIGH] == whole.high_ticks or row[_LOW] == whole.low_ticks for row in gone):
            whole.high_ticks = max(row[_HIGH] for row in self.minutes)
            whole.low_ticks = min(row[_LOW] for row in self.minutes)

    def window(self, live: Bar) -> Bar:
        """What has traded in the window, with `live`: the minute at work."""
        whole = Bar()
        whole.merge(self._whole)
        whole.merge(live)
        return whole

    def load_bytes(self, data: bytes, previous_close_ticks: int) -> None:
        """Takes the minutes of a checkpoint."""
        self.minutes.load_bytes(data)
        self.previous_close_ticks = previous_close_ticks
        self._whole.clear()
        for row in self.minutes:
            later = Bar()
            later.load(row)
            self._whole.merge(later)
