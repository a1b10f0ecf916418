"""Halting a symbol by the engine itself, in place of a batch that would break it.

No writer asks for it: it is part of what a quarantined batch means. And the stop that broke the
engine may be the next to be triggered: so none is, before the symbol is halted.
"""

from typing import Final

import numpy as np

from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.log import Batch
from sunwise.contracts.exchange.records import COMMAND_STRIDE, CommandKind, SymbolStatus
from sunwise.exchange.engine.core import Core, command_array
from sunwise.exchange.engine.core.codes import ADMIN_CLASS, MAX_TRIGGERS

NO_SYMBOL: Final = -1
_OF_ONE_SYMBOL: Final = (CommandKind.PLACE, CommandKind.CANCEL)


def halt_symbol(core: Core, symbol: int, out: np.ndarray) -> int:
    """Halts the symbol within the batch that is open; the number of events in `out`, 0 or 1."""
    control = core.state.control[0]
    if not 0 <= symbol < int(control["n_symbols"]):
        return 0
    control["writer_class"], control["drained"] = ADMIN_CLASS, MAX_TRIGGERS
    record = COMMAND_CODECS["symbol"].pack(
        kind=CommandKind.SET_SYMBOL_STATUS, symbol=symbol, status=SymbolStatus.HALT
    )
    return core.apply(command_array(record), 0, out).n_events


def symbol_at_work(core: Core, batch: Batch) -> int:
    """The symbol that the core was at work on when it broke; NO_SYMBOL when it was none."""
    control = core.state.control[0]
    if control["trigger_first"] and control["drained"] < MAX_TRIGGERS:
        return int(control["trigger_last"]) - 1  # of the stop, or of the command that crossed it
    index = int(control["command_index"])
    if index >= batch.n_records or batch.records[index * COMMAND_STRIDE] not in _OF_ONE_SYMBOL:
        return NO_SYMBOL
    return int(COMMAND_CODECS["order"].unpack(batch.records, index * COMMAND_STRIDE).symbol)
