"""The tape of one symbol: its newest trades, one by one and as aggregates.

An aggregate is what one taker order traded at one price. A taker trades within one batch, so an
aggregate is whole when another taker or price follows, at the latest with its batch. Aggregates
count from 1 and their trade ids tile: [first, last] of one ends where the next begins.
"""

from typing import Final

from sunwise.contracts.exchange.market_data import AggregateTrade, TradePrint
from sunwise.exchange.market_data.rows import LARGEST, Rows

TradeRow = tuple[int, int, int, int, int, bool]
"""(trade_id, ticks, lots, quote atoms, time_ns, buyer is maker)."""
AggregateRow = tuple[int, int, int, int, int, int, bool]
"""(aggregate_id, ticks, lots, first trade id, last trade id, time_ns, buyer is maker)."""
TRADE_WIDTH: Final = 6
AGGREGATE_WIDTH: Final = 7
_TIME: Final = 5
_NOBODY: Final = 0


class Tape:
    """Trades and aggregates, the newest of each."""

    __slots__ = (
        "_first_id",
        "_lots",
        "_taker",
        "_ticks",
        "aggregates",
        "n_aggregates",
        "newest",
        "trades",
        "untold_aggregates",
        "untold_trades",
    )

    def __init__(self, *, trades_kept: int, aggregates_kept: int) -> None:
        self.trades = Rows(TRADE_WIDTH, limit=trades_kept)
        self.aggregates = Rows(AGGREGATE_WIDTH, limit=aggregates_kept)
        self.n_aggregates = 0
        self.newest: TradeRow | None = None
        self.untold_trades: list[TradeRow] = []
        self.untold_aggregates: list[AggregateRow] = []
        self._taker = _NOBODY  # whose aggregate is at work
        self._ticks = self._lots = self._first_id = 0

    def add(self, row: TradeRow, *, taker_order_id: int, tells: bool) -> None:
        """Takes the next trade."""
        trade_id, ticks, lots = row[:3]
        assert self.newest is None or trade_id == self.newest[0] + 1, "a trade is missing"
        if taker_order_id != self._taker or ticks != self._ticks:
            self.end_aggregate(tells=tells)
            self._taker, self._ticks = taker_order_id, ticks
            self._lots, self._first_id = 0, trade_id
        self._lots += lots
        self.newest = row
        self.trades.append(row)
        if tells:
            self.untold_trades.append(row)

    def end_aggregate(self, *, tells: bool) -> None:
        """The aggregate at work, if any, is whole."""
        if self._taker == _NOBODY or self.newest is None:
            return
        last_id, _, _, _, time_ns, buyer_is_maker = self.newest
        self.n_aggregates += 1
        row = (
            self.n_aggregates,
            self._ticks,
            min(self._lots, LARGEST),
            self._first_id,
            last_id,
            time_ns,
            buyer_is_maker,
        )
        self.aggregates.append(row)
        if tells:
            self.untold_aggregates.append(row)
        self._taker = _NOBODY

    def trades_from(self, trade_id: int | None, limit: int) -> list[tuple[int, ...]]:
        """At most `limit` kept trades from an id on; the newest when it is None. Oldest first."""
        rows = self.trades
        start = max(0, len(rows) - limit) if trade_id is None else rows.find(trade_id)
        return list(rows.slice(start, min(start + limit, len(rows))))

    def aggregates_from(self, aggregate_id: int | None, limit: int) -> list[tuple[int, ...]]:
        """As `trades_from`."""
        rows = self.aggregates
        start = max(0, len(rows) - limit) if aggregate_id is None else rows.find(aggregate_id)
        return list(rows.slice(start, min(start + limit, len(rows))))

    def aggregates_between(
        self, start_ns: int | None, end_ns: int | None, limit: int
    ) -> list[tuple[int, ...]]:
        """At most `limit` kept aggregates of [start_ns, end_ns].

        The first ones from `start_ns` on; without it the newest up to `end_ns`.
        """
        rows = self.aggregates
        stop = len(rows) if end_ns is None else rows.find(end_ns + 1, field=_TIME)
        if start_ns is None:
            start = max(0, stop - limit)
        else:
            start = rows.find(start_ns, field=_TIME)
            stop = min(stop, start + limit)
        return list(rows.slice(start, stop))


def trade_print(symbol: int, row: tuple[int, ...]) -> TradePrint:
    """The row as the contract shows it."""
    trade_id, ticks, lots, quote_atoms, time_ns, buyer_is_maker = row
    return TradePrint(
        symbol=symbol,
        trade_id=trade_id,
        price_ticks=ticks,
        qty_lots=lots,
        quote_atoms=quote_atoms,
        time_ns=time_ns,
        buyer_is_maker=bool(buyer_is_maker),
    )


def aggregate_trade(symbol: int, row: tuple[int, ...]) -> AggregateTrade:
    """The row as the contract shows it."""
    aggregate_id, ticks, lots, first_id, last_id, time_ns, buyer_is_maker = row
    return AggregateTrade(
        symbol=symbol,
        aggregate_id=aggregate_id,
        price_ticks=ticks,
        qty_lots=lots,
        first_trade_id=first_id,
        last_trade_id=last_id,
        time_ns=time_ns,
        buyer_is_maker=bool(buyer_is_maker),
    )
