"""The directory as a service: answers pages and pseudonyms, and says when there is a newer version."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.queries import QueryDesk
from sunwise.chassis.retention import Retention
from sunwise.contracts.people.directory import (
    CHANGED,
    SUBJECT,
    DirectoryChanged,
    DirectoryPage,
    GetDirectory,
    GetPseudonyms,
    Pseudonyms,
)
from sunwise.people.directory.handed_over import HandedOver
from sunwise.people.directory.snapshots import pages
from sunwise.people.directory.store import DirectoryStore

_LOOK_S: Final = 0.5
_REPEAT_LOOKS: Final = 60  # so often the newest version is said again, for whoever missed it
_KEPT_VERSIONS: Final = 4  # for readers between two pages
_ASK_S: Final = 30.0
LEAVE_DAYS: Final = 400
"""So long days off are kept once they are over: no law's average looks back further."""
_ASK_FIRST_S: Final = 5.0
_log: Final = logging.getLogger("sunwise.directory")

_encode: Final = msgspec.msgpack.Encoder().encode


class DirectoryService:
    """One replica; `run` works until it is cancelled."""

    name = "directory"

    def __init__(
        self,
        bus: Bus,
        store: DirectoryStore,
        clock: Clock,
        *,
        handed_over: HandedOver | None = None,
    ) -> None:
        """`handed_over` is kept up with what handoff says."""
        self._bus = bus
        self._store = store
        self._clock = clock
        self._handed_over = handed_over or HandedOver()
        self._retention = Retention(clock, store.forget, kept_days=LEAVE_DAYS)
        self._pages: OrderedDict[int, list[DirectoryPage]] = OrderedDict()

    async def run(self, ready: Callable[[], None]) -> None:
        """Answers, and looks twice a second whether anybody has changed the directory."""
        async with AsyncExitStack() as stack:
            desk = await QueryDesk.open(
                self._bus,
                SUBJECT,
                kind=GetDirectory | GetPseudonyms,
                barrier=_at_once,
                answer=self._answer,
            )
            stack.push_async_callback(desk.close)
            said = await self._look(-1, looks=0)
            ready()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._go_on_looking(said))
                tasks.create_task(self._follow_handoffs())
                tasks.create_task(self._retention.run())

    async def _go_on_looking(self, said: int) -> None:
        looks = 0
        while True:
            await self._clock.sleep(_LOOK_S)
            looks += 1
            said = await self._look(said, looks=looks)

    async def _follow_handoffs(self) -> None:
        """Asks twice a minute, sooner while nobody has answered yet."""
        while True:
            try:
                await self._handed_over.refresh(self._bus)
            except (Retryable, Permanent, msgspec.DecodeError) as fault:
                _log.info("when duty was handed over is not known anew", extra={"why": str(fault)})
            await self._clock.sleep(_ASK_S if self._handed_over() else _ASK_FIRST_S)

    async def _look(self, said: int, *, looks: int) -> int:
        version = await asyncio.to_thread(self._store.version)
        if version != said or looks % _REPEAT_LOOKS == 0:
            changed = DirectoryChanged(version=version, at_ns=self._clock.now_ns())
            self._bus.publish(CHANGED, _encode(changed))
        return version

    async def _answer(self, query: GetDirectory | GetPseudonyms) -> DirectoryPage | Pseudonyms:
        if isinstance(query, GetPseudonyms):
            return Pseudonyms(of=await asyncio.to_thread(self._store.pseudonyms, query.people))
        found = await self._pages_of(query.version)
        if query.page >= len(found):
            raise Permanent(f"There is no page {query.page}: the first is 0, of {len(found)}.")
        return found[query.page]

    async def _pages_of(self, version: int | None) -> list[DirectoryPage]:
        if version is not None and version in self._pages:
            return self._pages[version]
        snapshot = await asyncio.to_thread(self._store.snapshot)
        if version not in (None, snapshot.version):
            raise Permanent(
                f"Version {version} of the directory is not kept any more: begin again with page 0 "
                f"of version {snapshot.version}."
            )
        if snapshot.version not in self._pages:
            self._pages[snapshot.version] = await asyncio.to_thread(pages, snapshot)
            while len(self._pages) > _KEPT_VERSIONS:
                self._pages.popitem(last=False)
        return self._pages[snapshot.version]


async def _at_once() -> None:
    """SQL is the truth: there is nothing to wait for."""
