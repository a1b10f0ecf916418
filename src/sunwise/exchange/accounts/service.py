"""Accounts as a service: follows the events, tells users what they mean, answers questions."""

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from sunwise.chassis.bus import Bus, MessageTooLarge
from sunwise.chassis.checkpoint import CheckpointStore
from sunwise.chassis.clock import Clock
from sunwise.chassis.projection import Projection
from sunwise.chassis.queries import QueryDesk
from sunwise.chassis.telemetry import METRICS
from sunwise.contracts.exchange.accounts import (
    AccountsQuery,
    AccountsReply,
    UserEvents,
    query_subject,
    user_subject,
)
from sunwise.contracts.exchange.log import EventMessage
from sunwise.exchange.accounts import checkpoint
from sunwise.exchange.accounts.answers import answer
from sunwise.exchange.accounts.model import Accounts

_NS: Final = 1_000_000_000
_log = logging.getLogger("sunwise.accounts")
_encode: Final = msgspec.msgpack.Encoder().encode


class AccountsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts service of one shard."""

    shard: str = "0"
    """Name of the shard."""
    closed_orders: Annotated[int, Meta(ge=1_024, le=10_000_000)] = 10_000
    """Closed orders kept in memory, over all accounts; about 0.8 kB each."""
    checkpoint_every_s: Annotated[float, Meta(gt=0)] = 60.0
    """How often the state is stored: a restart replays what came after."""
    tell_within_s: Annotated[float, Meta(ge=0)] = 60.0
    """User events older than this are not told any more when a restart replays them."""


class AccountsService:
    """One replica; `run` works until it is cancelled or must stop."""

    name = "accounts"

    def __init__(self, bus: Bus, *, clock: Clock, folder: Path, settings: AccountsSettings) -> None:
        self.model = Accounts(closed_limit=settings.closed_orders)
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._store = CheckpointStore(folder, name="accounts", layout=checkpoint.LAYOUT)
        self._tell_within_ns = round(settings.tell_within_s * _NS)
        self._told = METRICS.counter("sunwise_user_events_total", "Messages of user events sent.")

    async def run(self, ready: Callable[[], None]) -> None:
        """Catches up with the log, calls `ready`, and works.

        Raises Retryable when the log cannot be read now, and what ended the reader.
        """
        settings, bus = self._settings, self._bus
        async with AsyncExitStack() as stack:
            projection = await Projection.open(bus, self, shard=settings.shard, store=self._store)
            stack.push_async_callback(projection.close)
            await projection.reader.barrier()
            desk = await QueryDesk.open(
                bus,
                query_subject(settings.shard),
                kind=AccountsQuery,
                barrier=projection.reader.barrier,
                answer=self._answer,
            )
            stack.push_async_callback(desk.close)
            ready()
            await projection.run(every_s=settings.checkpoint_every_s)

    # --- what the projection asks of its state ---

    def begin(self, state: bytes | None) -> None:
        """From a checkpoint or from nothing."""
        limit = self._settings.closed_orders
        if state is None:
            self.model = Accounts(closed_limit=limit)
        else:
            self.model = checkpoint.load(state, closed_limit=limit)

    def apply(self, message: EventMessage) -> None:
        """Applies the events and tells what they mean, unless that is old."""
        tells = self._clock.now_ns() - message.time_ns <= self._tell_within_ns
        for events in self.model.apply(message, tells=tells):
            self._tell(events)

    async def settle(self) -> None:
        """Nothing waits."""

    def is_whole(self) -> bool:
        """Between batches."""
        return self.model.is_between_batches

    def save(self) -> bytes:
        """The checkpoint's state."""
        return checkpoint.save(self.model)

    # --- what goes out ---

    def _tell(self, events: UserEvents) -> None:
        subject = user_subject(self._settings.shard, events.account)
        try:
            self._bus.publish(subject, _encode(events))
        except MessageTooLarge:
            # The next message names this one as its `previous`, so readers see that it is missing.
            _log.warning("user events too large to tell", extra={"account": events.account})
        else:
            self._told.value += 1

    async def _answer(self, query: AccountsQuery) -> AccountsReply:
        return answer(self.model, query)
