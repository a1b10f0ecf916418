"""The clock as a service: one CLOCK at a time, the next when its period has passed."""

import asyncio
import logging
from typing import Final

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.log import LogBroken, LogWriter
from sunwise.contracts.exchange.log import (
    CLOCK_WRITER,
    Damaged,
    EventMessage,
    decode_events,
    event_stream,
)
from sunwise.exchange.clock.ticking import ClockSettings, Ticker

_MAX_WAIT_S: Final = 1.0
_log = logging.getLogger("sunwise.clock")


async def run_clock(bus: Bus, clock: Clock, settings: ClockSettings) -> None:
    """Ticks until cancelled. Raises Fenced when another clock has taken over, and LogBroken."""
    writer = await LogWriter.open(bus, shard=settings.shard, writer=CLOCK_WRITER, clock=clock)
    ticker = Ticker(settings)
    try:
        while True:
            began_ns = clock.monotonic_ns()
            try:
                await _tick(bus, writer, clock, ticker)
            except Retryable as error:
                _log.warning("no CLOCK: %s", error)
                await asyncio.sleep(min(error.after_s, _MAX_WAIT_S))
            if not ticker.is_behind(clock.now_ns()):
                passed_s = (clock.monotonic_ns() - began_ns) / 1e9
                await clock.sleep(max(0.0, settings.period_s - passed_s))
    finally:
        await writer.close()


async def _tick(bus: Bus, writer: LogWriter, clock: Clock, ticker: Ticker) -> None:
    """Appends one CLOCK and waits until it is carried out: a slow log gets fewer, not a queue."""
    newest = await _newest_event(bus, event_stream(writer.shard))
    await writer.submit(ticker.next_record(clock.now_ns(), newest))
    ticker.carried_out()


async def _newest_event(bus: Bus, stream: str) -> EventMessage | None:
    stored = await bus.read_last(stream)
    if stored is None:
        return None
    try:
        return decode_events(stored.payload)
    except Damaged as error:
        raise LogBroken(f"{stream} ends in a damaged message ({error})") from error
