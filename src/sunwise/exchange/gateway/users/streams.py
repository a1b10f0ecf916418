"""User data: the events of an account on their way to every connection that listens to them.

Events arrive at most once. Each message names the one before it, and a connection to the bus that
broke may have swallowed the last ones: in both cases what was missed cannot be made up for here, so
every listener of the account is told (`eventStreamTerminated`) and let go. A client then subscribes
again and asks for its orders and balances; it never sees a stream with a silent hole.

A listener begins behind everything that is stored by then, and so behind whatever any gateway has
answered. Events come a little later than answers: without that, a client that places an order and then
subscribes would be told of its order anew, or not, as it happens.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Retryable
from sunwise.contracts.exchange.accounts import Position, UserEvents, user_subject
from sunwise.exchange.gateway.streams.feeds import Feeds
from sunwise.exchange.gateway.streams.tasks import Tasks
from sunwise.exchange.gateway.streams.topics import PayloadOf
from sunwise.exchange.gateway.users.codecs import UserCodec

_decode: Final = msgspec.msgpack.Decoder(UserEvents).decode


class UserListener(Protocol):
    """A connection's interest in one account."""

    def take(self, payload_of: PayloadOf) -> None:
        """One event; ask for its payload in the connection's unit of time."""
        ...

    def lose(self, now_ns: int) -> None:
        """Events were missed; nothing follows. The listener has been removed."""
        ...


class _Place:
    """Where a listener begins: until that is known, events wait."""

    def __init__(self, listener: UserListener) -> None:
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listener = listener
        self._start: Position | None = None
        self._waiting: list[tuple[Position, PayloadOf]] = []

    def take(self, position: Position, payload_of: PayloadOf) -> None:
        """One event of the account."""
        if self._start is None:
            self._waiting.append((position, payload_of))
        elif position > self._start:
            self._listener.take(payload_of)

    def begin_after(self, start: Position) -> None:
        """Hands on what has waited and lies behind `start`."""
        self._start = start
        waiting, self._waiting = self._waiting, []
        for position, payload_of in waiting:
            self.take(position, payload_of)


class _Account:
    """One account's stream and its listeners."""

    def __init__(self, codec: UserCodec, lost: Callable[[], None]) -> None:
        self.listeners: dict[UserListener, _Place] = {}
        self.opened: asyncio.Future[None] | None = None
        self._codec = codec
        self._lost = lost
        self._last: Position | None = None

    def on_message(self, message: Message) -> None:
        events = _decode(message.payload)
        if self._last is not None and events.position <= self._last:
            return  # repeated after a restart of the accounts service
        if not self._follows(events) or not self._codec.can_write(events):
            self._lost()
            return
        self._last = events.position
        for payload_of in self._codec.payloads(events):
            for place in tuple(self.listeners.values()):
                place.take(events.position, payload_of)

    def _follows(self, events: UserEvents) -> bool:
        return self._last is None or events.previous == self._last


class UserStreams:
    """The user streams of all accounts that somebody here listens to.

    `stored` returns how far the log's events are stored: no answer was given of anything behind it.
    """

    def __init__(
        self,
        bus: Bus,
        feeds: Feeds,
        codec: UserCodec,
        clock: Clock,
        *,
        stored: Callable[[], Awaitable[Position]],
        shard: str = "0",
    ) -> None:
        self._feeds = feeds
        self._codec = codec
        self._clock = clock
        self._stored = stored
        self._shard = shard
        self._accounts: dict[int, _Account] = {}
        self._tasks = Tasks()
        bus.listen_connection(self._on_connection)

    def join(self, account: int, listener: UserListener) -> asyncio.Future[None]:
        """Sends the account's events to the listener: all from when the returned future is done.

        None that an answer before this call may have told of; joining again changes nothing.
        """
        stream = self._accounts.get(account)
        if stream is None or stream.opened is None:
            stream = _Account(self._codec, lambda: self._lose(account))
            self._accounts[account] = stream
            subject = user_subject(self._shard, account)
            stream.opened = self._feeds.listen(subject, stream.on_message)
        if listener not in stream.listeners:
            place = stream.listeners[listener] = _Place(listener)
            self._tasks.spawn(self._begin(stream, listener, place))
        return stream.listeners[listener].begun

    async def _begin(self, stream: _Account, listener: UserListener, place: _Place) -> None:
        assert stream.opened is not None, "it is opened by its first listener"
        await stream.opened
        start = await self._persistently_stored()
        if stream.listeners.get(listener) is place:  # it has not left meanwhile
            place.begin_after(start)
        if not place.begun.done():
            place.begun.set_result(None)

    async def _persistently_stored(self) -> Position:
        while True:
            try:
                return await self._stored()
            except Retryable as fault:
                await asyncio.sleep(fault.after_s)

    def leave(self, account: int, listener: UserListener) -> None:
        """Ends a `join`; nothing happens when the stream was lost before."""
        stream = self._accounts.get(account)
        if stream is not None and listener in stream.listeners:
            del stream.listeners[listener]
            if not stream.listeners:
                self._drop(account, stream)

    async def close(self) -> None:
        """Whoever still waits for a beginning waits no longer."""
        await self._tasks.cancel()

    def _drop(self, account: int, stream: _Account) -> None:
        del self._accounts[account]
        self._feeds.leave(user_subject(self._shard, account), stream.on_message)

    def _on_connection(self, connected: bool) -> None:  # noqa: FBT001 - the bus's callback
        if connected:  # what was published while it was away is gone
            for account in tuple(self._accounts):
                self._lose(account)

    def _lose(self, account: int) -> None:
        stream = self._accounts[account]
        listeners = tuple(stream.listeners)
        stream.listeners.clear()
        self._drop(account, stream)
        now_ns = self._clock.now_ns()
        for listener in listeners:
            listener.lose(now_ns)
