"""The projection: event messages in, feeds and candles out. No clock, no I/O.

Time is the log's: it moves with each event message, also with one that holds no event.
"""

from typing import Final, NamedTuple

from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.codec import subset
from sunwise.contracts.exchange.log import EventMessage
from sunwise.contracts.exchange.records import (
    EVENT_STRIDE,
    ORDER_EVENT,
    SYMBOL_EVENT,
    TRADE_EVENT,
    EventFlag,
    EventKind,
    Side,
)
from sunwise.exchange.market_data.candles import CandleClock, ClosedRow
from sunwise.exchange.market_data.feeds import Feeds
from sunwise.exchange.market_data.intervals import MINUTE, NAMES
from sunwise.exchange.market_data.market import Market
from sunwise.exchange.market_data.tape import Tape

_BOOKED: Final = subset(
    ORDER_EVENT, "symbol", "side", "price_ticks", "qty_lots", "executed_lots", "update_id"
)
_TRADE: Final = subset(
    TRADE_EVENT,
    "flags", "symbol", "taker_order_id", "price_ticks", "qty_lots", "quote_atoms", "trade_id",
    "update_id",
)  # fmt: skip
_LISTED: Final = subset(SYMBOL_EVENT, "symbol", "quote_atoms_per_tick_lot", "avg_price_mins")
_TRADED: Final = int(EventKind.TRADE)
_ENTERS: Final = frozenset({int(EventKind.ACCEPTED), int(EventKind.RESTED)})
_LEAVES: Final = frozenset({int(EventKind.CANCELED), int(EventKind.EXPIRED)})
_SYMBOL_LISTED: Final = int(EventKind.SYMBOL_LISTED)
_ON_BOOK: Final = int(EventFlag.ON_BOOK)
_BUYER_IS_MAKER: Final = int(EventFlag.BUYER_IS_MAKER)
_BUY: Final = int(Side.BUY)
Records = bytes | memoryview


class Kept(NamedTuple):
    """How much of the past each symbol keeps in memory."""

    trades: int = 1_000
    aggregates: int = 1_000


class MarketData:
    """Every symbol of a shard after everything up to `position`."""

    def __init__(self, kept: Kept | None = None) -> None:
        self.position = Position(command_seq=0)
        self.time_ns = 0  # log time
        self.markets: list[Market] = []
        self.clock = CandleClock()
        self.closed_rows: list[ClosedRow] = []  # not in the store yet, oldest first
        self.feeds = Feeds()
        self._kept = kept or Kept()
        self._tells = False
        self._aggregating: dict[int, Market] = {}

    @property
    def is_whole(self) -> bool:
        """No taker's trades are half applied and closed candles are stored: it may be saved."""
        return not self._aggregating and not self.closed_rows

    # --- events in ---

    def apply(self, message: EventMessage, *, tells: bool = True) -> None:
        """Takes the next event message; trades and candles are told later only if it `tells`."""
        self._tells = tells
        self.time_ns = message.time_ns
        if message.time_ns >= self.clock.second_ends_ns:
            self._end_intervals()
        records = message.records
        for at in range(0, len(records), EVENT_STRIDE):
            kind = records[at]
            if kind == _TRADED:
                self._trade(records, at)
            elif kind in _ENTERS:
                if records[at + 1] & _ON_BOOK:
                    self._change_book(records, at, sign=1)
            elif kind in _LEAVES:
                if records[at + 1] & _ON_BOOK:
                    self._change_book(records, at, sign=-1)
            elif kind == _SYMBOL_LISTED:
                self._list(records, at)
        self.position = Position(command_seq=message.command_seq, part=message.part)
        if message.is_last and self._aggregating:
            for market in self._aggregating.values():
                market.tape.end_aggregate(tells=tells)
            self.feeds.traded.update(self._aggregating)
            self._aggregating = {}

    def _change_book(self, records: Records, at: int, *, sign: int) -> None:
        symbol, side, ticks, qty_lots, executed_lots, update_id = _BOOKED.unpack_from(records, at)
        market = self.markets[symbol]
        book = market.book
        left_lots = qty_lots - executed_lots
        book.change(book.bids if side == _BUY else book.asks, update_id, ticks, sign * left_lots)
        self.feeds.booked[symbol] = market

    def _trade(self, records: Records, at: int) -> None:
        flags, symbol, taker, ticks, lots, quote_atoms, trade_id, update_id = _TRADE.unpack_from(
            records, at
        )
        market = self.markets[symbol]
        buyer_is_maker = bool(flags & _BUYER_IS_MAKER)
        book = market.book
        book.change(book.bids if buyer_is_maker else book.asks, update_id, ticks, -lots)
        row = (trade_id, ticks, lots, quote_atoms, self.time_ns, buyer_is_maker)
        market.tape.add(row, taker_order_id=taker, tells=self._tells)
        market.candles.add(row[:4], buyer_is_maker=buyer_is_maker)
        if market.first_ns < 0:
            market.first_ns = self.time_ns
        self.feeds.booked[symbol] = self.feeds.traded[symbol] = market
        self._aggregating[symbol] = market

    def _list(self, records: Records, at: int) -> None:
        symbol, quote_atoms_per_tick_lot, avg_price_mins = _LISTED.unpack_from(records, at)
        assert symbol == len(self.markets), "symbols are listed in the order of their indexes"
        self.add_market(symbol, quote_atoms_per_tick_lot, avg_price_mins)

    def add_market(self, symbol: int, quote_atoms_per_tick_lot: int, avg_price_mins: int) -> Market:
        """A symbol in which nothing has happened."""
        market = Market(
            symbol,
            quote_atoms_per_tick_lot=quote_atoms_per_tick_lot,
            avg_price_mins=avg_price_mins,
            tape=Tape(trades_kept=self._kept.trades, aggregates_kept=self._kept.aggregates),
        )
        self.markets.append(market)
        return market

    def _end_intervals(self) -> None:
        ended = self.clock.advance(self.time_ns)
        ends_minute = any(interval.place == MINUTE for interval in ended)
        for market in self.markets:
            if not market.has_traded:
                continue
            closed = market.candles.end(ended, tells=self._tells)
            for row in closed:
                if row.interval == NAMES[MINUTE]:
                    market.day.add(row.row)
            self.closed_rows += closed
            if self._tells:
                self.feeds.closed[market.symbol] = market
            if ends_minute and market.day.advance(self.time_ns):
                self.feeds.moved[market.symbol] = market

    def forget_stored(self, count: int) -> None:
        """The oldest `count` closed rows are in the store."""
        del self.closed_rows[:count]
