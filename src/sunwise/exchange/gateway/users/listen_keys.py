"""Listen keys: the old way to open a user stream, for clients that know no other.

Spot lost them on 2026-02-20; they exist here only while the setting `legacy_listen_key` is on. A key
opens `/ws/<key>` for an hour at a time, and its events come unwrapped. Keys live in one process:
run a single gateway when old clients need them.
"""

import asyncio
import secrets
import string
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from sunwise.chassis.clock import Clock
from sunwise.exchange.gateway.lines.frames import text_frame
from sunwise.exchange.gateway.streams.topics import Form, Listener, PayloadOf
from sunwise.exchange.gateway.users.codecs import listen_key_expired, stream_terminated
from sunwise.exchange.gateway.users.streams import UserStreams

LIFE_NS: Final = 60 * 60 * 1_000_000_000
_LETTERS: Final = string.ascii_letters + string.digits


class ListenKeys:
    """The keys in force."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, int] = {}
        self._expires_ns: dict[str, int] = {}

    def create(self, account: int) -> str:
        """The account's key, good for an hour from now; the same one while it lasts."""
        for key, owner in tuple(self._accounts.items()):
            if owner == account and self.renew(key, account):
                return key
        key = "".join(secrets.choice(_LETTERS) for _ in range(64))
        self._accounts[key] = account
        self._expires_ns[key] = self._clock.now_ns() + LIFE_NS
        return key

    def account_of(self, key: str) -> int | None:
        """Whose stream the key opens; None when it is unknown or its hour is over."""
        account = self._accounts.get(key)
        if account is not None and self._clock.now_ns() >= self._expires_ns[key]:
            del self._accounts[key], self._expires_ns[key]
            return None
        return account

    def renew(self, key: str, account: int) -> bool:
        """Makes the key good for another hour; False when it is not a key of this account."""
        if self.account_of(key) != account:
            return False
        self._expires_ns[key] = self._clock.now_ns() + LIFE_NS
        return True

    def forget(self, key: str, account: int) -> bool:
        """Ends the key; False when it is not a key of this account."""
        if self.account_of(key) != account:
            return False
        del self._accounts[key], self._expires_ns[key]
        return True


class KeyedStream:
    """One account's events on a connection to market streams, unwrapped."""

    def __init__(self, owner: "KeyedStreams", key: str, account: int) -> None:
        self.key = key
        self.account = account
        self._owner = owner

    def take(self, payload_of: PayloadOf) -> None:
        """One event."""
        self._owner.push(self.key, payload_of)

    def lose(self, now_ns: int) -> None:
        """Events were missed: old clients know no event for that, they see the connection end."""
        self._owner.push(self.key, lambda unit_ns: stream_terminated(now_ns // unit_ns))
        self._owner.lost()


class KeyedStreams:
    """The listen keys that one connection has opened."""

    def __init__(
        self, access: "KeyAccess", listener: Listener, form: Form, *, lost: Callable[[], None]
    ) -> None:
        self.lost = lost
        """Ends the connection."""
        self._access = access
        self._listener = listener
        self._form = form
        self._open: dict[str, KeyedStream] = {}

    def open(self, key: str) -> asyncio.Future[None] | None:
        """Sends the account's events from when the future is done; None when it is no key."""
        account = self._access.keys.account_of(key)
        if account is None:
            return None
        stream = self._open.setdefault(key, KeyedStream(self, key, account))
        return self._access.streams.join(account, stream)

    def leave(self, key: str) -> bool:
        """Ends one of them; False when it was not open."""
        stream = self._open.pop(key, None)
        if stream is not None:
            self._access.streams.leave(stream.account, stream)
        return stream is not None

    def expire(self, now_ns: int) -> None:
        """Ends those whose hour is over, and says so."""
        for key in tuple(self._open):
            if self._access.keys.account_of(key) is None:
                self.push(key, partial(_expired, key, now_ns))
                self.leave(key)

    def push(self, key: str, payload_of: PayloadOf) -> None:
        """Sends an event of this key's account."""
        payload = payload_of(self._form.unit_ns)
        if self._form.combined:
            payload = b'{"stream":"%b","data":%b}' % (key.encode(), payload)
        self._listener.push(text_frame(payload))

    def close(self) -> None:
        """Ends all."""
        for key in tuple(self._open):
            self.leave(key)


def _expired(key: str, now_ns: int, unit_ns: int) -> bytes:
    return listen_key_expired(key, now_ns // unit_ns)


class KeyAccess(NamedTuple):
    """What opening a stream by its key needs."""

    keys: ListenKeys
    streams: UserStreams
