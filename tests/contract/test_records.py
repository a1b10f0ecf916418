"""The layout of the log is frozen: golden bytes that may only be added to."""

import json
from pathlib import Path
from typing import Any

import pytest

from sunwise.contracts.exchange import records
from sunwise.contracts.exchange.codec import COMMAND_CODECS, EVENT_CODECS

GOLDEN = Path(__file__).parent / "golden" / "records_v1.json"
TABLES = {"command": records.COMMAND_TABLES, "event": records.EVENT_TABLES}
CODECS = {"command": COMMAND_CODECS, "event": EVENT_CODECS}


def sample(table: tuple[records.Field, ...]) -> dict[str, Any]:
    """A different value in every field, so that two swapped fields are noticed."""
    values: dict[str, Any] = {}
    for i, field in enumerate(table, start=1):
        if field.code[0] == "c":
            values[field.name] = f"text-{i}"
        elif field.code[0] != "x":
            values[field.name] = i
    return values


def golden() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(GOLDEN.read_text())
    return content


@pytest.mark.parametrize("key", sorted(golden()))
def test_old_bytes_are_read_as_they_were_written(key: str) -> None:
    side, name = key.split(".")
    kept = golden()[key]
    read = CODECS[side][name].unpack(bytes.fromhex(kept["bytes"]))._asdict()
    assert {field: read[field] for field in kept["values"]} == kept["values"]


def test_every_table_has_its_golden_bytes() -> None:
    assert sorted(golden()) == sorted(f"{side}.{name}" for side in TABLES for name in TABLES[side])


def test_growth_takes_only_room() -> None:
    """A field may be added behind the others of its record; old readers see zeros there."""
    for key, kept in golden().items():
        side, name = key.split(".")
        now = records.offsets(TABLES[side][name])
        assert {field: now[field] for field in kept["offsets"]} == kept["offsets"], key


def write() -> None:
    """Freeze tables that have no golden bytes yet: run once by hand when a table is added."""
    content = golden() if GOLDEN.exists() else {}
    for side, tables in TABLES.items():
        for name, table in tables.items():
            values = sample(table)
            places = {k: v for k, v in records.offsets(table).items() if k in values}
            row = {
                "bytes": CODECS[side][name].pack(**values).hex(),
                "values": values,
                "offsets": places,
            }
            content.setdefault(f"{side}.{name}", row)
    GOLDEN.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    write()
