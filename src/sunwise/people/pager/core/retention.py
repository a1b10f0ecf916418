"""What is kept no longer: what is over, once it was kept for long enough. What is open stays.

Each instance judges its own journal, fact by fact, by what it knows. Numbers and stamps stay, so that
two instances go on agreeing about which facts each has. What ends something goes only after all that it
ended is gone: a kill in between opens nothing anew.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

from msgspec.structs import replace

from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import (
    Acknowledged,
    Cleared,
    Closed,
    ContactsSet,
    Fact,
    Fired,
    Heard,
    KeyMade,
    Notified,
    Pruned,
    Reassigned,
    Received,
    Silenced,
    Snoozed,
    Unsilenced,
)
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.pages import Page

_NS_PER_DAY: Final = 86_400 * 1_000_000_000


class Stage(IntEnum):
    """In which order what is needless goes."""

    DETAIL = 0  # who was told, who held it; addresses, keys and heartbeats that others replaced
    FIRING = 1
    END = 2


def pruned(fact: Fact) -> Fact:
    """Its number without what it said."""
    return replace(fact, at_ns=0, body=Pruned())


def drop_old(board: Board, now: Moment) -> None:
    """Forgets in memory what is over and was kept for long enough."""
    kept_ns = _kept_ns(board)
    board.drop_pages(
        [
            page.id
            for page in board.pages.values()
            if not page.is_open and now.steady_ns - _over_ns(page, board) > kept_ns
        ]
    )
    board.drop_silences(now.wall_ns - kept_ns)
    board.drop_ends(now.steady_ns - kept_ns)
    board.drop_early(lambda fact: _is_old(fact, board, now))


def needless(facts: Iterable[Fact], board: Board, now: Moment) -> Sequence[tuple[Stage, Fact]]:
    """Those that nothing on the board rests on any more, each with its stage."""
    found = ((_stage(fact, board, now), fact) for fact in facts)
    return [(stage, fact) for stage, fact in found if stage is not None]


def _stage(fact: Fact, board: Board, now: Moment) -> Stage | None:
    """When the fact may go; None while it is needed."""
    body = fact.body
    match body:
        case Heard():
            return Stage.DETAIL if board.heard[body.watchdog].rank > fact.rank else None
        case ContactsSet():
            known = board.contacts.get(body.person)
            return Stage.DETAIL if known is not None and known.rank > fact.rank else None
        case KeyMade():
            return Stage.DETAIL if body.id in board.revoked_keys else None
        case Fired():  # whatever its author's clock said: its page was dropped, so all of it goes
            return None if body.page in board.pages else Stage.FIRING
        case _:
            return _stage_of_old(fact, board) if _is_old(fact, board, now) else None


def _stage_of_old(fact: Fact, board: Board) -> Stage | None:
    body = fact.body
    match body:
        case Acknowledged() | Snoozed() | Reassigned() | Notified() | Received():
            return None if body.page in board.pages else Stage.DETAIL
        case Closed():
            return None if body.page in board.pages else Stage.END
        case Cleared():
            return None if _ends_something(body, board) else Stage.END
        case Silenced():
            return None if body.id in board.silences else Stage.FIRING
        case Unsilenced():
            return None if body.id in board.silences else Stage.END
        case _:
            return None


def _ends_something(body: Cleared, board: Board) -> bool:
    """Whether a page is kept that would look open without this."""
    known = board.alerts.get(body.alert)
    if known is None:
        return False
    adds = (board.pages[page].alerts[body.alert].adds for page in known.pages)
    return any(seq <= body.seen.get(origin, 0) for each in adds for origin, seq in each.items())


def _over_ns(page: Page, board: Board) -> int:
    """When anything was last said about it, steady."""
    return max(page.touched_ns, *(board.alerts[key].cleared_ns for key in page.alerts))


def _is_old(fact: Fact, board: Board, now: Moment) -> bool:
    return now.steady_ns - now.steady_of(fact.at_ns) > _kept_ns(board)


def _kept_ns(board: Board) -> int:
    return int(board.policy.kept_days * _NS_PER_DAY)
