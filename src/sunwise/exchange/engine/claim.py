"""A replica's claim to its number: two processes of one number would count as one when replicas differ.

Each tells the others its number every second. Whoever hears a younger claim to its own answers it by
name, and who is answered so stops. The log's end at a replica's start says which claim is older:
CMD grows with every tick of the clock. Nothing depends on it but who counts as whom: before two have
heard of each other, both compute and append the same bytes.
"""

import asyncio
import logging
import secrets
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus, Message, Subscription
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.exchange.engine import ReplicaClaim, replica_claims_subject

_EVERY_S: Final = 1.0
_log = logging.getLogger("sunwise.engine")


class NumberTaken(Permanent):
    """Another process runs under this replica's number: give each its own."""


class NumberClaim:
    """One replica's; works in `run`."""

    def __init__(self, bus: Bus, *, shard: str, replica: int, since_seq: int) -> None:
        self._bus = bus
        self._shard = shard
        self._subject = replica_claims_subject(shard)
        self._mine = ReplicaClaim(
            replica=replica, instance=secrets.token_hex(8), since_seq=since_seq
        )
        self._refused: set[str] = set()  # instances, each logged once
        self._taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Claims the number until it is cancelled. Raises NumberTaken, NotPermitted."""
        listening = await self._listen()
        try:
            while not self._taken.done():
                self._tell(self._mine)
                await asyncio.wait([self._taken], timeout=_EVERY_S)
            await self._taken
        finally:
            await listening.close()

    async def _listen(self) -> Subscription:
        while True:
            try:
                return await self._bus.subscribe(self._subject, self._hear)
            except Retryable as error:
                await asyncio.sleep(min(error.after_s, _EVERY_S))

    def _tell(self, claim: ReplicaClaim) -> None:
        self._bus.publish(self._subject, msgspec.msgpack.encode(claim))

    def _hear(self, message: Message) -> None:
        theirs = msgspec.msgpack.decode(message.payload, type=ReplicaClaim)
        mine = self._mine
        if theirs.replica != mine.replica or theirs.instance == mine.instance:
            return
        if (mine.since_seq, mine.instance) < (theirs.since_seq, theirs.instance):
            self._refuse(theirs)
        elif theirs.against == mine.instance and not self._taken.done():
            self._taken.set_exception(NumberTaken(self._clash()))

    def _refuse(self, theirs: ReplicaClaim) -> None:
        if theirs.instance not in self._refused:
            self._refused.add(theirs.instance)
            _log.error("%s This one was first and goes on", self._clash())
        self._tell(msgspec.structs.replace(self._mine, against=theirs.instance))

    def _clash(self) -> str:
        number = self._mine.replica
        return (
            f"two processes run as replica {number} of shard {self._shard}: when replicas differ they "
            "would count as one. Give each a number of its own by [engine] replica "
            "(SUNWISE_ENGINE_REPLICA), and all the same n_replicas."
        )
