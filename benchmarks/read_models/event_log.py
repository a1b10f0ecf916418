"""Event messages of a realistic flow, as the engine makes them."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from benchmarks.engine.flow import realistic
from benchmarks.engine.numba_core import NumbaCore
from benchmarks.engine.shape import Shape
from sunwise.contracts.exchange.log import (
    GENESIS_CHAIN,
    MAX_PART_EVENTS,
    BatchFlag,
    EventMessage,
    chained,
)
from sunwise.contracts.exchange.records import EVENT_STRIDE
from sunwise.exchange.engine.core import event_buffer

BATCH: Final = 16  # commands: what a gateway gathers at a few thousand orders a second
_PART_BYTES: Final = MAX_PART_EVENTS * EVENT_STRIDE


def event_log(shape: Shape, *, batch: int = BATCH) -> tuple[list[EventMessage], int]:
    """Every event message of the flow, and how many of them list, fund and fill the books."""
    out = event_buffer(200_000)
    flow = realistic(shape, NumbaCore(shape.capacities()), out)
    core = NumbaCore(shape.capacities())
    messages: list[EventMessage] = []
    n_setup = 0
    for row in flow.batches(batch):
        if row["first"] < flow.setup_end():
            n_setup = len(messages)
        n_events = core.apply(flow.commands, np.array([row]), out)
        records = out[:n_events].tobytes()
        for message in _parts(row, records, core.core.now_ns, len(messages)):
            before = messages[-1].chain if messages else GENESIS_CHAIN
            messages.append(chained(message._replace(previous_chain=before)))
    return messages, n_setup


def _parts(row: np.void, records: bytes, time_ns: int, seq: int) -> Iterator[EventMessage]:
    pieces = [records[at : at + _PART_BYTES] for at in range(0, len(records), _PART_BYTES)] or [b""]
    for part, piece in enumerate(pieces):
        flags = BatchFlag.LAST if part == len(pieces) - 1 else 0
        place = (seq + 1, part, flags, int(row["writer"]), 1, int(row["batch_no"]), time_ns)
        yield EventMessage(*place, GENESIS_CHAIN, GENESIS_CHAIN, memoryview(piece))


def n_events(messages: list[EventMessage]) -> int:
    """How many events they hold."""
    return sum(message.n_records for message in messages)
