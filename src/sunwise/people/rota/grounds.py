"""What plans stand on, put together from the store, the directory and the ledger."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec

from sunwise.chassis.errors import Retryable
from sunwise.chassis.personal import ERASED
from sunwise.people.rota.core.burden import quarters, total
from sunwise.people.rota.core.problem import HOURS_PER_DAY, Problem
from sunwise.people.rota.directory_copy import HeardDirectory
from sunwise.people.rota.kept import WINDOW_NS, RequestState, State, Unit
from sunwise.people.rota.ledger import Entry
from sunwise.people.rota.store import RotaStore
from sunwise.people.rota.turns import Turn
from sunwise.people.rota.units import Ground, Span, ZoneGone, person_of

CARRIED_WINDOWS: Final = 13
"""Burden of a year counts."""
_REACH_NS: Final = 54 * 7 * HOURS_PER_DAY * 3_600 * 10**9  # the longest average that a law knows

HeardNow = Callable[[], HeardDirectory | None]
PseudonymsOf = Callable[[Iterable[str]], Awaitable[dict[str, str]]]


def ground(store: RotaStore, heard_now: HeardNow, *, now_ns: int) -> Ground:
    """Without the burden that is carried. Blocks. Raises Retryable while no directory was heard."""
    heard = heard_now()
    if heard is None:
        raise Retryable("The directory was not heard yet.", after_s=1.0)
    turns: dict[str, list[tuple[str, int, Turn]]] = defaultdict(list)
    published = store.windows(State.PUBLISHED)
    for unit, window_ns, state, turn in store.turns(now_ns - _REACH_NS):
        is_beside = state is State.DRAFT and (unit, window_ns) in published
        if turn.person is not None and not is_beside:
            turns[turn.person].append((unit, window_ns, turn))
    for request in store.requests(RequestState.OPEN):  # hours that they may yet agree to
        for piece in request.changes:
            if piece.after is not None:
                promised = Turn(*piece[:3], piece.after)
                turns[piece.after].append((request.unit, request.window_ns, promised))
    return Ground(
        snapshot=heard.snapshot,
        n_erased=heard.n_erased,
        turns={person: tuple(each) for person, each in turns.items()},
        closures=tuple(store.closures(now_ns - WINDOW_NS)),
        journeys=tuple(store.journeys(now_ns - WINDOW_NS)),
    )


def with_carried(of: Ground, pseudonyms: dict[str, str], points: dict[str, int]) -> Ground:
    """The ground with each person's burden."""
    carried = {person: points.get(name, 0) for person, name in pseudonyms.items()}
    return msgspec.structs.replace(of, carried=carried)


def entries(
    store: RotaStore, of: Ground, pseudonyms: dict[str, str], *, since_ns: int, now_ns: int
) -> list[Entry]:
    """What the turns that are over have cost whom. Blocks."""
    units = store.units()
    found = []
    for name, window_ns, state, turn in store.turns(since_ns):
        unit = units.get(name)
        if state is not State.PUBLISHED or unit is None or turn.end_ns > now_ns:
            continue
        if turn.person in (None, ERASED) or turn.person not in pseudonyms:
            continue
        try:
            points = points_of(turn, unit, of, window_ns)
        except ZoneGone:
            continue  # booked once their clock is known again
        what = f"{name} {turn.role} {turn.start_ns} {turn.end_ns}"
        pseudonym = pseudonyms[turn.person]
        found.append(
            Entry(window_ns=window_ns, pseudonym=pseudonym, kind="duty", points=points, what=what)
        )
    return found


def points_of(turn: Turn, unit: Unit, of: Ground, window_ns: int) -> int:
    """What the turn costs whoever has it; 0 for somebody who is not in the directory."""
    person = next((each for each in of.snapshot.people if each.id == turn.person), None)
    if person is None:
        return 0
    candidate = person_of(person, of, Span(window_ns=window_ns), unit=unit)
    clock = quarters(candidate, Problem(unit=unit.id, start_ns=window_ns, people=(candidate,)))
    return round(total(clock.price, clock.start_ns, turn[:2]))
