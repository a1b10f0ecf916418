"""The engine's loop without its I/O: stored command batches in, event messages out.

A function of CMD alone: the same batches give the same bytes on every replica.
"""

import struct
from collections import OrderedDict
from typing import Final, NamedTuple

import numpy as np

from sunwise.chassis.bus import StoredMessage
from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    CHAIN_BYTES,
    CLOCK_WRITER,
    DISSENT_WRITER,
    GENESIS_CHAIN,
    MAX_PART_EVENTS,
    MAX_WRITER,
    QUARANTINE_WRITER,
    Batch,
    BatchFlag,
    Damaged,
    EventMessage,
    chained,
    command_subject,
    decode_batch,
    encode_events,
    event_subject,
    writer_name,
)
from sunwise.contracts.exchange.records import (
    COMMAND_STRIDE,
    COMMAND_TABLES,
    EVENT_STRIDE,
    CommandKind,
    offsets,
)
from sunwise.exchange.engine.core import Core, command_array, event_buffer
from sunwise.exchange.engine.dissent import StoredPoint
from sunwise.exchange.engine.read_ahead import NOTHING_AHEAD, ReadAhead

_REMEMBERED_CHAINS: Final = 16_384
_BROKEN: Final = (AssertionError, ArithmeticError, LookupError)  # what a kernel can raise
_READ_BY_THE_SERVICE: Final = (QUARANTINE_WRITER, DISSENT_WRITER)  # nothing is computed from them
_AT: Final = offsets(COMMAND_TABLES["control"])
_ATTESTED: Final = struct.Struct("<qi")
_ATTESTED_AT: Final = _AT["attested_seq"]
_CHAIN_AT: Final = _AT["attested_chain_0"]
assert _AT["attested_part"] == _ATTESTED_AT + 8, "sequence and part stand side by side"
assert _AT["attested_chain_1"] == _CHAIN_AT + 8, "the halves of a chain stand side by side"


class Diverged(Permanent):
    """This replica's events are not what is stored: it must stop before anybody relies on it."""

    def __init__(self, message: str, *, stored: StoredPoint | None = None) -> None:
        """`stored`: the event message of EVT that was computed otherwise here, where it is one.

        As EVT holds it; or, if only the clock saw it there, as it held it.
        """
        super().__init__(message)
        self.stored = stored


class CommandsMissing(Permanent):
    """CMD does not continue where this replica stands."""


class Poisoned(Permanent):
    """A batch broke an invariant of the engine: its state is half-way, nothing can be applied."""

    def __init__(self, message: str, *, command_seq: int, symbol: int) -> None:
        super().__init__(message)
        self.command_seq = command_seq
        self.symbol = symbol  # that the engine was at work on; NO_SYMBOL for none


class Produced(NamedTuple):
    """An event message that this replica computed."""

    position: Position
    chain: bytes
    subject: str
    payload: bytes


