"""The pager's own copy of duty and directory, in a file: what it pages by when nobody answers it."""

import logging
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from sunwise.chassis.data_folder import write_private
from sunwise.chassis.duty import DutyIndex
from sunwise.chassis.errors import Permanent
from sunwise.contracts.people.directory import Leave, Person, Role, Service, Snapshot
from sunwise.contracts.people.duty import DutySlot, DutyTable
from sunwise.daylight.working_time import Duty, Exemption, WorkingTime, breaches, rules_of
from sunwise.daylight.zones import NS_PER_HOUR, UnknownZone, local, zone
from sunwise.people.pager.core.responders import Id, Shift, is_at_work

_log = logging.getLogger("sunwise.pager")
_encode: Final = msgspec.msgpack.Encoder().encode
_WEEK_NS: Final = 7 * 24 * NS_PER_HOUR
_RULES_OF_WEEKS: Final = ("weekly_rest_h", "max_days_in_row", "week_limit_h")
_NOTHING: Final = DutyTable(version=-1, as_of_ns=0, from_ns=0, until_ns=0, slots=())


class RosterDamaged(Permanent):
    """The file is not what a roster is kept in."""


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that paging needs to know of people, at one time."""

    as_of_ns: int
    """When rota and directory said so last, the older of both."""
    table: DutyTable = _NOTHING
    directory: Snapshot = Snapshot(version=0)
    kept: tuple[DutySlot, ...] = ()
    """Duty that somebody keeps beyond their shift, because whoever is planned has not accepted it."""


_decode: Final = msgspec.msgpack.Decoder(Roster).decode


def save_roster(path: Path, roster: Roster) -> None:
    """Writes the file, whole or not at all, for its owner's eyes only."""
    write_private(path, _encode(roster))


def load_roster(path: Path) -> Roster:
    """The roster in the file; one that knows nobody where there is none. Raises RosterDamaged."""
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return Roster(as_of_ns=0)
    except (msgspec.DecodeError, OSError) as error:
        raise RosterDamaged(f"{path} cannot be read ({error}): have it written anew") from error


def _placed(person: Person) -> Person:
    """The person; in UTC when the zone that they declared is none (any more): a page must go out."""
    try:
        zone(person.zone)
    except UnknownZone as error:
        _log.error("%s is taken to be in UTC: %s", person.id, error)
        return msgspec.structs.replace(person, zone="UTC")
    return person


def _takes_days_off(duties: Sequence[Duty], at_ns: int, rules: WorkingTime, person: Person) -> bool:
    """Whether an hour of work then breaks a rule of weeks, the law's or the person's own."""
    own = Exemption(
        max_week_h=person.exempt.max_week_h, max_days_in_row=person.exempt.max_days_in_row
    )
    near = [
        duty
        for duty in duties
        if at_ns - _WEEK_NS < duty.end_ns and duty.start_ns < at_ns + _WEEK_NS
    ]
    before, after = (
        Counter(each.rule for each in breaches(found, rules, zone=person.zone, exemption=own))
        for found in (near, [*near, _call(at_ns)])
    )
    return any(after[rule] > before[rule] for rule in _RULES_OF_WEEKS)


def _call(at_ns: int) -> Duty:
    """What a page that somebody takes up then is reckoned to take of their time off."""
    return Duty(at_ns, at_ns + NS_PER_HOUR)


class RosterCopy:
    """Answers out of a roster, from memory; see `Responders`."""

    def __init__(self, roster: Roster) -> None:
        self.replace(roster)

    def replace(self, roster: Roster) -> None:
        """A newer roster is known."""
        self._roster = roster
        self._index = DutyIndex.of(roster.table)
        self._people = {person.id: _placed(person) for person in roster.directory.people}
        self._services = {service.id: service for service in roster.directory.services}
        self._teams = {team.id: team for team in roster.directory.teams}
        self._leave: dict[Id, list[Leave]] = defaultdict(list)
        for leave in roster.directory.leave:
            self._leave[leave.person].append(leave)
        taken = [slot for slot in roster.table.slots if slot.person is not None]
        self._shifts = sorted(taken, key=lambda slot: slot.since_ns)
        self._duties: dict[Id, list[DutySlot]] = defaultdict(list)
        for slot in sorted((*taken, *roster.kept), key=lambda slot: slot.until_ns):
            self._duties[slot.person or ""].append(slot)

    @property
    def as_of_ns(self) -> int:
        """When what is known was last confirmed, ns since 1970; 0: nothing ever was."""
        return self._roster.as_of_ns

    def who(self, service: Id, role: Role, at_ns: int) -> Id | None:
        """Who is on duty; None for a gap or when nothing is known."""
        return self._index.duty(service, role, at_ns, is_stale=False).person

    def keeper(self, service: Id, role: Role, at_ns: int) -> Id | None:
        """Who keeps the duty until it is accepted; None for nobody."""
        for slot in self._roster.kept:
            is_it = (slot.service, slot.role) == (service, role)
            if is_it and slot.since_ns <= at_ns < slot.until_ns:
                return slot.person
        return None

    def person(self, person: Id) -> Person | None:
        """The person, or None when unknown."""
        return self._people.get(person)

    def on_leave(self, person: Id, at_ns: int) -> bool:
        """Whether the day is one of the person's days off, on their own calendar."""
        known = self._people.get(person)
        if known is None or person not in self._leave:
            return False
        today = local(at_ns, known.zone).date()
        return any(leave.first <= today <= leave.last for leave in self._leave[person])

    def in_legal_rest(self, person: Id, at_ns: int, called: Sequence[int] = ()) -> bool:
        """Whether a call now would take rest that the law gives; nobody on duty is in rest.

        The daily rest after their last duty; and outside of their working hours, of days off what
        an hour of work would take from them that the week needs. `called`: when they took up pages
        lately, which off duty and outside of working hours was work of its own.
        """
        known = self._people.get(person)
        duties = self._duties.get(person, ())
        if known is None or not (duties or called):
            return False
        ended = bisect_right(duties, at_ns, key=lambda slot: slot.until_ns)
        if any(slot.since_ns <= at_ns for slot in duties[ended:]):
            return False
        rules = rules_of(known.country, local(at_ns, known.zone).date())
        if ended and at_ns < duties[ended - 1].until_ns + rules.daily_rest_h * NS_PER_HOUR:
            return True
        if is_at_work(known, at_ns):
            return False
        worked = [Duty(slot.since_ns, slot.until_ns) for slot in duties]
        worked += [_call(each) for each in called if not is_at_work(known, each)]
        return _takes_days_off(worked, at_ns, rules, known)

    def knows(self, service: Id) -> bool:
        """Whether the directory has the service."""
        return service in self._services

    def owners(self, service: Id) -> Sequence[Id]:
        """The members of the service's team, its lead first."""
        known = self._services.get(service)
        team = self._teams.get(known.team) if known else None
        if known is None or team is None:
            return ()
        first = [id_ for id_ in (known.lead, team.lead) if id_]
        return tuple(dict.fromkeys([*first, *team.members]))

    def deputy(self, service: Id) -> Id | None:
        """The service's deputy."""
        known: Service | None = self._services.get(service)
        return known.deputy if known else None

    def shifts_beginning(self, after_ns: int, until_ns: int) -> Sequence[Shift]:
        """Duty that begins after the one and not after the other."""
        first = bisect_right(self._shifts, after_ns, key=lambda slot: slot.since_ns)
        last = bisect_right(self._shifts, until_ns, key=lambda slot: slot.since_ns)
        return [
            Shift(slot.person or "", slot.service, slot.role, slot.since_ns)
            for slot in self._shifts[first:last]
        ]
