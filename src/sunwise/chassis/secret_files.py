"""Secrets from files that only their owner may read."""

import stat
from pathlib import Path

from sunwise.chassis.errors import Permanent


class SecretUnusable(Permanent):
    """A secret file is missing, empty, or readable by others."""


def read_secret(path: str | Path) -> bytes:
    """The content, without white space around it. Raises SecretUnusable."""
    path = Path(path)
    try:
        mode = path.stat().st_mode
        content = path.read_bytes().strip()
    except OSError as error:
        raise SecretUnusable(f"cannot read the secret file {path}: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SecretUnusable(f"others may read {path}: chmod 600 {path}")
    if not content:
        raise SecretUnusable(f"{path} is empty")
    return content