class EngineLoop:
    """A core, and how far it has come in CMD."""

    def __init__(
        self,
        core: Core,
        *,
        shard: str,
        position: Position | None = None,
        chain: bytes = b"",
        ahead: ReadAhead = NOTHING_AHEAD,
    ) -> None:
        self.core = core
        self.shard = shard
        self.position = position or Position(command_seq=0)  # of the last message produced
        self.chain = chain or GENESIS_CHAIN
        self._ahead = ahead
        self._out = event_buffer(MAX_PART_EVENTS)
        self._out_bytes = self._out.view(np.ndarray).view(np.uint8).data
        self._chains: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._remember_chain()

    @property
    def command_seq(self) -> int:
        """The last batch applied, by CMD's sequence."""
        return self.position.command_seq

    def take(self, stored: StoredMessage) -> list[Produced]:
        """Applies the next message of CMD; the event messages it causes, at least one.

        Raises CommandsMissing when it is not the next, Diverged when a CLOCK attests another
        chain than this replica's, Poisoned when an invariant breaks.
        """
        if stored.seq != self.command_seq + 1:
            raise CommandsMissing(
                f"CMD_{self.shard} goes on at {stored.seq} after {self.command_seq}: commands are "
                "missing. Restore the stream from its archive, or start from a later snapshot"
            )
        try:
            batch = decode_batch(stored.payload)
        except Damaged:
            return [self._malformed(stored)]
        if stored.subject != command_subject(self.shard, batch.writer):
            return [self._malformed(stored)]
        if batch.writer in _READ_BY_THE_SERVICE:
            return [self._nothing(stored.seq, 0, batch)]
        verdict = self.core.begin_batch(batch.writer, batch.epoch, batch.batch_no, batch.batch_ns)
        if verdict:
            return [self._nothing(stored.seq, verdict, batch)]
        if stored.seq in self._ahead.quarantined:
            return self._skipped(stored.seq, batch)
        if batch.writer == CLOCK_WRITER:
            self._check_attested(stored.seq, batch)
        try:
            return self._applied(stored.seq, batch)
        except _BROKEN as broken:
            raise Poisoned(
                _poison(self.shard, stored.seq, batch, broken),
                command_seq=stored.seq,
                symbol=self.core.symbol_at_work(command_array(batch.records)),
            ) from broken

    def _nothing(self, seq: int, flags: int, batch: Batch) -> Produced:
        """The only message of a batch that does nothing."""
        return self._produced(seq, 0, flags=flags | BatchFlag.LAST, batch=batch, records=b"")

    def _skipped(self, seq: int, batch: Batch) -> list[Produced]:
        """Tells the writer, and under the admin writer's subject that the symbol is halted.

        Whoever follows what is listed follows that subject alone.
        """
        flags = BatchFlag.QUARANTINED
        n_events = self.core.halt_symbol(self._ahead.quarantined[seq], self._out)
        if not n_events:
            return [self._nothing(seq, flags, batch)]
        records = bytes(self._out_bytes[: n_events * EVENT_STRIDE])
        told = self._produced(seq, 0, flags=flags, batch=batch, records=b"")
        halt = Batch(ADMIN_WRITER, 0, 0, batch.batch_ns, b"")  # of no epoch: it is nobody's batch
        flags |= BatchFlag.LAST
        return [told, self._produced(seq, 1, flags=flags, batch=halt, records=records)]

    def _applied(self, seq: int, batch: Batch) -> list[Produced]:
        commands = command_array(batch.records)
        produced: list[Produced] = []
        done = 0
        while True:
            done, n_events = self.core.apply(commands, done, self._out)
            records = bytes(self._out_bytes[: n_events * EVENT_STRIDE])
            flags = BatchFlag.LAST if done == len(commands) else 0
            part = len(produced)
            produced.append(self._produced(seq, part, flags=flags, batch=batch, records=records))
            if flags:
                return produced

    def _produced(
        self, seq: int, part: int, *, flags: int, batch: Batch, records: bytes
    ) -> Produced:
        message = chained(
            EventMessage(
                seq, part, flags, batch.writer, batch.epoch, batch.batch_no,
                self.core.now_ns, self.chain, GENESIS_CHAIN, records,
            )
        )  # fmt: skip
        self.chain = message.chain
        self.position = Position(command_seq=seq, part=part)
        self._remember_chain()
        subject = event_subject(self.shard, batch.writer)
        return Produced(self.position, message.chain, subject, encode_events(message))

    def _malformed(self, stored: StoredMessage) -> Produced:
        unread = Batch(_writer_of(stored.subject), 0, 0, 0, b"")
        return self._nothing(stored.seq, BatchFlag.MALFORMED, unread)

    # --- attest ---

    def _remember_chain(self) -> None:
        self._chains[self.position.command_seq, self.position.part] = self.chain
        if len(self._chains) > _REMEMBERED_CHAINS:
            self._chains.popitem(last=False)

    def _check_attested(self, seq: int, batch: Batch) -> None:
        """Holds the chain that the clock saw in EVT against this replica's own."""
        if batch.records[0] != CommandKind.CLOCK:
            return
        place = _ATTESTED.unpack_from(batch.records, _ATTESTED_AT)
        theirs = bytes(batch.records[_CHAIN_AT : _CHAIN_AT + CHAIN_BYTES])
        if not place[0] or place < next(iter(self._chains)):
            return  # nothing seen, or from before what is remembered here
        at = Position(command_seq=place[0], part=place[1])
        if any(settlement.voids(at, seq) for settlement in self._ahead.settlements):
            return
        ours = self._chains.get(place)
        if ours != theirs:
            here = "none" if ours is None else ours.hex()
            raise Diverged(
                f"the clock saw chain {theirs.hex()} at event message {place[0]}.{place[1]} of "
                f"shard {self.shard}, this replica has {here}: it has stopped. Compare "
                "builds and machines with a replica that runs (runbook: replica diverged)",
                stored=StoredPoint(at, theirs),
            )


def _writer_of(subject: str) -> int:
    """The writer that may append under `subject`, 0 when it is nobody's."""
    token = subject.rpartition(".")[2]
    named = (CLOCK_WRITER, ADMIN_WRITER, *_READ_BY_THE_SERVICE)
    known = {writer_name(writer): writer for writer in named}
    if token.startswith("g") and token[1:].isdigit() and int(token[1:]) <= MAX_WRITER:
        return int(token[1:])
    return known.get(token, 0)


def _poison(shard: str, seq: int, batch: Batch, broken: Exception) -> str:
    kinds = sorted({batch.records[at] for at in range(0, len(batch.records), COMMAND_STRIDE)})
    return (
        f"batch {seq} of CMD_{shard} (writer {writer_name(batch.writer)}, epoch {batch.epoch}, "
        f"number {batch.batch_no}, {batch.n_records} commands of kinds {kinds}) breaks an "
        f"invariant: {broken}. This replica has stopped before telling anybody. If it breaks there "
        "again after a restart the batch is skipped and its symbol halted (runbook: poison command)"
    )
