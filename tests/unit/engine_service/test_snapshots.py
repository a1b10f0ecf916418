"""Snapshots: whole or not used, of this log or refused, and worth exactly the state they name."""

import os
import time

import numpy as np
import pytest

from sunwise.contracts.exchange.accounts import Position
from sunwise.exchange.engine.core import Capacities, Core
from sunwise.exchange.engine.loop import EngineLoop
from sunwise.exchange.engine.recovery import load_core
from sunwise.exchange.engine.snapshot_file import (
    SnapshotPoint,
    SnapshotUnusable,
    read_header,
    read_snapshot,
    write_snapshot,
)
from sunwise.exchange.engine.snapshots import (
    SnapshotFailed,
    SnapshotFolder,
    SnapshotName,
    SnapshotOfAnotherLog,
    fork_snapshot,
    load_snapshot,
    reap,
)
from tests.support.order_flow import HandWrittenLog

SMALL = Capacities(
    accounts=16, balances=64, orders=12_000, levels=1_000, trie_nodes=1_000, client_ids=20_000,
    symbols=2, assets=4, account_symbols=64, writers=4,
)  # fmt: skip
POINT = SnapshotPoint(
    shard="0", cmd_created_ns=1, evt_created_ns=2, position=Position(command_seq=32), chain=b"c",
    layout_hash="layout", build="build",
)  # fmt: skip


@pytest.fixture
def loop():
    log = HandWrittenLog()
    log.append_listing()
    log.append_orders(30)
    loop = EngineLoop(Core.create(SMALL), shard="0")
    for stored in log.messages:
        loop.take(stored)
    return loop


@pytest.fixture
def written(loop, tmp_path):
    path = tmp_path / "32-32.snapshot"
    write_snapshot(path, POINT, state_hash=loop.core.state_hash(), arrays=dict(loop.core.save()))
    return SnapshotName(path, 32, 32)


def test_a_snapshot_gives_back_the_same_state(loop, written):
    header, blocks = load_snapshot(written, POINT)
    core = load_core(blocks)
    core.audit()
    assert header.point == POINT
    assert core.state_hash() == header.state_hash == loop.core.state_hash()


def test_a_loop_from_a_snapshot_goes_on_with_the_same_bytes(loop, written):
    _, blocks = load_snapshot(written, POINT)
    other = EngineLoop(load_core(blocks), shard="0", position=loop.position, chain=loop.chain)
    log = HandWrittenLog()
    log.append_listing()
    log.append_orders(60)
    for stored in log.messages[loop.command_seq :]:
        assert other.take(stored) == loop.take(stored)
    assert other.core.state_hash() == loop.core.state_hash()


def test_zeros_take_no_room_on_disk(tmp_path):
    path = tmp_path / "s"
    array = np.zeros(64 << 20, np.uint8)
    array[-1] = 1
    write_snapshot(path, POINT, state_hash=b"", arrays={"a": array})
    assert path.stat().st_size > 64 << 20
    assert path.stat().st_blocks * 512 < 2 << 20
    assert read_snapshot(path)[1]["a"][-1] == 1


@pytest.mark.parametrize("place", [0.0, 0.001, 0.3, 0.9])
def test_a_flipped_bit_anywhere_is_noticed(written, place):
    used = [i for i, byte in enumerate(written.path.read_bytes()) if byte]
    content = bytearray(written.path.read_bytes())
    content[used[int(place * len(used))]] ^= 4
    written.path.write_bytes(content)
    with pytest.raises(SnapshotUnusable):
        load_snapshot(written, POINT)


@pytest.mark.parametrize("kept", [0, 10, 100, 0.5, 0.999])
def test_a_torn_file_is_noticed(written, kept):
    size = written.path.stat().st_size
    os.truncate(written.path, kept if isinstance(kept, int) else int(size * kept))
    with pytest.raises(SnapshotUnusable):
        load_snapshot(written, POINT)


@pytest.mark.parametrize("field", ["cmd_created_ns", "evt_created_ns", "shard"])
def test_a_snapshot_of_another_log_is_refused_in_one_sentence(written, field):
    values = {"cmd_created_ns": 9, "evt_created_ns": 9, "shard": "1"}
    wanted = SnapshotPoint(
        **{name: getattr(POINT, name) for name in POINT.__struct_fields__ if name != field},
        **{field: values[field]},
    )
    with pytest.raises(SnapshotOfAnotherLog, match=r"the log was replaced\. Restore"):
        load_snapshot(written, wanted)


def test_a_snapshot_of_another_layout_is_passed_over(written):
    wanted = SnapshotPoint(
        **{n: getattr(POINT, n) for n in POINT.__struct_fields__ if n != "layout_hash"},
        layout_hash="newer",
    )
    with pytest.raises(SnapshotUnusable, match="layout"):
        load_snapshot(written, wanted)


def test_a_missing_file_is_passed_over(tmp_path):
    with pytest.raises(SnapshotUnusable):
        load_snapshot(SnapshotName(tmp_path / "gone", 1, 1), POINT)


def wait_for(child, staged):
    for _ in range(2_000):
        if reap(child, staged):
            return
        time.sleep(0.005)
    pytest.fail("the child does not end")


def test_a_forked_child_writes_the_state_of_the_moment_of_the_fork(loop, tmp_path):
    folder = SnapshotFolder(tmp_path)
    staged = folder.staged_path(32)
    before = loop.core.state_hash()
    child = fork_snapshot(staged, POINT, dict(loop.core.save()), loop.core.state_hash)
    loop.core.state.balances["free_atoms"] += 1
    wait_for(child, staged)
    assert read_header(staged).state_hash == before
    assert load_core(read_snapshot(staged)[1]).state_hash() == before
    assert loop.core.state_hash() != before


def test_a_child_that_cannot_write_says_why_and_leaves_nothing(loop, tmp_path):
    staged = tmp_path / "missing" / "s.staged"
    child = fork_snapshot(staged, POINT, dict(loop.core.save()), loop.core.state_hash)
    with pytest.raises(SnapshotFailed):
        wait_for(child, staged)
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_confirmed_is_deleted_at_the_next_start(tmp_path):
    folder = SnapshotFolder(tmp_path)
    folder.staged_path(5).write_bytes(b"half")
    folder.forget_unconfirmed()
    assert list(tmp_path.iterdir()) == []


def test_two_confirmed_snapshots_are_kept(tmp_path):
    folder = SnapshotFolder(tmp_path)
    for command_seq in (5, 90, 700):
        staged = folder.staged_path(command_seq)
        staged.write_bytes(b"whole")
        folder.confirm(staged, evt_seq=command_seq + 1)
    found = [(name.command_seq, name.evt_seq) for name in folder.newest_first()]
    assert found == [(700, 701), (90, 91)]
