"""Both kinds of SQL, fresh for each test: `conftest.py` takes the fixtures it wants from here."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from sunwise.chassis.db import open_database
from tests.support.postgresql_server import running_postgresql


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL for the whole session; skips where none is installed."""
    with running_postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Makes an empty database whenever it is called; what was made before is gone then."""
    made: list[Engine] = []

    def make() -> Engine:
        if request.param == "sqlite":
            engine = open_database(tmp_path / f"test{len(made)}.db")
        else:
            engine = open_database(request.getfixturevalue("postgresql_url"))
            with engine.begin() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.dispose()
