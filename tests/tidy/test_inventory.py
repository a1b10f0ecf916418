"""What is kept about people stands in inventory.toml, and nothing is kept that must never be."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect
from sqlalchemy import Column, LargeBinary, MetaData, Table

from sunwise.people.privacy.inventory import Kept, inventory

SOURCE = Path(__file__).resolve().parents[2] / "src"
PLACES = ("sunwise/people", "sunwise/chassis/guard")
NEVER = re.compile(
    r"(?:^|_)(?:presence|online|last_seen|idle_since|keystrokes?|screen(?:shot)?s?|"
    r"location|latitude|longitude|gps|geo|ip|ip_address|user_agent|mood|webcam)(?:_|$)"
)
WITHOUT_REASON = re.compile(r"leave|absence|exempt|holiday")
REASONS = re.compile(r"(?:^|_)(?:reason|cause|why|diagnosis|kind|type|note|comment)(?:_|$)")


@cache
def tables() -> dict[str, Table]:
    """Every table that a module of the people plane or the door declares."""
    found: dict[str, Table] = {}
    for place in PLACES:
        for path in sorted((SOURCE / place).rglob("*.py")):
            if "migrations" not in path.parts and "MetaData()" in path.read_text("utf-8"):
                name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
                module = importlib.import_module(name.removesuffix(".__init__"))
                for value in vars(module).values():
                    if isinstance(value, MetaData):
                        found |= value.tables
    return found


def columns() -> Iterator[tuple[str, Column[Any], str | Kept | None]]:
    for table in tables().values():
        listed = inventory().get(table.name)
        for column in table.columns:
            entry = listed.columns.get(column.name) if listed else None
            yield f"{table.name}.{column.name}", column, entry


def report(findings: list[str], advice: str) -> None:
    if findings:
        pytest.fail("\n".join([*findings, f"-> {advice}"]), pytrace=False)


def test_every_column_stands_in_the_inventory():
    report(
        [name for name, _, entry in columns() if entry is None],
        "Add it to src/sunwise/people/inventory.toml: for what, who reads it, for how long; or do "
        "without it.",
    )


def test_the_inventory_lists_nothing_that_is_not_kept():
    known = tables()
    report(
        [
            f"{name}.{column}"
            for name, table in inventory().items()
            for column in table.columns
            if name not in known or column not in known[name].columns
        ],
        "Take it out of src/sunwise/people/inventory.toml.",
    )


def test_every_retention_is_a_time_or_what_ends_it():
    words = ("For ever", "Until", "Kept with", "The last", "Two years", "Who it was")
    report(
        [
            f"{name}: {table.retention}"
            for name, table in inventory().items()
            if table.days is None and not table.retention.startswith((*words, "`kept_days`"))
        ],
        "Give `days`, which tests/unit/people_privacy/test_retention.py holds, or say what ends it.",
    )


def test_bytes_say_what_is_in_them():
    report(
        [
            name
            for name, column, entry in columns()
            if isinstance(column.type, LargeBinary)
            and entry is not None
            and not (isinstance(entry, Kept) and entry.type)
        ],
        'Write { purpose = "...", type = "module:Name" } of the message, or type = "hash".',
    )


def test_nothing_is_kept_about_presence_keystrokes_screens_or_places():
    names = [name for name, column, _ in columns() if NEVER.search(column.name)]
    for name, _, entry in columns():
        if isinstance(entry, Kept) and ":" in entry.type:
            names += [f"{name}: {field}" for field in fields_in(entry.type) if NEVER.search(field)]
    report(names, "The people plane does not keep that, under no name and for no purpose.")


def test_leave_and_exemptions_have_no_reason():
    names = [f"{table.name}.{c.name}" for table in tables().values() if WITHOUT_REASON.search(table.name) for c in table.columns if REASONS.search(c.name)]  # fmt: skip
    report(names, "Nobody is asked why they are away or what they are spared.")


def fields_in(name: str) -> set[str]:
    """The names of all fields of a message, those inside of it too."""
    module, _, attribute = name.partition(":")
    found: set[str] = set()
    waiting: list[Any] = [inspect.type_info(getattr(importlib.import_module(module), attribute))]
    seen: set[type] = set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, inspect.StructType):
            if each.cls in seen:
                continue
            seen.add(each.cls)
            found |= {field.name for field in each.fields}
            waiting += [field.type for field in each.fields]
        else:
            inner = (getattr(each, f, None) for f in ("item_type", "key_type", "value_type"))
            waiting += [*filter(None, inner), *getattr(each, "types", ())]
            waiting += getattr(each, "item_types", ())
    return found


def test_the_check_looks_into_messages():
    class Inner(msgspec.Struct):
        last_seen_ns: int

    class Outer(msgspec.Struct):
        many: dict[str, tuple[Inner, ...]]

    globals()["_Outer"] = Outer
    assert any(NEVER.search(field) for field in fields_in(f"{__name__}:_Outer"))


def test_no_message_of_the_people_plane_tells_where_somebody_is_or_what_they_do():
    findings = []
    for path in (SOURCE / "sunwise/contracts/people").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            target = node.target if isinstance(node, ast.AnnAssign) else None
            if isinstance(target, ast.Name) and NEVER.search(target.id):
                findings.append(f"{path.name}:{target.lineno} {target.id}")
    report(findings, "No message says where somebody is or what they are doing.")
