"""Claims about people, teams, hubs and services; leave; versions; pseudonyms."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None

_CLAIMS = {
    "directory_people": (
        ("name", "email", "zone", "country", "subdivision", "hub"),
        ("hours", "languages", "skills", "emergency", "exempt", "handles"),
    ),
    "directory_teams": (("name", "lead", "parent"), ("members", "handles")),
    "directory_hubs": (("name", "zone", "country", "entity"), ("activities",)),
    "directory_services": (
        ("name", "tier", "team", "lead", "deputy", "activity", "runbook", "code"),
        ("skills",),
    ),
}


def upgrade() -> None:
    """One row for what each source says of each object; NULL where it says nothing."""
    for name, (texts, json_texts) in _CLAIMS.items():
        op.create_table(
            name,
            Column("id", String(64), primary_key=True),
            Column("source", String(16), primary_key=True),
            *(Column(text, String(500)) for text in texts),
            *(Column(text, Text) for text in json_texts),
        )
    op.add_column("directory_people", Column("active", Boolean))
    op.create_table(
        "directory_leave",
        Column("person", String(64), primary_key=True),
        Column("first", Date, primary_key=True),
        Column("last", Date, nullable=False),
    )
    op.create_table(
        "directory_pseudonyms",
        Column("person", String(64), primary_key=True),
        Column("pseudonym", String(32), nullable=False),
        UniqueConstraint("pseudonym"),
    )
    _history()


def _history() -> None:
    head = op.create_table(
        "directory_head",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("version", BigInteger, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "version": 0}])
    op.create_table(
        "directory_versions",
        Column("version", BigInteger, primary_key=True, autoincrement=False),
        Column("at_ns", BigInteger, nullable=False),
        Column("author", String(64), nullable=False),
        Column("source", String(16), nullable=False),
        Column("n_changes", Integer, nullable=False),
    )
    op.create_table(
        "directory_changes",
        Column("version", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("verb", String(8), nullable=False),
        Column("kind", String(8), nullable=False),
        Column("object", String(64), nullable=False),
        Column("field", String(32), nullable=False),
        Column("old", Text, nullable=False),
        Column("new", Text, nullable=False),
        Column("source", String(16), nullable=False),
    )
    op.create_index("directory_changes_by_object", "directory_changes", ["kind", "object"])
