"""Privacy as a service: asks again until everybody who is to be forgotten is."""

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from sqlalchemy.exc import OperationalError

from sunwise.chassis.clock import Clock
from sunwise.people.privacy.erasures import Erasures
from sunwise.people.privacy.store import PrivacyStore

_LOOK_S: Final = 1.0
_FORGET_LOOKS: Final = 3_600
_DAY_NS: Final = 24 * 3_600 * 1_000_000_000
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
        self._store = store
        self._clock = clock
        self._settings = settings

    async def run(self, ready: Callable[[], None]) -> None:
        """See `Service.run`."""
        ready()
        looks = 0
        while True:
            try:
                await asyncio.to_thread(self._erasures.look)
                if looks % _FORGET_LOOKS == 0:
                    before_ns = self._clock.now_ns() - round(self._settings.kept_days * _DAY_NS)
                    await asyncio.to_thread(self._store.forget, before_ns)
            except OperationalError as fault:
                _log.error("erasures wait for the database", extra={"why": str(fault.orig)})
            looks += 1
            await self._clock.sleep(_LOOK_S)
