"""Replicas that compute something else than is stored, counted in the log itself.

One that differs stops: its machine or its build is suspect. When most replicas differ at the same
event message, it is rather what is stored that is wrong, and the shard must not go on adding to it.
So a replica that stops says so by a batch of the writer `dissent` in CMD, which every other reads:
the position, and the chain as EVT holds it there. Whoever finds there that most replicas differ
stops as well, and starts again only when an operator, having found out who is right, has settled it
(runbook: replica diverged). Where events were stored that are wrong, they are taken out of EVT and
computed again; what the clock attested of them until the settlement then counts no more. That is the
operator's word, never the settlement's own doing: where what is stored holds, so does what the clock saw.
Nothing is computed from these batches: they change no event.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

from sunwise.chassis.bus import Bus
from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.codec import COMMAND_CODECS, attested, attested_fields
from sunwise.contracts.exchange.log import (
    DISSENT_WRITER,
    Batch,
    Damaged,
    command_stream,
    command_subject,
    decode_batch,
    encode_batch,
)
from sunwise.contracts.exchange.records import CommandKind

_NOWHERE: Final = Position(command_seq=0)  # before every event message
_control: Final = COMMAND_CODECS["control"]


class ShardHalted(Permanent):
    """Most replicas compute something else than is stored: nobody goes on until it is settled."""


class StoredPoint(NamedTuple):
    """An event message as EVT holds it, or held it when the clock looked."""

    position: Position
    chain: bytes


class Dissent(NamedTuple):
    """A replica's word that it computes something else there."""

    replica: int
    build: str


Dissents = Mapping[StoredPoint, frozenset[Dissent]]


class NotDisputed(Permanent):
    """No replica has said that it differs there: nothing is settled."""


class Settlement(NamedTuple):
    """An end of a dispute: attested chains from `first` on count for nothing before `seq` of CMD."""

    first: Position
    seq: int

    def voids(self, attested_at: Position, by_seq: int) -> bool:
        """Whether it voids what batch `by_seq` of CMD attests."""
        return by_seq < self.seq and attested_at >= self.first


class Disputes(NamedTuple):
    """What the dissent writer's batches say."""

    dissents: Dissents
    """Said since the last settlement."""
    settlements: tuple[Settlement, ...]
    """Those after which events were computed again."""


async def read_disputes(bus: Bus, shard: str) -> Disputes:
    """All that CMD holds of them. Raises Retryable. Cost: one read each."""
    found: defaultdict[StoredPoint, set[Dissent]] = defaultdict(set)
    settlements: list[Settlement] = []
    subject, seq = command_subject(shard, DISSENT_WRITER), 1
    while (stored := await bus.read_next(command_stream(shard), seq, subject)) is not None:
        seq = stored.seq + 1
        try:
            command = _control.unpack(decode_batch(stored.payload).records)
        except Damaged:
            continue  # the loop answers it as malformed
        if command.kind == CommandKind.SETTLE:
            found.clear()
            if (first := _point_of(command).position) > _NOWHERE:
                settlements.append(Settlement(first, stored.seq))
        elif command.kind == CommandKind.DISSENT:
            said = Dissent(command.replica, command.dissenting_build)
            found[_point_of(command)].add(said)
    return Disputes({point: frozenset(said) for point, said in found.items()}, tuple(settlements))


def check_undisputed(dissents: Dissents, *, shard: str, n_replicas: int) -> None:
    """Raises ShardHalted when more than half of the replicas differ at the same event message."""
    for point, said in dissents.items():
        differing = {each.replica for each in said}
        if 2 * len(differing) > n_replicas:
            who = ", ".join(f"{each.replica} (build {each.build})" for each in sorted(said))
            raise ShardHalted(
                f"{len(differing)} of {n_replicas} replicas compute something else than event "
                f"message {point.position.command_seq}.{point.position.part} of shard {shard} as "
                f"stored: {who}. The shard has halted. Find out who is right, then "
                "`sunwise settle` (runbook: replica diverged)"
            )


async def dissent(bus: Bus, point: StoredPoint, *, shard: str, said: Dissent) -> None:
    """Appends `said` about `point`, unless it stands there already. Raises Retryable, Permanent."""
    if said in (await read_disputes(bus, shard)).dissents.get(point, frozenset()):
        return
    record = _control.pack(
        kind=CommandKind.DISSENT,
        replica=said.replica,
        dissenting_build=said.build,
        **_fields(point),
    )
    await _append(bus, shard, record)


async def settle(bus: Bus, shard: str, *, rebuilt_from: Position | None = None) -> Dissents:
    """Ends the dispute: replicas that still differ must say so anew. What had been said.

    `rebuilt_from` is the disputed event message from which EVT's were taken out, to be computed again:
    what the clock has attested of them counts for nothing. Nothing is appended when nothing was
    said. Raises NotDisputed when nobody differs at `rebuilt_from`, Retryable, Permanent.
    """
    said = (await read_disputes(bus, shard)).dissents
    if not said:
        return said
    if rebuilt_from is not None:
        _check_disputed(rebuilt_from, said)
    first = rebuilt_from or _NOWHERE
    record = _control.pack(
        kind=CommandKind.SETTLE, attested_seq=first.command_seq, attested_part=first.part
    )
    await _append(bus, shard, record)
    return said


def _check_disputed(position: Position, said: Dissents) -> None:
    disputed = {f"{each.position.command_seq}.{each.position.part}": each.position for each in said}
    if position not in disputed.values():
        raise NotDisputed(
            f"no replica differs at event message {position.command_seq}.{position.part}: nothing is "
            f"settled. Those that are disputed: {', '.join(disputed)}"
        )


async def _append(bus: Bus, shard: str, record: bytes) -> None:
    batch = Batch(DISSENT_WRITER, 1, 1, 0, record)  # known by its content alone
    await bus.append(command_subject(shard, DISSENT_WRITER), encode_batch(batch))


def _fields(point: StoredPoint) -> dict[str, int]:
    return attested_fields(point.position.command_seq, point.position.part, point.chain)


def _point_of(command: NamedTuple) -> StoredPoint:
    seq, part, chain = attested(command)
    return StoredPoint(Position(command_seq=seq, part=part), chain)
