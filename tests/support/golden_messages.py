"""Golden bytes of msgspec messages: frozen once, only ever added to.

A kept message must be read by today's contract as it was written, and whatever is written today must
be read by whoever ignores fields that they do not know.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec


def check_golden(path: Path, samples: Iterable[msgspec.Struct], union: Any = None) -> None:
    """Fails unless `path` holds every sample's bytes, and they are read back as the same sample."""
    kept: dict[str, str] = json.loads(path.read_text())
    named = {type(sample).__name__: sample for sample in samples}
    assert sorted(kept) == sorted(named), "run write_golden once by hand when a message is added"
    for name, sample in named.items():
        read = msgspec.msgpack.decode(bytes.fromhex(kept[name]), type=union or type(sample))
        assert read == sample, name


def write_golden(path: Path, samples: Iterable[msgspec.Struct]) -> None:
    """Freezes messages that have no golden bytes yet."""
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    for sample in samples:
        kept.setdefault(type(sample).__name__, msgspec.msgpack.encode(sample).hex())
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
