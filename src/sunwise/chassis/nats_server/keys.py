"""One Ed25519 key per user: the seed in a 0600 file, only the public half in the server's config.

So no secret stands in the server's configuration, in arguments, in the environment or in a log.
"""

import os
import re
from pathlib import Path

import nkeys

from sunwise.chassis.data_folder import DataFolderUnusable, write_private

_USER = re.compile(r"[A-Za-z0-9_-]{1,40}")


def seed_path(folder: Path, user: str) -> Path:
    """Where the seed of `user` lies."""
    assert _USER.fullmatch(user), f"user {user!r}: letters, digits, - and _ only"
    return folder / f"{user}.nk"


def ensure_key(folder: Path, user: str) -> str:
    """The public key of `user`; its seed is made on first use and never changes by itself."""
    path = seed_path(folder, user)
    try:
        seed = path.read_bytes().strip()
    except FileNotFoundError:
        seed = bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER))
        write_private(path, seed)
    try:
        public: bytes = nkeys.from_seed(bytearray(seed)).public_key
    except (nkeys.NkeysError, ValueError, IndexError) as error:
        raise DataFolderUnusable(
            f"{path} is not a key any more. Delete it and start again: a new one is made."
        ) from error
    return public.decode()
