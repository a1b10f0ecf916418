"""One unit of planning, and the rota that answers it: plain data, instants in ns UTC.

A unit is a (team, tier, skills, activity): its services are covered by the same person. Leave and
holidays are dates of the person's own calendar; everything else is an instant.
"""

from datetime import date
from typing import Final, NamedTuple

import msgspec
import numpy as np

from sunwise.contracts.people.directory import Role
from sunwise.daylight.working_time import Duty, Exemption, WorkingTime, exempted
from sunwise.daylight.zones import NS_PER_HOUR, instant, local_days, zone

HOURS_PER_DAY: Final = 24
MAX_DAYS: Final = 92
_EPOCH: Final = date(1970, 1, 1).toordinal()


class BadProblem(ValueError):
    """What was asked cannot be planned; the message says what to change."""


class Window(NamedTuple):
    """A stretch of time, ns; the end is exclusive."""

    start_ns: int
    end_ns: int


class Shift(NamedTuple):
    """One person's duty in one role, ns; the end is exclusive."""

    start_ns: int
    end_ns: int
    role: Role
    person: str


class Gap(NamedTuple):
    """A declared gap: nobody may lawfully do it. Somebody has to accept it by name."""

    start_ns: int
    end_ns: int
    role: Role


class Rota(msgspec.Struct, frozen=True, kw_only=True):
    """Every wanted minute of every role is in one shift or in one declared gap."""

    shifts: tuple[Shift, ...] = ()
    """In order of time."""
    gaps: tuple[Gap, ...] = ()
    """In order of time."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who could be on duty. There is no field for why they could not."""

    id: str
    zone: str
    """IANA name; where they travel, the caller splits the window at the journey."""
    rules: WorkingTime
    exemption: Exemption = Exemption()
    skills: frozenset[str] = frozenset()
    weekend: frozenset[int] = frozenset({5, 6})
    """Monday is 0."""
    holidays: frozenset[date] = frozenset()
    """Public ones, on their own calendar: duty is possible, and dear."""
    leave: frozenset[date] = frozenset()
    """No duty from midnight to midnight on their own clock."""
    closed: tuple[Window, ...] = ()
    """No duty: outside a licensed hub's hours, promised to somebody, refused."""
    held: tuple[Duty, ...] = ()
    """Duties that this plan does not move, which count for rest: other units', earlier windows'.
    As far back as the longest reference period of the rules."""
    carried: int = 0
    """Burden from earlier windows, points."""

    @property
    def law(self) -> WorkingTime:
        """The rules with the person's own exemption in them."""
        return exempted(self.rules, self.exemption)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to put on duty for one unit, from `start_ns` for `days` times 24 hours."""

    unit: str
    start_ns: int
    """A full UTC hour."""
    days: int = 28
    people: tuple[Person, ...]
    roles: tuple[Role, ...] = (Role.PRIMARY,)
    wanted: tuple[Window, ...] | None = None
    """Hours to cover, full UTC hours; None is around the clock. See `cover`."""
    skills: frozenset[str] = frozenset()
    """That whoever is on duty must have."""
    fixed: tuple[Shift, ...] = ()
    """Shifts that stay as they are: taken over, promised, swapped."""

    @property
    def n_hours(self) -> int:
        """How long the window is."""
        return self.days * HOURS_PER_DAY

    @property
    def end_ns(self) -> int:
        """Exclusive."""
        return self.start_ns + self.n_hours * NS_PER_HOUR

    def able(self) -> tuple[Person, ...]:
        """The people with the skills, in order of their ids."""
        return tuple(
            sorted((p for p in self.people if self.skills <= p.skills), key=lambda p: p.id)
        )


def checked(problem: Problem) -> Problem:
    """The problem itself. Raises BadProblem, or UnknownZone of a person's zone."""
    if problem.start_ns % NS_PER_HOUR:
        raise BadProblem(f"{instant(problem.start_ns)} is no full UTC hour: begin at one.")
    if not 1 <= problem.days <= MAX_DAYS:
        raise BadProblem(f"{problem.days} days: plan 1 to {MAX_DAYS}, best 28, and carry the rest.")
    if not problem.roles or len(set(problem.roles)) < len(problem.roles):
        raise BadProblem("name each role once, and at least one.")
    seen: set[str] = set()
    for person in problem.people:
        if person.id in seen:
            raise BadProblem(f"{person.id} is listed twice: merge the two entries.")
        seen.add(person.id)
        zone(person.zone)
    for shift in problem.fixed:
        if shift.person not in seen or shift.role not in problem.roles:
            raise BadProblem(f"the fixed shift of {shift.person} names nobody of {problem.unit}.")
    for window in problem.wanted or ():
        if window.start_ns % NS_PER_HOUR or window.end_ns % NS_PER_HOUR:
            raise BadProblem("wanted hours begin and end at full UTC hours.")
    return problem


def wanted_hours(problem: Problem) -> np.ndarray:
    """(n_hours,) bool: the hours that are to be covered."""
    if problem.wanted is None:
        return np.ones(problem.n_hours, np.bool_)
    found = np.zeros(problem.n_hours, np.bool_)
    for window in problem.wanted:
        first, last = (
            (at - problem.start_ns) // NS_PER_HOUR for at in (window.start_ns, window.end_ns)
        )
        found[max(0, first) : max(0, last)] = True
    return found


def absences(person: Person, problem: Problem) -> tuple[Window, ...]:
    """When the person cannot be on duty in this window: closed, and leave from local midnight on."""
    n_quarters = problem.n_hours * 4
    days = local_days(person.zone, problem.start_ns, n_quarters, slot_minutes=15)
    off = np.isin(days, ordinals(person.leave)).astype(np.int8)
    edges = np.flatnonzero(np.diff(off, prepend=0, append=0))
    quarter = NS_PER_HOUR // 4
    away = tuple(
        Window(problem.start_ns + int(first) * quarter, problem.start_ns + int(last) * quarter)
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    )
    return away + person.closed


def ordinals(dates: frozenset[date]) -> np.ndarray:
    """The dates as days since 1970-01-01, as `daylight.zones.local_days` counts them."""
    return np.array(sorted(each.toordinal() - _EPOCH for each in dates), np.int32)


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two stretches share an instant."""
    return one[0] < other[1] and other[0] < one[1]
