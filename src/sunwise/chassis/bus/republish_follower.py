"""Follows one writer's events by their live copies, and fills what got lost from the stream.

A live copy comes about 0.3 ms sooner than a stream's delivery and only for the own subject, but
at most once. It carries its sequence and the subject's previous one, so a gap shows at the next
copy; a check each second, on reconnect and on demand finds a lost last one.
"""

import asyncio
from collections import deque

from sunwise.chassis.bus.headers import server_header
from sunwise.chassis.bus.protocol import Bus, Message, StoredMessage, Subscription
from sunwise.chassis.bus.stream_place import BatchHandler, StreamPlace
from sunwise.chassis.errors import Retryable
from sunwise.chassis.telemetry import METRICS

CHECK_S = 1.0
"""A subject without a live copy for this long is checked against the stream."""
_MAX_BATCH = 512
_MAX_WAIT_S = 1.0


class RepublishFollower:
    """Calls `handler` with every stored message of `stored_subject` beyond `after_seq`, once.

    `live_subject` is where copies appear; both are single subjects without wildcards.
    """

    def __init__(
        self,
        bus: Bus,
        stream: str,
        handler: BatchHandler,
        *,
        stored_subject: str,
        live_subject: str,
        after_seq: int = 0,
        created_ns: int | None = None,
    ) -> None:
        assert not set("*>") & set(stored_subject + live_subject), "one subject, no wildcards"
        self._bus = bus
        self._handler = handler
        self._stored_subject = stored_subject
        self._live_subject = live_subject
        self._stream_header, self._subject_header = stream.encode(), stored_subject.encode()
        self._place = StreamPlace(stream, seq=after_seq, created_ns=created_ns)
        self._live: deque[tuple[int, StoredMessage]] = deque()
        self._something = asyncio.Event()
        self._filled_seq = 0
        self._must_check = True
        self._must_verify = True
        self._filled = METRICS.counter(
            "sunwise_follower_filled_total",
            "Messages whose live copy got lost and that were read from the stream.",
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
        """Returns once the handler has dealt with `seq`; raises what ended the follower."""
        await self._place.wait_for(seq)

    def check(self) -> None:
        """Looks soon whether the stream holds something that never came; costs one read."""
        self._must_check = True
        self._something.set()

    async def run(self) -> None:
        """Follows until cancelled. Raises as `StreamReader.run` does."""
        stop_listening = self._bus.listen_connection(self._connection_changed)
        try:
            subscription = await self._subscribe()
            try:
                while True:
                    await self._step()
            finally:
                await subscription.close()
        except BaseException as failure:
            self._place.fail(failure)
            raise
        finally:
            stop_listening()

    async def _subscribe(self) -> Subscription:
        while True:
            try:
                return await self._bus.subscribe(self._live_subject, self._on_live)
            except Retryable as error:
                await asyncio.sleep(min(error.after_s, _MAX_WAIT_S))

    async def _step(self) -> None:
        try:
            if self._must_verify:
                await self._place.verify(self._bus)
                self._must_verify, self._must_check = False, True
            if self._live:
                await self._handle_live()
            elif self._must_check:
                self._must_check = False
                await self._fill_up_to(None)
            else:
                await self._wait()
        except Retryable as error:
            self._must_verify = True
            await asyncio.sleep(min(error.after_s, _MAX_WAIT_S))

    async def _wait(self) -> None:
        self._something.clear()
        try:
            async with asyncio.timeout(CHECK_S):
                await self._something.wait()
        except TimeoutError:
            self._must_check = True

    async def _handle_live(self) -> None:
        batch: list[StoredMessage] = []
        seq = self._place.seq
        while self._live and len(batch) < _MAX_BATCH:
            previous, message = self._live[0]
            if message.seq > seq:
                if previous > seq:
                    break  # a gap: what is before it goes first
                batch.append(message)
                seq = message.seq
            elif message.seq > self._filled_seq:
                self._must_verify = True  # a repeat that no filling explains
            self._live.popleft()
        if batch:
            await self._handle(batch)
        elif self._live:
            await self._fill_up_to(self._live[0][1].seq)

    async def _fill_up_to(self, seq: int | None) -> None:
        """Hands over what the stream holds, up to `seq` or to its end."""
        while seq is None or self._place.seq < seq:
            found = await self._bus.read_next(
                self._place.stream, self._place.seq + 1, self._stored_subject
            )
            if found is None:
                if seq is not None:
                    # The live copy speaks of messages that the stream does not hold (any more).
                    self._live.popleft()
                    self._must_verify = True
                return
            self._filled_seq = found.seq
            self._filled.value += 1
            await self._handle([found])

    async def _handle(self, batch: list[StoredMessage]) -> None:
        await self._handler(batch)
        self._place.move(batch[-1])

    def _on_live(self, message: Message) -> None:
        raw = message.raw_headers
        if (
            server_header(raw, b"Nats-Stream") != self._stream_header
            or server_header(raw, b"Nats-Subject") != self._subject_header
        ):
            return  # not a copy: somebody aimed something else at this subject
        seq = int(server_header(raw, b"Nats-Sequence") or 0)
        previous = int(server_header(raw, b"Nats-Last-Sequence") or 0)
        stored = StoredMessage(seq, self._stored_subject, message.payload, raw)
        self._live.append((previous, stored))
        self._something.set()

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001  (the bus's callback)
        self._must_verify = True
        if connected:
            self._something.set()
