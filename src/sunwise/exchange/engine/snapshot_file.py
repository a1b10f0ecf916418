"""A snapshot as one file: what it is of, and the arrays, each with its hash.

Layout: magic, length and hash of the header, the header (JSON), then each array on a page
boundary. Stretches of zeros are holes in the file and cost nothing: an engine with room for a
million orders and ten of them writes ten. The writer syncs it; who may use it renames it.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from sunwise.contracts.exchange.accounts import Position

_MAGIC: Final = b"SWSNAP01"
_DIGEST_BYTES: Final = 16
_PREFIX_BYTES: Final = len(_MAGIC) + 8 + _DIGEST_BYTES
_PAGE: Final = 4096
_CHUNK: Final = 1 << 18

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class SnapshotUnusable(Exception):
    """The file is no whole snapshot that this build reads; an older one, or the log, may serve."""


class SnapshotPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot is of."""

    shard: str
    cmd_created_ns: int
    """Identity of CMD."""
    evt_created_ns: int
    """Identity of EVT."""
    position: Position
    """The last event message of the last batch applied."""
    chain: bytes
    """At that message."""
    layout_hash: str
    """Of the records that the state is made of."""
    build: str
    """Of the engine core."""


class ArrayEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One array in the file."""

    name: str
    offset: int
    """From the first array's page, bytes."""
    size: int
    """Bytes."""
    digest: bytes


class SnapshotHeader(msgspec.Struct, frozen=True, kw_only=True):
    """All that stands before the arrays."""

    point: SnapshotPoint
    state_hash: bytes
    """Canonical: over what the state means, not how it lies in memory."""
    arrays: list[ArrayEntry]


def write_snapshot(
    path: Path, point: SnapshotPoint, *, state_hash: bytes, arrays: Mapping[str, np.ndarray]
) -> None:
    """Writes the file at `path` and syncs it. Raises OSError."""
    blocks = {name: _as_bytes(array) for name, array in arrays.items()}
    entries, end = _placed(blocks)
    header = SnapshotHeader(point=point, state_hash=state_hash, arrays=entries)
    encoded = msgspec.json.encode(header)
    start = _first_page(len(encoded))
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb", buffering=0) as file:
        _write_at(fd, _prefix(encoded) + encoded, 0)
        for entry in entries:
            for at, chunk in _used_chunks(blocks[entry.name]):
                _write_at(fd, chunk, start + entry.offset + at)
        file.truncate(start + end)
        os.fsync(fd)


def read_header(path: Path) -> SnapshotHeader:
    """What the snapshot is of. Raises SnapshotUnusable, OSError."""
    with path.open("rb") as file:
        return _read_header(file.read(_PREFIX_BYTES), file.read)


def read_snapshot(path: Path) -> tuple[SnapshotHeader, dict[str, Bytes]]:
    """The header and each array's bytes, every hash checked. Raises SnapshotUnusable, OSError."""
    with path.open("rb") as file:
        header = _read_header(file.read(_PREFIX_BYTES), file.read)
        start = _first_page(file.tell() - _PREFIX_BYTES)
        blocks: dict[str, Bytes] = {}
        for entry in header.arrays:
            file.seek(start + entry.offset)
            block = np.empty(entry.size, np.uint8)
            if file.readinto(block.data) != entry.size or _digest(block) != entry.digest:
                raise SnapshotUnusable(f"{path}: array {entry.name} is damaged")
            blocks[entry.name] = block
    return header, blocks


def _read_header(prefix: bytes, read: Any) -> SnapshotHeader:  # noqa: ANN401 - a file's read
    if len(prefix) != _PREFIX_BYTES or not prefix.startswith(_MAGIC):
        raise SnapshotUnusable("it does not begin like a snapshot")
    size = int.from_bytes(prefix[len(_MAGIC) : len(_MAGIC) + 8], "little")
    if size > 1 << 24:
        raise SnapshotUnusable("its header is damaged")
    encoded = read(size)
    if _prefix(encoded) != prefix:
        raise SnapshotUnusable("its header is damaged")
    try:
        return msgspec.json.decode(encoded, type=SnapshotHeader)
    except msgspec.DecodeError as error:
        raise SnapshotUnusable(f"its header is of another release ({error})") from error


def _prefix(encoded: bytes) -> bytes:
    digest = hashlib.blake2b(encoded, digest_size=_DIGEST_BYTES).digest()
    return _MAGIC + len(encoded).to_bytes(8, "little") + digest


def _first_page(header_bytes: int) -> int:
    return -(-(_PREFIX_BYTES + header_bytes) // _PAGE) * _PAGE


def _placed(blocks: Mapping[str, Bytes]) -> tuple[list[ArrayEntry], int]:
    """An entry for each array, and the end of the last one."""
    entries, end = [], 0
    for name, block in blocks.items():
        offset = -(-end // _PAGE) * _PAGE
        entries.append(ArrayEntry(name=name, offset=offset, size=block.size, digest=_digest(block)))
        end = offset + block.size
    return entries, end


def _as_bytes(array: np.ndarray) -> Bytes:
    return np.ascontiguousarray(array).view(np.ndarray).reshape(-1).view(np.uint8)


def _used_chunks(block: Bytes) -> Iterator[tuple[int, Bytes]]:
    """(offset, bytes) of each chunk that holds anything but zeros."""
    for at in range(0, block.size, _CHUNK):
        chunk = block[at : at + _CHUNK]
        if chunk.any():
            yield at, chunk


def _digest(block: Bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for at, chunk in _used_chunks(block):
        digest.update(at.to_bytes(8, "little"))
        digest.update(chunk.data)
    return digest.digest()


def _write_at(fd: int, data: bytes | Bytes, at: int) -> None:
    view = memoryview(data)  # type: ignore[arg-type] # arrays are buffers from Python 3.12 on, for mypy
    while view.nbytes:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written
