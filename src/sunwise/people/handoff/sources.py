"""The rota and the directory, as last heard over the bus; asked for whole when there is a newer one."""

import logging
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.directory import read_directory
from sunwise.chassis.duty.table import read_duty, read_taken
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people.directory import DirectoryChanged, Snapshot
from sunwise.contracts.people.duty import DutyChanged, DutyTable, TakenShift
from sunwise.people.handoff.acceptance import Handoff
from sunwise.people.handoff.roster import Roster, RulesOf

_MAX_PLANS: Final = 20_000
_log: Final = logging.getLogger("sunwise.handoff")


class Sources:
    """Keeps the newest roster; what was heard last goes on serving while nobody answers."""

    def __init__(self, bus: Bus, *, rules_of: RulesOf) -> None:
        self._bus = bus
        self._rules_of = rules_of
        self._snapshot: Snapshot | None = None
        self._table: DutyTable | None = None
        self._taken: tuple[TakenShift, ...] = ()
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
        """Asks for what is newer than what is here, as far as somebody answers.

        A table counts with what was taken in it alone: else what was taken would be handed over.
        """
        is_new = False
        try:
            if self._snapshot is None or self._snapshot.version < self._newest_directory:
                self._snapshot, is_new = await read_directory(self._bus), True
            if self._table is None or self._table.version < self._newest_duty:
                table, taken = await read_duty(self._bus), await read_taken(self._bus)
                self._table, self._taken, is_new = table, taken.shifts, True
        except (Retryable, Permanent, msgspec.DecodeError) as fault:
            _log.warning("going on with what is known", extra={"why": str(fault)})
        if is_new and self._snapshot is not None and self._table is not None:
            self.roster = Roster(
                directory=self._snapshot,
                duty=self._table,
                taken=self._taken,
                rules_of=self._rules_of,
                plans=self._plans_kept(self._snapshot),
            )

    def _plans_kept(self, snapshot: Snapshot) -> dict[object, Handoff]:
        """Of one directory, what was planned before holds while the duties do."""
        before = self.roster
        if before is None or before.directory is not snapshot or len(before.plans) > _MAX_PLANS:
            return {}
        return before.plans
