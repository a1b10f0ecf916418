"""Who may be told: duty and directory as the pager needs them, and the rules that protect people."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from sunwise.contracts.people.directory import EmergencyHours, Person, Role
from sunwise.daylight.night import DAY_BEGINS_MINUTE, DAY_ENDS_MINUTE
from sunwise.daylight.zones import NS_PER_HOUR, local
from sunwise.people.pager.core.policy import Target

Id = str
Called = Mapping[Id, Sequence[int]]
"""When who took up pages lately, wall ns."""


class Shift(NamedTuple):
    """Duty that begins."""

    person: Id
    service: Id
    role: Role
    since_ns: int


class Responders(Protocol):
    """Duty and directory, as far as they are known here; answers at once, from memory."""

    @property
    def as_of_ns(self) -> int:
        """When what is known was last confirmed, ns since 1970."""
        ...

    def who(self, service: Id, role: Role, at_ns: int) -> Id | None:
        """Who is on duty; None for a gap or when nothing is known."""
        ...

    def keeper(self, service: Id, role: Role, at_ns: int) -> Id | None:
        """Who keeps it beyond their shift, because nobody has accepted it; None for nobody."""
        ...

    def person(self, person: Id) -> Person | None:
        """The person, or None when unknown."""
        ...

    def on_leave(self, person: Id, at_ns: int) -> bool:
        """Whether the person has the day off."""
        ...

    def in_legal_rest(self, person: Id, at_ns: int, called: Sequence[int] = ()) -> bool:
        """Whether the law gives the person rest now. `called`: when they took up pages lately."""
        ...

    def owners(self, service: Id) -> Sequence[Id]:
        """Everybody who owns the service, in an order that stays."""
        ...

    def deputy(self, service: Id) -> Id | None:
        """The service's deputy."""
        ...

    def shifts_beginning(self, after_ns: int, until_ns: int) -> Sequence[Shift]:
        """Duty that begins after the one and not after the other."""
        ...


def candidates(
    responders: Responders,
    target: Target,
    service: Id,
    *,
    at_ns: int,
    named: Sequence[Id] = (),
    called: Called,
) -> list[Id]:
    """Who is meant by a step and may be told now. `named`: the assignee, or the last resort.

    Whoever keeps a duty that is not accepted yet holds it, and is told with whoever is planned: the one
    may be about to go, the other not have come.
    """
    meant: Sequence[Id | None]
    if target in (Target.PRIMARY, Target.SECONDARY):
        role = Role(target.value)
        present = (each(service, role, at_ns) for each in (responders.keeper, responders.who))
        meant = tuple(dict.fromkeys(present))
    elif target is Target.DEPUTY:
        meant = (responders.deputy(service),)
    elif target is Target.OWNERS:
        meant = responders.owners(service)
    else:
        meant = named
    return [
        id_
        for id_ in meant
        if id_ and may_page(responders, id_, target, at_ns=at_ns, called=called)
    ]


def may_page(
    responders: Responders, id_: Id, target: Target, *, at_ns: int, called: Called
) -> bool:
    """Never somebody on leave or in legal rest, unless they opted in to just these hours.

    Owners who are neither on duty nor the deputy are only told in their working hours, or in
    emergency hours that they opted into; and whoever is spared nights, off duty only by day, with an
    hour of it left for the work.
    """
    person = responders.person(id_)
    if person is None or not person.active:
        return False
    hours = person.emergency
    is_opted_in = hours is not None and in_hours(hours, minute_of_day(person, at_ns))
    is_resting = responders.in_legal_rest(id_, at_ns, called.get(id_, ()))
    if responders.on_leave(id_, at_ns) or is_resting:
        return is_opted_in and hours is not None and hours.also_in_rest
    is_on_duty = target in (Target.PRIMARY, Target.SECONDARY)
    runs_into_night = is_night(person, at_ns) or is_night(person, at_ns + NS_PER_HOUR)
    if person.exempt.no_nights and runs_into_night and not (is_on_duty or is_opted_in):
        return False
    return target is not Target.OWNERS or is_opted_in or is_at_work(person, at_ns)


def in_hours(hours: EmergencyHours, minute: int) -> bool:
    """Whether a minute of the local day lies in the hours, which may go past midnight."""
    if hours.begins_minute <= hours.ends_minute:
        return hours.begins_minute <= minute < hours.ends_minute
    return minute >= hours.begins_minute or minute < hours.ends_minute


def is_at_work(person: Person, at_ns: int) -> bool:
    """Whether it is a working hour of the person's."""
    shown = local(at_ns, person.zone)
    hours = person.hours
    minute = shown.hour * 60 + shown.minute
    return shown.weekday() in hours.weekdays and hours.begins_minute <= minute < hours.ends_minute


def minute_of_day(person: Person, at_ns: int) -> int:
    """Of the person's local day, 0 to 1439."""
    shown = local(at_ns, person.zone)
    return shown.hour * 60 + shown.minute


def is_night(person: Person, at_ns: int) -> bool:
    """Whether it is outside of the person's local 07:00 to 22:00."""
    return not DAY_BEGINS_MINUTE <= minute_of_day(person, at_ns) < DAY_ENDS_MINUTE
