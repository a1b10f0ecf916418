"""The user data subscriptions of one connection to the WebSocket API.

Ids count from 0 and are never used again; an account has at most one subscription on a connection.
Events that come before the client knows the subscription's id wait until it has been told.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.lines.frames import text_frame
from sunwise.exchange.gateway.streams.topics import Listener, PayloadOf
from sunwise.exchange.gateway.users.codecs import stream_terminated
from sunwise.exchange.gateway.users.streams import UserStreams

MAX_ACTIVE: Final = 1_000
MAX_IDS: Final = 65_535


class _Subscription:
    """One account's events under one id."""

    def __init__(self, owner: "UserSubscriptions", number: int, account: int) -> None:
        self.number = number
        self.account = account
        self.of_session = False
        """Made by `userDataStream.subscribe`: ends with the session's logon."""
        self._owner = owner
        self._held: list[PayloadOf] | None = []  # None: the client knows the id

    def take(self, payload_of: PayloadOf) -> None:
        """One event."""
        if self._held is not None:
            self._held.append(payload_of)
        else:
            self._owner.push(self.number, payload_of)

    def lose(self, now_ns: int) -> None:
        """Events were missed."""
        self._owner.lose(self, now_ns)

    def announce(self) -> None:
        """The client has been told the id: send what has waited."""
        held, self._held = self._held or [], None
        for payload_of in held:
            self._owner.push(self.number, payload_of)


class UserSubscriptions:
    """All subscriptions of one connection."""

    def __init__(
        self, streams: UserStreams, listener: Listener, unit_ns: int, *, lost: Callable[[], None]
    ) -> None:
        self._streams = streams
        self._listener = listener
        self._unit_ns = unit_ns
        self._lost = lost
        self._active: dict[int, _Subscription] = {}
        self._of_account: dict[int, _Subscription] = {}
        self._next = 0

    @property
    def numbers(self) -> list[int]:
        """Ids of the subscriptions in force."""
        return list(self._active)

    def open(
        self, account: int, *, of_session: bool
    ) -> "tuple[_Subscription, asyncio.Future[None]]":
        """A new subscription; complete from when the future is done. Raises ApiError."""
        if account in self._of_account:
            raise ApiError(-2035, "User Data Stream subscription already active.")
        if len(self._active) >= MAX_ACTIVE:
            raise ApiError(
                -1191,
                f"Too many subscriptions. Connection may create up to '{MAX_ACTIVE}' "
                "subscriptions at a time.",
            )
        if self._next > MAX_IDS:
            raise ApiError(-2042, "Maximum subscription ID reached for this connection.")
        subscription = _Subscription(self, self._next, account)
        subscription.of_session = of_session
        self._next += 1
        self._active[subscription.number] = subscription
        self._of_account[account] = subscription
        return subscription, self._streams.join(account, subscription)

    def end(self, number: int) -> None:
        """Ends one. Raises ApiError when there is none of this id."""
        subscription = self._active.get(number)
        if subscription is None:
            raise ApiError(-2036, "User Data Stream subscription not active.")
        self._remove(subscription)

    def end_session(self) -> list[int]:
        """Ends the one that the session's logon made; its id, if there was one."""
        ended = [each for each in self._active.values() if each.of_session]
        for subscription in ended:
            self._remove(subscription)
        return [subscription.number for subscription in ended]

    def tell_ended(self, numbers: list[int], now_ns: int) -> None:
        """Tells the client that nothing follows on these."""
        for number in numbers:
            self.push(number, lambda unit_ns: stream_terminated(now_ns // unit_ns))

    def close(self) -> None:
        """The connection has ended."""
        for subscription in tuple(self._active.values()):
            self._remove(subscription)

    def push(self, number: int, payload_of: PayloadOf) -> None:
        """Sends an event under this id."""
        payload = payload_of(self._unit_ns)
        self._listener.push(text_frame(b'{"subscriptionId":%d,"event":%b}' % (number, payload)))

    def lose(self, subscription: _Subscription, now_ns: int) -> None:
        """Events of this account were missed: says so and ends the connection."""
        self._remove(subscription)
        self.tell_ended([subscription.number], now_ns)
        self._lost()

    def _remove(self, subscription: _Subscription) -> None:
        del self._active[subscription.number]
        del self._of_account[subscription.account]
        self._streams.leave(subscription.account, subscription)
