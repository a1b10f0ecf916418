"""Rows of integers, oldest first, at eight bytes a field: a tenth of what tuples of int take."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

LARGEST: Final = 2**63 - 1
"""A sum beyond this is kept as this: only a volume can get there, and it stays readable."""


class Rows:
    """A queue of rows. With a limit, the oldest row leaves when one more comes."""

    __slots__ = ("_data", "_head", "_limit", "_width")

    def __init__(self, width: int, *, limit: int = 0) -> None:
        self._width = width
        self._limit = limit
        self._head = 0  # index in `_data` of the first row's first field
        self._data = array("q")

    def __len__(self) -> int:
        return (len(self._data) - self._head) // self._width

    @property
    def is_full(self) -> bool:
        """Older rows may have left."""
        return 0 < self._limit <= len(self)

    def __getitem__(self, place: int) -> tuple[int, ...]:
        """The row at `place`, 0 for the oldest, -1 for the newest."""
        at = self._head + place * self._width
        if place < 0:
            at += len(self._data) - self._head
        return tuple(self._data[at : at + self._width])

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return self.slice(0, len(self))

    def slice(self, start: int, stop: int) -> Iterator[tuple[int, ...]]:
        """The rows from `start` to before `stop`."""
        return (self[place] for place in range(start, stop))

    def append(self, row: tuple[int, ...]) -> None:
        """Adds the newest row."""
        self._data.extend(row)
        if self._limit and len(self) > self._limit:
            self.popleft()

    def popleft(self) -> tuple[int, ...]:
        """Takes the oldest row out. Amortized cost: one row moved."""
        row = self[0]
        self._head += self._width
        if self._head > 256 + len(self._data) // 4:
            del self._data[: self._head]
            self._head = 0
        return row

    def find(self, key: int, *, field: int = 0) -> int:
        """Place of the first row whose `field`, which must not fall, is at least `key`."""
        data, width, first = self._data, self._width, self._head + field
        return bisect_left(range(len(self)), key, key=lambda place: data[first + place * width])

    def to_bytes(self) -> bytes:
        """Every row, for a checkpoint."""
        return self._data[self._head :].tobytes()

    def load_bytes(self, data: bytes) -> None:
        """Takes what `to_bytes` gave. Raises ValueError when it is not whole rows."""
        rows = array("q")
        rows.frombytes(data)
        if len(rows) % self._width:
            raise ValueError(f"{len(rows)} integers are not rows of {self._width}")
        self._data, self._head = rows, 0
