"""Turns: who has a unit's duty from when to when, as it is published. Pure.

A rota is what the planner makes; its turns also know what became of it: taken over, changed after it
was published, a gap that somebody has accepted by name.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import DutySlot
from sunwise.people.rota.core.problem import Gap, Rota, Shift, overlap

MOST_TOLD: Final = 2_000
"""Slots in one message; of more than that everybody reads the table."""


class Stale(Permanent):
    """The rota is not any more what the change was made for: look at it again."""


class Moved(Retryable):
    """Another version came between looking and changing: look again."""


class Turn(NamedTuple):
    """One stretch of one role, ns; the end is exclusive."""

    start_ns: int
    end_ns: int
    role: Role
    person: str | None
    """None: a gap."""
    is_actual: bool = False
    """Taken over, or changed after it was published."""
    gap_owner: str | None = None
    """Who has accepted the gap; None: nobody yet, so it is escalated."""


class Piece(NamedTuple):
    """A stretch that passes from one to another; None is a gap."""

    start_ns: int
    end_ns: int
    role: Role
    before: str | None
    after: str | None


class Held(NamedTuple):
    """Who has a duty from when to when, as handoff tells; it is put into a rota once.

    Handoff may tell it again when it is over, or somebody else's by their own word.
    """

    handoff: str
    role: Role
    person: str
    start_ns: int
    end_ns: int
    """Exclusive."""


def turn_at(turns: Iterable[Turn], role: Role, at_ns: int) -> Turn | None:
    """The role's turn that begins then, or holds that instant."""
    for turn in turns:
        if turn.role == role and turn.start_ns <= at_ns < turn.end_ns:
            return turn
    return None


def turns_of(rota: Rota, before: Sequence[Turn] = ()) -> tuple[Turn, ...]:
    """The rota's turns, in order; of `before` they keep what was taken over or accepted."""
    shifts = [Turn(*shift[:3], shift.person) for shift in rota.shifts]
    gaps = [Turn(*gap, None) for gap in rota.gaps]
    return tuple(sorted((_kept(turn, before) for turn in (*shifts, *gaps)), key=_order))


def rota_of(turns: Iterable[Turn]) -> Rota:
    """What `check` and `replan` read."""
    listed = sorted(turns, key=_order)
    return Rota(
        shifts=tuple(Shift(*each[:3], each.person) for each in listed if each.person is not None),
        gaps=tuple(Gap(*each[:3]) for each in listed if each.person is None),
    )


def pieces(before: Sequence[Turn], after: Sequence[Turn], now_ns: int) -> tuple[Piece, ...]:
    """Every stretch from now on that has another person after than before, in order."""
    found = []
    for role in Role:
        one, two = ([t for t in turns if t.role == role] for turns in (before, after))
        edges = sorted({at for turn in (*one, *two) for at in turn[:2] if at > now_ns} | {now_ns})
        for window in pairwise(edges):
            was, is_now = _at(one, window), _at(two, window)
            if was != is_now:
                found.append(Piece(*window, role, was, is_now))
    return tuple(sorted(found, key=_order))


def to_come(changes: Sequence[Piece], now_ns: int, *, is_whole: bool) -> tuple[Piece, ...]:
    """What is left of the changes: the past stays as it was, whoever says yes afterwards. Raises Stale.

    `is_whole`: one is given for another, so that none may be over.
    """
    left = tuple(
        piece._replace(start_ns=max(piece.start_ns, now_ns))
        for piece in changes
        if piece.end_ns > now_ns
    )
    if not left or (is_whole and len(left) < len(changes)):
        raise Stale("This is over by now: nothing is changed.")
    return left


def reassigned(turns: Sequence[Turn], changes: Iterable[Piece]) -> tuple[Turn, ...]:
    """The turns with these pieces in other hands, which makes them actual. Raises Stale."""
    found = list(turns)
    for piece in changes:
        cut = [t for t in found if t.role == piece.role and overlap(t[:2], piece[:2])]
        if any(turn.person != piece.before for turn in cut) or not cut:
            raise Stale(
                f"{piece.before or 'Nobody'} does not have this duty any more: look at the rota "
                "as it is now, and ask again."
            )
        found = [turn for turn in found if turn not in cut]
        found += [part for turn in cut for part in _rest(turn, piece)]
        found.append(Turn(*piece[:3], piece.after, is_actual=True))
    return tuple(sorted(found, key=_order))


def slots_of(turns: Iterable[Turn], services: Iterable[str]) -> set[DutySlot]:
    """What readers of duty see: each turn once for every service."""
    return {
        DutySlot(
            service=service,
            role=turn.role,
            person=turn.person,
            since_ns=turn.start_ns,
            until_ns=turn.end_ns,
            actual=turn.is_actual,
            gap_owner=turn.gap_owner,
        )
        for service in services
        for turn in turns
    }


def told(before: set[DutySlot], after: set[DutySlot]) -> tuple[DutySlot, ...] | None:
    """The slots that make `after` of `before` for whoever follows; None: it cannot be told so.

    Hours that nobody is wanted for any more have no slot that could take their place.
    """
    gone, new = before - after, after - before
    if len(new) > MOST_TOLD:
        return None
    by_duty: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for slot in new:
        by_duty.setdefault((slot.service, slot.role), []).append((slot.since_ns, slot.until_ns))
    for slot in gone:
        window = slot.since_ns, slot.until_ns
        if not any(overlap(window, each) for each in by_duty.get((slot.service, slot.role), ())):
            return None
    return tuple(sorted(new, key=lambda slot: (slot.service, slot.role, slot.since_ns)))


def _order(turn: Turn | Piece) -> tuple[int, int, str]:
    return turn.start_ns, turn.end_ns, turn.role


def _kept(turn: Turn, before: Sequence[Turn]) -> Turn:
    for old in before:
        if old.role == turn.role and old.start_ns <= turn.start_ns and turn.end_ns <= old.end_ns:
            if turn.person is None and old.person is None:
                return turn._replace(gap_owner=old.gap_owner)
            return turn._replace(is_actual=old.is_actual or old.person != turn.person)
    return turn


def _at(turns: Sequence[Turn], window: tuple[int, int]) -> str | None:
    return next((turn.person for turn in turns if overlap(turn[:2], window)), None)


def _rest(turn: Turn, piece: Piece) -> list[Turn]:
    ends = ((turn.start_ns, piece.start_ns), (piece.end_ns, turn.end_ns))
    return [turn._replace(start_ns=a, end_ns=b) for a, b in ends if a < b]
