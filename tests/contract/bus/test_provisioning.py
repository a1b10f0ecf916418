from pathlib import Path

import pytest

from sunwise.chassis.bus import StreamSpec
from sunwise.chassis.bus.provisioning import Provisioning, StoreDamaged
from tests.contract.bus.worlds import COMMANDS, EVENTS, SimulatedWorld, World


async def test_streams_are_provided_once_and_found_again(world: World, tmp_path: Path):
    extra = StreamSpec(name="SMALL", subjects=("small.*",), max_bytes=10_000)
    specs = [COMMANDS, EVENTS, extra]
    operator, writer = await world.operator(), await world.connect("writer")
    first = await Provisioning(operator, specs=specs, record=tmp_path / "extents").provide()
    await writer.append("cmd.0.w1", b"x")
    await Provisioning(operator, specs=specs, record=tmp_path / "extents").remember()
    again = await Provisioning(operator, specs=specs, record=tmp_path / "extents").provide()
    assert [info.name for info in again] == ["CMD_0", "EVT_0", "SMALL"]
    assert [info.created_ns for info in again] == [info.created_ns for info in first]
    assert again[0].last_seq == 1


async def test_a_stream_that_vanished_is_not_made_anew(world: World, tmp_path: Path):
    operator = await world.operator()
    record = tmp_path / "extents"
    record.write_text('{"SMALL": {"created_ns": 5, "last_seq": 7}}')
    small = StreamSpec(name="SMALL", subjects=("small.*",), max_bytes=10_000)
    with pytest.raises(StoreDamaged, match="SMALL is gone"):
        await Provisioning(operator, specs=[small], record=record).provide()


@pytest.mark.parametrize(
    ("created_off", "last_seq", "match"),
    [(0, 2, "ends at 1, but reached 2"), (1, 1, "not the one")],
)
async def test_a_stream_that_lost_something_is_refused(
    world: World, tmp_path: Path, *, created_off: int, last_seq: int, match: str
):
    operator, writer = await world.operator(), await world.connect("writer")
    await writer.append("cmd.0.w1", b"x")
    created_ns = (await writer.stream_info("CMD_0")).created_ns + created_off
    record = tmp_path / "extents"
    record.write_text(f'{{"CMD_0": {{"created_ns": {created_ns}, "last_seq": {last_seq}}}}}')
    with pytest.raises(StoreDamaged, match=match):
        await Provisioning(operator, specs=[COMMANDS], record=record).provide()


async def test_a_damaged_record_is_told(tmp_path: Path):
    (tmp_path / "extents").write_text("{")
    operator = await SimulatedWorld(seed=1).operator()
    with pytest.raises(StoreDamaged, match="delete this file"):
        await Provisioning(operator, specs=[COMMANDS], record=tmp_path / "extents").provide()
