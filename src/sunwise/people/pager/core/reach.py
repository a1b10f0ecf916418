"""Asks at the start of every shift whether messages arrive, and says so when they do not."""

from collections.abc import Iterator

from sunwise.contracts.people.directory import Role
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import Acknowledged
from sunwise.people.pager.core.intake import Signal
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.pages import Page
from sunwise.people.pager.core.policy import REACH_TEST
from sunwise.people.pager.core.responders import Responders

_NS = 1_000_000_000
_ASKED_FOR = "asked_for"


def beginning(responders: Responders, board: Board, after_ns: int, now: Moment) -> Iterator[Signal]:
    """A test for everybody whose shift has begun since `after_ns` (wall): one for all services."""
    asked = set()
    for shift in responders.shifts_beginning(after_ns, now.wall_ns):
        key = _key(shift.person, str(shift.since_ns))
        if key in asked:
            continue
        asked.add(key)
        yield Signal(
            key=key,
            is_firing=True,
            summary=f"Your duty for {shift.service} begins. Confirm that this reaches you.",
            severity=REACH_TEST,
            labels={
                board.policy.service_label: shift.service,
                "person": shift.person,
                "since_ns": str(shift.since_ns),
            },
            group=key,
            assignee=shift.person,
        )


def asked_for(person: str, now: Moment) -> Signal:
    """A test that the person wants themselves: of no service, so nobody else hears of it."""
    key = _key(person, str(now.wall_ns))
    return Signal(
        key=key,
        is_firing=True,
        summary="You asked for this test. Confirm that it reaches you.",
        severity=REACH_TEST,
        labels={"person": person, "since_ns": str(now.wall_ns), _ASKED_FOR: "yes"},
        group=key,
        assignee=person,
    )


def is_test(page: Page, board: Board) -> bool:
    """Whether the page only asks whether messages arrive."""
    return board.severities.at(page.rank).name == REACH_TEST


def outcome(page: Page, board: Board, responders: Responders, now: Moment) -> list[Signal]:
    """What follows from a test: its end once it is answered, and an alarm when it is not in time."""
    labels = page.head.labels
    ended = Signal(
        key=_key(labels["person"], labels["since_ns"]),
        is_firing=False,
        summary="",
        severity=REACH_TEST,
        labels=labels,
        group="",
    )
    if page.attention is not None and isinstance(page.attention.body, Acknowledged):
        return [ended]
    if now.steady_ns - page.opened_ns < board.policy.reach_test_s * _NS:
        return []
    if _ASKED_FOR in labels:
        return [ended]
    return [ended, _unreachable(labels["person"], page, board, responders, now=now)]


def _key(person: str, since_ns: str) -> str:
    return f"reach/{person}/{since_ns}"


def _unreachable(
    person: str, page: Page, board: Board, responders: Responders, *, now: Moment
) -> Signal:
    """For the secondary, or else the deputy: the person on duty may not hear of a real page."""
    secondary = responders.who(page.service, Role.SECONDARY, now.wall_ns)
    stand_in = secondary if secondary != person else None
    return Signal(
        key=f"unreachable/{page.id}",
        is_firing=True,
        summary=f"{person} is on duty for {page.service} and does not answer the test message",
        severity=board.policy.severities[0].name,
        labels={"alertname": "OnDutyUnreachable", board.policy.service_label: page.service},
        group=f"unreachable/{page.id}",
        assignee=stand_in or responders.deputy(page.service),
    )
