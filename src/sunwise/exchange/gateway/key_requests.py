"""Makes, lists and revokes API keys for the operator; what is answered is in force already."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from sunwise.chassis.bus import Message
from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.keys import (
    AddPublicKey,
    CreateHmacKey,
    GetKeys,
    KeyCreated,
    KeyFacts,
    KeyReply,
    KeyRequest,
    KeyRevoked,
    Keys,
    RevokeKey,
)
from sunwise.exchange.gateway.keys.api_keys import ALL_PERMISSIONS, ApiKey, KeyKind, Permission
from sunwise.exchange.gateway.store import KeyStore

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final[msgspec.msgpack.Decoder[KeyRequest]] = msgspec.msgpack.Decoder(KeyRequest)
_READING: Final = Permission.USER_DATA | Permission.USER_STREAM


class KeyRequests:
    """Serves `keys.<shard>`."""

    def __init__(self, store: KeyStore, refresh: Callable[[], Awaitable[None]]) -> None:
        """`refresh` takes what has changed in the store into force."""
        self._store = store
        self._refresh = refresh

    async def answer(self, message: Message) -> bytes:
        """The reply to one request. Raises Permanent when it cannot be."""
        try:
            request = _decode.decode(message.payload)
            reply = await asyncio.to_thread(self._answer, request)
        except (msgspec.DecodeError, ValueError) as error:
            raise Permanent(f"This key cannot be made: {error}") from error
        if not isinstance(reply, Keys):
            await self._refresh()
        return _encode(reply)

    def _answer(self, request: KeyRequest) -> KeyReply:
        match request:
            case CreateHmacKey():
                key, secret = self._store.create_hmac(
                    request.account,
                    permissions=ALL_PERMISSIONS if request.may_trade else _READING,
                    allowed_ips=request.allowed_ips,
                )
                return KeyCreated(name=key.name, secret=secret)
            case AddPublicKey():
                key = self._store.add_public(
                    request.account,
                    KeyKind(request.kind),
                    request.pem,
                    permissions=ALL_PERMISSIONS if request.may_trade else _READING,
                    allowed_ips=request.allowed_ips,
                )
                return KeyCreated(name=key.name)
            case RevokeKey(name=name):
                return KeyRevoked(was_in_force=self._store.revoke(name))
            case GetKeys(account=account):
                return Keys(keys=[_facts(key) for key in self._store.of_account(account)])


def _facts(key: ApiKey) -> KeyFacts:
    return KeyFacts(
        name=key.name,
        kind=key.kind.value,
        may_trade=bool(key.permissions & Permission.TRADE),
        allowed_ips=list(key.allowed_ips),
        created_ns=key.created_ns,
    )
