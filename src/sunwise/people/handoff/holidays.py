"""Public holidays that are near, where the owners of a service live."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from msgspec.structs import replace

from sunwise.contracts.people.directory import Person
from sunwise.daylight.public_holidays import UnknownPlace, holiday_name, public_holidays
from sunwise.daylight.zones import NS_PER_HOUR, local, nanoseconds, zone
from sunwise.people.handoff.note import Holiday
from sunwise.people.handoff.seams import Seam

AHEAD_NS: Final = 72 * NS_PER_HOUR
"""So far beyond the seam, or to the end of the next shift: people plan around days, not shifts."""


def holidays_of(owners: Iterable[Person], seam: Seam) -> tuple[Holiday, ...] | None:
    """Those that touch the time from the seam on, in order; None where one is not known."""
    until_ns = max(seam.until_ns, seam.at_ns + AHEAD_NS)
    found: dict[tuple[str, date], Holiday] = {}
    for person in owners:
        first = local(seam.at_ns, person.zone).date()
        last = local(until_ns - 1, person.zone).date()
        try:
            days = public_holidays(person.country, person.subdivision, first, last)
        except UnknownPlace:
            return None
        for day in days:
            theirs = _holiday(person, day, seam)
            other = found.get((person.country, day))
            found[person.country, day] = theirs if other is None else _both(other, theirs)
    return tuple(sorted(found.values(), key=lambda holiday: (holiday.begins_ns, holiday.country)))


def _holiday(person: Person, day: date, seam: Seam) -> Holiday:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone(person.zone))
    return Holiday(
        country=person.country,
        subdivision=person.subdivision,
        day=day,
        name=holiday_name(person.country, person.subdivision, day),
        begins_ns=nanoseconds(midnight),
        n_owners=1,
        is_outgoings=person.id == seam.outgoing,
        is_incomings=person.id == seam.incoming,
    )


def _both(one: Holiday, other: Holiday) -> Holiday:
    return replace(
        one,
        begins_ns=min(one.begins_ns, other.begins_ns),
        n_owners=one.n_owners + other.n_owners,
        is_outgoings=one.is_outgoings or other.is_outgoings,
        is_incomings=one.is_incomings or other.is_incomings,
    )
