"""What a file may be: text of a bounded size. Whoever sends more hears how much it may be."""

import codecs
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard.door import MAX_BODY_BYTES

MAX_FILE_BYTES: Final = MAX_BODY_BYTES
"""All files of an import come in one body, so none is larger."""
MAX_FILES: Final = 5_000
_SHOWN: Final = 20
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Fault(NamedTuple):
    """One thing that cannot be read, and what to write instead."""

    place: str
    """File and line."""
    text: str


class Unreadable(Permanent):
    """Files cannot be taken as they are; nothing was changed. Every reason is in `faults`."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        more = f"\n(and {len(faults) - _SHOWN:,} more)" if len(faults) > _SHOWN else ""
        lines = [f"{fault.place}: {fault.text}" for fault in faults[:_SHOWN]]
        super().__init__("Nothing was changed.\n" + "\n".join(lines) + more)
        self.faults = tuple(faults)


def decoded(name: str, content: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with its mark. Raises Unreadable."""
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable([too_large(name, len(content))])
    encoding = next((e for mark, e in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        fault = Fault(f"{name}:{line}", "is not UTF-8: save the file as UTF-8 and send it again")
        raise Unreadable([fault]) from error


def bounded(files: Mapping[str, str]) -> None:
    """Returns if the files are few and small enough. Raises Unreadable."""
    if len(files) > MAX_FILES:
        text = f"{len(files):,} files at once: at most {MAX_FILES:,}, in parts"
        raise Unreadable([Fault(next(iter(files)), text)])
    faults = [too_large(name, len(text)) for name, text in files.items() if _is_too_large(text)]
    if faults:
        raise Unreadable(faults)


def _is_too_large(text: str) -> bool:
    return len(text) > MAX_FILE_BYTES


def too_large(name: str, size: int) -> Fault:
    """Why a file of that size is not read."""
    limit = MAX_FILE_BYTES // 1024 // 1024
    return Fault(name, f"has {size / 1024 / 1024:.0f} MiB: at most {limit}. Split it")
