"""Whose night a page took: what the burden ledger is told of, under a name that only it knows."""

from collections.abc import Sequence

from msgspec import Struct

from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import Fact, Notified
from sunwise.people.pager.keys import told_key


class WakeUp(Struct, frozen=True, kw_only=True):
    """One message, or several of one call, in somebody's night."""

    key: str
    """One for each call: who is woken through two channels is credited once."""
    person: str
    """Told to the feed alone, which asks the directory for the ledger's name of them."""
    service: str
    at_ns: int


def wake_ups_of(facts: Sequence[Fact], board: Board, *, secret: bytes) -> list[WakeUp]:
    """The wake-ups in these facts; `secret`: the instances', by which calls are called."""
    found = []
    for fact in facts:
        body = fact.body
        if isinstance(body, Notified) and body.woke and body.is_sent and body.page in board.pages:
            found.append(
                WakeUp(
                    key=told_key(secret, body.call),
                    person=body.person,
                    service=board.pages[body.page].service,
                    at_ns=fact.at_ns,
                )
            )
    return found
