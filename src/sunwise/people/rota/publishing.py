"""What of a draft can be put in force, and whose yes the rest needs. Pure.

Hours that begin sooner than somebody's notice allows are theirs only once they have said so. Until then
a new rota has a gap there, which is escalated like any other.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sunwise.chassis.errors import Permanent
from sunwise.people.rota.core.check import worse
from sunwise.people.rota.core.problem import Person, Problem, absences, overlap
from sunwise.people.rota.kept import DAY_NS, Kept, Request, RequestKind
from sunwise.people.rota.refusals import refusal
from sunwise.people.rota.turns import Piece, Turn, pieces, rota_of, turns_of


class Unlawful(Permanent):
    """The change would break a rule; the message says which, for whom, and what to do."""


class Publication(NamedTuple):
    """What happens when a draft is published."""

    turns: tuple[Turn, ...]
    """In force at once."""
    requests: tuple[Request, ...]
    """What somebody has to agree to first."""


def publication(
    problem: Problem, draft: Kept, present: Kept | None, *, now_ns: int, asked_by: str
) -> Publication:
    """A first rota as far as it needs nobody's yes, and a request for each person whose yes it needs.

    In the place of a published one the draft comes whole: at once, or when everybody has said yes.
    """
    wanted = _with_past(draft.turns, present.turns if present else ())
    if present is not None:
        changes = pieces(present.turns, wanted, now_ns)
        asked = asked_of(problem, changes, now_ns=now_ns, takers=False)
        if not asked:
            return Publication(wanted, ())
        whole = _request(draft, RequestKind.REDRAFT, asked_by, changes, asked=asked)
        return Publication(present.turns, (whole,))
    people = {person.id: person for person in problem.people}
    late: dict[str, list[Piece]] = defaultdict(list)
    for turn in wanted:
        if turn.person is not None and is_late(people.get(turn.person), turn.start_ns, now_ns):
            late[turn.person].append(Piece(*turn[:3], None, turn.person))
    held_back = {piece[:3] for each in late.values() for piece in each}
    vacant = tuple(t._replace(person=None) if t[:3] in held_back else t for t in wanted)
    requests = (
        _request(draft, RequestKind.ASSIGN, asked_by, each, asked=[who])
        for who, each in sorted(late.items())
    )
    return Publication(vacant, tuple(requests))


def _with_past(wanted: Sequence[Turn], present: Sequence[Turn]) -> tuple[Turn, ...]:
    """The draft's turns, after what is over of the present ones and those that run when it begins.

    Rest and burden are counted from them, and a draft begins at the next full hour.
    """
    first_ns = min((turn.start_ns for turn in wanted), default=0)
    before = tuple(
        turn._replace(end_ns=min(turn.end_ns, first_ns))
        for turn in present
        if turn.start_ns < first_ns
    )
    return (*before, *turns_of(rota_of(wanted), present))


def _request(
    draft: Kept,
    kind: RequestKind,
    asked_by: str,
    changes: Sequence[Piece],
    *,
    asked: Sequence[str],
) -> Request:
    return Request(
        unit=draft.unit,
        window_ns=draft.window_ns,
        kind=kind,
        asked_by=asked_by,
        changes=tuple(changes),
        asked=tuple(asked),
        draft=draft.version,
    )


def asked_of(problem: Problem, changes: Iterable[Piece], *, now_ns: int, takers: bool) -> list[str]:
    """Whose own yes these changes need; nobody who is away is asked.

    `takers`: of everybody who gets hours, however early they are told.
    """
    people = {person.id: person for person in problem.people}
    found = set()
    for piece in changes:
        for who in (piece.before, piece.after):
            if who is None or _is_away(people.get(who), problem, piece):
                continue
            is_taker = takers and who == piece.after
            if is_taker or is_late(people.get(who), piece.start_ns, now_ns):
                found.add(who)
    return sorted(found)


def is_late(person: Person | None, at_ns: int, now_ns: int) -> bool:
    """Whether a change of that hour comes later than the person's notice allows."""
    return person is not None and at_ns - now_ns < person.law.notice_days * DAY_NS


def vacated(problem: Problem, turns: Sequence[Turn], now_ns: int) -> list[Piece]:
    """The turns to come of people who cannot do them any more, as gaps."""
    people = {person.id: person for person in problem.able()}
    found = []
    for turn in turns:
        piece = Piece(max(turn.start_ns, now_ns), turn.end_ns, turn.role, turn.person, None)
        if turn.person is None or turn.end_ns <= now_ns:
            continue
        if _is_away(people.get(turn.person), problem, piece):
            found.append(piece)
    return found


def demand_lawful(problem: Problem, before: Sequence[Turn], after: Sequence[Turn]) -> None:
    """Returns if `after` breaks nothing that `before` did not, and nothing further. Raises Unlawful."""
    for finding in worse(problem, rota_of(before), rota_of(after)):
        raise Unlawful(refusal(finding, problem.people))


def _is_away(person: Person | None, problem: Problem, piece: Piece) -> bool:
    if person is None:
        return True
    return any(overlap(piece[:2], away) for away in absences(person, problem))
