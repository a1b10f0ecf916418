"""What the pager tells others: facts as the events of its contract."""

from collections.abc import Iterator, Sequence
from typing import Final

from sunwise.contracts.people.pager import (
    IncidentWanted,
    PageAcknowledged,
    PageClosed,
    PageNotified,
    PageOpened,
    PagerEvent,
)
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import Acknowledged, Closed, Fact, Fired, Notified
from sunwise.people.pager.core.pages import Page
from sunwise.people.pager.core.policy import REACH_TEST
from sunwise.people.pager.keys import told_key

_QUARTER_NS: Final = 15 * 60 * 1_000_000_000
"""Who was on duty is no secret: told to the second, an acknowledgement would tell how fast they are."""


def events_of(facts: Sequence[Fact], board: Board, *, secret: bytes) -> list[PagerEvent]:
    """The events of these facts, each with its time. The same facts give the same events.

    `secret`: the instances', by which messages are called.
    """
    found = [event for fact in facts for event in _events(fact, board, secret)]
    wanted = {each.page: each for each in reversed(found) if isinstance(each, IncidentWanted)}
    return [*(each for each in found if not isinstance(each, IncidentWanted)), *wanted.values()]


def _events(fact: Fact, board: Board, secret: bytes) -> Iterator[PagerEvent]:
    body = fact.body
    page = board.pages.get(getattr(body, "page", ""))
    if page is None or page.head.severity == REACH_TEST:
        return
    if isinstance(body, Fired):
        yield from _fired(fact, body, page, board)
    elif isinstance(body, Notified):
        yield _notified(fact, body, page, key=told_key(secret, body.key))
    elif isinstance(body, Acknowledged):
        since_ns = max(page.opened_at_ns, fact.at_ns - fact.at_ns % _QUARTER_NS)
        yield PageAcknowledged(page=page.id, service=page.service, at_ns=since_ns)
    elif isinstance(body, Closed):
        by_hand = body.person is not None
        yield PageClosed(page=page.id, service=page.service, at_ns=fact.at_ns, by_hand=by_hand)


def _fired(fact: Fact, body: Fired, page: Page, board: Board) -> Iterator[PagerEvent]:
    if page.opened_at_ns == fact.at_ns:
        yield PageOpened(
            page=page.id,
            service=page.service,
            severity=body.severity,
            summary=body.summary,
            at_ns=fact.at_ns,
            slo=body.labels.get("slo", ""),
            link=next(iter(body.links), ""),
        )
    severity = board.severities.incident(body.severity)
    if severity:
        yield IncidentWanted(
            page=page.id,
            group=page.group,
            service=page.service,
            severity=severity,
            summary=body.summary,
            at_ns=fact.at_ns,
        )


def _notified(fact: Fact, body: Notified, page: Page, *, key: str) -> PageNotified:
    return PageNotified(
        page=page.id,
        service=page.service,
        channel=body.channel.rpartition("-")[0],
        at_ns=fact.at_ns,
        is_sent=body.is_sent,
        woke=body.woke,
        key=key,
    )
