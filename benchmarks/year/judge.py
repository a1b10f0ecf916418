"""The year judged by what senders, people and clocks know; nothing that planned or paged is asked."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from benchmarks.year.incidents import Incident
from sunwise.contracts.people.directory import Person, Snapshot
from sunwise.daylight.night import DAY_BEGINS_MINUTE, DAY_ENDS_MINUTE
from sunwise.daylight.working_time import (
    Breach,
    Duty,
    Exemption,
    WorkingTime,
    breaches,
    join,
    rules_over,
)
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_S, instant, local
from sunwise.people.pager.core.responders import in_hours, minute_of_day
from sunwise.people.rota.store import Closure

_REPEATED_NS = 25 * 3_600 * NS_PER_S  # no severity waits longer before it asks again
_WEEK_NS = 7 * 24 * NS_PER_HOUR


class Worked(NamedTuple):
    """What people really did."""

    duties: Mapping[str, Sequence[Duty]]
    """Held, by person."""
    calls: Mapping[str, Sequence[Duty]]
    """Answered pages, from the acknowledgement to the end of the work, by person."""


class Finding(NamedTuple):
    """Something that the law forbids and that happened."""

    person: str
    breach: Breach


def lost(incidents: Iterable[Incident], end_ns: int) -> list[Incident]:
    """Accepted with 202 more than a day ago, and neither held by anybody, nor over, nor asked about."""
    return [
        each
        for each in incidents
        if each.accepted_ns is not None
        and each.accepted_ns < end_ns - _REPEATED_NS
        and each.answered_ns is None
        and each.resolved_ns is None
        and not (each.told and each.told[-1] > end_ns - _REPEATED_NS)
    ]


def law_breaches(snapshot: Snapshot, worked: Worked, closures: Sequence[Closure]) -> list[Finding]:
    """Of the law and of days off, by everything that anybody did in the whole time.

    A call counts whole. On duty it lies in hours that are counted already, but for a country that
    counts standby in part. Off duty, outside of working hours, it is duty of its own; it may cut a
    rest in two, of which one part must still be the whole daily rest. What somebody opted into for
    just these hours, their rest included, is no breach.
    """
    found = []
    for person in snapshot.people:
        own = join(worked.duties.get(person.id, ()))
        calls = sorted(worked.calls.get(person.id, ()))
        off_duty = [call for call in calls if not (_within(call, own) or _is_free_to(person, call))]
        if own or calls:
            rules = _rules(person, [*own, *calls])
            law = [*_of(person, own, off_duty), *_called_hours(own, calls, rules)]
            away = _away(person, own, snapshot, closures)
            found += [Finding(person.id, each) for each in (*law, *away)]
    return found


def opted_in_calls(snapshot: Snapshot, worked: Worked) -> int:
    """Calls off duty, outside of working hours, that people had opted into for their rest too."""
    people = {person.id: person for person in snapshot.people}
    return sum(
        _is_free_to(people[id_], call) and not _at_work(people[id_], call)
        for id_, calls in worked.calls.items()
        for call in calls
        if not _within(call, worked.duties.get(id_, ()))
    )


def _of(person: Person, own: list[Duty], off_duty: list[Duty]) -> list[Breach]:
    everything = [*own, *off_duty]
    if not everything:
        return []
    rules = _rules(person, everything)
    exempt = person.exempt
    exemption = Exemption(
        no_nights=exempt.no_nights,
        max_week_h=exempt.max_week_h,
        max_days_in_row=exempt.max_days_in_row,
    )
    found = breaches(everything, rules, zone=person.zone, exemption=exemption)
    cut = {each.start_ns for each in _rests_cut(own, off_duty, rules)}
    calls = {call.start_ns for call in off_duty}
    after = {two.start_ns for one, two in pairwise(join(everything)) if {one[0], two[0]} & calls}
    return [
        each
        for each in found
        if not (each.rule == "daily_rest_h" and each.at_ns in after - cut)
        and not (each.rule == "no_nights" and each.at_ns in calls and _opted_in(person, each.at_ns))
    ]


def _rests_cut(own: list[Duty], off_duty: list[Duty], rules: WorkingTime) -> Iterator[Duty]:
    """What comes within a rest, or ends it, of which no part is long enough."""
    for before, after in pairwise(own):
        inside = [call for call in off_duty if before.end_ns <= call.start_ns < after.start_ns]
        pieces = pairwise([before, *inside, after])
        longest_ns = max(two.start_ns - one.end_ns for one, two in pieces)
        if inside and longest_ns < rules.daily_rest_h * NS_PER_HOUR:
            yield from (*inside, after)


def _rules(person: Person, duties: Sequence[Duty]) -> WorkingTime:
    """The strictest of the whole time."""
    day = timedelta(days=1)
    first, last = min(duties)[0], max(duty.end_ns for duty in duties)
    return rules_over(person.country, (instant(first) - day).date(), (instant(last) + day).date())


def _called_hours(own: list[Duty], calls: list[Duty], rules: WorkingTime) -> list[Breach]:
    """Where standby counts in part: weeks that are too full once calls count whole."""
    if rules.standby_counts >= 1:
        return []
    found = []
    for weeks, limit in ((1, rules.week_limit_h), (rules.reference_weeks, rules.weekly_cap_h)):
        for duty in own:
            window = Duty(duty.start_ns, duty.start_ns + weeks * _WEEK_NS)
            counted = rules.standby_counts * _hours(own, window)
            counted += (1 - rules.standby_counts) * _hours(calls, window)
            if counted / weeks > limit:
                found.append(Breach("weekly hours with calls", duty.start_ns, counted, limit))
    return found


def _hours(duties: Iterable[Duty], window: Duty) -> float:
    inside = (min(d.end_ns, window.end_ns) - max(d.start_ns, window.start_ns) for d in duties)
    return sum(max(0, ns) for ns in inside) / NS_PER_HOUR


def _within(call: Duty, own: Sequence[Duty]) -> bool:
    """Whether it was taken while on duty."""
    return any(duty.start_ns <= call.start_ns < duty.end_ns for duty in own)


def _is_free_to(person: Person, call: Duty) -> bool:
    """Whether it is ordinary work, or they agreed to be called then, whatever rest it takes."""
    is_for_rest = person.emergency is not None and person.emergency.also_in_rest
    return _at_work(person, call) or (is_for_rest and _opted_in(person, call.start_ns))


def _opted_in(person: Person, at_ns: int) -> bool:
    """Whether they agreed to be called at that time of the day."""
    hours = person.emergency
    return hours is not None and in_hours(hours, minute_of_day(person, at_ns))


def _at_work(person: Person, call: Duty) -> bool:
    """Whether it came in the person's ordinary working hours, which are no duty."""
    shown = local(call.start_ns, person.zone)
    minute = shown.hour * 60 + shown.minute
    hours = person.hours
    return shown.weekday() in hours.weekdays and hours.begins_minute <= minute < hours.ends_minute


