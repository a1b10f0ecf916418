"""What a replica claims about its state, for whoever recomputes the log beside it."""

import contextlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.contracts.exchange.engine import EngineStatus, GetEngineStatus, engine_query_subject
from sunwise.exchange.engine.recovery import load_core
from sunwise.exchange.engine.snapshot_file import SnapshotUnusable, read_snapshot
from sunwise.exchange.engine.snapshots import SnapshotFolder


class ClaimedHash(NamedTuple):
    """The canonical state hash that somebody has after a batch."""

    by: str
    command_seq: int
    state_hash: bytes


async def live_hash(bus: Bus, shard: str) -> ClaimedHash:
    """The hash of a running replica, where it stands now. Raises NoResponder, RequestTimeout."""
    question = msgspec.msgpack.encode(GetEngineStatus(with_state_hash=True))
    answer = await bus.request(engine_query_subject(shard), question, timeout_s=10.0)
    status = msgspec.msgpack.decode(answer, type=EngineStatus)
    return ClaimedHash("the running engine", status.position.command_seq, status.state_hash)


def snapshot_hashes(folder: Path) -> list[ClaimedHash]:
    """The hash of each confirmed snapshot in `folder`, computed from its arrays.

    A damaged one is left out: the engine passes it over, too. Raises AssertionError when a
    snapshot is whole but its state breaks an invariant or has another hash than it names.
    """
    found = []
    for name in SnapshotFolder(folder).newest_first():
        with contextlib.suppress(SnapshotUnusable, FileNotFoundError):
            header, blocks = read_snapshot(name.path)
            core = load_core(blocks)
            core.audit()
            assert core.state_hash() == header.state_hash, f"{name.path} is not what it names"
            position = header.point.position
            by = f"snapshot {name.path.name}"
            found.append(ClaimedHash(by, position.command_seq, header.state_hash))
    return found
