"""When a snapshot is taken, and that it counts only once its event is stored."""

import logging
import time

import pytest

from sunwise.chassis.bus import StreamInfo
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import FIRST_GATEWAY_WRITER
from sunwise.exchange.engine.core import Capacities, Core
from sunwise.exchange.engine.loop import EngineLoop
from sunwise.exchange.engine.outbox import Outbox, OutboxSettings
from sunwise.exchange.engine.recovery import ShardLog
from sunwise.exchange.engine.snapshot_schedule import (
    SnapshotSchedule,
    SnapshotSettings,
    write_forked,
    write_inline,
)
from sunwise.exchange.engine.snapshots import SnapshotFailed, SnapshotFolder
from tests.support.order_flow import HandWrittenLog, order_record

SMALL = Capacities(
    accounts=16, balances=64, orders=12_000, levels=1_000, trie_nodes=1_000, client_ids=20_000,
    symbols=2, assets=4, account_symbols=64, writers=4,
)  # fmt: skip


def info(name):
    """A stream of which only the identity matters here."""
    return StreamInfo(
        name=name, created_ns=1, first_seq=0, last_seq=0, messages=0, bytes=0, max_bytes=0
    )


class Stage:
    """A replica whose first `n_batches` are produced, of which none is stored yet."""

    def __init__(self, folder, write, n_batches=5):
        self.now_s = 100.0
        self.folder = SnapshotFolder(folder)
        self.log = HandWrittenLog()
        self.loop = EngineLoop(Core.create(SMALL), shard="0")
        self.outbox = Outbox(
            stored_seq=0,
            position=Position(command_seq=0),
            monotonic_s=lambda: self.now_s,
            settings=OutboxSettings(),
        )
        self.schedule = SnapshotSchedule(
            self.folder,
            ShardLog("0", info("CMD_0"), info("EVT_0"), "build"),
            settings=SnapshotSettings(every_batches=n_batches, every_s=60.0),
            monotonic_s=lambda: self.now_s,
            write=write,
        )
        self.log.append_listing()
        while self.loop.command_seq < n_batches:
            self.apply_next()

    def apply_next(self):
        if len(self.log.messages) == self.loop.command_seq:
            self.log.append(FIRST_GATEWAY_WRITER, [order_record(self.loop.command_seq)])
        for message in self.loop.take(self.log.messages[self.loop.command_seq]):
            self.outbox.add(message)

    def store_all(self):
        self.outbox.lead(0)
        while (send := self.outbox.next_append()) is not None:
            self.outbox.appended(send[1], send[0] + 1)

    def look(self):
        self.schedule.look(self.loop, self.outbox)

    def look_for(self, seconds):
        for _ in range(int(seconds / 0.01)):
            self.look()
            time.sleep(0.01)

    def confirmed(self):
        return [(name.command_seq, name.evt_seq) for name in self.folder.newest_first()]


def test_a_snapshot_that_is_written_long_before_its_event_is_stored_is_used(tmp_path):
    """The child has ended and was reaped: nobody may ask it again."""
    stage = Stage(tmp_path, write_forked)
    stage.look_for(0.5)
    assert stage.confirmed() == []
    stage.store_all()
    stage.look_for(0.5)
    assert stage.confirmed() == [(5, 5)]


def test_a_snapshot_whose_event_is_stored_first_is_used_when_it_is_written(tmp_path):
    stage = Stage(tmp_path, write_forked)
    stage.look()
    stage.store_all()
    stage.look_for(2.0)
    assert stage.confirmed() == [(5, 5)]


def test_what_happens_after_it_was_taken_does_not_count_as_its_event(tmp_path):
    stage = Stage(tmp_path, write_inline)
    stage.look()
    stage.apply_next()
    stage.store_all()
    stage.look()
    assert stage.confirmed() == [(5, 5)]


@pytest.mark.parametrize("error", [OSError("no room"), SnapshotFailed("no room")])
def test_a_failed_one_is_told_and_the_next_is_taken_in_its_time(tmp_path, caplog, error):
    def refuse(*_args):
        raise error

    stage = Stage(tmp_path, refuse)
    with caplog.at_level(logging.ERROR, logger="sunwise.engine"):
        stage.look()
        stage.look()
    assert [record.getMessage() for record in caplog.records] == ["no snapshot at batch 5: no room"]


def test_without_new_batches_none_is_taken(tmp_path):
    stage = Stage(tmp_path, write_inline)
    stage.store_all()
    stage.look()
    stage.look()
    stage.now_s += 1_000
    stage.look()
    assert stage.confirmed() == [(5, 5)]
    stage.apply_next()
    stage.look()
    assert [path.name for path in tmp_path.glob("*.staged")] == [f"{6:020d}.staged"]
