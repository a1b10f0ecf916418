"""The tables as the code sees them; `migrations` makes them.

What a source says about an object is one row, keyed by both; a field about which it says nothing is
NULL. Columns are named as in the contract: there is no column for what the contract does not have.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from sunwise.people.directory.objects import FIELDS, FLAGS, LISTS, NESTED, Kind

METADATA: Final = MetaData()


def _column(field: str) -> Column[Any]:
    if field in FLAGS:
        return Column(field, Boolean)
    if field in LISTS | NESTED:
        return Column(field, Text)  # JSON
    return Column(field, String(500))


def _claims(name: str, kind: Kind) -> Table:
    return Table(
        name,
        METADATA,
        Column("id", String(64), primary_key=True),
        Column("source", String(16), primary_key=True),
        *map(_column, FIELDS[kind]),
    )


CLAIMS: Final[Mapping[Kind, Table]] = MappingProxyType(
    {
        Kind.PERSON: _claims("directory_people", Kind.PERSON),
        Kind.TEAM: _claims("directory_teams", Kind.TEAM),
        Kind.HUB: _claims("directory_hubs", Kind.HUB),
        Kind.SERVICE: _claims("directory_services", Kind.SERVICE),
    }
)
LEAVE: Final = Table(
    "directory_leave",
    METADATA,
    Column("person", String(64), primary_key=True),
    Column("first", Date, primary_key=True),
    Column("last", Date),
)
HEAD: Final = Table(
    "directory_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger),
)
VERSIONS: Final = Table(
    "directory_versions",
    METADATA,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger),
    Column("author", String(64)),
    Column("source", String(16)),
    Column("n_changes", Integer),
)
CHANGES: Final = Table(
    "directory_changes",
    METADATA,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("verb", String(8)),
    Column("kind", String(8)),
    Column("object", String(64)),
    Column("field", String(32)),
    Column("old", Text),  # JSON
    Column("new", Text),  # JSON
    Column("source", String(16)),
)
PSEUDONYMS: Final = Table(
    "directory_pseudonyms",
    METADATA,
    Column("person", String(64), primary_key=True),
    Column("pseudonym", String(32), nullable=False),
    UniqueConstraint("pseudonym"),
)
SCIM: Final = Table(
    "directory_scim",
    METADATA,
    Column("kind", String(8), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("document", Text),  # JSON, of the attributes that scim.resources declares
    Column("version", Integer),
    Column("created_ns", BigInteger),
    Column("modified_ns", BigInteger),
)
