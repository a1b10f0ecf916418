"""The bus over NATS JetStream."""

import asyncio
import secrets
from collections.abc import Callable, Mapping

import msgspec
from nats.errors import Error as NatsError

from sunwise.chassis.bus.connection_listeners import ConnectionCallback, ConnectionListeners
from sunwise.chassis.bus.errors import (
    Disconnected,
    MessageTooLarge,
    NoResponder,
    NoStream,
    NotPermitted,
    RequestTimeout,
    StreamMissing,
)
from sunwise.chassis.bus.headers import append_headers, status
from sunwise.chassis.bus.nats_answers import direct_answer, leader_answer, stream_answer
from sunwise.chassis.bus.nats_connection import DirectClient, pub_command
from sunwise.chassis.bus.nats_delivery import NatsDelivery, check_created, create_request
from sunwise.chassis.bus.nats_replies import Answer, ReplyInbox
from sunwise.chassis.bus.nats_serving import (
    NatsSubscription,
    RequestServer,
    live_callback,
    remote_failure,
)
from sunwise.chassis.bus.protocol import (
    DeliverySink,
    Message,
    MessageCallback,
    RequestHandler,
    StoredMessage,
    StreamInfo,
    StreamSpec,
    Subscription,
)
from sunwise.chassis.bus.streams import refuse_differences, stream_config
from sunwise.chassis.telemetry import METRICS

_API_TIMEOUT_S = 2.0
_SUBSCRIBE_TIMEOUT_S = 2
_NO_RESPONDERS = 503
_NOT_FOUND = 404


