"""The model as bytes and back, so that a restart does not replay the log from zero.

What has not been told of the books goes along: after a restart the depth feeds go on with the next
update id, or repeat some, and never leave any out.
"""

from typing import Final

import msgspec

from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.market_data import Level
from sunwise.exchange.market_data.bars import BarRow
from sunwise.exchange.market_data.book import Book
from sunwise.exchange.market_data.market import Market
from sunwise.exchange.market_data.model import Kept, MarketData
from sunwise.exchange.market_data.tape import TradeRow

LAYOUT: Final = b"market_data 1"


class _SavedBook(msgspec.Struct, array_like=True):
    bids: list[Level]
    asks: list[Level]
    changed_bids: set[int]
    changed_asks: set[int]
    slow_bids: set[int]
    slow_asks: set[int]
    update_id: int
    told_id: int
    slow_told_id: int


class _SavedMarket(msgspec.Struct, array_like=True):
    quote_atoms_per_tick_lot: int
    avg_price_mins: int
    first_ns: int
    book: _SavedBook
    newest: TradeRow | None
    n_aggregates: int
    trades: bytes
    aggregates: bytes
    last_ticks: int
    bars: list[BarRow]
    seconds: bytes
    minutes: bytes
    previous_close_ticks: int


class _Saved(msgspec.Struct, array_like=True):
    position: Position
    time_ns: int
    clock_ns: int
    markets: list[_SavedMarket]


def save(model: MarketData) -> bytes:
    """Everything the model knows but closed candles, which are in the store."""
    assert model.is_whole, (
        "a checkpoint holds whole aggregates, and closed candles are stored first"
    )
    saved = _Saved(
        position=model.position,
        time_ns=model.time_ns,
        clock_ns=model.clock.opens_ns[0],
        markets=[_saved_market(market) for market in model.markets],
    )
    return msgspec.msgpack.encode(saved)


def load(data: bytes, kept: Kept | None = None) -> MarketData:
    """The model that `save` made these bytes of. Raises msgspec.DecodeError or ValueError."""
    saved = msgspec.msgpack.decode(data, type=_Saved)
    model = MarketData(kept)
    model.position, model.time_ns = saved.position, saved.time_ns
    model.clock.start(saved.clock_ns)
    for symbol, row in enumerate(saved.markets):
        market = model.add_market(symbol, row.quote_atoms_per_tick_lot, row.avg_price_mins)
        _load_market(market, row)
        model.feeds.booked[symbol] = market
    return model


def _saved_market(market: Market) -> _SavedMarket:
    tape, candles = market.tape, market.candles
    return _SavedMarket(
        quote_atoms_per_tick_lot=market.quote_atoms_per_tick_lot,
        avg_price_mins=market.avg_price_mins,
        first_ns=market.first_ns,
        book=_saved_book(market.book),
        newest=tape.newest,
        n_aggregates=tape.n_aggregates,
        trades=tape.trades.to_bytes(),
        aggregates=tape.aggregates.to_bytes(),
        last_ticks=candles.last_ticks,
        bars=[bar.row(0) for bar in candles.bars],
        seconds=candles.seconds.to_bytes(),
        minutes=market.day.minutes.to_bytes(),
        previous_close_ticks=market.day.previous_close_ticks,
    )


def _load_market(market: Market, row: _SavedMarket) -> None:
    tape, candles = market.tape, market.candles
    market.first_ns = row.first_ns
    _load_book(market.book, row.book)
    tape.newest, tape.n_aggregates = row.newest, row.n_aggregates
    tape.trades.load_bytes(row.trades)
    tape.aggregates.load_bytes(row.aggregates)
    candles.last_ticks = row.last_ticks
    for bar, numbers in zip(candles.bars, row.bars, strict=True):
        bar.load(numbers)
    candles.seconds.load_bytes(row.seconds)
    market.day.load_bytes(row.minutes, row.previous_close_ticks)


def _saved_book(book: Book) -> _SavedBook:
    return _SavedBook(
        bids=list(book.bids.lots.items()),
        asks=list(book.asks.lots.items()),
        changed_bids=book.bids.changed,
        changed_asks=book.asks.changed,
        slow_bids=book.slow_bids,
        slow_asks=book.slow_asks,
        update_id=book.update_id,
        told_id=book.told_id,
        slow_told_id=book.slow_told_id,
    )


def _load_book(book: Book, saved: _SavedBook) -> None:
    book.bids.load(saved.bids)
    book.asks.load(saved.asks)
    book.bids.changed, book.asks.changed = saved.changed_bids, saved.changed_asks
    book.slow_bids, book.slow_asks = saved.slow_bids, saved.slow_asks
    book.update_id = saved.update_id
    book.told_id, book.slow_told_id = saved.told_id, saved.slow_told_id
