"""A stream's delivery to one simulated client: in order, windowed, with heartbeats."""

import asyncio
from collections.abc import Callable

from sunwise.chassis.bus.protocol import DeliverySink, StoredMessage
from sunwise.chassis.bus.simulated_stream import SimulatedStream

HEARTBEAT_S = 1.0
_WINDOW = 512


class SimulatedDelivery:
    """Sends messages through `send` until closed; falls silent when told."""

    def __init__(
        self,
        stream: SimulatedStream,
        sink: DeliverySink,
        *,
        after_seq: int,
        send: Callable[[Callable[[], None]], None],
        skips: Callable[[], bool],
    ) -> None:
        self.stream = stream
        self.silent = False
        self._sink = sink
        self._sent_seq = after_seq
        self._handled_seq = after_seq
        self._send = send
        self._skips = skips
        self._active = True

    def start(self) -> None:
        """Sends what is stored, then a heartbeat each second."""
        self.pump()
        asyncio.get_running_loop().call_later(HEARTBEAT_S, self._beat)

    def pump(self) -> None:
        """Sends what is new, as far as the window allows."""
        if not self._active or self.silent:
            return
        for message in self.stream.after(self._sent_seq):
            if self._sent_seq >= self._handled_seq + _WINDOW:
                break
            self._sent_seq = message.seq
            if not self._skips():
                self._send_message(message)

    def handled(self, seq: int) -> None:
        """See `Delivery.handled`."""
        self._handled_seq = max(self._handled_seq, seq)
        self.pump()

    async def close(self) -> None:
        """See `Delivery.close`."""
        self.stop()

    def stop(self) -> None:
        """The connection or the server is gone, or nobody wants it any more."""
        self._active = False

    def _send_message(self, message: StoredMessage) -> None:
        self._send(lambda: self._sink.on_message(message) if self._active else None)

    def _beat(self) -> None:
        if not self._active:
            return
        sent_seq = self._sent_seq
        if not self.silent:
            self._send(lambda: self._sink.on_heartbeat(sent_seq) if self._active else None)
        asyncio.get_running_loop().call_later(HEARTBEAT_S, self._beat)
