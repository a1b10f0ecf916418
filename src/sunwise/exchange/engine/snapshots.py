"""The snapshots of one replica: written by a forked child, used once confirmed, two kept.

A file is named `<command_seq>-<evt_seq>.snapshot`. Until EVT holds the event that it stands at it is
called `....staged`: what nobody confirmed is deleted at the next start.
"""

import contextlib
import gc
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from sunwise.chassis.data_folder import sync_folder
from sunwise.chassis.errors import Permanent
from sunwise.exchange.engine.snapshot_file import (
    Bytes,
    SnapshotHeader,
    SnapshotPoint,
    SnapshotUnusable,
    read_header,
    read_snapshot,
    write_snapshot,
)

KEPT: Final = 2
_NICE: Final = 10
_SUFFIX: Final = ".snapshot"
_STAGED: Final = ".staged"
_FAILED: Final = ".failed"


class SnapshotOfAnotherLog(Permanent):
    """The folder's snapshots belong to other streams than those that are there now."""


class SnapshotFailed(Exception):
    """The child could not write the snapshot; the message says why."""


class SnapshotName(NamedTuple):
    """A usable snapshot's file, and EVT's sequence of the event it stands at."""

    path: Path
    command_seq: int
    evt_seq: int


class SnapshotFolder:
    """The snapshots in `folder` (made if missing)."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder

    def forget_unconfirmed(self) -> None:
        """Deletes what an earlier process left half-written or unconfirmed."""
        for pattern in (f"*{_STAGED}", f"*{_FAILED}"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)

    def newest_first(self) -> list[SnapshotName]:
        """The confirmed snapshots."""
        found = []
        for path in self.folder.glob(f"*{_SUFFIX}"):
            command_seq, _, evt_seq = path.stem.partition("-")
            if command_seq.isdigit() and evt_seq.isdigit():
                found.append(SnapshotName(path, int(command_seq), int(evt_seq)))
        return sorted(found, key=lambda name: name.command_seq, reverse=True)

    def staged_path(self, command_seq: int) -> Path:
        """Where the snapshot after `command_seq` is written."""
        return self.folder / f"{command_seq:020d}{_STAGED}"

    def confirm(self, staged: Path, *, evt_seq: int) -> None:
        """The event that `staged` stands at is stored: it may be used; older ones go."""
        staged.replace(staged.with_name(f"{staged.stem}-{evt_seq:020d}{_SUFFIX}"))
        sync_folder(self.folder)
        for old in self.newest_first()[KEPT:]:
            old.path.unlink(missing_ok=True)


def load_snapshot(
    name: SnapshotName, wanted: SnapshotPoint
) -> tuple[SnapshotHeader, dict[str, Bytes]]:
    """The snapshot, every hash checked. `wanted` says of which streams and layout it must be.

    Raises SnapshotUnusable (try an older one) and SnapshotOfAnotherLog (do not).
    """
    try:
        header = read_header(name.path)
        refuse_another_log(name.path, header.point, wanted)
        if header.point.layout_hash != wanted.layout_hash:
            raise SnapshotUnusable(f"its layout is {header.point.layout_hash}, of another build")
        return read_snapshot(name.path)
    except OSError as error:
        raise SnapshotUnusable(f"it cannot be read: {error.strerror}") from error


def refuse_another_log(path: Path, found: SnapshotPoint, wanted: SnapshotPoint) -> None:
    """Raises SnapshotOfAnotherLog unless both stand on the same two streams."""
    for stream, there, here in (
        (f"shard {found.shard}", found.shard, wanted.shard),
        (f"CMD_{wanted.shard}", found.cmd_created_ns, wanted.cmd_created_ns),
        (f"EVT_{wanted.shard}", found.evt_created_ns, wanted.evt_created_ns),
    ):
        if there != here:
            raise SnapshotOfAnotherLog(
                f"{path} was taken on another {stream} ({there}) than the one that is there now "
                f"({here}): the log was replaced. Restore the log that belongs to it, or move "
                f"{path.parent} away to rebuild the state from this log's beginning"
            )


def fork_snapshot(
    staged: Path,
    point: SnapshotPoint,
    arrays: Mapping[str, np.ndarray],
    hash_state: Callable[[], bytes],
) -> int:
    """The process id of a child that writes `arrays` as they are now to `staged`.

    The fork copies page tables, not memory: a pause of a few ms. Reap it with `reap`.
    """
    gc.freeze()  # so that no collection in the child touches, and thereby copies, our objects
    child = None
    try:
        child = os.fork()
    finally:
        if child != 0:
            gc.unfreeze()
    if child:
        return child
    code = 1
    try:
        _become_writer()
        write_snapshot(staged, point, state_hash=hash_state(), arrays=arrays)
        code = 0
    except BaseException as error:  # noqa: BLE001  (a child has nobody to raise it to)
        with contextlib.suppress(OSError):
            staged.with_suffix(_FAILED).write_text(f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)  # whatever happens, the child never runs the parent's code


def _become_writer() -> None:
    """Lets go of everything that belongs to the parent: sockets, locks, signal handlers."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.nice(_NICE)


def reap(child: int, staged: Path) -> bool:
    """True when the child has written `staged`, False while it is at work. Raises SnapshotFailed."""
    done, status = os.waitpid(child, os.WNOHANG)
    if done == 0:
        return False
    if os.waitstatus_to_exitcode(status) == 0:
        return True
    failed = staged.with_suffix(_FAILED)
    reason = failed.read_text() if failed.exists() else f"its writer ended with status {status}"
    for path in (staged, failed):
        path.unlink(missing_ok=True)
    raise SnapshotFailed(reason)
