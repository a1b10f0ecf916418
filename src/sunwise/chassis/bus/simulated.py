"""The bus in memory: the same promises as over NATS, with faults on demand and simulated time."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from sunwise.chassis.bus.connection_listeners import ConnectionCallback, ConnectionListeners
from sunwise.chassis.bus.errors import (
    AppendOutcomeUnknown,
    Disconnected,
    MessageTooLarge,
    NoResponder,
    NotPermitted,
    RequestTimeout,
    StreamDiffers,
    StreamMissing,
)
from sunwise.chassis.bus.headers import append_headers
from sunwise.chassis.bus.protocol import (
    MAX_MESSAGE_BYTES,
    DeliverySink,
    Message,
    MessageCallback,
    RequestHandler,
    StoredMessage,
    StreamInfo,
    StreamSpec,
)
from sunwise.chassis.bus.simulated_delivery import SimulatedDelivery
from sunwise.chassis.bus.simulated_server import Interest, Outcome, Reply, Session, SimulatedServer
from sunwise.chassis.bus.simulated_stream import SimulatedStream
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.nats_server.permissions import OPERATOR

_T = TypeVar("_T")
_APPEND_TIMEOUT_S = 5.0
_API_TIMEOUT_S = 2.0


class SimulatedSubscription:
    """A live subscription on the simulated bus."""

    def __init__(self, session: Session, interest: Interest) -> None:
        self._session = session
        self._interest = interest

    async def close(self) -> None:
        """See `Subscription.close`."""
        self.end()

    def end(self) -> None:
        """Nothing more is delivered."""
        if self._interest in self._session.interests:
            self._session.interests.remove(self._interest)


class SimulatedBus:
    """A connection of `user` to a `SimulatedServer`."""

    def __init__(self, server: SimulatedServer, *, user: str) -> None:
        self._server = server
        self._appends: dict[asyncio.Future[int], None] = {}
        self._requests: set[asyncio.Future[Any]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners = ConnectionListeners()
        self.session = Session(
            user, server.rng, on_lost=self._connection_lost, on_back=self._connection_back
        )
        server.sessions.append(self.session)

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
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        message = Message(subject, payload, raw_headers)
        self._appends[future] = None
        timer = loop.call_later(_APPEND_TIMEOUT_S, self._settle, future, _no_ack(subject))
        future.add_done_callback(lambda _: timer.cancel())

        def store() -> None:
            if not self._server.may_publish(self.session.user, subject):
                self._answer(future, NotPermitted(f"this user may not publish to {subject}"))
            else:
                self._server.store(
                    message, expected=expected_last_seq, reply=lambda o: self._answer(future, o)
                )

        self.session.up.send(store, delay_s=self._server.faults.delay_s)
        return future

    def _answer(self, future: asyncio.Future[int], outcome: Outcome) -> None:
        if self.session.connected:
            self.session.down.send(
                lambda: self._settle(future, outcome), delay_s=self._server.faults.delay_s
            )

    def _settle(self, future: asyncio.Future[int], outcome: Outcome) -> None:
        self._appends.pop(future, None)
        if future.done():
            return
        if isinstance(outcome, int):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)

    def publish(self, subject: str, payload: bytes) -> None:
        """See `Bus.publish`."""
        if len(payload) > MAX_MESSAGE_BYTES:
            raise MessageTooLarge(f"{len(payload)} bytes to {subject}")
        if self.session.connected and self._server.may_publish(self.session.user, subject):
            message = Message(subject, payload)
            self.session.up.send(
                lambda: self._server.publish(message), delay_s=self._server.faults.delay_s
            )

    # --- live messages ---

    async def subscribe(
        self, subject: str, callback: MessageCallback, *, group: str = ""
    ) -> SimulatedSubscription:
        """See `Bus.subscribe`."""
        return await self._subscribe(
            Interest(subject, group, lambda message, _reply: callback(message))
        )

    async def serve(
        self, subject: str, handler: RequestHandler, *, group: str = ""
    ) -> SimulatedSubscription:
        """See `Bus.serve`."""

        def take(message: Message, reply: Reply | None) -> None:
            if reply is not None:
                answering = _run(handler, message, self._sending(reply))
                task = asyncio.get_running_loop().create_task(answering)
                self._tasks.add(task)
                task.add_done_callback(self._finished)

        return await self._subscribe(Interest(subject, group, take))

    def _sending(self, reply: Reply) -> Reply:
        """`reply` behind what was published here before, as on one connection."""

        def send(answer: bytes | Exception) -> None:
            if self.session.connected:
                self.session.up.send(lambda: reply(answer), delay_s=self._server.faults.delay_s)

        return send

    async def _subscribe(self, interest: Interest) -> SimulatedSubscription:
        def add() -> None:
            if not self._server.may_subscribe(self.session.user, interest.pattern):
                raise NotPermitted(f"this user may not subscribe to {interest.pattern}")
            self.session.interests.append(interest)

        subscription = SimulatedSubscription(self.session, interest)
        try:
            await self._ask(add)
        except BaseException:
            # Behind the subscribing, which may still be on its way.
            self.session.up.send(subscription.end, delay_s=self._server.faults.delay_s)
            raise
        return subscription

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            task.get_loop().call_exception_handler(
                {"message": "a request handler failed", "exception": error, "task": task}
            )

    async def request(self, subject: str, payload: bytes, *, timeout_s: float = 2.0) -> bytes:
        """See `Bus.request`."""
        self._check_sendable(len(payload))
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        faults = self._server.faults

        def reply(answer: bytes | Exception) -> None:
            if self.session.connected and not self._server.drops_live():
                self.session.down.send(lambda: _settle(future, answer), delay_s=faults.delay_s)

        def ask() -> None:
            if not self._server.may_publish(self.session.user, subject):
                reply(NotPermitted(f"this user may not publish to {subject}"))
            elif not self._server.route(Message(subject, payload), reply):
                reply(NoResponder(f"nobody serves {subject} now"))

        self.session.up.send(ask, delay_s=faults.delay_s)
        return await self._wait(future, timeout_s, f"no answer from {subject}")

    # --- stored messages ---

    async def read(self, stream: str, seq: int) -> StoredMessage | None:
        """See `Bus.read`."""
        return await self._ask(lambda: self._readable(stream).read(seq))

    async def read_last(self, stream: str, subject: str = ">") -> StoredMessage | None:
        """See `Bus.read_last`."""
        return await self._ask(lambda: self._readable(stream).read_last(subject))

    async def read_next(self, stream: str, seq: int, subject: str = ">") -> StoredMessage | None:
        """See `Bus.read_next`."""
        return await self._ask(
            lambda: next(self._readable(stream).after(max(0, seq - 1), subject), None)
        )

    async def stream_info(self, stream: str) -> StreamInfo:
        """See `Bus.stream_info`."""
        return await self._ask(lambda: self._readable(stream).info())

    async def ensure_stream(self, spec: StreamSpec) -> StreamInfo:
        """See `StreamAdmin.ensure_stream`."""

        def ensure() -> StreamInfo:
            if self.session.user != OPERATOR:
                raise NotPermitted(f"only {OPERATOR} may create streams")
            try:
                found = self._server.stream(spec.name)
            except StreamMissing:
                found = self._server.make_stream(spec)
            if (found.spec.subjects, found.spec.republish) != (spec.subjects, spec.republish):
                raise StreamDiffers(f"stream {spec.name} exists with other settings")
            if spec.max_bytes > found.spec.max_bytes:
                found.spec = spec
            return found.info()

        return await self._ask(ensure)

    async def limit_stream(self, stream: str, *, max_bytes: int) -> None:
        """See `StreamAdmin.limit_stream`."""

        def limit() -> None:
            if self.session.user != OPERATOR:
                raise NotPermitted(f"only {OPERATOR} may change streams")
            found = self._server.stream(stream)
            found.spec = msgspec.structs.replace(found.spec, max_bytes=max_bytes)

        await self._ask(limit)

    async def deliver(
        self, stream: str, *, after_seq: int, sink: DeliverySink
    ) -> SimulatedDelivery:
        """See `Bus.deliver`."""

        def create() -> SimulatedDelivery:
            delivery = SimulatedDelivery(
                self._readable(stream),
                sink,
                after_seq=after_seq,
                send=lambda go: self.session.down.send(go, delay_s=self._server.faults.delay_s),
                skips=self._server.skips_delivery,
            )
            self.session.deliveries.append(delivery)
            delivery.start()
            return delivery

        return await self._ask(create)

    def _readable(self, name: str) -> SimulatedStream:
        if not self._server.may_read(self.session.user, name):
            raise NotPermitted(f"this user may not read stream {name}")
        return self._server.stream(name)

    async def _ask(self, act: Callable[[], _T]) -> _T:
        """What `act` returns or raises when it runs on the server."""
        if not self.session.connected:
            raise Disconnected("there is no connection now")
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        delay_s = self._server.faults.delay_s

        def run() -> None:
            try:
                answer: _T | Exception = act()
            except (Retryable, Permanent) as error:
                answer = error
            self.session.down.send(lambda: _settle(future, answer), delay_s=delay_s)

        self.session.up.send(run, delay_s=delay_s)
        return await self._wait(future, _API_TIMEOUT_S, "no answer from the server")

    async def _wait(self, future: asyncio.Future[_T], timeout_s: float, what: str) -> _T:
        self._requests.add(future)
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError as error:
            raise RequestTimeout(f"{what} in {timeout_s:g} s") from error
        finally:
            self._requests.discard(future)

    # --- the connection ---

    def listen_connection(self, callback: ConnectionCallback) -> Callable[[], None]:
        """See `Bus.listen_connection`."""
        return self._listeners.add(callback)

    def cut(self, *, hold: bool = False) -> None:
        """Breaks this connection; it comes back by itself after 0.1 s unless held."""
        self._server.cut(self.session, hold=hold)

    def release(self) -> None:
        """Lets a held connection come back."""
        self._server.release(self.session)

    def silence_deliveries(self) -> None:
        """Running deliveries stop sending anything at all, without a broken connection."""
        for delivery in self.session.deliveries:
            delivery.silent = True

    async def close(self) -> None:
        """See `Bus.close`."""
        if self.session not in self._server.sessions:
            return
        await asyncio.sleep(0)  # what was appended in this turn is sent
        self._server.sessions.remove(self.session)
        for task in self._tasks:
            task.cancel()
        appends = list(self._appends)
        self.session.lose()
        for future in appends:
            if future.done() and not future.cancelled():
                future.exception()  # nobody need look at it after a close

    def _connection_lost(self) -> None:
        appends, self._appends = self._appends, {}
        for future in appends:
            if not future.done():
                future.set_exception(AppendOutcomeUnknown("the connection was lost"))
        for request in self._requests:
            if not request.done():
                request.set_exception(Disconnected("the connection was lost"))
        self._listeners.tell(connected=False)

    def _connection_back(self) -> None:
        self._listeners.tell(connected=True)

    def _check_sendable(self, n_bytes: int) -> None:
        if n_bytes > MAX_MESSAGE_BYTES:
            raise MessageTooLarge(f"{n_bytes} bytes are over the limit of {MAX_MESSAGE_BYTES}")
        if not self.session.connected:
            raise Disconnected("there is no connection now")


def _settle(future: asyncio.Future[_T], answer: _T | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


async def _run(handler: RequestHandler, message: Message, reply: Reply) -> None:
    try:
        reply(await handler(message))
    except Retryable as error:
        reply(Retryable(str(error), after_s=error.after_s))
    except Permanent as error:
        reply(Permanent(str(error)))


def _no_ack(subject: str) -> AppendOutcomeUnknown:
    return AppendOutcomeUnknown(
        f"append to {subject}: no acknowledgement in {_APPEND_TIMEOUT_S:g} s"
    )