class NatsBus:
    """A connection to NATS as one user; made by `connect_nats`."""

    def __init__(self, client: DirectClient, *, inbox_prefix: str) -> None:
        self._client = client
        self._inbox_prefix = inbox_prefix
        self._replies = ReplyInbox(f"{inbox_prefix}.{secrets.token_hex(8)}.")
        self._listeners = ConnectionListeners()
        self._servers: list[RequestServer] = []
        self._refused: set[str] = set()
        self._closing = False
        self._lost = METRICS.counter("sunwise_bus_disconnects_total", "Connections to NATS lost.")
        self._violations = METRICS.counter(
            "sunwise_bus_refused_subjects_total", "Subjects that NATS refused to this process."
        )

    async def open(self) -> None:
        """Listens for answers; call once after connecting."""
        await self._client.subscribe_direct(self._replies.prefix + "*", self._replies.receive)

    # --- sending ---

    def append(
        self,
        subject: str,
        payload: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        expected_last_seq: int | None = None,
    ) -> asyncio.Future[int]:
        """See `Bus.append`."""
        raw_headers = append_headers(headers, expected_last_seq=expected_last_seq)
        self._check_sendable(len(payload) + len(raw_headers))
        reply, future = self._replies.expect_append(subject, expected_last_seq)
        self._client.send_command(pub_command(subject, reply, payload, raw_headers))
        return future

    def publish(self, subject: str, payload: bytes) -> None:
        """See `Bus.publish`."""
        if len(payload) > self._client.max_payload:
            raise MessageTooLarge(f"{len(payload)} bytes to {subject}")
        if self._client.is_connected:
            self._client.send_command(pub_command(subject, "", payload, b""))

    # --- live messages ---

    async def subscribe(
        self, subject: str, callback: MessageCallback, *, group: str = ""
    ) -> Subscription:
        """See `Bus.subscribe`."""
        return await self._subscribe(subject, live_callback(callback), group)

    async def serve(
        self, subject: str, handler: RequestHandler, *, group: str = ""
    ) -> Subscription:
        """See `Bus.serve`."""
        server = RequestServer(self._client, handler)
        self._servers.append(server)
        return await self._subscribe(subject, server.take, group)

    async def _subscribe(
        self, subject: str, callback: Callable[[Message, str], None], group: str
    ) -> NatsSubscription:
        self._check_sendable(0)
        subscription = NatsSubscription(self._client, callback)
        await subscription.open(subject, group=group)
        try:
            await self._confirm(subject)
        except BaseException:
            await subscription.close()
            raise
        return subscription

    async def _confirm(self, subject: str) -> None:
        """Returns once a subscription is in force."""
        try:
            with self._client.asking():
                # A refusal is told before the answer to this ping.
                await self._client.flush(_SUBSCRIBE_TIMEOUT_S)
        except NatsError as error:
            raise Disconnected(f"cannot subscribe to {subject} now") from error
        if subject.lower() in self._refused:
            self._refused.discard(subject.lower())
            raise NotPermitted(f"this user may not subscribe to {subject}")

    async def request(self, subject: str, payload: bytes, *, timeout_s: float = 2.0) -> bytes:
        """See `Bus.request`."""
        answer, raw_headers = await self._ask(subject, payload, timeout_s)
        if raw_headers:
            if status(raw_headers) == _NO_RESPONDERS:
                raise NoResponder(f"nobody serves {subject} now")
            failure = remote_failure(answer, raw_headers)
            if failure is not None:
                raise failure
        return answer

    async def _ask(self, subject: str, payload: bytes, timeout_s: float) -> Answer:
        self._check_sendable(len(payload))

        def send(reply: str) -> None:
            self._client.send_command(pub_command(subject, reply, payload, b""))

        try:
            with self._client.asking():
                return await self._replies.request(subject, send, timeout_s)
        except TimeoutError as error:
            raise RequestTimeout(f"no answer from {subject} in {timeout_s:g} s") from error

    async def _ask_jetstream(self, subject: str, body: bytes) -> bytes:
        payload, raw_headers = await self._ask(subject, body, _API_TIMEOUT_S)
        if raw_headers and status(raw_headers) == _NO_RESPONDERS:
            raise NoStream("JetStream does not answer now", after_s=0.2)
        return payload

    # --- stored messages ---

    async def read(self, stream: str, seq: int) -> StoredMessage | None:
        """See `Bus.read`."""
        return await self._get(stream, {"seq": seq})

    async def read_last(self, stream: str, subject: str = ">") -> StoredMessage | None:
        """See `Bus.read_last`."""
        return await self._get(stream, {"last_by_subj": subject})

    async def read_next(self, stream: str, seq: int, subject: str = ">") -> StoredMessage | None:
        """See `Bus.read_next`."""
        return await self._get(stream, {"seq": seq, "next_by_subj": subject})

    async def _get(self, stream: str, what: dict[str, int | str]) -> StoredMessage | None:
        asked = msgspec.json.encode(what)
        payload, raw_headers = await self._ask(
            f"$JS.API.DIRECT.GET.{stream}", asked, _API_TIMEOUT_S
        )
        code = status(raw_headers)
        if code == 0:
            return direct_answer(payload, raw_headers)
        if code == _NO_RESPONDERS:
            await self.stream_info(stream)  # raises StreamMissing if it is
            raise NoStream(f"nobody can read {stream} now", after_s=0.2)
        # Any replica may have answered, and one that lags does not know yet: ask the leader.
        payload = await self._ask_jetstream(f"$JS.API.STREAM.MSG.GET.{stream}", asked)
        return leader_answer(payload, what=f"read {stream}")

    async def stream_info(self, stream: str) -> StreamInfo:
        """See `Bus.stream_info`."""
        info, _config = await self._stream_api("INFO", stream, b"")
        return info

    async def ensure_stream(self, spec: StreamSpec) -> StreamInfo:
        """See `StreamAdmin.ensure_stream`."""
        wanted = stream_config(spec)
        try:
            info, found = await self._stream_api("INFO", spec.name, b"")
        except StreamMissing:
            info, found = await self._stream_api("CREATE", spec.name, msgspec.json.encode(wanted))
        refuse_differences(spec, found)
        if info.max_bytes < spec.max_bytes:
            found["max_bytes"] = spec.max_bytes
            info, _found = await self._stream_api("UPDATE", spec.name, msgspec.json.encode(found))
        return info

    async def limit_stream(self, stream: str, *, max_bytes: int) -> None:
        """See `StreamAdmin.limit_stream`."""
        _info, config = await self._stream_api("INFO", stream, b"")
        # With any other policy a lower limit would delete the oldest messages.
        assert config.get("discard") == "new", f"stream {stream} discards old messages"
        if config.get("max_bytes") != max_bytes:
            config["max_bytes"] = max_bytes
            await self._stream_api("UPDATE", stream, msgspec.json.encode(config))

    async def _stream_api(
        self, verb: str, stream: str, body: bytes
    ) -> tuple[StreamInfo, dict[str, object]]:
        payload = await self._ask_jetstream(f"$JS.API.STREAM.{verb}.{stream}", body)
        return stream_answer(payload, what=f"{verb.lower()} of stream {stream}")

    async def deliver(self, stream: str, *, after_seq: int, sink: DeliverySink) -> NatsDelivery:
        """See `Bus.deliver`."""
        self._check_sendable(0)
        delivery = NatsDelivery(self._client, sink=sink)
        inbox = f"{self._inbox_prefix}.{delivery.name}"
        await delivery.start(inbox)
        body = create_request(stream, name=delivery.name, inbox=inbox, after_seq=after_seq)
        try:
            subject = f"$JS.API.CONSUMER.CREATE.{stream}.{delivery.name}"
            check_created(await self._ask_jetstream(subject, body), stream=stream)
        except BaseException:
            await delivery.close()
            raise
        return delivery

    # --- the connection ---

    def listen_connection(self, callback: ConnectionCallback) -> Callable[[], None]:
        """See `Bus.listen_connection`."""
        return self._listeners.add(callback)

    async def close(self) -> None:
        """See `Bus.close`."""
        if self._closing:
            return
        self._closing = True
        for server in self._servers:
            server.cancel()
        await self._client.close()
        self._replies.connection_lost(closing=True)

    def connection_changed(self, *, connected: bool) -> None:
        """The client's connection was lost or is back."""
        if not connected:
            self._lost.value += not self._closing
            self._client.forget_pending()
            self._replies.connection_lost(closing=self._closing)
        self._listeners.tell(connected=connected)

    def connection_ended(self, reason: str) -> None:
        """The server or nats-py gave up for good: without a bus nothing can go on."""
        if not self._closing:
            asyncio.get_running_loop().call_exception_handler(
                {
                    "message": "the connection to NATS ended",
                    "exception": Disconnected(f"NATS closed the connection for good: {reason}"),
                }
            )

    def refused(self, subject_lower: str, *, publishing: bool) -> None:
        """The server refused a subject (told in lower case)."""
        self._violations.value += 1
        if publishing:
            self._replies.refuse(subject_lower)
        else:
            self._refused.add(subject_lower)

    def _check_sendable(self, n_bytes: int) -> None:
        # Beyond its limit the server would not refuse the message but cut the connection.
        if n_bytes > self._client.max_payload:
            raise MessageTooLarge(
                f"{n_bytes} bytes are over the limit of {self._client.max_payload}"
            )
        if not self._client.is_connected:
            raise Disconnected("there is no connection to NATS now")
