"""Rotas as calendars (RFC 5545): one event a turn, the same from version to version. Pure.

An event keeps its UID for ever. Its SEQUENCE rises with every change that was published; a turn that is
somebody else's by now stays in the calendar as cancelled, so that no copy of it lives on.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from icalendar import Calendar, Event, vText

from sunwise.contracts.people.directory import Role
from sunwise.daylight.zones import instant
from sunwise.people.rota.kept import Kept, State, Unit
from sunwise.people.rota.turns import Turn

_PRODUCT: Final = "-//Sunwise//Rota//EN"
_IN_FORCE: Final = (State.PUBLISHED, State.SUPERSEDED)


class Entry(NamedTuple):
    """One event as it stands now."""

    key: tuple[str, ...]
    turn: Turn
    unit: str
    sequence: int
    changed_ns: int
    is_cancelled: bool


def entries(versions: Sequence[Kept], person: str | None = None) -> list[Entry]:
    """The events of one window from all its versions, in order; of one person, or of everybody."""
    found: dict[tuple[str, ...], Entry] = {}
    for kept in (each for each in versions if each.state in _IN_FORCE):
        shown = {_key(kept, turn, person): turn for turn in kept.turns if _is_shown(turn, person)}
        for key, turn in shown.items():
            before = found.get(key)
            if before is None:
                found[key] = Entry(key, turn, kept.unit, 0, kept.created_ns, is_cancelled=False)
            elif before.is_cancelled or before.turn[:4] != turn[:4]:
                found[key] = _next(before, kept, turn, is_cancelled=False)
        for key in found.keys() - shown.keys():
            if not found[key].is_cancelled:
                found[key] = _next(found[key], kept, found[key].turn, is_cancelled=True)
    return sorted(found.values(), key=lambda entry: (entry.turn.start_ns, entry.key))


def calendar(
    title: str, listed: Iterable[Entry], units: Mapping[str, Unit], names: Mapping[str, str]
) -> bytes:
    """The calendar of these events; `names` are people's, by id."""
    made = Calendar()
    made.add("prodid", _PRODUCT)
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", title)
    for entry in listed:
        made.add_component(_event(entry, units.get(entry.unit), names))
    return bytes(made.to_ical())


def _event(entry: Entry, unit: Unit | None, names: Mapping[str, str]) -> Event:
    turn = entry.turn
    services = ", ".join(unit.services) if unit else entry.unit
    who = names.get(turn.person, turn.person) if turn.person else "nobody: a declared gap"
    role = "" if turn.role is Role.PRIMARY else f" ({turn.role.value})"
    event = Event()
    event.add("uid", f"{hashlib.sha256('|'.join(entry.key).encode()).hexdigest()[:32]}@sunwise")
    event.add("dtstamp", instant(entry.changed_ns))
    event.add("last-modified", instant(entry.changed_ns))
    event.add("dtstart", instant(turn.start_ns))
    event.add("dtend", instant(turn.end_ns))
    event.add("sequence", entry.sequence)
    event.add("summary", f"On duty for {unit.team if unit else entry.unit}{role}: {who}")
    event.add("description", f"Services: {services}")
    event.add("status", vText("CANCELLED" if entry.is_cancelled else "CONFIRMED"))
    event.add("transp", vText("TRANSPARENT" if entry.is_cancelled else "OPAQUE"))
    return event


def _next(before: Entry, kept: Kept, turn: Turn, *, is_cancelled: bool) -> Entry:
    return before._replace(
        turn=turn,
        sequence=before.sequence + 1,
        changed_ns=kept.created_ns,
        is_cancelled=is_cancelled,
    )


def _key(kept: Kept, turn: Turn, person: str | None) -> tuple[str, ...]:
    return (kept.unit, turn.role.value, str(turn.start_ns), person or "")


def _is_shown(turn: Turn, person: str | None) -> bool:
    return person is None or turn.person == person
