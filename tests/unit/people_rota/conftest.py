import pytest

from sunwise.chassis.db import open_database
from tests.support.databases import new_database, postgresql_url

__all__ = ["new_database", "postgresql_url"]


@pytest.fixture
def database(tmp_path):
    """The rota's, in a file."""
    engine = open_database(tmp_path / "rota.db", is_derived=False)
    yield engine
    engine.dispose()


@pytest.fixture
def guard_database(tmp_path):
    """The door's, in a file."""
    engine = open_database(tmp_path / "guard.db")
    yield engine
    engine.dispose()
