"""The bytes of the duty file are frozen: a newer release reads what an older one kept."""

import json
from pathlib import Path

from sunwise.chassis.duty import DutyFile, DutyIndex
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import DutySlot, DutyTable

GOLDEN = Path(__file__).parents[1] / "golden" / "duty_file_v1.json"
TABLE = DutyTable(
    version=7,
    as_of_ns=1_790_000_000_000_000_001,
    from_ns=1_790_000_000_000_000_000,
    until_ns=1_790_000_000_000_000_600,
    slots=(
        DutySlot(
            service="api", role=Role.PRIMARY, person="ada",
            since_ns=1_790_000_000_000_000_000, until_ns=1_790_000_000_000_000_300,
        ),
        DutySlot(
            service="api", role=Role.PRIMARY, person=None, gap_owner="cleo", actual=True,
            since_ns=1_790_000_000_000_000_300, until_ns=1_790_000_000_000_000_600,
        ),
    ),
)  # fmt: skip


def kept(folder: Path) -> Path:
    [path] = folder.iterdir()
    return path


def test_the_file_has_its_golden_bytes(tmp_path):
    DutyFile(tmp_path).save(list(DutyIndex.of(TABLE).tables(1)))
    golden = json.loads(GOLDEN.read_text())
    assert kept(tmp_path).name == golden["name"]
    assert kept(tmp_path).read_bytes().hex() == golden["bytes"]


def test_golden_bytes_are_read(tmp_path):
    golden = json.loads(GOLDEN.read_text())
    (tmp_path / golden["name"]).write_bytes(bytes.fromhex(golden["bytes"]))
    assert list(DutyFile(tmp_path).load().tables(10)) == [TABLE]
