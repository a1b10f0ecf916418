"""User data: the events of an account on their way to every connection that listens to them.

Events arrive at most once. Each message names the one before it, and a connection to the bus that
broke may have swallowed the last ones: in both cases what was missed cannot be made up for here, so
every listener of the account is told (`eventStreamTerminated`) and let go. A client then subscribes
again and asks for its orders and balances; it never sees a stream with a silent hole.

A listener begins behind everything that this gateway has answered by then. Events come a little
later than answers: without that, a client that places an order and then subscribes would be told of
its order anew, or not, as it happens.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.clock import Clock
from sunwise.contracts.exchange.accounts import Position, UserEvents, user_subject
from sunwise.exchange.gateway.streams.feeds import Feeds
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


class _Account:
    """One account's stream and its listeners."""

    def __init__(self, codec: UserCodec, lost: Callable[[], None]) -> None:
        self.listeners: dict[UserListener, Position] = {}  # each with where it begins: after this
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
            for listener, start in tuple(self.listeners.items()):
                if events.position > start:
                    listener.take(payload_of)

    def _follows(self, events: UserEvents) -> bool:
        return self._last is None or events.previous == self._last


class UserStreams:
    """The user streams of all accounts that somebody here listens to.

    `answered` returns how far into the log the gateway's answers reach.
    """

    def __init__(
        self,
        bus: Bus,
        feeds: Feeds,
        codec: UserCodec,
        clock: Clock,
        *,
        answered: Callable[[], Position],
        shard: str = "0",
    ) -> None:
        self._feeds = feeds
        self._codec = codec
        self._clock = clock
        self._answered = answered
        self._shard = shard
        self._accounts: dict[int, _Account] = {}
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
        stream.listeners.setdefault(listener, self._answered())
        return stream.opened

    def leave(self, account: int, listener: UserListener) -> None:
        """Ends a `join`; nothing happens when the stream was lost before."""
        stream = self._accounts.get(account)
        if stream is not None and listener in stream.listeners:
            del stream.listeners[listener]
            if not stream.listeners:
                self._drop(account, stream)

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
