"""Public holidays in the next shift, where the owners of its services live."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from sunwise.contracts.people.directory import Person
from sunwise.daylight.public_holidays import UnknownPlace, public_holidays
from sunwise.daylight.zones import local, nanoseconds, zone
from sunwise.people.handoff.note import Holiday


def holidays_of(
    owners: Iterable[Person], from_ns: int, until_ns: int
) -> tuple[Holiday, ...] | None:
    """Those that touch the time from `from_ns` to `until_ns`, in order; None where one is not known."""
    counted: Counter[tuple[str, str, str]] = Counter(
        (person.country, person.subdivision, person.zone) for person in owners
    )
    found: dict[tuple[str, date], Holiday] = {}
    for (country, subdivision, zone_name), n_owners in sorted(counted.items()):
        first, last = local(from_ns, zone_name).date(), local(until_ns - 1, zone_name).date()
        try:
            days = public_holidays(country, subdivision, first, last)
        except UnknownPlace:
            return None
        for day in days:
            other = found.get((country, day))
            begins_ns = nanoseconds(datetime(day.year, day.month, day.day, tzinfo=zone(zone_name)))
            found[country, day] = Holiday(
                country=country,
                day=day,
                begins_ns=min(begins_ns, other.begins_ns) if other else begins_ns,
                n_owners=n_owners + (other.n_owners if other else 0),
            )
    return tuple(sorted(found.values(), key=lambda holiday: (holiday.begins_ns, holiday.country)))
