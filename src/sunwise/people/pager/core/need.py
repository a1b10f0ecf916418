"""Whom an open page needs: what a person is shown as theirs to do."""

from sunwise.contracts.people.directory import Role
from sunwise.people.pager.core import reach
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.escalation import needs_somebody_since
from sunwise.people.pager.core.facts import Acknowledged
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.pages import Page
from sunwise.people.pager.core.responders import Responders


def needs(person: str, page: Page, board: Board, responders: Responders, *, now: Moment) -> bool:
    """Whether they hold it, were told of it, have its duty, or own what nobody could be told of.

    What somebody else holds needs nobody else. A test of reach is answered where it arrives.
    """
    since_ns = needs_somebody_since(page, board, now)
    if since_ns is None or reach.is_test(page, board):
        return False
    if since_ns > now.steady_ns:
        attention = page.attention.body if page.attention else None
        return isinstance(attention, Acknowledged) and attention.person == person
    told = _told(page)
    on_duty = _on_duty(page, responders, now)
    return person in told | on_duty or (not told and person in responders.owners(page.service))


def concerns(person: str, page: Page, responders: Responders, *, now: Moment) -> bool:
    """Whether the page is theirs to hold and end: it asked them, or their service is in trouble."""
    asked = _told(page) | _on_duty(page, responders, now) | {responders.deputy(page.service)}
    if page.assignee:
        asked.add(page.assignee[1])
    return person in asked or person in responders.owners(page.service)


def _told(page: Page) -> set[str | None]:
    return {attempt.body.person for attempt in page.sent.values() if attempt.body.is_sent}


def _on_duty(page: Page, responders: Responders, now: Moment) -> set[str | None]:
    return {
        responders.who(page.service, role, now.wall_ns) for role in (Role.PRIMARY, Role.SECONDARY)
    }
