"""The data folder: made once, readable by its owner only, used by one supervisor at a time."""

import fcntl
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from sunwise.chassis.errors import Permanent

LAYOUT = 1
"""Version of the folder's layout; raised when an older release could not read it."""

_MARKER = "sunwise-data.json"
_LOCK = "lock"


class DataFolderUnusable(Permanent):
    """The data folder cannot be used; the message says why and what to do."""


class _Marker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    layout: int


class DataFolder:
    """A locked data folder. Close it (or leave the `with` block) to let another process in."""

    def __init__(self, path: Path, *, lock_fd: int) -> None:
        self.path = path
        self._lock_fd = lock_fd

    def subfolder(self, name: str) -> Path:
        """The folder `name` inside, made with mode 0700 if missing."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def close(self) -> None:
        """Gives the lock back. Safe to call twice."""
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_data_folder(path: Path) -> DataFolder:
    """The folder at `path`, made if missing, locked for this process.

    Raises DataFolderUnusable: in use, not ours, another layout, or no permission.
    """
    path = path.absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _keep_private(path)
        lock_fd = _take_lock(path)
    except NotADirectoryError as error:
        raise DataFolderUnusable(f"{error.filename} is a file: name a folder instead.") from error
    except FileExistsError as error:
        raise DataFolderUnusable(f"{path} is a file: name a folder instead.") from error
    except OSError as error:
        raise DataFolderUnusable(
            f"Cannot use the data folder {path}: {error.strerror}. "
            "Name a folder that this user may write to and that has room."
        ) from error
    try:
        _check_marker(path)
    except BaseException:
        os.close(lock_fd)
        raise
    return DataFolder(path, lock_fd=lock_fd)


def holder_of(path: Path) -> int | None:
    """The process that has the data folder at `path` now; None when nobody has."""
    try:
        fd = os.open(path.absolute() / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        written = os.read(fd, 32).decode("ascii", "replace").strip()
        return int(written) if written.isdecimal() else None
    else:
        return None
    finally:
        os.close(fd)


def _keep_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        path.chmod(0o700)


def _take_lock(path: Path) -> int:
    fd = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(fd)
        raise DataFolderUnusable(
            f"The data folder {path} is in use by another Sunwise (process {holder}). "
            "Stop that one first, or name another folder."
        ) from error
    os.ftruncate(fd, 0)
    os.write(fd, f"{os.getpid()}\n".encode())
    return fd


def _check_marker(path: Path) -> None:
    marker = path / _MARKER
    try:
        text = marker.read_bytes()
    except FileNotFoundError:
        _write_first_marker(path)
        return
    try:
        found = msgspec.json.decode(text, type=_Marker)
    except msgspec.DecodeError as error:
        raise DataFolderUnusable(
            f"{marker} is damaged ({error}). Restore it from a backup, or start on a new folder."
        ) from error
    if found.format != "sunwise" or found.layout != LAYOUT:
        raise DataFolderUnusable(
            f"The data folder {path} has layout {found.format} {found.layout}; this release reads "
            f"sunwise {LAYOUT}. Use the release that wrote it, or start on a new folder."
        )


def _write_first_marker(path: Path) -> None:
    strangers = sorted(entry.name for entry in path.iterdir() if entry.name != _LOCK)
    if strangers:
        raise DataFolderUnusable(
            f"{path} is not empty and not a Sunwise data folder (it holds {strangers[0]!r} but no "
            f"{_MARKER}). Name an empty or a new folder."
        )
    write_private(path / _MARKER, msgspec.json.encode(_Marker(format="sunwise", layout=LAYOUT)))


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read (0600), whole or not at all, synced to disk."""
    staged = path.with_name(path.name + ".new")
    fd = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
    sync_folder(path.parent)


def make_private(path: Path) -> None:
    """The file exists with mode 0600 before SQLite opens it; its companions inherit that."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)


def sync_folder(folder: Path) -> None:
    """Makes renames inside `folder` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
