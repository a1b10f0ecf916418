"""One long flow through the core and the naive exchange: every event equal, byte for byte.

On the way the core's invariants are checked (money conserved to the atom, books in
order, every index right) and a snapshot is taken; at the end a replay from zero and
one from the snapshot must say the same events and reach the same state.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import numpy as np

from sunwise.contracts.exchange.records import EVENT_STRIDE
from sunwise.exchange.engine.core import Capacities, Core, command_array, event_buffer
from tests.oracle.exchange import Exchange

Header = tuple[int, int, int, int]  # writer, epoch, batch number, time in ns
Batches = Callable[[], Iterable[tuple[Header, bytes]]]  # the same ones each time it is called

AUDIT_EVERY: Final = 250_000  # commands
_BUFFER: Final = 32_768


class Soaked(NamedTuple):
    """What a soak has shown; it would have stopped at the first thing wrong."""

    n_commands: int
    n_events: int
    n_audits: int
    n_replays: int
    digest: str  # of all events
    state_hash: str
    seconds: float


class Unequal(AssertionError):
    """The two differ; the message says where."""


def soak(
    name: str, capacities: Capacities, batches: Batches, *, progress: Callable[[str], None]
) -> Soaked:
    """Runs the flow three times: with the oracle, from zero, and from a snapshot of the middle."""
    started = time.monotonic()
    first, snapshot = _with_oracle(name, capacities, batches, progress)
    progress(f"{name}: replaying from zero")
    again = _Run(Core.create(capacities))
    for header, records in batches():
        again.apply(header, records)
    _hold(first, again, "a replay from zero")
    progress(f"{name}: replaying from the snapshot")
    restored = _Run(snapshot.core)
    for number, (header, records) in enumerate(batches()):
        if number > snapshot.batch:
            restored.apply(header, records)
    if restored.core.state_hash() != first.core.state_hash():
        raise Unequal(f"{name}: a replay from the snapshot ends in another state")
    restored.core.audit()
    return Soaked(
        first.n_commands, first.n_events, first.n_audits + 2, 2, first.digest.hexdigest(),
        first.core.state_hash().hex(), time.monotonic() - started,
    )  # fmt: skip


class _Snapshot(NamedTuple):
    batch: int  # the last one in it
    core: Core


class _Run:
    """A core with a digest of what it said."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.digest = hashlib.blake2b(digest_size=16)
        self.n_commands = self.n_events = self.n_audits = 0
        self._out = event_buffer(_BUFFER)

    def apply(self, header: Header, records: bytes) -> bytes:
        """The events of a batch."""
        if self.core.begin_batch(*header):
            raise Unequal(f"the core does not take batch {header}")
        commands, done, parts = command_array(records), 0, []
        while done < len(commands):
            done, n_events = self.core.apply(commands, done, self._out)
            parts.append(self._out[:n_events].tobytes())
        events = b"".join(parts)
        self.digest.update(events)
        self.n_commands += len(commands)
        self.n_events += len(events) // EVENT_STRIDE
        return events


def _with_oracle(
    name: str, capacities: Capacities, batches: Batches, progress: Callable[[str], None]
) -> tuple[_Run, _Snapshot]:
    run, oracle = _Run(Core.create(capacities)), Exchange(capacities)
    snapshot = _Snapshot(-1, Core.create(capacities))
    audited = 0
    for number, (header, records) in enumerate(batches()):
        events = run.apply(header, records)
        oracle.begin_batch(*header)
        if events != b"".join(oracle.apply(records)):
            raise Unequal(f"{name}: batch {number} {header}: {_difference(events, oracle.events)}")
        if run.n_commands - audited >= AUDIT_EVERY:
            audited = run.n_commands
            run.core.audit()
            run.n_audits += 1
            progress(f"{name}: {run.n_commands:,} commands, {run.n_events:,} events equal")
            if run.n_audits % 5 == 2:
                arrays = [(key, array.copy()) for key, array in run.core.save()]
                snapshot = _Snapshot(number, Core.load(arrays))
    run.core.audit()
    _hold_balances(run.core, oracle)
    return run, snapshot


def _hold(first: _Run, again: _Run, what: str) -> None:
    if first.digest.digest() != again.digest.digest():
        raise Unequal(f"{what} says other events")
    if first.core.state_hash() != again.core.state_hash():
        raise Unequal(f"{what} ends in another state")


def _hold_balances(core: Core, oracle: Exchange) -> None:
    rows = core.state.balances[1 : int(core.state.pools[0]["live"]) + 1]
    fields = ("account", "asset", "free_atoms", "locked_atoms")
    mine = {(a, b): (c, d) for a, b, c, d in zip(*(rows[f].tolist() for f in fields), strict=True)}
    if mine != {key: (own.free, own.locked) for key, own in oracle.balances.items()}:
        raise Unequal("balances differ")


def _difference(events: bytes, expected: list[bytes]) -> str:
    rows = [events[at : at + EVENT_STRIDE] for at in range(0, len(events), EVENT_STRIDE)]
    for place, (said, wanted) in enumerate(zip(rows, expected, strict=False)):
        if said != wanted:
            words = np.flatnonzero(np.frombuffer(said, "<i8") != np.frombuffer(wanted, "<i8"))
            return f"event {place} of kind {said[0]} differs in words {words.tolist()}"
    return f"{len(rows)} events and not {len(expected)}"