def _away(
    person: Person, own: Sequence[Duty], snapshot: Snapshot, closures: Sequence[Closure]
) -> list[Breach]:
    """Duty on a day off, or from a hub that is lost."""
    off = [leave for leave in snapshot.leave if leave.person == person.id]
    closed = [each for each in closures if each.subject == person.hub]
    found = []
    for duty in own:
        first, last = (
            local(at_ns, person.zone).date() for at_ns in (duty.start_ns, duty.end_ns - 1)
        )
        if any(leave.first <= last and first <= leave.last for leave in off):
            found.append(Breach("leave", duty.start_ns, 1, 0))
        if any(duty.start_ns < each.until_ns and each.from_ns < duty.end_ns for each in closed):
            found.append(Breach("hub lost", duty.start_ns, 1, 0))
    return found


def is_daylight(person: Person, at_ns: int) -> bool:
    """Whether it is between 07:00 and 22:00 on the person's clock."""
    shown = local(at_ns, person.zone)
    return DAY_BEGINS_MINUTE <= shown.hour * 60 + shown.minute < DAY_ENDS_MINUTE


class Owners:
    """Who owns what, and whether any of them has daylight: what no rota can beat."""

    def __init__(self, snapshot: Snapshot) -> None:
        people = {person.id: person for person in snapshot.people}
        teams = {team.id: team for team in snapshot.teams}
        self._of = {
            service.id: [people[id_] for id_ in teams[service.team].members]
            for service in snapshot.services
        }
        self._leave = defaultdict(list)
        for leave in snapshot.leave:
            self._leave[leave.person].append(leave)

    def own(self, person: str, service: str) -> bool:
        """Whether the person owns the service."""
        return any(owner.id == person for owner in self._of[service])

    def anybody_awake(self, service: str, at_ns: int) -> bool:
        """Whether an owner who is not on leave has daylight."""
        return any(
            is_daylight(owner, at_ns) and not self._is_on_leave(owner, at_ns)
            for owner in self._of[service]
        )

    def _is_on_leave(self, person: Person, at_ns: int) -> bool:
        day = local(at_ns, person.zone).date()
        return any(leave.first <= day <= leave.last for leave in self._leave[person.id])
