"""The rotas in force, and the duty table that follows from them: what pager and handoff go by."""

from collections.abc import Iterable
from typing import Final

import msgspec

from benchmarks.year.company import groups_of
from benchmarks.year.planning import Turns
from sunwise.chassis.duty import DutyAnswer, DutyIndex
from sunwise.contracts.people.directory import Role, Snapshot
from sunwise.contracts.people.duty import DutyChanged, DutySlot, DutyTable
from sunwise.people.pager.roster import Roster as PagerRoster
from sunwise.people.rota.kept import DAY_NS, WINDOW_NS, Unit, window_of
from sunwise.people.rota.turns import Piece, Turn, reassigned, slots_of
from sunwise.people.rota.units import units_of

_PAGER_NS: Final = 8 * DAY_NS
"""So far the rules of weeks look, by which the pager leaves people in peace."""
_LAW_NS: Final = 35 * DAY_NS
"""So far every average of the law looks."""


class DutyRotas:
    """Turns by unit and window, and an index of slots for each group of units that share people."""

    def __init__(self, snapshot: Snapshot, turns: Turns) -> None:
        self.snapshot = snapshot
        self.units: dict[str, Unit] = {unit.id: unit for unit in units_of(snapshot)}
        self.unit_of = {name: unit for unit in self.units.values() for name in unit.services}
        self.turns = {unit: dict(windows) for unit, windows in turns.items()}
        self.group_of = {
            unit.id: number for number, group in enumerate(groups_of(snapshot)) for unit in group
        }
        self.version = 1
        self._indices = {
            group: DutyIndex.of(self._table(self._slots_of_group(group)))
            for group in set(self.group_of.values())
        }

    def slots(self, group: int, from_ns: int, until_ns: int) -> list[DutySlot]:
        """Those of a group that touch this time."""
        return self._indices[group].slots(from_ns, until_ns)

    def on_duty(self, service: str, role: Role, at_ns: int) -> DutyAnswer | None:
        """What the table answers; None where nobody is ever on duty."""
        unit = self.unit_of.get(service)
        if unit is None:
            return None
        index = self._indices[self.group_of[unit.id]]
        return index.duty(service, role, at_ns, is_stale=False)

    def law_table(self, group: int, at_ns: int) -> DutyTable:
        """The group's duties as far as the law looks from then, of one service a unit."""
        found = self.slots(group, at_ns - _LAW_NS, at_ns + _LAW_NS)
        table = self._table(s for s in found if self.unit_of[s.service].services[0] == s.service)
        return msgspec.structs.replace(table, as_of_ns=at_ns)

    def pager_roster(self, now_ns: int) -> PagerRoster:
        """What the pager's feed writes into its file: the table around now."""
        window = now_ns - _PAGER_NS, now_ns + _PAGER_NS
        slots = [slot for group in self._indices for slot in self.slots(group, *window)]
        table = msgspec.structs.replace(self._table(slots), as_of_ns=now_ns)
        return PagerRoster(as_of_ns=now_ns, table=table, directory=self.snapshot)

    def accept_gaps(self) -> None:
        """Every gap of the rotas as planned has its owner: they were published four weeks ahead."""
        for unit, windows in list(self.turns.items()):
            owner = self.gap_owner(unit)
            for window_ns, turns in list(windows.items()):
                if any(turn.person is None for turn in turns):
                    named = (t if t.person else t._replace(gap_owner=owner) for t in turns)
                    self.put(unit, window_ns, tuple(named))

    def gap_owner(self, unit: str) -> str:
        """Who accepts gaps by name: the lead of the first service, or the first of the team."""
        services = {each.id: each for each in self.snapshot.services}
        first = services[self.units[unit].services[0]]
        team = next(team for team in self.snapshot.teams if team.id == first.team)
        return first.lead or team.members[0]

    def hold(self, unit: str, piece: Piece) -> None:
        """These hours pass to another by `people.duty.changed`. Raises Stale."""
        window_ns = window_of(piece.start_ns)
        self.put(unit, window_ns, reassigned(self.turns[unit][window_ns], [piece]))

    def put(self, unit: str, window_ns: int, turns: tuple[Turn, ...]) -> None:
        """A newer version of a rota is in force."""
        services = self.units[unit].services
        before = slots_of(self.turns[unit][window_ns], services)
        news = tuple(slots_of(turns, services) - before)
        self.turns[unit][window_ns] = turns
        self.version += 1
        change = DutyChanged(version=self.version, as_of_ns=0, slots=news)
        self._indices[self.group_of[unit]].change(change)

    def turn(self, unit: str, role: Role, at_ns: int) -> Turn | None:
        """The turn of that instant."""
        turns = self.turns[unit].get(window_of(at_ns), ())
        return next((t for t in turns if t.role == role and t[0] <= at_ns < t[1]), None)

    def _slots_of_group(self, group: int) -> list[DutySlot]:
        found: list[DutySlot] = []
        for unit, windows in self.turns.items():
            if self.group_of[unit] == group:
                for turns in windows.values():
                    found += slots_of(turns, self.units[unit].services)
        return sorted(found, key=lambda slot: (slot.service, slot.role, slot.since_ns))

    def _table(self, slots: Iterable[DutySlot]) -> DutyTable:
        listed = tuple(slots)
        until_ns = max((slot.until_ns for slot in listed), default=0)
        return DutyTable(
            version=self.version, as_of_ns=0, from_ns=0, until_ns=until_ns, slots=listed
        )


def windows_at(at_ns: int) -> tuple[int, int, int]:
    """The windows before, at and after an instant."""
    here = window_of(at_ns)
    return here - WINDOW_NS, here, here + WINDOW_NS
