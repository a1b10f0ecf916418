from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from sunwise.chassis.db import (
    DatabaseUnusable,
    StoredPosition,
    empty_log,
    migrate,
    open_database,
    read_position,
    write_position,
)
from sunwise.chassis.errors import Retryable
from tests.support.postgresql_server import running_postgresql

FIRST = """
from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "trade",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("price_ticks", sa.BigInteger, nullable=False),
    )
"""
SECOND = """
from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("trade", sa.Column("taker", sa.BigInteger, server_default="0"))
"""
BROKEN = """
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE TABLE half_done (id INTEGER)")
    raise RuntimeError("power cut")
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL of our own; skips where none is installed."""
    with running_postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = open_database(tmp_path / "history.db")
    else:
        engine = open_database(request.getfixturevalue("postgresql"))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    yield engine
    engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_trade.py").write_text(FIRST)
    return versions.parent


def test_migrations_run_once_and_go_on_later(engine: Engine, folder: Path):
    migrate(engine, folder, service="history")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO trade VALUES (1, 100)"))
    migrate(engine, folder, service="history")
    (folder / "versions" / "0002_taker.py").write_text(SECOND)
    migrate(engine, folder, service="history")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM trade")).all() == [(1, 100, 0)]


def test_a_failed_migration_changes_nothing(engine: Engine, folder: Path):
    (folder / "versions" / "0002_taker.py").write_text(SECOND)
    migrate(engine, folder, service="history")
    (folder / "versions" / "0003_broken.py").write_text(BROKEN)
    with pytest.raises(RuntimeError, match="power cut"):
        migrate(engine, folder, service="history")
    (folder / "versions" / "0003_broken.py").write_text(BROKEN.replace("raise", "pass #"))
    migrate(engine, folder, service="history")


def test_a_database_of_a_newer_release_is_refused(engine: Engine, folder: Path):
    (folder / "versions" / "0002_taker.py").write_text(SECOND)
    migrate(engine, folder, service="history")
    (folder / "versions" / "0002_taker.py").unlink()
    with pytest.raises(DatabaseUnusable, match="another release"):
        migrate(engine, folder, service="history")


def test_services_keep_their_own_revisions(engine: Engine, folder: Path, tmp_path: Path):
    migrate(engine, folder, service="history")
    other = tmp_path / "other"
    (other / "versions").mkdir(parents=True)
    (other / "versions" / "a.py").write_text(FIRST.replace('"trade"', '"person"'))
    migrate(engine, other, service="people")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM person")).scalar() == 0


def test_rows_and_position_change_together(engine: Engine, folder: Path):
    migrate(engine, folder, service="history")
    with engine.begin() as connection:
        assert read_position(connection, "history") is None
        write_position(connection, "history", StoredPosition(2**62, 7, b"chain"))
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO trade VALUES (1, 100)"))
        write_position(connection, "history", StoredPosition(2**62, 8))
        connection.rollback()
    with engine.begin() as connection:
        assert read_position(connection, "history") == StoredPosition(2**62, 7, b"chain")
        assert connection.execute(text("SELECT count(*) FROM trade")).scalar() == 0
        write_position(connection, "history", StoredPosition(2**62, 9))
        assert read_position(connection, "history") == StoredPosition(2**62, 9)
        assert read_position(connection, "other") is None


def test_readers_do_not_wait_for_the_writer(engine: Engine, folder: Path):
    migrate(engine, folder, service="history")
    with engine.begin() as writing, engine.connect() as reading:
        writing.execute(text("INSERT INTO trade VALUES (1, 100)"))
        assert reading.execute(text("SELECT count(*) FROM trade")).scalar() == 0


def test_a_log_that_is_being_read_is_not_taken_for_emptied(tmp_path, monkeypatch):
    monkeypatch.setattr("sunwise.chassis.db._BUSY_TIMEOUT_MS", 1)
    engine = open_database(tmp_path / "x.db", is_derived=False)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE who (name TEXT)"))
        connection.execute(text("INSERT INTO who VALUES ('cleo')"))
    with engine.connect() as reading:
        reading.execute(text("SELECT * FROM who"))
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM who"))
        with pytest.raises(Retryable, match="being read"):
            empty_log(engine)
        assert b"cleo" in (tmp_path / "x.db-wal").read_bytes()
    empty_log(engine)
    assert not any(b"cleo" in path.read_bytes() for path in tmp_path.iterdir())
    engine.dispose()


def test_a_damaged_file_is_told(tmp_path: Path):
    (tmp_path / "x.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(DatabaseUnusable, match="rebuilt"):
        open_database(tmp_path / "x.db")


def test_what_the_log_cannot_rebuild_is_synced_and_never_thrown_away(tmp_path: Path):
    engine = open_database(tmp_path / "keys.db", is_derived=False)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()
    (tmp_path / "y.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(DatabaseUnusable, match="backup"):
        open_database(tmp_path / "y.db", is_derived=False)


def test_what_cannot_be_opened_is_told(tmp_path: Path):
    with pytest.raises(DatabaseUnusable, match="Cannot open"):
        open_database(tmp_path / "no" / "such" / "folder.db")
    with pytest.raises(DatabaseUnusable, match="mysql is not supported"):
        open_database("mysql://host/name")
    with pytest.raises(Retryable, match="does not answer"):
        open_database(f"postgresql://nobody@/none?host={tmp_path}")
