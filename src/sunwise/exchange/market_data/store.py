"""Closed candles of a minute and longer, in SQL, of one log.

Rows are a function of the log, so that writing one again changes nothing. The candles of a log that
was replaced by another are dropped when the store is opened for the new one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from sunwise.chassis.db import StoredPosition, migrate, read_position, write_position
from sunwise.exchange.market_data.bars import BarRow
from sunwise.exchange.market_data.candle_query import Wanted
from sunwise.exchange.market_data.candles import ClosedRow

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_METADATA: Final = MetaData()
_NUMBERS: Final = (
    "open_ticks", "high_ticks", "low_ticks", "close_ticks", "lots", "quote_atoms", "trades",
    "buy_lots", "buy_quote_atoms", "first_trade_id",
)  # fmt: skip
_CANDLES: Final = Table(
    "candles",
    _METADATA,
    Column("symbol", Integer, primary_key=True),
    Column("interval", String(3), primary_key=True),
    Column("open_ns", BigInteger, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in _NUMBERS),
)
_ROW: Final = (_CANDLES.c.open_ns, *(_CANDLES.c[name] for name in _NUMBERS))


class CandleStore:
    """The candles of one shard."""

    def __init__(self, engine: Engine, *, reader: str) -> None:
        self._engine = engine
        self._reader = reader
        migrate(engine, _MIGRATIONS, service="market_data")
        dialect = sqlite if engine.dialect.name == "sqlite" else postgresql
        self._insert = dialect.insert(_CANDLES).on_conflict_do_nothing()

    def keep_only(self, created_ns: int) -> None:
        """Drops candles unless they are of the event stream created at `created_ns`."""
        with self._engine.begin() as connection:
            known = read_position(connection, self._reader)
            if known is None or known.created_ns != created_ns:
                connection.execute(delete(_CANDLES))
                write_position(connection, self._reader, StoredPosition(created_ns, 0))

    def add(self, closed: Sequence[ClosedRow]) -> None:
        """Stores candles; those that are there already stay as they are."""
        if not closed:
            return
        rows = [
            dict(zip(_CANDLES.columns.keys(), (symbol, interval, *row), strict=True))
            for symbol, interval, row in closed
        ]
        with self._engine.begin() as connection:
            connection.execute(self._insert, rows)

    def read(self, wanted: Wanted) -> list[BarRow]:
        """The source's rows that open within [begin_ns, end_ns), and the newest one before."""
        with self._engine.connect() as connection:
            of_source = select(*_ROW).where(
                _CANDLES.c.symbol == wanted.symbol, _CANDLES.c.interval == wanted.source
            )
            within = of_source.where(
                _CANDLES.c.open_ns >= wanted.begin_ns, _CANDLES.c.open_ns < wanted.end_ns
            ).order_by(_CANDLES.c.open_ns)
            rows: list[BarRow] = [*connection.execute(within)]
            if rows and rows[0][0] == wanted.begin_ns:
                return rows
            before = of_source.where(_CANDLES.c.open_ns < wanted.begin_ns)
            newest = before.order_by(_CANDLES.c.open_ns.desc()).limit(1)
            return [*connection.execute(newest), *rows]
