"""The exchange's log as services use it: write commands, follow events, know what is listed.

Write (gateways, clock, admin). One writer, one instance, one shard:

    writer = await LogWriter.open(bus, shard="0", writer=16, clock=clock)
    outcome = await writer.submit(record)           # a future; raises Overloaded at once
    for event in unpack_events(outcome.records):    # this command's own events, stored and final
        ...                                         # outcome.position, outcome.time_ns
    writer.submit_to(record, done)                  # the same without a future: done(outcome_or_fault)

A command ends as an Outcome, or as NotAccepted (nothing happened, safe to send again), or as
OutcomeUnknown (it may be in the log). A writer that was fenced or finds the log broken tells the
event loop's exception handler, so that the process ends, and raises at every `submit`.

Follow (read models, market data, history). Every event message once, in order, chain checked:

    reader = await EventReader.open(bus, shard="0", handler=apply, start=checkpoint_or_None,
                                    after_batch=None)
    await reader.barrier()      # everything that was stored when this was called is applied
    await reader.wait_for(outcome.position)
    reader.position, reader.checkpoint()    # store the checkpoint with what you derived
    await reader.closed         # raises StreamWentBack, StreamHole, LogBroken... when it had to stop

`handler(message: EventMessage)` is called from the event loop and must not block. `after_batch`, a
coroutine function, is called after each run of messages before waiters go on: commit there.

Know what is listed. A `Catalog` is fed by whoever follows all events (`catalog.apply(message)`);
whoever does not, follows the admin writer's events only:

    catalog = (await CatalogFollower.open(bus, shard="0")).catalog      # complete, then kept current
    catalog.symbol("BTCUSDT"), catalog.symbols[0], catalog.asset("BTC"), catalog.assets[1]
"""

from sunwise.chassis.log.catalog import Catalog, CatalogFollower
from sunwise.chassis.log.errors import (
    Fenced,
    LogBroken,
    NotAccepted,
    OutcomeUnknown,
    Overloaded,
)
from sunwise.chassis.log.event_sequence import Checkpoint
from sunwise.chassis.log.outcome import Outcome
from sunwise.chassis.log.reader import EventReader
from sunwise.chassis.log.session import Done, WriterSession, WriterSettings
from sunwise.chassis.log.writer import LogWriter

__all__ = [
    "Catalog",
    "CatalogFollower",
    "Checkpoint",
    "Done",
    "EventReader",
    "Fenced",
    "LogBroken",
    "LogWriter",
    "NotAccepted",
    "Outcome",
    "OutcomeUnknown",
    "Overloaded",
    "WriterSession",
    "WriterSettings",
]
