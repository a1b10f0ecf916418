"""Candles for a query: which ones it asks for, where their rows are, and the empty ones between."""

from typing import NamedTuple

from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.market_data import Candle, GetCandles
from sunwise.exchange.market_data.bars import Bar, BarRow, bar_of, candle, empty_row
from sunwise.exchange.market_data.intervals import (
    DAY_NS,
    LENGTHS_NS,
    MINUTE_NS,
    NAMES,
    SECOND,
    following,
    open_of,
    preceding,
)
from sunwise.exchange.market_data.market import Market
from sunwise.exchange.market_data.model import MarketData


class Wanted(NamedTuple):
    """The candles a query is about, and the rows that they are made of."""

    symbol: int
    interval: str
    offset_ns: int
    opens_ns: list[int]  # of the candles, rising
    source: str  # interval of the rows: finer than the candles' own when a time zone shifts them
    unstored: list[BarRow]  # the source's rows that are not in the store: closed ones, the live one
    now_ns: int

    @property
    def begin_ns(self) -> int:
        """Rows that open from here, and the newest one before..."""
        return self.opens_ns[0]

    @property
    def end_ns(self) -> int:
        """...to before here are needed."""
        return following(self.interval, self.opens_ns[-1], offset_ns=self.offset_ns)


def wanted_candles(model: MarketData, market: Market, query: GetCandles) -> Wanted:
    """What `query` needs, as of now. Raises Permanent when it cannot be answered."""
    _check(query)
    source = _source(query.interval, query.offset_ns)
    return Wanted(
        symbol=query.symbol,
        interval=query.interval,
        offset_ns=query.offset_ns,
        opens_ns=_opens(market, query, model.time_ns) if market.has_traded else [],
        source=source,
        unstored=_unstored(model, market, source),
        now_ns=model.time_ns,
    )


def _unstored(model: MarketData, market: Market, source: str) -> list[BarRow]:
    place = NAMES.index(source)
    rows = [
        closed.row
        for closed in model.closed_rows
        if (closed.symbol, closed.interval) == (market.symbol, source)
    ]
    live = market.candles.live_row(place, model.clock.opens_ns[place])
    return [*rows, live] if live[7] else rows


def _check(query: GetCandles) -> None:
    if query.interval not in LENGTHS_NS:
        raise Permanent(f"{query.interval!r} is no interval: {' '.join(NAMES)}")
    if query.offset_ns % MINUTE_NS:
        raise Permanent("an offset is whole minutes")


def _opens(market: Market, query: GetCandles, now_ns: int) -> list[int]:
    """Opens of the candles asked for: the first ones from `start_ns` on, else the newest."""
    name, offset_ns = query.interval, query.offset_ns
    first_ns = open_of(name, _oldest_ns(market, name), offset_ns=offset_ns)
    end_ns = now_ns if query.end_ns is None else min(query.end_ns, now_ns)
    if end_ns < first_ns:
        return []
    last_ns = open_of(name, end_ns, offset_ns=offset_ns)
    if query.start_ns is None:
        return _newest_opens(query, first_ns, last_ns)
    if query.start_ns > last_ns:
        return []
    at_ns = open_of(name, max(query.start_ns, first_ns), offset_ns=offset_ns)
    if at_ns < query.start_ns:
        at_ns = following(name, at_ns, offset_ns=offset_ns)
    opens: list[int] = []
    while at_ns <= last_ns and len(opens) < query.limit:
        opens.append(at_ns)
        at_ns = following(name, at_ns, offset_ns=offset_ns)
    return opens


def _newest_opens(query: GetCandles, first_ns: int, last_ns: int) -> list[int]:
    opens: list[int] = []
    at_ns = last_ns
    while at_ns >= first_ns and len(opens) < query.limit:
        opens.append(at_ns)
        at_ns = preceding(query.interval, at_ns, offset_ns=query.offset_ns)
    return opens[::-1]


def _oldest_ns(market: Market, interval: str) -> int:
    """Before this time there is no candle: of a second, those that memory has let go of."""
    seconds = market.candles.seconds
    if interval == NAMES[SECOND] and seconds.is_full:
        return seconds[0][0]
    return market.first_ns


def _source(interval: str, offset_ns: int) -> str:
    """The longest interval whose candles fit whole into those of `interval`, shifted."""
    length_ns = LENGTHS_NS[interval] or DAY_NS  # a month is made of days
    if not offset_ns or (interval in NAMES[: NAMES.index("1d")] and not offset_ns % length_ns):
        return interval
    fitting = [
        name
        for name in NAMES[1 : NAMES.index("1d")]
        if not offset_ns % LENGTHS_NS[name] and not length_ns % LENGTHS_NS[name]
    ]
    return fitting[-1]


def seconds_of(market: Market, wanted: Wanted) -> list[BarRow]:
    """The rows for candles of a second, the newest one before them included."""
    seconds = market.candles.seconds
    start = seconds.find(wanted.begin_ns)
    return list(seconds.slice(max(0, start - 1), seconds.find(wanted.end_ns)))


def filled_candles(wanted: Wanted, stored: list[BarRow]) -> list[Candle]:
    """The candles asked for, oldest first.

    `stored` are the source's rows that open within [begin_ns, end_ns), and the newest one before.
    """
    # A row may have been stored while it was read: the same row once more.
    known = {row[0]: row for row in (*stored, *wanted.unstored)}
    rows = [known[open_ns] for open_ns in sorted(known)]
    close_ticks = 0
    for row in rows:
        if row[0] >= wanted.begin_ns:
            break
        close_ticks = row[4]
    by_open = _rows_by_open(wanted, rows)
    nexts_ns = [*wanted.opens_ns[1:], wanted.end_ns]
    found = []
    for open_ns, next_ns in zip(wanted.opens_ns, nexts_ns, strict=True):
        row = by_open.get(open_ns) or empty_row(open_ns, close_ticks)
        close_ticks = row[4]
        is_closed = next_ns <= wanted.now_ns
        found.append(
            candle(wanted.symbol, wanted.interval, row, next_ns=next_ns, is_closed=is_closed)
        )
    return found


def _rows_by_open(wanted: Wanted, rows: list[BarRow]) -> dict[int, BarRow]:
    if wanted.source == wanted.interval:
        return {row[0]: row for row in rows}
    bars: dict[int, Bar] = {}
    for row in rows:
        open_ns = open_of(wanted.interval, row[0], offset_ns=wanted.offset_ns)
        bars.setdefault(open_ns, Bar()).merge(bar_of(row))
    return {open_ns: bar.row(open_ns) for open_ns, bar in bars.items()}
