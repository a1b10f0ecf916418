"""The engine core: an exchange as arrays and small kernels. Commands in, events out.

How to use it, which is also all there is::

    warm_up(progress)                       # compile, or load machine code from the cache
    core = Core.create(Capacities())        # or Core.load(arrays of a snapshot)
    out = event_buffer()                    # once; reused for every batch
    verdict = core.begin_batch(writer, epoch, batch_no, batch_ns)
    if verdict == 0:                        # else a BatchFlag: nothing is to be applied
        commands, done = command_array(batch.records), 0
        while done < len(commands):
            done, n_events = core.apply(commands, done, out)
            publish(out[:n_events].tobytes())   # at time core.now_ns

    core.symbol_at_work(commands)           # after a broken `apply`: the symbol to halt...
    core.halt_symbol(symbol, out)           # ...in place of that batch when it comes again
    core.state_hash()                       # 16 bytes over what the state means
    core.audit()                            # raises AssertionError when an invariant is broken
    core.save()                             # (name, array) pairs, views: copy or write at once

It reads no clock, draws no random number, does no I/O and raises nothing but
AssertionError (a bug: stop this replica) and MemoryError on its own data.
`layout.py` is the state on one page; `apply.py` the door of the kernels.
"""

from sunwise.exchange.engine.core.door import (
    MIN_EVENT_BUFFER,
    NO_SYMBOL,
    Applied,
    Core,
    command_array,
    event_buffer,
    warm_up,
)
from sunwise.exchange.engine.core.layout import COMMAND, EVENT, Capacities

__all__ = [
    "COMMAND",
    "EVENT",
    "MIN_EVENT_BUFFER",
    "NO_SYMBOL",
    "Applied",
    "Capacities",
    "Core",
    "command_array",
    "event_buffer",
    "warm_up",
]
