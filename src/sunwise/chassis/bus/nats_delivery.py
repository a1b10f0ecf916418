"""One push consumer: messages, heartbeats and flow control, without nats-py's JetStream layer."""

import secrets
from collections import deque
from typing import Any

import msgspec
from nats.aio.subscription import Subscription

from sunwise.chassis.bus.headers import header
from sunwise.chassis.bus.nats_answers import ApiError, api_failure
from sunwise.chassis.bus.nats_connection import DirectClient, pub_command
from sunwise.chassis.bus.protocol import DeliverySink, StoredMessage

HEARTBEAT_S = 1.0
_INACTIVE_S = 5.0
_NS = 1_000_000_000


class _CreateAnswer(msgspec.Struct, frozen=True):
    error: ApiError | None = None


class NatsDelivery:
    """Feeds a sink from an ephemeral push consumer with acknowledgements off.

    The server is told to go on (flow control) only when the sink's owner says `handled`, so the
    unhandled backlog here is bounded by the server's window (at most 32 MiB).
    """

    def __init__(self, client: DirectClient, *, sink: DeliverySink) -> None:
        self._client = client
        self._sink = sink
        self._received_seq = 0
        self._handled_seq = 0
        self._owed: deque[tuple[int, bytes]] = deque()
        self._subscription: Subscription | None = None
        self.name = f"r{secrets.token_hex(8)}"

    async def start(self, inbox: str) -> None:
        """Listens on `inbox`; call before the consumer is created."""
        self._subscription = await self._client.subscribe_direct(inbox, self._receive)

    def handled(self, seq: int) -> None:
        """Everything up to `seq` is dealt with: flow control goes on."""
        self._handled_seq = seq
        owed = self._owed
        while owed and owed[0][0] <= seq:
            self._client.send_command(pub_command(owed.popleft()[1].decode(), "", b"", b""))

    async def close(self) -> None:
        """Stops listening; the server removes the consumer by itself after 5 s."""
        if self._subscription is not None:
            await self._client.unsubscribe_direct(self._subscription)
            self._subscription = None

    def _receive(self, subject: bytes, reply: bytes, payload: bytes, raw_headers: bytes) -> None:
        if not reply.startswith(b"$JS.ACK."):
            self._receive_control(reply, raw_headers)
            return
        seq = _stream_seq(reply)
        self._received_seq = seq
        self._sink.on_message(StoredMessage(seq, subject.decode(), payload, raw_headers))

    def _receive_control(self, reply: bytes, raw_headers: bytes) -> None:
        if reply:
            self._owe(reply)
            return
        stalled = header(raw_headers, b"Nats-Consumer-Stalled")
        if stalled:
            self._owe(stalled)
        last = header(raw_headers, b"Nats-Last-Stream")
        if last is not None:
            self._sink.on_heartbeat(int(last))

    def _owe(self, reply: bytes) -> None:
        self._owed.append((self._received_seq, reply))
        self.handled(self._handled_seq)


def create_request(stream: str, *, name: str, inbox: str, after_seq: int) -> bytes:
    """The body that creates the push consumer."""
    config: dict[str, Any] = {
        "name": name,
        "deliver_subject": inbox,
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": after_seq + 1,
        "ack_policy": "none",
        "max_deliver": 1,
        "replay_policy": "instant",
        "idle_heartbeat": int(HEARTBEAT_S * _NS),
        "flow_control": True,
        "inactive_threshold": int(_INACTIVE_S * _NS),
        "num_replicas": 1,
        "mem_storage": True,
    }
    return msgspec.json.encode({"stream_name": stream, "config": config, "action": "create"})


def check_created(payload: bytes, *, stream: str) -> None:
    """Raises what JetStream's answer to the creation means."""
    answer = msgspec.json.decode(payload, type=_CreateAnswer)
    if answer.error is not None:
        raise api_failure(answer.error, what=f"follow {stream}")


def _stream_seq(reply: bytes) -> int:
    # $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>, or
    # with <domain>.<account> after ACK (nats-server, ADR-15).
    tokens = reply.split(b".")
    return int(tokens[5] if len(tokens) == 9 else tokens[7])
