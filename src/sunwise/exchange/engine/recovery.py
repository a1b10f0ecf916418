"""Where a replica begins: the newest snapshot that the log still vouches for, or the log's start."""

import logging
import secrets
from typing import Any, Final, NamedTuple

import numpy as np

from sunwise.chassis.bus import Bus, StreamInfo
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import (
    Damaged,
    command_stream,
    decode_events,
    event_stream,
)
from sunwise.exchange.engine.core import Capacities, Core
from sunwise.exchange.engine.core.jit import source_hash
from sunwise.exchange.engine.core.layout import RECORDS, layout_hash
from sunwise.exchange.engine.loop import EngineLoop
from sunwise.exchange.engine.quarantine import read_note
from sunwise.exchange.engine.read_ahead import ReadAhead, read_ahead
from sunwise.exchange.engine.snapshot_file import Bytes, SnapshotPoint, SnapshotUnusable
from sunwise.exchange.engine.snapshots import SnapshotFolder, SnapshotName, load_snapshot

_SECRET_WORDS: Final = 6
_LAYOUT: Final = layout_hash()
_DTYPES: Final[dict[str, Any]] = {
    **RECORDS,
    "layout": np.dtype(np.uint8),
    "capacities": np.dtype(np.int64),
}
_log = logging.getLogger("sunwise.engine")


class Beginning(NamedTuple):
    """A loop to go on with, and where its last event message stands in EVT."""

    loop: EngineLoop
    stored_seq: int


class ShardLog(NamedTuple):
    """The two streams of a shard, as they were when this replica started."""

    shard: str
    commands: StreamInfo
    events: StreamInfo
    build: str  # of the engine core

    def point(self, position: Position, chain: bytes) -> SnapshotPoint:
        """What a snapshot at `position` is of."""
        return SnapshotPoint(
            shard=self.shard,
            cmd_created_ns=self.commands.created_ns,
            evt_created_ns=self.events.created_ns,
            position=position,
            chain=chain,
            layout_hash=_LAYOUT,
            build=self.build,
        )


async def read_shard_log(bus: Bus, shard: str) -> ShardLog:
    """The streams' identities and extents. Raises StreamMissing, Retryable."""
    return ShardLog(
        shard,
        await bus.stream_info(command_stream(shard)),
        await bus.stream_info(event_stream(shard)),
        source_hash(),
    )


async def begin(
    bus: Bus, log: ShardLog, folder: SnapshotFolder, *, genesis: Capacities
) -> Beginning:
    """The loop from the newest usable snapshot, else from the log's beginning with `genesis`.

    Once a batch has broken this build, a snapshot's state must pass the audit as well: it may be
    what is broken. Raises SnapshotOfAnotherLog: what is in the folder must not be passed over in
    silence.
    """
    folder.forget_unconfirmed()
    ahead = await read_ahead(bus, log.shard)
    note = read_note(folder.folder)
    in_doubt = (
        note is not None and note.build == log.build and note.command_seq not in ahead.quarantined
    )
    for name in folder.newest_first():
        try:
            beginning = await _from_snapshot(bus, log, name, ahead)
            if in_doubt:
                _audit(beginning.loop.core)
        except SnapshotUnusable as reason:
            _log.warning("snapshot %s is passed over: %s", name.path, reason)
        else:
            return beginning
    core = Core.create(genesis, secret=_new_secret())
    loop = EngineLoop(core, shard=log.shard, ahead=ahead)
    return Beginning(loop, max(0, log.events.first_seq - 1) if log.events.messages else 0)


async def _from_snapshot(
    bus: Bus, log: ShardLog, name: SnapshotName, ahead: ReadAhead
) -> Beginning:
    header, blocks = load_snapshot(name, log.point(Position(command_seq=0), b""))
    point = header.point
    stored = await bus.read(event_stream(log.shard), name.evt_seq)
    if stored is None:
        raise SnapshotUnusable(f"EVT does not hold its event message at {name.evt_seq}")
    try:
        message = decode_events(stored.payload)
    except Damaged as error:
        raise SnapshotUnusable(f"EVT is damaged where it stands ({error})") from error
    position = Position(command_seq=message.command_seq, part=message.part)
    if (position, message.chain) != (point.position, point.chain):
        raise SnapshotUnusable(f"EVT holds another event message at {name.evt_seq}")
    core = load_core(blocks)
    if core.state_hash() != header.state_hash:
        raise SnapshotUnusable("its state does not have the hash that it names")
    _log.info("starting from %s, state hash %s", name.path.name, header.state_hash.hex())
    loop = EngineLoop(
        core,
        shard=log.shard,
        position=position,
        chain=message.chain,
        ahead=ahead,
    )
    return Beginning(loop, name.evt_seq)


def _audit(core: Core) -> None:
    try:
        core.audit()
    except AssertionError as broken:
        raise SnapshotUnusable(f"its state breaks an invariant: {broken}") from broken


def load_core(blocks: dict[str, Bytes]) -> Core:
    """The core from a snapshot's arrays. Raises SnapshotUnusable."""
    try:
        return Core.load((name, block.view(_DTYPES[name])) for name, block in blocks.items())
    except (ValueError, KeyError) as error:
        raise SnapshotUnusable(f"its arrays do not make a state: {error}") from error


def _new_secret() -> tuple[int, ...]:
    """Words that keep clients from choosing ids that collide; this replica's own."""
    return tuple(secrets.randbits(63) for _ in range(_SECRET_WORDS))
