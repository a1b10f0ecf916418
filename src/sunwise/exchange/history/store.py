"""Writes the history: rows and the position they hold up to, in one transaction."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnClause,
    Connection,
    Engine,
    and_,
    bindparam,
    case,
    delete,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from sunwise.chassis.db import StoredPosition, migrate, read_position, write_position
from sunwise.chassis.log import Checkpoint
from sunwise.contracts.exchange.accounts import OrderStatus
from sunwise.exchange.history.model import Changes
from sunwise.exchange.history.tables import FILLS, ORDERS, SYMBOL_ASSETS, UNCHANGING

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_CHUNK: Final = 1_000  # rows handed to the driver at once
_SQLITE_CACHE_KIB: Final = 32 * 1024
_SQLITE_WAL_PAGES: Final = (
    8_192  # 32 MiB between two write-backs: a page is written back less often
)

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Checkpoint).decode


class _Bulk:
    """A statement, compiled once, that runs for many rows of plain values.

    Half the cost of handing SQLAlchemy a dict a row: it would process each for types that are the
    driver's own here.
    """

    def __init__(self, statement: Any, names: Sequence[str], engine: Engine) -> None:  # noqa: ANN401 - an insert of either dialect, or an update
        compiled = statement.compile(dialect=engine.dialect)
        self._text = str(compiled)
        self._names = names
        self._places = None
        if compiled.positiontup is not None:
            self._places = [names.index(name) for name in compiled.positiontup]

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Runs for each row; its values are in the order of `names`."""
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            connection.exec_driver_sql(self._text, self._parameters(chunk))

    def _parameters(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        places = self._places
        if places is None:
            return [dict(zip(self._names, row, strict=True)) for row in rows]
        if places == list(range(len(self._names))):
            return list(rows)
        return [tuple(row[place] for place in places) for row in rows]


class HistoryStore:
    """The history of one shard. Its methods block."""

    def __init__(self, engine: Engine, *, reader: str) -> None:
        self._engine = engine
        self._reader = reader
        migrate(engine, _MIGRATIONS, service="history")
        dialect = sqlite if engine.dialect.name == "sqlite" else postgresql
        names = ORDERS.columns.keys()
        insert = dialect.insert(ORDERS)
        changed = {name: insert.excluded[name] for name in names if name not in UNCHANGING}
        self._orders = _Bulk(
            insert.on_conflict_do_update(index_elements=["symbol", "order_id"], set_=changed),
            names,
            engine,
        )
        self._fills = _Bulk(
            dialect.insert(FILLS).on_conflict_do_nothing(), FILLS.columns.keys(), engine
        )
        self._executed = _Bulk(_execute_order(), _EXECUTED_NAMES, engine)
        self._symbol_assets = _Bulk(
            dialect.insert(SYMBOL_ASSETS).on_conflict_do_nothing(),
            SYMBOL_ASSETS.columns.keys(),
            engine,
        )

    def start(self, created_ns: int) -> Checkpoint | None:
        """Up to where the rows hold; None for none.

        Rows of another event stream than the one created at `created_ns` are dropped.
        """
        with self._engine.begin() as connection:
            stored = read_position(connection, self._reader)
        if stored is None:
            return None
        if stored.created_ns != created_ns:
            self.clear()
            return None
        return _decode(stored.checkpoint)

    def assets_of(self) -> dict[int, tuple[int, int]]:
        """The base and quote asset of each symbol."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(SYMBOL_ASSETS))
            return {symbol: (base, quote) for symbol, base, quote in rows}

    def clear(self) -> None:
        """Drops everything: it will be rebuilt from the log."""
        with self._engine.begin() as connection:
            for table in (ORDERS, FILLS, SYMBOL_ASSETS):
                connection.execute(delete(table))
            write_position(connection, self._reader, StoredPosition(0, 0))

    def write(self, changes: Changes, checkpoint: Checkpoint | None) -> None:
        """Writes rows, and the position if there is a new one, in one transaction.

        What was written before is written again without harm: a replay may overlap.
        """
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql(f"PRAGMA cache_size=-{_SQLITE_CACHE_KIB}")
                connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint={_SQLITE_WAL_PAGES}")
            self._symbol_assets.run(connection, changes.symbol_assets)
            self._orders.run(connection, changes.orders)
            self._executed.run(connection, [(*key, *values) for key, values in changes.executed])
            self._fills.run(connection, changes.fills)
            if checkpoint is not None:
                stored = StoredPosition(
                    checkpoint.created_ns, checkpoint.evt_seq, _encode(checkpoint)
                )
                write_position(connection, self._reader, stored)


_FILLED: ColumnClause[int] = literal_column(str(OrderStatus.FILLED))
_PARTIALLY_FILLED: ColumnClause[int] = literal_column(str(OrderStatus.PARTIALLY_FILLED))
_EXECUTED_NAMES: Final = (
    "of_symbol", "of_order_id", "new_executed_lots", "new_executed_quote_atoms", "new_updated_ns",
)  # fmt: skip


def _execute_order() -> Any:  # noqa: ANN401 - SQLAlchemy's update
    """Sets what is executed of an order, and its status by it."""
    values: list[BindParameter[int]] = [bindparam(name) for name in _EXECUTED_NAMES]
    of_symbol, of_order_id, lots, quote_atoms, updated_ns = values
    columns = ORDERS.c
    is_filled = or_(
        columns.qty_lots == lots, and_(columns.by_quote, columns.quote_atoms == quote_atoms)
    )
    return (
        update(ORDERS)
        .where(columns.symbol == of_symbol, columns.order_id == of_order_id)
        .values(
            executed_lots=lots,
            executed_quote_atoms=quote_atoms,
            updated_ns=updated_ns,
            status=case((is_filled, _FILLED), else_=_PARTIALLY_FILLED),
        )
    )
