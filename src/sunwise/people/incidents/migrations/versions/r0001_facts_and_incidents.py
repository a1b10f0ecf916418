"""Facts, incidents, their chained timelines and their reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables. Timelines hold pseudonyms; `incidents.content` alone names people."""
    op.create_table(
        "incident_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n_changes", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO incident_head (id, n_changes) VALUES (1, 0)")
    op.create_table(
        "facts",
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("ref", sa.String(200), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False, index=True),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("facts_by_ref", "facts", ["ref", "kind", "at_ns"])
    op.create_table(
        "fact_services",
        sa.Column("fact", sa.String(128), primary_key=True),
        sa.Column("service", sa.String(64), primary_key=True),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("fact_services_by_time", "fact_services", ["service", "at_ns"])
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("opened_ns", sa.BigInteger, nullable=False, index=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "incident_entries",
        sa.Column("incident", sa.String(32), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "incident_reviews",
        sa.Column("incident", sa.String(32), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("draft", sa.LargeBinary, nullable=False),
    )
