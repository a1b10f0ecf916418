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

    reader = await EventReader.open(bus, shard="0", handler=apply, start=checkpoint_or_None)
    await reader.barrier()      # everything that was stored when this was called is applied
    await reader.wait_for(outcome.position)
    reader.position, reader.checkpoint()    # store the checkpoint with what you derived
    await reader.closed         # raises StreamWentBack, StreamHole, LogBroken... when it had to stop

`handler(message: EventMessage)` is called from the event loop and must not block.

Know what is listed. A `Catalog` is fed by whoever follows all events (`catalog.apply(message)`);
whoever does not, follows the admin writer's events only:

    catalog = await follow_catalog(bus, shard="0")      # complete on return, then kept current
    catalog.symbol("BTCUSDT"), catalog.symbols[0], catalog.asset("BTC"), catalog.assets[1]
"""
