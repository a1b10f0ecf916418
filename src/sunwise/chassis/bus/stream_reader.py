"""Follows a whole stream: each stored message once, in order, or a named error. Never a gap.

Why our own: nats-py's ordered consumer stayed silent for 19.7 s after a server kill, and a durable
consumer skips a hole without an error. This one starts a fresh delivery at the next sequence
whenever the connection breaks, a heartbeat fails to come or a sequence is missing.
"""

import asyncio
from collections import deque

from sunwise.chassis.bus.errors import StreamHole
from sunwise.chassis.bus.protocol import Bus, Delivery, StoredMessage
from sunwise.chassis.bus.stream_place import BatchHandler, StreamPlace
from sunwise.chassis.errors import Retryable
from sunwise.chassis.telemetry import METRICS

SILENCE_S = 2.5
"""Without a message or a heartbeat (due each second) for this long, the delivery is renewed."""
_MAX_BATCH = 512
_MAX_WAIT_S = 1.0


class StreamReader:
    """Calls `handler` with batches of messages after `after_seq`, from `run` until cancelled.

    Keep `position` and `created_ns` with the state built from the messages, and hand both in at
    the next start: that is how a replaced or shortened stream is noticed.
    """

    def __init__(
        self,
        bus: Bus,
        stream: str,
        handler: BatchHandler,
        *,
        after_seq: int = 0,
        created_ns: int | None = None,
    ) -> None:
        self._bus = bus
        self._handler = handler
        self._place = StreamPlace(stream, seq=after_seq, created_ns=created_ns)
        self._feed = _Feed(after_seq)
        self._deliveries = METRICS.counter(
            "sunwise_reader_deliveries_total",
            "Deliveries begun: more than one means silence, a gap or a lost connection.",
            stream=stream,
        )

    @property
    def position(self) -> int:
        """The last sequence that the handler has dealt with."""
        return self._place.seq

    @property
    def created_ns(self) -> int | None:
        """The stream's identity; None before the first contact."""
        return self._place.created_ns

    async def wait_for(self, seq: int) -> None:
        """Returns once the handler has dealt with `seq`; raises what ended the reader."""
        await self._place.wait_for(seq)

    async def barrier(self) -> None:
        """Returns once everything stored at the time of the call is dealt with."""
        await self.wait_for((await self._bus.stream_info(self._place.stream)).last_seq)

    async def run(self) -> None:
        """Reads until cancelled.

        Raises StreamReplaced, StreamWentBack, StreamHole, and any Permanent of the bus; whatever
        the handler raises ends it too.
        """
        stop_listening = self._bus.listen_connection(self._connection_changed)
        try:
            while True:
                try:
                    await self._read_one_delivery()
                except Retryable as error:
                    await asyncio.sleep(min(error.after_s, _MAX_WAIT_S))
        except BaseException as failure:
            self._place.fail(failure)
            raise
        finally:
            stop_listening()

    async def _read_one_delivery(self) -> None:
        feed = self._feed = _Feed(self._place.seq)
        await self._place.verify(self._bus)
        delivery = await self._bus.deliver(self._place.stream, after_seq=self._place.seq, sink=feed)
        try:
            self._deliveries.value += 1
            feed.watch()
            await self._handle_all(feed, delivery)
        finally:
            feed.break_off()
            await delivery.close()
        if feed.missing_after is not None:
            await self._refuse_hole(feed.missing_after)

    async def _handle_all(self, feed: "_Feed", delivery: Delivery) -> None:
        while True:
            batch = feed.take()
            if batch:
                await self._handler(batch)
                self._place.move(batch[-1])
                delivery.handled(batch[-1].seq)
                await asyncio.sleep(0)  # others' turn, also when a long replay never waits
            elif feed.broken:
                return
            else:
                await feed.wait()

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001  (the bus's callback)
        if not connected:
            self._feed.break_off()

    async def _refuse_hole(self, after_seq: int) -> None:
        """Raises StreamHole if the missing message is gone; else it was only lost on the way."""
        found = await self._bus.read_next(self._place.stream, after_seq + 1)
        if found is not None and found.seq != after_seq + 1:
            raise StreamHole(self._place.stream, after_seq=after_seq, next_seq=found.seq)


class _Feed:
    """The sink of one delivery: collects what continues the sequence, notices what does not."""

    def __init__(self, after_seq: int) -> None:
        self.broken = False
        self.missing_after: int | None = None
        self._received_seq = after_seq
        self._messages: deque[StoredMessage] = deque()
        self._something = asyncio.Event()
        self._heard_at = 0.0
        self._loop = asyncio.get_running_loop()

    def on_message(self, message: StoredMessage) -> None:
        """See `DeliverySink`."""
        self._heard_at = self._loop.time()
        if self.broken or message.seq <= self._received_seq:
            return
        if message.seq != self._received_seq + 1:
            self.missing_after = self._received_seq
            self.break_off()
            return
        self._received_seq = message.seq
        self._messages.append(message)
        self._something.set()

    def on_heartbeat(self, last_seq: int) -> None:
        """See `DeliverySink`."""
        self._heard_at = self._loop.time()
        if last_seq > self._received_seq:
            self.break_off()

    def take(self) -> list[StoredMessage]:
        """What came in, at most a batch of it."""
        messages = self._messages
        if len(messages) <= _MAX_BATCH:
            batch = list(messages)
            messages.clear()
            self._something.clear()
            if self.broken:
                self._something.set()
            return batch
        return [messages.popleft() for _ in range(_MAX_BATCH)]

    async def wait(self) -> None:
        """Returns when there is something to take or the delivery is broken."""
        await self._something.wait()

    def break_off(self) -> None:
        """Nothing more is taken from this delivery; what was collected still counts."""
        self.broken = True
        self._something.set()

    def watch(self) -> None:
        """Breaks off when the delivery falls silent."""
        self._heard_at = self._loop.time()
        self._loop.call_later(SILENCE_S, self._check_silence)

    def _check_silence(self) -> None:
        if self.broken:
            return
        silent_s = self._loop.time() - self._heard_at
        if silent_s >= SILENCE_S:
            self.break_off()
        else:
            self._loop.call_later(max(0.01, SILENCE_S - silent_s), self._check_silence)
