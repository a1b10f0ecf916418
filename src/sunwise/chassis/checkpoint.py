"""Checkpoints of a read model: its state and position in one file, whole or not at all.

A checkpoint is only a way to start sooner: the log holds the truth. So whatever is damaged, torn or
of another layout is passed over with a logged reason, and without any the model is rebuilt.
"""

import logging
import os
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from sunwise.chassis.data_folder import sync_folder

_log = logging.getLogger(__name__)
_MAGIC: Final = b"SWCKPT1\n"
# magic, layout, sequence, bytes of position, bytes of state, CRC-32 of everything else
_HEAD: Final = struct.Struct("<8s32sQQQI")

Buffer = bytes | bytearray | memoryview


class Checkpoint(msgspec.Struct, frozen=True):
    """A state and the place in the log where it holds."""

    seq: int
    """The last sequence in it; a later checkpoint has a higher one."""
    position: bytes
    """The caller's full position (stream identity, chain, ...), encoded."""
    state: bytes


class CheckpointStore:
    """The checkpoints of one read model in `folder`; the newest `keep` are kept.

    `layout` (up to 32 bytes) names the state's form: change it with the state's types and an old
    checkpoint is passed over instead of misread.
    """

    def __init__(self, folder: Path, *, name: str, layout: bytes, keep: int = 2) -> None:
        assert re.fullmatch(r"[a-z0-9_]+", name), "a name is part of a file name"
        assert 0 < len(layout) <= 32, "a layout's name is 1 to 32 bytes"
        assert keep >= 1, "without a checkpoint there is nothing to keep"
        self._folder = folder
        self._name = name
        self._layout = layout.ljust(32, b"\0")
        self._keep = keep
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for torn in folder.glob(f"{name}-*.new"):
            torn.unlink()

    def save(self, *, seq: int, position: bytes, state: Sequence[Buffer]) -> Path:
        """Writes `state` (its parts in order) so that a crash leaves the old or the new one whole.

        Blocks while the disk works. Raises OSError (disk full); older checkpoints stay valid then.
        """
        path = self._folder / f"{self._name}-{seq:020d}.ckpt"
        staged = path.with_suffix(".new")
        try:
            _write(staged, self._head(seq, position, state), [position, *state])
            staged.replace(path)
        except OSError:
            staged.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)
        for old in self._newest_first()[self._keep :]:
            old.unlink()
        return path

    def load(self) -> Checkpoint | None:
        """The newest whole checkpoint of this layout, or None: then rebuild from the log."""
        for path in self._newest_first():
            try:
                return self._read(path)
            except (ValueError, OSError) as error:
                _log.warning("checkpoint passed over", extra={"path": path.name, "why": str(error)})
        return None

    def clear(self) -> None:
        """Removes every checkpoint: they are not of the log that is there now."""
        for path in self._newest_first():
            path.unlink()

    def _head(self, seq: int, position: bytes, state: Sequence[Buffer]) -> bytes:
        n_bytes = sum(memoryview(part).nbytes for part in state)
        lengths = (len(position), n_bytes)
        bare = _HEAD.pack(_MAGIC, self._layout, seq, *lengths, 0)
        crc = _crc([bare, position, *state])
        return _HEAD.pack(_MAGIC, self._layout, seq, *lengths, crc)

    def _read(self, path: Path) -> Checkpoint:
        content = memoryview(path.read_bytes())
        if len(content) < _HEAD.size:
            raise ValueError("it is torn")
        magic, layout, seq, n_position, n_state, crc = _HEAD.unpack_from(content)
        if magic != _MAGIC:
            raise ValueError("it is not a checkpoint")
        if layout != self._layout:
            raise ValueError(f"it has layout {layout.rstrip(bytes(1))!r}")
        if len(content) != _HEAD.size + n_position + n_state:
            raise ValueError("it is torn")
        bare = _HEAD.pack(magic, layout, seq, n_position, n_state, 0)
        if _crc([bare, content[_HEAD.size :]]) != crc:
            raise ValueError("its checksum is wrong")
        start = _HEAD.size + n_position
        return Checkpoint(seq, bytes(content[_HEAD.size : start]), bytes(content[start:]))

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob(f"{self._name}-*.ckpt"), reverse=True)


def _write(path: Path, head: bytes, parts: Iterable[Buffer]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(head)
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def _crc(parts: Iterable[Buffer]) -> int:
    crc = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
    return crc
