"""Meridian, an exchange that does not exist: 60 people in 12 countries, 8 teams, 24 services.

The tables beside this file are read by the same import as anybody's. Leave is counted in days from
today, so that the company is always believable.
"""

import re
from datetime import date, timedelta
from importlib import resources
from typing import Final

from sunwise.people.directory.imports.known import Known
from sunwise.people.directory.imports.tables_csv import read_tables
from sunwise.people.directory.planning import ChangeSet, Plan
from sunwise.people.directory.store import DirectoryStore

TABLES: Final = ("people.csv", "teams.csv", "hubs.csv", "services.csv", "leave.csv")


def demo_company(today: date) -> ChangeSet:
    """The whole company as one change set."""
    folder = resources.files(__package__)
    files = {name: folder.joinpath(name).read_text("utf-8") for name in TABLES}
    files["leave.csv"] = re.sub(
        r"\+(\d+)", lambda n: str(today + timedelta(days=int(n[1]))), files["leave.csv"]
    )
    return read_tables(files, Known())


def load_demo(store: DirectoryStore, *, today: date, author: str) -> Plan:
    """Puts the company into an empty directory. Raises Refused."""
    return store.apply(demo_company(today), author=author, expected_version=0)
