"""The table in a private file: what a process knows when it starts and nobody answers."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from sunwise.chassis.checkpoint import CheckpointStore
from sunwise.chassis.duty.index import DutyIndex
from sunwise.contracts.people.duty import DutyTable

_LAYOUT: Final = b"duty-1"
_LENGTH: Final = struct.Struct("<I")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(DutyTable).decode


class DutyFile:
    """Keeps the newest table in `folder`: whole or as before, for its owner's eyes only."""

    def __init__(self, folder: Path) -> None:
        self._store = CheckpointStore(folder, name="duty", layout=_LAYOUT, keep=1)
        self._version = 0  # of what is kept, as far as this process has seen

    def save(self, tables: list[DutyTable]) -> None:
        """Keeps a table, given in parts. Blocks while the disk works. Raises OSError."""
        version = tables[0].version
        if version < self._version:
            self._store.clear()  # the rota went back to a backup: what came after it never was
        parts: list[bytes] = []
        for table in tables:
            part = _encode(table)
            parts += [_LENGTH.pack(len(part)), part]
        self._store.save(seq=version, position=b"", state=parts)
        self._version = version

    def load(self) -> DutyIndex | None:
        """The table kept last; None when there is none that can be read."""
        kept = self._store.load()
        if kept is None:
            return None
        try:
            tables = list(_parts(kept.state))
        except msgspec.DecodeError:
            return None
        self._version = kept.seq
        index = DutyIndex.of(tables[0])
        for table in tables[1:]:
            index.add(table.slots)
        return index


def _parts(state: bytes) -> Iterator[DutyTable]:
    at = 0
    while at < len(state):
        (length,) = _LENGTH.unpack_from(state, at)
        at += _LENGTH.size
        yield _decode(state[at : at + length])
        at += length
