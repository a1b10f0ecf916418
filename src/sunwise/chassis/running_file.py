"""What other commands must know of something that runs: one private file in its data folder.

Whoever runs writes it when it is ready and removes it when it ends. A file that a killed process left
behind is recognised by its process being gone.
"""

import os
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from sunwise.chassis.data_folder import write_private


class Running(Protocol):
    """What such a file says at least."""

    @property
    def pid(self) -> int:
        """Of the process whose end ends it all."""
        ...


_R = TypeVar("_R", bound=Running)


class RunningFile(Generic[_R]):
    """The file of one kind of thing; `kind` is a msgspec Struct."""

    def __init__(self, path: Path, kind: type[_R]) -> None:
        self._path = path
        self._kind = kind

    def write(self, running: _R) -> None:
        """Makes it known to other commands."""
        write_private(self._path, msgspec.json.encode(running))

    def remove(self) -> None:
        """It has ended."""
        self._path.unlink(missing_ok=True)

    def read(self) -> _R | None:
        """What was written last, whether it still runs or not; None where there is nothing to read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=self._kind)
        except (OSError, msgspec.DecodeError):
            return None

    def find(self) -> _R | None:
        """What runs; None when nothing does."""
        found = self.read()
        return found if found is not None and is_alive(found.pid) else None


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
