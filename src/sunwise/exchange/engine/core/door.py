"""The public door of the core: checks what is handed in, allocates, and calls the kernels."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from sunwise.contracts.exchange.records import COMMAND_STRIDE
from sunwise.exchange.engine.core import snapshot, writers
from sunwise.exchange.engine.core.apply import apply_commands
from sunwise.exchange.engine.core.audit import audit_state
from sunwise.exchange.engine.core.codes import (
    ADMIN_CLASS,
    CANCEL,
    FIRST_CLIENT_ACCOUNT,
    HALT,
    MAX_EVENTS,
    MAX_TRIGGERS,
    PLACE,
    SET_SYMBOL_STATUS,
)
from sunwise.exchange.engine.core.growth import grown, raise_capacity
from sunwise.exchange.engine.core.jit import bound
from sunwise.exchange.engine.core.layout import (
    COMMAND,
    COMMANDS_KIND,
    EVENT,
    EVENTS_KIND,
    INTEGER_KIND,
    STATE_KIND,
    WORDS_KIND,
    Capacities,
    State,
    empty_array,
    empty_state,
)
from sunwise.exchange.engine.core.tables import handle

MIN_EVENT_BUFFER: Final = MAX_EVENTS  # what one command, or one triggered stop, can cause
NO_SYMBOL: Final = -1
DEFAULT_SECRET: Final = (
    0x2D358DCCAA6C78A5, 0x0BB67AE8584CAA73, 0x3C6EF372FE94F82B,
    0x510E527FADE682D1, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
)  # fmt: skip


class Applied(NamedTuple):
    """What one call of `Core.apply` did."""

    next_command: int  # place of the first command that is not done; the batch's end when all are
    n_events: int  # events written to the front of the buffer


class Core:
    """The engine: commands in, events out, nothing else.

    One `begin_batch` a batch, then `apply` until every command is done.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self._handle = handle(state)
        kinds = (STATE_KIND, COMMANDS_KIND, EVENTS_KIND, INTEGER_KIND)
        self._apply = bound(apply_commands, *kinds)

    @classmethod
    def create(
        cls, capacities: Capacities | None = None, *, secret: tuple[int, ...] = DEFAULT_SECRET
    ) -> "Core":
        """An empty exchange: two accounts (house and fees), no asset, no symbol, time zero.

        `secret`: six words that keep clients from choosing ids that collide in the hash
        tables; each replica may have its own, as nothing that happens depends on it.
        """
        state = empty_state(capacities or Capacities())
        control = state.control[0]
        control["n_accounts"] = FIRST_CLIENT_ACCOUNT
        for place, word in enumerate(secret):
            control[f"seed_{place}"] = word
        return cls(state)

    @classmethod
    def load(cls, arrays: Iterable[tuple[str, np.ndarray]]) -> "Core":
        """The core that `save` wrote. Raises ValueError for a snapshot of another layout."""
        return cls(snapshot.load(arrays))

    def save(self) -> Iterator[tuple[str, np.ndarray]]:
        """Named arrays that `load` makes the same core of. They are views: copy or write them at once."""
        return snapshot.save(self.state)

    def begin_batch(self, writer: int, epoch: int, batch_no: int, batch_ns: int) -> int:
        """Opens a batch and sets log time: 0 when it is to be applied, else the BatchFlag why not.

        All numbers are those of the batch's header.
        """
        header = writers.Header(writer, epoch, batch_no, batch_ns)
        return writers.begin_batch(self.state, header)

    @property
    def now_ns(self) -> int:
        """Log time of the batch at work, ns since 1970; the same throughout a batch."""
        return int(self.state.control[0]["now_ns"])

    def apply(self, commands: np.ndarray, first: int, out: np.ndarray) -> Applied:
        """Applies commands from place `first` on, as many as `out` has room for.

        `commands` is from `command_array`, `out` from `event_buffer`. When `next_command`
        is short of the end, use the events and call again from there: together they are
        the same, however small the buffer.
        """
        _check_arrays(commands, out)
        first = self._apply(self._handle, handle(commands), handle(out), first)
        n_events = int(self.state.control[0]["n_events"])
        if first < len(commands) and n_events + MAX_EVENTS <= len(out):
            self.state = raise_capacity(self.state, commands[first], out[n_events])
            self._handle = handle(self.state)
            self.state.control[0]["drained"] = 0
            return Applied(first + 1, n_events + 1)
        return Applied(first, n_events)

    def symbol_at_work(self, commands: np.ndarray) -> int:
        """The symbol that `apply` of these commands was at work on when it broke, or NO_SYMBOL."""
        control = self.state.control[0]
        if control["trigger_first"] and control["drained"] < MAX_TRIGGERS:
            return (
                int(control["trigger_last"]) - 1
            )  # of the stop, or of the command that crossed it
        index = int(control["command_index"])
        if index >= len(commands) or commands["kind"][index] not in (PLACE, CANCEL):
            return NO_SYMBOL
        return int(commands["symbol"][index])

    def halt_symbol(self, symbol: int, out: np.ndarray) -> int:
        """Halts the symbol in place of the batch that is open; the number of events in `out`, 0 or 1.

        No writer asks for it: it is part of what a quarantined batch means. And the stop that
        broke the engine may be the next to be triggered: so none is, before the symbol is halted.
        """
        control = self.state.control[0]
        if not 0 <= symbol < int(control["n_symbols"]):
            return 0
        control["writer_class"], control["drained"] = ADMIN_CLASS, MAX_TRIGGERS
        halt = empty_array(COMMAND, 1)
        halt["kind"], halt["symbol_symbol"], halt["symbol_status"] = SET_SYMBOL_STATUS, symbol, HALT
        return self.apply(halt, 0, out).n_events

    def state_hash(self) -> bytes:
        """16 bytes over what the state means; equal for all replicas at the same position."""
        return snapshot.state_hash(self.state)

    def audit(self) -> None:
        """Raises AssertionError, with what is wrong, when an invariant does not hold. O(state)."""
        sums = np.zeros(len(self.state.assets), np.int64)
        locks = np.zeros(len(self.state.balances), np.int64)
        audit = bound(audit_state, STATE_KIND, WORDS_KIND, WORDS_KIND)
        audit(handle(self.state), handle(sums), handle(locks))


