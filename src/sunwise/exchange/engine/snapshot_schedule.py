"""When a replica takes snapshots, and what becomes of each: written, confirmed, kept."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec

from sunwise.exchange.engine.core import Core
from sunwise.exchange.engine.loop import EngineLoop
from sunwise.exchange.engine.outbox import Outbox
from sunwise.exchange.engine.recovery import ShardLog
from sunwise.exchange.engine.snapshot_file import SnapshotPoint, write_snapshot
from sunwise.exchange.engine.snapshots import (
    SnapshotFailed,
    SnapshotFolder,
    fork_snapshot,
    reap,
)

_log = logging.getLogger("sunwise.engine")


class SnapshotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How often a replica takes a snapshot: what is not in one is replayed at the next start."""

    every_batches: Annotated[int, msgspec.Meta(ge=1)] = 200_000
    """Batches since the last one."""
    every_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 60.0
    """Seconds since the last one, if anything happened."""


IsWritten = Callable[[], bool]
"""True once the snapshot is written and synced, False while it is being. Raises SnapshotFailed.

Not to be called again after it was true or has raised: the writer is gone then."""
WriteSnapshot = Callable[[Path, SnapshotPoint, Core], IsWritten]
"""Begins to write the core as it is now."""


def write_forked(staged: Path, point: SnapshotPoint, core: Core) -> IsWritten:
    """Writes from a forked child: the engine pauses for a few ms, however large the state."""
    child = fork_snapshot(staged, point, dict(core.save()), core.state_hash)
    return lambda: reap(child, staged)


def write_inline(staged: Path, point: SnapshotPoint, core: Core) -> IsWritten:
    """Writes here and now: for systems on which a fork without exec is not safe."""
    try:
        write_snapshot(staged, point, state_hash=core.state_hash(), arrays=dict(core.save()))
    except OSError as error:
        staged.unlink(missing_ok=True)
        raise SnapshotFailed(str(error)) from error
    return lambda: True


DEFAULT_WRITE: Final = write_inline if sys.platform == "darwin" else write_forked


class _Staged(NamedTuple):
    path: Path
    is_written: IsWritten


class SnapshotSchedule:
    """At most one snapshot at work; a failed one is logged, and the next is tried in its time."""

    def __init__(
        self,
        folder: SnapshotFolder,
        log: ShardLog,
        *,
        settings: SnapshotSettings,
        monotonic_s: Callable[[], float],
        write: WriteSnapshot = DEFAULT_WRITE,
    ) -> None:
        self._folder = folder
        self._shard_log = log
        self._settings = settings
        self._monotonic_s = monotonic_s
        self._write = write
        self._staged: _Staged | None = None
        self._last_seq = 0
        self._last_s = monotonic_s()

    def begin_after(self, command_seq: int) -> None:
        """The state at `command_seq` is in a snapshot already, or in none (0)."""
        self._last_seq = command_seq

    def look(self, loop: EngineLoop, outbox: Outbox) -> None:
        """Takes a snapshot when it is time, and finishes one that is written and confirmed."""
        if self._staged is not None:
            self._finish(self._staged, outbox)
        elif self._is_due(loop.command_seq):
            self._take(loop, outbox)

    def _is_due(self, command_seq: int) -> bool:
        new = command_seq - self._last_seq
        elapsed_s = self._monotonic_s() - self._last_s
        return new >= self._settings.every_batches or (
            new > 0 and elapsed_s >= self._settings.every_s
        )

    def _take(self, loop: EngineLoop, outbox: Outbox) -> None:
        outbox.watch(loop.position)
        self._last_seq, self._last_s = loop.command_seq, self._monotonic_s()
        path = self._folder.staged_path(loop.command_seq)
        point = self._shard_log.point(loop.position, loop.chain)
        try:
            self._staged = _Staged(path, self._write(path, point, loop.core))
        except (OSError, SnapshotFailed) as error:
            _log.error("no snapshot at batch %d: %s", loop.command_seq, error)

    def _finish(self, staged: _Staged, outbox: Outbox) -> None:
        try:
            if not outbox.watched_seq or not staged.is_written():
                return
            self._folder.confirm(staged.path, evt_seq=outbox.watched_seq)
        except (OSError, SnapshotFailed) as error:
            _log.error("the snapshot %s failed: %s", staged.path.name, error)
        self._staged = None
