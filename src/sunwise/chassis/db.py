"""SQL by one code for SQLite and PostgreSQL: the engine, migrations, and the stored position.

A read model stores its rows and the position up to which they hold in one transaction
(`write_position`), so that a crash between the two cannot happen.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from alembic.command import upgrade
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from sunwise.chassis.errors import Permanent, Retryable

_BUSY_TIMEOUT_MS: Final = 5_000

_metadata = MetaData()
_positions = Table(
    "stream_positions",
    _metadata,
    Column("reader", String(80), primary_key=True),
    Column("created_ns", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("checkpoint", LargeBinary, nullable=False),
)


class DatabaseUnusable(Permanent):
    """The database cannot be used as it is; the message says why and what to do."""


class StoredPosition(msgspec.Struct, frozen=True):
    """Up to where a reader's rows hold."""

    created_ns: int
    """The stream's identity (`StreamInfo.created_ns`)."""
    seq: int
    """The last sequence in the rows."""
    checkpoint: bytes = b""
    """What else the reader needs to go on (chain, part, ...), encoded by it."""


_REBUILD: Final = "It is derived from the log: move it away and start again to have it rebuilt."
_RESTORE: Final = "Nothing can rebuild it: restore it from a backup."


def open_database(target: str | Path, *, is_derived: bool = True) -> Engine:
    """An engine for a SQLite file (a path) or a PostgreSQL URL (`postgresql://...`).

    `is_derived`: the log can rebuild it, so a power cut may take its last rows; otherwise every
    commit is synced. SQLite runs in WAL mode: readers never wait for the writer. Raises
    DatabaseUnusable, or Retryable when PostgreSQL does not answer.
    """
    if "://" in str(target):
        engine = _postgresql(str(target))
    else:
        engine = _sqlite(Path(target), is_derived=is_derived)
    try:
        with engine.connect():
            pass
    except OperationalError as error:
        reason = str(error.orig).strip()
        if engine.dialect.name == "sqlite":
            raise DatabaseUnusable(f"Cannot open {target}: {reason}.") from error
        raise Retryable(f"PostgreSQL does not answer: {reason}", after_s=1.0) from error
    except DatabaseError as error:
        cure = _REBUILD if is_derived else _RESTORE
        raise DatabaseUnusable(f"{target} is damaged ({error.orig}). {cure}") from error
    return engine


def _sqlite(path: Path, *, is_derived: bool) -> Engine:
    engine = create_engine(f"sqlite:///{path}")
    synchronous = "NORMAL" if is_derived else "FULL"
    pragmas = ["journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON"]
    if not is_derived:
        pragmas.append("secure_delete=ON")  # what is erased is not left lying in free pages

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  (the driver's own)
        connection.isolation_level = None  # SQLAlchemy begins and ends transactions, not sqlite3
        # Rows and position change together, so after a power cut they are older, never torn.
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _postgresql(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnusable(
            "The database URL cannot be read: postgresql://HOST/NAME."
        ) from error
    if parsed.get_backend_name() != "postgresql":
        raise DatabaseUnusable(
            f"{parsed.get_backend_name()} is not supported: use a SQLite file or PostgreSQL."
        )
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_recycle=1800
    )


def empty_log(engine: Engine) -> None:
    """Nothing that was deleted is left in SQLite's write-ahead log; PostgreSQL sees to it by itself.

    Raises Retryable while somebody reads what is there.
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None, "it is connected"
        is_busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        raise Retryable(f"{engine.url.database} is being read: its log is emptied later", after_s=1)


@contextmanager
def answering(what: str) -> Iterator[None]:
    """Raises Retryable, naming `what` is kept there, when the database does not answer now."""
    try:
        yield
    except OperationalError as error:
        raise Retryable(f"{what} cannot be reached now: {error.orig}", after_s=1.0) from error


def migrate(engine: Engine, folder: Path, *, service: str) -> None:
    """Brings the tables of `service` to the newest revision in `folder`/versions.

    All revisions run in one transaction: it succeeds whole or changes nothing. Each service keeps
    its revision in a table of its own. Raises DatabaseUnusable for a database written by a newer
    release.
    """
    config = Config()
    config.set_main_option("script_location", _for_ini(Path(__file__).parent / "migration"))
    config.set_main_option("version_locations", _for_ini(folder / "versions"))
    config.set_main_option("path_separator", "newline")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        config.attributes["version_table"] = f"{service}_revision"
        try:
            upgrade(config, "heads")
        except CommandError as error:
            raise DatabaseUnusable(
                f"The database of {service} was written by another release ({error}). Use that "
                "release."
            ) from error
        _metadata.create_all(connection)


def _for_ini(path: Path) -> str:
    return str(path.absolute()).replace("%", "%%")


def read_position(connection: Connection, reader: str) -> StoredPosition | None:
    """Where `reader` stands, or None before its first message."""
    row = connection.execute(
        select(_positions.c.created_ns, _positions.c.seq, _positions.c.checkpoint).where(
            _positions.c.reader == reader
        )
    ).one_or_none()
    return None if row is None else StoredPosition(row.created_ns, row.seq, bytes(row.checkpoint))


def write_position(connection: Connection, reader: str, position: StoredPosition) -> None:
    """Stores where `reader` stands, in the caller's transaction."""
    values = msgspec.structs.asdict(position)
    changed = connection.execute(
        update(_positions).where(_positions.c.reader == reader).values(**values)
    )
    if changed.rowcount == 0:
        connection.execute(insert(_positions).values(reader=reader, **values))
