"""A state that is a function of a shard's events, with checkpoints of it in files.

Whoever keeps such a state says how to begin it, apply an event message to it and save it; this
module follows the log, stores checkpoints now and then, and begins anew when a checkpoint is not
of this log. A checkpoint is never trusted further than the log: position and chain must fit.
"""

import asyncio
import logging
from typing import Final, Protocol, Self

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.checkpoint import Checkpoint as StoredCheckpoint
from sunwise.chassis.checkpoint import CheckpointStore
from sunwise.chassis.log import Checkpoint, EventReader, LogBroken
from sunwise.contracts.exchange.log import EventMessage, event_stream

_log = logging.getLogger(__name__)
_RETRY_S: Final = 0.5

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Checkpoint).decode


class Projected(Protocol):
    """The state, on its owner's side."""

    def begin(self, state: bytes | None) -> None:
        """Starts from what `save` gave, or from nothing.

        Raises ValueError or msgspec.DecodeError for what it cannot read.
        """
        ...

    def apply(self, message: EventMessage) -> None:
        """Takes the next event message."""
        ...

    async def settle(self) -> None:
        """Called after each run of messages, before anybody is told of the new position."""
        ...

    def is_whole(self) -> bool:
        """Whether the state may be saved now: no command is half applied."""
        ...

    def save(self) -> bytes:
        """The whole state."""
        ...


class Projection:
    """Keeps a state up with the log; made by `open`, ended by `close`."""

    def __init__(self, state: Projected, *, store: CheckpointStore) -> None:
        self._state = state
        self._store = store
        self._saved: Checkpoint | None = None
        self.reader: EventReader

    @classmethod
    async def open(cls, bus: Bus, state: Projected, *, shard: str, store: CheckpointStore) -> Self:
        """A projection that follows `shard` from its newest usable checkpoint.

        Raises Retryable when EVT cannot be read now.
        """
        self = cls(state, store=store)
        created_ns = (await bus.stream_info(event_stream(shard))).created_ns
        start = self._restored(created_ns)
        try:
            self.reader = await self._follow(bus, shard, start)
        except LogBroken as error:
            if start is None:
                raise
            self._begin_anew(str(error))
            self.reader = await self._follow(bus, shard, None)
        return self

    @property
    def was_restored(self) -> bool:
        """Whether a checkpoint was used."""
        return self._saved is not None

    async def run(self, *, every_s: float) -> None:
        """Stores checkpoints now and then; ends only by what ended the reader."""
        pause_s = every_s
        while True:
            done, _ = await asyncio.wait([self.reader.closed], timeout=pause_s)
            if done:
                self.reader.closed.result()
            pause_s = every_s if await self.save() else min(every_s, _RETRY_S)

    async def save(self) -> bool:
        """Stores a checkpoint; False when a command is half applied, so that none could be made.

        A full disk is logged and costs only a longer replay.
        """
        if not self._state.is_whole():
            return False
        here = self.reader.checkpoint()
        if self._saved is not None and self._saved.position == here.position:
            return True
        state = self._state.save()
        seq = here.position.command_seq
        try:
            await asyncio.to_thread(
                self._store.save, seq=seq, position=_encode(here), state=[state]
            )
        except OSError as error:
            _log.warning("no checkpoint was stored", extra={"why": str(error)})
        else:
            self._saved = here
        return True

    async def close(self) -> None:
        """Stops following, and saves where the state stands."""
        await self.reader.close()
        await self.save()

    async def _follow(self, bus: Bus, shard: str, start: Checkpoint | None) -> EventReader:
        return await EventReader.open(
            bus,
            shard=shard,
            handler=self._state.apply,
            after_batch=self._state.settle,
            start=start,
        )

    def _restored(self, created_ns: int) -> Checkpoint | None:
        found = self._store.load()
        if found is None:
            self._state.begin(None)
            return None
        start = self._usable(found, created_ns)
        if start is not None:
            self._saved = start
        return start

    def _usable(self, found: StoredCheckpoint, created_ns: int) -> Checkpoint | None:
        try:
            start = _decode(found.position)
            self._state.begin(found.state)
        except (msgspec.DecodeError, ValueError) as error:
            self._begin_anew(str(error))
            return None
        if start.created_ns != created_ns:
            self._begin_anew("the event stream is another one")
            return None
        return start

    def _begin_anew(self, why: str) -> None:
        _log.warning("checkpoints are not of this log: replaying all of it", extra={"why": why})
        self._store.clear()
        self._saved = None
        self._state.begin(None)
