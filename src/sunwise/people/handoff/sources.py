"""The rota and the directory, as last heard over the bus; asked for whole when there is a newer one."""

import logging
from typing import Final

import msgspec
from msgspec.structs import replace

from sunwise.chassis.bus import Bus
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people import directory, duty
from sunwise.contracts.people.directory import (
    DirectoryChanged,
    DirectoryPage,
    GetDirectory,
    Snapshot,
)
from sunwise.contracts.people.duty import DutyChanged, DutyPage, DutyTable, GetDuty
from sunwise.people.handoff.acceptance import Handoff
from sunwise.people.handoff.roster import Roster, RulesOf

_MAX_PLANS: Final = 20_000
_log: Final = logging.getLogger("sunwise.handoff")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_directory: Final = msgspec.msgpack.Decoder(DirectoryPage).decode
_decode_duty: Final = msgspec.msgpack.Decoder(DutyPage).decode


class Sources:
    """Keeps the newest roster; what was heard last goes on serving while nobody answers."""

    def __init__(self, bus: Bus, *, rules_of: RulesOf) -> None:
        self._bus = bus
        self._rules_of = rules_of
        self._snapshot: Snapshot | None = None
        self._table: DutyTable | None = None
        self._newest_directory = 0
        self._newest_duty = 0
        self.roster: Roster | None = None
        """None until both were heard once."""

    def heard_directory(self, changed: DirectoryChanged) -> None:
        """There is a directory of that version."""
        self._newest_directory = max(self._newest_directory, changed.version)

    def heard_duty(self, changed: DutyChanged) -> None:
        """There is a rota of that version."""
        self._newest_duty = max(self._newest_duty, changed.version)

    async def refresh(self) -> None:
        """Asks for what is newer than what is here, as far as somebody answers."""
        is_new = False
        try:
            if self._snapshot is None or self._snapshot.version < self._newest_directory:
                self._snapshot, is_new = await self._whole_directory(), True
            if self._table is None or self._table.version < self._newest_duty:
                self._table, is_new = await self._whole_duty(), True
        except (Retryable, Permanent, msgspec.DecodeError) as fault:
            _log.warning("going on with what is known", extra={"why": str(fault)})
        if is_new and self._snapshot is not None and self._table is not None:
            self.roster = Roster(
                directory=self._snapshot,
                duty=self._table,
                rules_of=self._rules_of,
                plans=self._plans_kept(self._snapshot),
            )

    def _plans_kept(self, snapshot: Snapshot) -> dict[object, Handoff]:
        """Of one directory, what was planned before holds while the duties do."""
        before = self.roster
        if before is None or before.directory is not snapshot or len(before.plans) > _MAX_PLANS:
            return {}
        return before.plans

    async def _whole_directory(self) -> Snapshot:
        first = _decode_directory(await self._ask(directory.SUBJECT, GetDirectory()))
        whole = first.snapshot
        for number in range(1, first.n_pages):
            query = GetDirectory(page=number, version=whole.version)
            page = _decode_directory(await self._ask(directory.SUBJECT, query)).snapshot
            whole = Snapshot(
                version=whole.version,
                people=whole.people + page.people,
                teams=whole.teams + page.teams,
                hubs=whole.hubs + page.hubs,
                services=whole.services + page.services,
                leave=whole.leave + page.leave,
            )
        return whole

    async def _whole_duty(self) -> DutyTable:
        first = _decode_duty(await self._ask(duty.SUBJECT, GetDuty()))
        slots = first.table.slots
        for number in range(1, first.n_pages):
            query = GetDuty(page=number, version=first.table.version)
            slots += _decode_duty(await self._ask(duty.SUBJECT, query)).table.slots
        return replace(first.table, slots=slots)

    async def _ask(self, subject: str, query: msgspec.Struct) -> bytes:
        return await self._bus.request(subject, _encode(query))
