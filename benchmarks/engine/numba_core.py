"""The engine core behind the same two calls as the C++ baseline."""

import time
from collections.abc import Iterator

import numpy as np

from sunwise.exchange.engine.core import Capacities, Core


class NumbaCore:
    """The engine: `apply` one batch, or `run` many of them over one event buffer."""

    def __init__(self, capacities: Capacities) -> None:
        self.core = Core.create(capacities)

    def apply(self, commands: np.ndarray, batch: np.ndarray, out: np.ndarray) -> int:
        """Applies one BATCH_ROW of commands; the number of events now in `out`."""
        ((header, part),) = _parts(commands, batch)
        assert self.core.begin_batch(*header) == 0, "a batch was not taken"
        done, n_events = self.core.apply(part, 0, out)
        assert done == len(part), "the event buffer is too small"
        return n_events

    def run(self, commands: np.ndarray, batches: np.ndarray, out: np.ndarray) -> int:
        """Applies all batches over the same buffer; its CPU time in ns.

        By the public door, as the service does it: Python's part of each batch is in it.
        """
        parts = list(_parts(commands, batches))
        begin_batch, apply = self.core.begin_batch, self.core.apply
        started = time.thread_time_ns()
        for header, part in parts:
            begin_batch(*header)
            done, _ = apply(part, 0, out)
            while done < len(part):
                done, _ = apply(part, done, out)
        return time.thread_time_ns() - started

    def close(self) -> None:
        """Gives the memory back."""
        del self.core


def _parts(
    commands: np.ndarray, batches: np.ndarray
) -> Iterator[tuple[tuple[int, int, int, int], np.ndarray]]:
    """The header of each batch, and its commands."""
    for writer, epoch, batch_no, batch_ns, first, end in batches.tolist():
        yield (writer, epoch, batch_no, batch_ns), commands[first:end]
