"""`sunwise audit`: recompute everything from the log, compare, and check every invariant.

An engine of its own applies every command since the beginning. Each event message must come out
byte for byte as it is stored; where a snapshot stands, and where the running engine stands, the
state must have the hash that they have; at the end money is conserved per asset, nothing is
negative, every lock backs an order, no book is crossed.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import Struct

from sunwise.chassis.bus import Bus, StoredMessage, StreamReader
from sunwise.chassis.errors import Permanent
from sunwise.chassis.log import Catalog
from sunwise.cli.exchange import SHARD
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.operator import Operator
from sunwise.cli.running import data_option, find_running
from sunwise.cli.terminal import Terminal
from sunwise.contracts.exchange.log import (
    command_stream,
    decode_batch,
    decode_events,
    event_stream,
)
from sunwise.exchange.engine.audit import ClaimedHash, live_hash, snapshot_hashes
from sunwise.exchange.engine.core import Core, warm_up
from sunwise.exchange.engine.loop import EngineLoop, Produced
from sunwise.exchange.engine.read_ahead import NOTHING_AHEAD, ReadAhead, read_ahead
from sunwise.money.decimal_text import format_scaled

_MOST_AHEAD = 2_000
_STORED_WITHIN_S = 15.0


class AuditFailed(Permanent):
    """The log does not hold what its commands cause, or an invariant is broken."""


class AuditResult(Struct, kw_only=True):
    """What was found right."""

    batches: int = 0
    commands: int = 0
    events: int = 0
    event_messages: int = 0
    state_hashes: int = 0  # of snapshots and of the running engine


class Audit:
    """A recomputation of one shard beside its stored events."""

    def __init__(
        self,
        core: Core,
        *,
        shard: str,
        until_seq: int,
        ahead: ReadAhead = NOTHING_AHEAD,
        claims: Sequence[ClaimedHash] = (),
    ) -> None:
        """`until_seq`: the last batch of CMD to recompute. `claims`: hashes to be found true."""
        self.until_seq = until_seq
        self.result = AuditResult()
        self.catalog = Catalog()
        self.loop = EngineLoop(core, shard=shard, ahead=ahead)
        self._claims = claims
        self._expected: deque[Produced] = deque()
        self._moved = asyncio.Event()

    async def on_commands(self, batch: Sequence[StoredMessage]) -> None:
        """Applies stored commands, not much faster than their events are compared."""
        for stored in batch:
            if stored.seq > self.until_seq:
                return
            while len(self._expected) >= _MOST_AHEAD:
                await self._wait()
            self._expected.extend(self.loop.take(stored))
            self._check_claims(stored.seq)
            self.result.batches += 1
            with contextlib.suppress(ValueError):  # a malformed batch has no commands
                self.result.commands += decode_batch(stored.payload).n_records
            self._moved.set()
        await asyncio.sleep(0)

    async def on_events(self, batch: Sequence[StoredMessage]) -> None:
        """Compares stored events with those that came out here."""
        for stored in batch:
            while not self._expected:
                await self._wait()
            produced = self._expected.popleft()
            if stored.payload != produced.payload:
                place = f"{produced.position.command_seq}.{produced.position.part}"
                raise AuditFailed(
                    f"EVT holds another event message at sequence {stored.seq} than command batch "
                    f"{place} causes: the store was changed, or another build wrote it. Compare "
                    "with an archive or a replica before anything else."
                )
            message = decode_events(stored.payload)
            self.catalog.apply(message)
            self.result.event_messages += 1
            self.result.events += message.n_records
            self._moved.set()
        await asyncio.sleep(0)

    async def compared(self) -> None:
        """Returns once every event message caused so far was found stored. Raises AuditFailed."""
        while self._expected:
            try:
                async with asyncio.timeout(_STORED_WITHIN_S):  # no task: no gap to miss a move in
                    await self._wait()
            except TimeoutError as error:
                raise AuditFailed(
                    f"{len(self._expected)} event messages are not stored: is the engine running? "
                    "See sunwise status."
                ) from error

    def _check_claims(self, command_seq: int) -> None:
        """Raises AuditFailed when somebody had another state after this batch."""
        for claim in self._claims:
            if claim.command_seq != command_seq:
                continue
            if claim.state_hash != self.loop.core.state_hash():
                raise AuditFailed(
                    f"After batch {command_seq} {claim.by} has state hash "
                    f"{claim.state_hash.hex()}, the recomputed one is "
                    f"{self.loop.core.state_hash().hex()}: do not use it, and compare builds."
                )
            self.result.state_hashes += 1

    def check_invariants(self) -> None:
        """Raises AuditFailed for the first that is broken."""
        try:
            self.loop.core.audit()
        except AssertionError as broken:
            raise AuditFailed(f"An invariant does not hold: {broken}.") from broken

    def totals(self) -> list[str]:
        """A line an asset: what was deposited, and that all balances sum up to it."""
        deposited = self.loop.core.state.assets["deposited_atoms"]
        return [
            f"{asset.name:<8} {format_scaled(int(deposited[asset.index]), asset.decimals):>24} "
            "deposited less withdrawn = sum of all balances"
            for asset in self.catalog.assets
        ]

    async def _wait(self) -> None:
        """Returns when the other side has moved on."""
        self._moved.clear()
        await self._moved.wait()


async def audit_log(bus: Bus, *, shard: str, snapshots: Path | None = None) -> Audit:
    """The audit of everything stored when this is called, and of the snapshots in a folder.

    Raises AuditFailed, Diverged, CommandsMissing, Poisoned, and faults of the bus.
    """
    claims = [await live_hash(bus, shard)]
    if snapshots is not None:
        try:
            claims += snapshot_hashes(snapshots)
        except AssertionError as broken:
            raise AuditFailed(f"A snapshot is wrong: {broken}. Move it away.") from broken
    commands = await bus.stream_info(command_stream(shard))
    audit = Audit(
        Core.create(),
        shard=shard,
        until_seq=commands.last_seq,
        ahead=await read_ahead(bus, shard),
        claims=claims,
    )
    reader = StreamReader(bus, command_stream(shard), audit.on_commands)
    events = StreamReader(bus, event_stream(shard), audit.on_events)
    tasks = [asyncio.create_task(each.run()) for each in (reader, events)]
    done = asyncio.create_task(_until_compared(audit, reader))
    try:
        await asyncio.wait([*tasks, done], return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, done):
            if task.done():
                task.result()
    finally:
        for task in (*tasks, done):
            task.cancel()
        await asyncio.gather(*tasks, done, return_exceptions=True)
    audit.check_invariants()
    return audit


async def _until_compared(audit: Audit, commands: StreamReader) -> None:
    await commands.wait_for(audit.until_seq)
    await audit.compared()


@click.command("audit")
@data_option
@told_in_one_sentence
def command(data: Path) -> None:
    """Recompute everything from the log of a running exchange and check every invariant."""
    terminal = Terminal()
    with terminal.waiting("Recomputing everything from the log ..."):
        warm_up()
        audit = asyncio.run(_audit(data))
    found = audit.result
    terminal.say(
        f"{found.batches:,} batches with {found.commands:,} commands recomputed: "
        f"{found.events:,} events in {found.event_messages:,} messages are stored byte for byte."
    )
    terminal.say(
        f"{found.state_hashes} state hashes of snapshots and of the running engine are right."
    )
    for line in audit.totals():
        terminal.say(line)
    terminal.say(
        "Every invariant holds: money, locks, quantities, price-time order. "
        f"State hash {audit.loop.core.state_hash().hex()}."
    )


async def _audit(data: Path) -> Audit:
    operator = await Operator.connect(find_running(data))
    try:
        return await audit_log(operator.bus, shard=SHARD, snapshots=data / "snapshots")
    finally:
        await operator.close()
