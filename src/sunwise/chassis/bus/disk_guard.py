"""Refuses appends before the disk is full, and allows them again when there is room.

When a write really fails for lack of room, JetStream's stream only times out and stays frozen until
its server is started again. So while little is left, the streams' limits are lowered: with
`discard: new` that deletes nothing, and each append is refused at once as StreamFull.
"""

import asyncio
import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sunwise.chassis.bus.protocol import StreamAdmin, StreamSpec
from sunwise.chassis.errors import Retryable
from sunwise.chassis.telemetry import METRICS

_log = logging.getLogger(__name__)

MIN_FREE_BYTES: Final = 256 << 20
"""Below this much room commands are refused; they are allowed again at 1.25 times as much."""
CHECK_S: Final = 0.5
_REFUSE_ALL: Final = 1


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class DiskGuard:
    """Watches the disk that holds `folder` for the streams `specs`.

    The first of them is refused below `min_free_bytes`, each other below half of the one before.
    Name commands first: those that are stored already still get their events, so that whoever sent
    them is told what became of them and only new ones are refused.
    """

    def __init__(
        self,
        admin: StreamAdmin,
        *,
        folder: Path,
        specs: Sequence[StreamSpec],
        min_free_bytes: int = MIN_FREE_BYTES,
        free_bytes: Callable[[Path], int] = _free_bytes,
    ) -> None:
        self._folder = folder
        self._free_bytes = free_bytes
        self._gates = [
            _Gate(admin, spec, min_free_bytes=min_free_bytes >> place)
            for place, spec in enumerate(specs)
        ]
        self._gauge = METRICS.gauge("sunwise_disk_free_bytes", "Room left for the log.")

    async def run(self) -> None:
        """Checks twice a second until cancelled."""
        while True:
            try:
                await self.check()
            except Retryable as error:
                _log.warning("disk guard waits for the bus", extra={"why": str(error)})
            await asyncio.sleep(CHECK_S)

    async def check(self) -> None:
        """Compares once and changes the limits if need be. Raises Retryable."""
        free = self._gauge.value = self._free_bytes(self._folder)
        for gate in self._gates:
            await gate.check(free)


class _Gate:
    """Lets appends to one stream through, or has them refused."""

    def __init__(self, admin: StreamAdmin, spec: StreamSpec, *, min_free_bytes: int) -> None:
        self._admin = admin
        self._spec = spec
        self._min_free_bytes = min_free_bytes
        self._refusing = False

    async def check(self, free: int) -> None:
        told = {"stream": self._spec.name, "free_bytes": free}
        if not self._refusing and free < self._min_free_bytes:
            await self._admin.limit_stream(self._spec.name, max_bytes=_REFUSE_ALL)
            self._refusing = True
            _log.error(
                "the disk is almost full: appends are refused; free some room, nothing else is needed",
                extra=told,
            )
        elif self._refusing and free > self._min_free_bytes * 5 // 4:
            await self._admin.limit_stream(self._spec.name, max_bytes=self._spec.max_bytes)
            self._refusing = False
            _log.info("there is room again: appends are taken", extra=told)
