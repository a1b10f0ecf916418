"""Who may append commands, and which of its batches was applied last.

A batch is applied once: the state keeps the newest epoch of each writer and the
last batch of it, so that nothing rests on the stream's own deduplication.
"""

from typing import Final, NamedTuple

from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    CLOCK_WRITER,
    FIRST_GATEWAY_WRITER,
    MAX_WRITER,
    BatchFlag,
)
from sunwise.exchange.engine.core.codes import (
    ADMIN_CLASS,
    BUCKET_NS,
    CLOCK_CLASS,
    CLOCK_LEAD_NS,
    GATEWAY_CLASS,
    NOBODY,
)
from sunwise.exchange.engine.core.layout import State

FRESH: Final = 0


def writer_class(writer: int) -> int:
    """CLOCK_CLASS, ADMIN_CLASS or GATEWAY_CLASS; NOBODY for a number that is not given out."""
    if writer == CLOCK_WRITER:
        return CLOCK_CLASS
    if writer == ADMIN_WRITER:
        return ADMIN_CLASS
    return GATEWAY_CLASS if FIRST_GATEWAY_WRITER <= writer <= MAX_WRITER else NOBODY


class Header(NamedTuple):
    """What a batch says about itself."""

    writer: int  # its number
    epoch: int  # rises with every start of the writer
    batch_no: int  # 1, 2, 3... within the epoch
    batch_ns: int  # the writer's wall time, ns since 1970


def begin_batch(state: State, header: Header) -> int:
    """Opens a batch: FRESH (0) when it is to be applied, else the BatchFlag that says why not.

    A fresh batch sets log time to max(what it was, min(batch_ns, last CLOCK + 1 s)); before the
    first CLOCK it stays 0. The first batch of an epoch has number 1.
    """
    writer, epoch, batch_no, batch_ns = header
    if writer_class(writer) == NOBODY:
        return BatchFlag.MALFORMED
    row = _find_writer(state, writer)
    if row < 0:
        return BatchFlag.WRITERS_FULL
    known = state.writers[row]
    known_epoch, last = int(known["epoch"]), int(known["batch_no"])
    if known["writer"] and epoch < known_epoch:
        return BatchFlag.STALE_EPOCH
    if epoch > known_epoch or not known["writer"]:
        last = 0
    if batch_no <= last:
        return BatchFlag.REPEAT
    if batch_no > last + 1:
        return BatchFlag.OUT_OF_ORDER
    known["writer"], known["epoch"], known["batch_no"] = writer, epoch, batch_no
    _set_time(state, batch_ns)
    state.control[0]["writer_class"] = writer_class(writer)
    return FRESH


def _find_writer(state: State, writer: int) -> int:
    """The writer's row, else the first empty one; -1 when all are taken by others."""
    for row, known in enumerate(state.writers["writer"].tolist()):
        if known in (writer, 0):
            return row
    return -1


def _set_time(state: State, batch_ns: int) -> None:
    control = state.control[0]
    clock_ns, before_ns = int(control["clock_ns"]), int(control["now_ns"])
    now_ns = max(before_ns, min(batch_ns, clock_ns + CLOCK_LEAD_NS)) if clock_ns else before_ns
    control["now_ns"] = now_ns
    control["average_bucket"] = now_ns // BUCKET_NS
