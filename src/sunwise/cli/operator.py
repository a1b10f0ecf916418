"""The operator's requests over the bus: the desk, the keys, the read models."""

import asyncio
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.bus.errors import NoResponder, RequestTimeout
from sunwise.chassis.errors import Retryable
from sunwise.cli.grants import OPERATOR_USER
from sunwise.cli.running import DemoKey, RunningExchange
from sunwise.contracts.exchange import desk, keys
from sunwise.contracts.exchange.catalog import Asset

_START_S: Final = 20.0
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_desk: Final = msgspec.msgpack.Decoder(desk.DeskReply)
_decode_keys: Final = msgspec.msgpack.Decoder(keys.KeyReply)


class Operator:
    """Asks what only the operator may ask. Faults come as Permanent and Retryable."""

    def __init__(self, bus: Bus, *, shard: str) -> None:
        self.bus = bus
        self._desk = desk.desk_subject(shard)
        self._keys = keys.keys_subject(shard)

    @classmethod
    async def connect(cls, running: RunningExchange, *, shard: str = "0") -> "Operator":
        """An operator's connection to a running exchange. Raises Disconnected."""
        from sunwise.chassis.bus.nats_connect import connect_nats

        seed = Path(running.nats_keys) / f"{OPERATOR_USER}.nk"
        bus = await connect_nats(running.nats_url, user=OPERATOR_USER, seed=seed)
        return cls(bus, shard=shard)

    async def close(self) -> None:
        """Ends the connection."""
        await self.bus.close()

    async def provision(self, request: desk.Provision) -> desk.Provisioned:
        """Makes everything exist; tried again while the services come up: it is idempotent."""
        deadline_s = time.monotonic() + _START_S
        while True:
            try:
                reply = await self._ask_desk(request, timeout_s=10.0)
            except Retryable as fault:
                if time.monotonic() > deadline_s:
                    raise
                await asyncio.sleep(min(fault.after_s, 0.2))
            else:
                assert isinstance(reply, desk.Provisioned), "the desk answered another question"
                return reply

    async def listed(self) -> desk.Listed:
        """What is listed, and accounts by reference."""
        reply = await self._ask_desk(desk.GetListed())
        assert isinstance(reply, desk.Listed), "the desk answered another question"
        return reply

    async def open_account(self, reference: str = "") -> int:
        """The number of a new account."""
        reply = await self._ask_desk(desk.OpenAccount(reference=reference))
        assert isinstance(reply, desk.AccountOpened), "the desk answered another question"
        return reply.account

    async def move_funds(self, account: int, asset: Asset, atoms: int) -> desk.FundsHeld:
        """Credits (or debits, below 0) an account; what it holds then."""
        request = desk.MoveFunds(account=account, asset=asset.name, amount_atoms=atoms)
        reply = await self._ask_desk(request)
        assert isinstance(reply, desk.FundsHeld), "the desk answered another question"
        return reply

    async def create_key(self, account: int) -> DemoKey:
        """A new HMAC key of the account, in force."""
        deadline_s = time.monotonic() + _START_S
        while True:
            try:
                reply = await self._ask_keys(keys.CreateHmacKey(account=account))
            except (NoResponder, RequestTimeout):
                if time.monotonic() > deadline_s:
                    raise
                await asyncio.sleep(0.1)
            else:
                assert isinstance(reply, keys.KeyCreated), "the gateway answered something else"
                return DemoKey(account=account, api_key=reply.name, api_secret=reply.secret)

    async def keys_of(self, account: int) -> list[keys.KeyFacts]:
        """The keys in force of an account."""
        reply = await self._ask_keys(keys.GetKeys(account=account))
        assert isinstance(reply, keys.Keys), "the gateway answered something else"
        return reply.keys

    async def revoke_key(self, name: str) -> bool:
        """Whether there was such a key; it is out of force now."""
        reply = await self._ask_keys(keys.RevokeKey(name=name))
        assert isinstance(reply, keys.KeyRevoked), "the gateway answered something else"
        return reply.was_in_force

    async def _ask_desk(self, request: desk.DeskRequest, *, timeout_s: float = 5.0) -> Any:  # noqa: ANN401 - one of DeskReply
        return _decode_desk.decode(
            await self.bus.request(self._desk, _encode(request), timeout_s=timeout_s)
        )

    async def _ask_keys(self, request: keys.KeyRequest) -> Any:  # noqa: ANN401 - one of KeyReply
        return _decode_keys.decode(
            await self.bus.request(self._keys, _encode(request), timeout_s=5.0)
        )
