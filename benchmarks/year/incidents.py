"""What goes wrong in the services, when: a Poisson process with a daily shape, and a few storms.

Each service has on average two incidents in four weeks, as a process whose rate is by a cosine 35 % above
its mean at 15:00 UTC and as much below at 03:00. Once in four weeks, at a random instant, one cause takes
5 to 15 % of the services down together. A seventh of all incidents end by themselves.
"""

import math
from collections.abc import Iterator
from random import Random
from typing import Final

from msgspec import Struct

from sunwise.contracts.people.directory import Snapshot
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_S
from sunwise.people.rota.kept import DAY_NS, WINDOW_NS

A_WINDOW: Final = 2.0
_SHAPE: Final = 0.35
_PEAK_H: Final = 15
_SEVERITIES: Final = {"critical": 0.5, "error": 0.3, "warning": 0.15, "info": 0.05}
_BY_ITSELF: Final = 1 / 7


class Incident(Struct):
    """One alert of one service, and what its sender and people know of it."""

    key: str
    service: str
    severity: str
    at_ns: int
    lasts_s: float | None = None
    """Ends by itself after so long; None: when somebody has mended it."""
    accepted_ns: int | None = None
    """The pager has answered 202."""
    told: list[int] = []
    """When a message about it came to anybody."""
    answered_ns: int | None = None
    """Somebody was answered that they hold it."""
    answered_by: str = ""
    step: str = ""
    resolved_ns: int | None = None
    """The pager has answered 202 to the all-clear."""


def incidents_of(
    snapshot: Snapshot, start_ns: int, end_ns: int, *, random: Random
) -> list[Incident]:
    """All of them, in order of time."""
    found: list[tuple[int, str]] = []
    for service in snapshot.services:
        found += [(at_ns, service.id) for at_ns in _times(start_ns, end_ns, random)]
    names = [service.id for service in snapshot.services]
    for window_ns in range(start_ns, end_ns, WINDOW_NS):
        at_ns = window_ns + random.randrange(WINDOW_NS)
        struck = random.sample(names, max(1, round(len(names) * random.uniform(0.05, 0.15))))
        found += [(at_ns + random.randrange(60) * NS_PER_S, name) for name in struck]
    ordered = sorted(each for each in found if each[0] < end_ns)
    return [_incident(number, *each, random) for number, each in enumerate(ordered)]


def _times(start_ns: int, end_ns: int, random: Random) -> Iterator[int]:
    """Of one service: drawn at the highest rate, and thinned to the hour's."""
    most = A_WINDOW / WINDOW_NS * (1 + _SHAPE)
    at_ns = float(start_ns)
    while True:
        at_ns += random.expovariate(most)
        if at_ns >= end_ns:
            return
        hour = at_ns % DAY_NS / NS_PER_HOUR
        rate = 1 + _SHAPE * math.cos((hour - _PEAK_H) / 24 * 2 * math.pi)
        if random.random() < rate / (1 + _SHAPE):
            yield int(at_ns)


def _incident(number: int, at_ns: int, service: str, random: Random) -> Incident:
    severity = random.choices(list(_SEVERITIES), weights=list(_SEVERITIES.values()))[0]
    by_itself = random.random() < _BY_ITSELF
    return Incident(
        key=f"i{number}",
        service=service,
        severity=severity,
        at_ns=at_ns,
        lasts_s=random.uniform(60, 1_200) if by_itself else None,
        told=[],
    )
