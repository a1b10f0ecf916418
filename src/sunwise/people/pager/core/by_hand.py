"""What people fire themselves: a page to whoever is on duty, and a test of their own reach."""

from collections.abc import Sequence
from typing import Final

from sunwise.people.pager.core import reach
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import Body
from sunwise.people.pager.core.intake import OWN_SENDER, Sender, Signal, bodies_of
from sunwise.people.pager.core.moments import Moment

SENDER: Final = "by-hand"


def by_hand(
    person: str, service: str, summary: str, severity: str, *, key: str, board: Board, now: Moment
) -> Sequence[Body]:
    """A page; the same for the same key. Raises Busy."""
    signal = Signal(
        key=key,
        is_firing=True,
        summary=f"{summary} ({person} asks)",
        severity=severity,
        labels={"alertname": "PagedByHand", board.policy.service_label: service},
        group=key,
    )
    return bodies_of([signal], Sender(SENDER, service), board, now)


def reach_test(person: str, board: Board, now: Moment) -> Sequence[Body]:
    """A message that asks its reader, and nobody else, to confirm it. Raises Busy."""
    signal = reach.asked_for(person, now)
    return bodies_of([signal], Sender(OWN_SENDER, board.policy.own_service), board, now)
