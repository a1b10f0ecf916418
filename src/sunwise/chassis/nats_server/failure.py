"""What nats-server said before it gave up, as one sentence and what to do."""

import re
from pathlib import Path
from typing import Final

LOG_NAME: Final = "nats-server.log"
STDERR_NAME: Final = "nats-server.stderr"

_ADVICE = (
    ("address already in use", "The port is taken: stop the other program or set another port."),
    ("no space left", "The disk is full: free some room and start again."),
    ("permission denied", "This user may not write there: check the folder's owner and mode."),
    ("storage directory", "The store cannot be used: check the folder's owner and mode."),
    ("could not create storage", "The store cannot be used: check the folder's owner and mode."),
    ("checksum", "The store is damaged: restore the data folder from a backup."),
)


def why_it_failed(folder: Path, *, log_start: int) -> str:
    """The last thing nats-server logged since `log_start` (bytes), with advice where known."""
    said = _last_line(folder, log_start)
    if not said:
        return f"nats-server ended without a word; look into {folder}."
    for mark, advice in _ADVICE:
        if mark in said.lower():
            return f"{advice} (nats-server: {said})"
    return f"nats-server: {said} (whole log: {folder / LOG_NAME})"


def log_size(folder: Path) -> int:
    """How long nats-server's log is now, bytes."""
    try:
        return (folder / LOG_NAME).stat().st_size
    except FileNotFoundError:
        return 0


def _last_line(folder: Path, log_start: int) -> str:
    lines: list[str] = []
    for name, start in ((STDERR_NAME, 0), (LOG_NAME, log_start)):
        try:
            text = (folder / name).read_bytes()[start:].decode("utf-8", "replace")
        except FileNotFoundError:
            continue
        lines.extend(line.strip() for line in text.splitlines() if line.strip())
    worst = [line for line in lines if "[FTL]" in line or "[ERR]" in line] or lines
    return re.sub(r"^.*\[(FTL|ERR|INF|WRN)\] +", "", worst[-1]) if worst else ""