def command_array(records: bytes | memoryview) -> np.ndarray:
    """Commands as `Core.apply` takes them: a copy of these records, aligned."""
    if len(records) % COMMAND_STRIDE:
        raise ValueError(f"{len(records)} bytes are no whole commands of {COMMAND_STRIDE}")
    array = empty_array(COMMAND, len(records) // COMMAND_STRIDE)
    array.view(np.uint8)[:] = np.frombuffer(records, np.uint8)
    return array


def event_buffer(n_events: int = 4 * MIN_EVENT_BUFFER) -> np.ndarray:
    """Room for that many events. At least MIN_EVENT_BUFFER, so that every command fits."""
    if n_events < MIN_EVENT_BUFFER:
        raise ValueError(
            f"a buffer of {n_events} events cannot take one command's: use {MIN_EVENT_BUFFER}"
        )
    return empty_array(EVENT, n_events)


def warm_up(progress: Callable[[str, int, int], None] | None = None) -> None:
    """Compiles every kernel or loads it from the cache, so that no later call waits.

    `progress` is told what comes next, how many parts are done and how many there are.
    """
    steps: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("matching", lambda: Core.create(_TINY)),
        ("hashing", lambda: Core.create(_TINY).state_hash()),
        ("growing", lambda: grown(empty_state(_TINY), _TINY)),
    )
    for done, (name, step) in enumerate(steps):
        if progress is not None:
            progress(name, done, len(steps))
        step()


_TINY: Final = Capacities(8, 8, 8, 8, 8, 8, 1, 1, 8, 1)


def _check_arrays(commands: np.ndarray, out: np.ndarray) -> None:
    """Machine code reads whatever memory it is given: only the right records may get there."""
    for array, dtype in ((commands, COMMAND), (out, EVENT)):
        is_right = array.dtype is dtype or array.dtype == dtype  # comparing takes 50 µs
        if not is_right or not (array.flags.c_contiguous and array.flags.writeable):
            raise TypeError("commands come from command_array, buffers from event_buffer")
