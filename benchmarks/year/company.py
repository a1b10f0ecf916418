"""Which company is lived through, from when to when: everything else follows from these numbers."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import msgspec

from sunwise.cli.company import invented_company
from sunwise.contracts.people.directory import Service, Snapshot
from sunwise.daylight.zones import instant
from sunwise.people.rota.kept import DAY_NS, WINDOW_DAYS, WINDOW_NS, Unit, window_of
from sunwise.people.rota.units import midnight_ns, units_of


class Setting(NamedTuple):
    """A company and a stretch of time; begins with the window of 4 weeks that `first` lies in."""

    n_people: int
    """Of the company."""
    n_units: int
    """The teams that are lived through have at least so many units of planning."""
    n_services: int
    """Owned by them."""
    days: int
    first: date = date(2027, 1, 20)
    seed: int = 7
    without: tuple[str, ...] = ()
    """Teams that are left out, with all whose people are in their units too."""

    @property
    def start_ns(self) -> int:
        """A Monday, 00:00 UTC."""
        return window_of(midnight_ns(self.first))

    @property
    def end_ns(self) -> int:
        """Exclusive."""
        return self.start_ns + self.days * DAY_NS

    def windows(self) -> list[tuple[int, int]]:
        """(start, days) of each window; the last one may be cut short."""
        return [
            (start_ns, min(WINDOW_DAYS, (self.end_ns - start_ns) // DAY_NS))
            for start_ns in range(self.start_ns, self.end_ns, WINDOW_NS)
        ]


YEAR = Setting(n_people=850, n_units=27, n_services=200, days=365, without=("desktop", "risk"))
SHORT = Setting(n_people=60, n_units=5, n_services=10, days=28, first=date(2027, 3, 8))


@lru_cache(maxsize=1)
def directory(setting: Setting) -> Snapshot:
    """The teams of so many units, what they own, and all leave of the time."""
    first, last = (instant(at_ns).date() for at_ns in (setting.start_ns, setting.end_ns))
    company = invented_company(
        setting.n_people, seed=setting.seed, first=first, last=last + timedelta(days=WINDOW_DAYS)
    )
    whole = msgspec.structs.replace(company.snapshot, leave=company.leave)
    names: set[str] = set()
    n_units = 0
    for group in groups_of(whole):
        if n_units >= setting.n_units:
            break
        if any(unit.team in setting.without for unit in group):
            continue
        names |= {unit.team for unit in group}
        n_units += len(group)
    teams = tuple(team for team in whole.teams if team.id in names)
    owned = [each for each in whole.services if each.team in names]
    members = {member for team in teams for member in team.members}
    return msgspec.structs.replace(
        whole,
        teams=teams,
        services=tuple(_services(owned, setting.n_services)),
        people=tuple(person for person in whole.people if person.id in members),
        leave=tuple(leave for leave in whole.leave if leave.person in members),
    )


def groups_of(snapshot: Snapshot) -> list[list[Unit]]:
    """The units that share people together, in the order of planning; the largest group first."""
    members = {team.id: set(team.members) for team in snapshot.teams}
    groups: list[tuple[set[str], list[Unit]]] = []
    order = {unit.id: place for place, unit in enumerate(units_of(snapshot))}
    for unit in units_of(snapshot):
        people, units = set(members[unit.team]), [unit]
        for group in [group for group in groups if group[0] & people]:
            groups.remove(group)
            people |= group[0]
            units += group[1]
        groups.append((people, units))
    found = [sorted(units, key=lambda unit: order[unit.id]) for _, units in groups]
    return sorted(found, key=len, reverse=True)


def _services(owned: list[Service], n_services: int) -> Iterator[Service]:
    """So many: the company's own, and where these are too few more like each team's first."""
    yield from owned[:n_services]
    firsts = [each for each in owned if each.id == each.team]
    for number in range(n_services - len(owned)):
        like = firsts[number % len(firsts)]
        part = number // len(firsts) + 2
        yield msgspec.structs.replace(like, id=f"{like.id}-{part}", name=f"{like.name} {part}")
