"""What nats-server said before it gave up, as one sentence and what to do."""

from pathlib import Path

_ADVICE = (
    ("address already in use", "The port is taken: stop the other program or set another port."),
    ("no space left", "The disk is full: free some room and start again."),
    ("permission denied", "This user may not write there: check the folder's owner and mode."),
    ("storage directory", "The store cannot be used: check the folder's owner and mode."),
    ("could not create storage", "The store cannot be used: check the folder's owner and mode."),
    ("checksum", "The store is damaged: restore the data folder from a backup."),
)


def why_it_failed(folder: Path) -> str:
    """The last thing nats-server logged, with advice where the cause is known."""
    said = _last_line(folder)
    if not said:
        return f"nats-server ended without a word; look into {folder}."
    for mark, advice in _ADVICE:
        if mark in said.lower():
            return f"{advice} (nats-server: {said})"
    return f"nats-server: {said} (whole log: {folder / 'nats-server.log'})"


def _last_line(folder: Path) -> str:
    lines: list[str] = []
    for name in ("nats-server.log", "nats-server.stderr"):
        try:
            text = (folder / name).read_text("utf-8", "replace")
        except FileNotFoundError:
            continue
        lines.extend(line.strip() for line in text.splitlines() if line.strip())
    worst = [line for line in lines if "[FTL]" in line or "[ERR]" in line] or lines
    return worst[-1].split("] ", 1)[-1] if worst else ""
