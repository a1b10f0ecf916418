"""Privacy as a service: asks again until everybody who is to be forgotten is."""

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from sqlalchemy.exc import OperationalError

from sunwise.chassis.clock import Clock
from sunwise.chassis.retention import Retention
from sunwise.people.privacy.erasures import Erasures
from sunwise.people.privacy.store import PrivacyStore

_LOOK_S: Final = 1.0
_log: Final = logging.getLogger("sunwise.privacy")


class PrivacySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Erasing people, and what tells that it was done."""

    settle_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 900.0
    """After so long every service is asked again: what was under way the first time is over, s."""
    kept_days: Annotated[float, msgspec.Meta(ge=35)] = 1_100.0
    """Days for which it is told that an erasure was done, without whose it was."""


class PrivacyService:
    """One of them works on a database; `run` works until it is cancelled."""

    name = "privacy"

    def __init__(
        self, erasures: Erasures, store: PrivacyStore, clock: Clock, *, settings: PrivacySettings
    ) -> None:
        self._erasures = erasures
        self._clock = clock
        self._retention = Retention(clock, store.forget, kept_days=settings.kept_days)

    async def run(self, ready: Callable[[], None]) -> None:
        """See `Service.run`."""
        ready()
        while True:
            try:
                await asyncio.to_thread(self._erasures.look)
            except OperationalError as fault:
                _log.error("erasures wait for the database", extra={"why": str(fault.orig)})
            await self._retention.look()
            await self._clock.sleep(_LOOK_S)
