"""Asks for every shift whether messages arrive, and says so when they do not.

The test comes as the shift begins. Where that is the person's night it comes before, in the last hour of
their day in which they may be told anything: a message that only asks whether messages arrive wakes
nobody. It may be answered until the shift begins. Only where there is no such hour within two days, as
after leave, or when a shift of the coming night is taken over late, the night's start has to do.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from sunwise.contracts.people.directory import Person, Role
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import Acknowledged
from sunwise.people.pager.core.intake import Signal
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.pages import Page
from sunwise.people.pager.core.policy import REACH_TEST, Target
from sunwise.people.pager.core.responders import Called, Responders, Shift, is_night, may_page

_NS: Final = 1_000_000_000
_HOUR_NS: Final = 3_600 * _NS
_AHEAD_H: Final = 47  # a day off before it is as free of messages as the rest before it
"""So long before a shift somebody may be tested for it at the earliest."""
_ASKED_FOR: Final = "asked_for"
Known = Callable[[Signal], bool]
"""Whether there was this test before."""


def beginning(responders: Responders, board: Board, after_ns: int, now: Moment) -> Iterator[Signal]:
    """A test for everybody whose shift has begun since `after_ns` (wall): one for all services."""
    for shift in _once(responders.shifts_beginning(after_ns, now.wall_ns)):
        yield _test(shift, board, "begins")


def before_nights(
    responders: Responders, board: Board, now: Moment, was_tested: Known
) -> Iterator[Signal]:
    """A test for everybody whose shift will begin in their night, and who has to be asked now.

    Cost: what the law says of somebody's rest, for each such shift of two days that was not tested yet.
    """
    until_ns = now.wall_ns + _AHEAD_H * _HOUR_NS
    for shift in _once(responders.shifts_beginning(now.wall_ns, until_ns)):
        person = responders.person(shift.person)
        if person is None or is_night(person, now.wall_ns) or not is_night(person, shift.since_ns):
            continue
        test = _test(shift, board, "begins in your night")
        if not was_tested(test) and _is_last_hour(
            responders, person, shift.since_ns, now_ns=now.wall_ns, called=board.called
        ):
            yield test


def _is_last_hour(
    responders: Responders, person: Person, since_ns: int, *, now_ns: int, called: Called
) -> bool:
    """Whether they may be asked now, and in no later hour of a day of theirs before the shift."""

    def may_ask(at_ns: int) -> bool:
        """Whether it is their day then, and neither one off nor a time of rest."""
        if is_night(person, at_ns):
            return False
        return may_page(responders, person.id, Target.ASSIGNEE, at_ns=at_ns, called=called)

    later = range(since_ns - _HOUR_NS, now_ns, -_HOUR_NS)
    return not any(may_ask(at_ns) for at_ns in later) and may_ask(now_ns)


def _once(shifts: Iterable[Shift]) -> Iterable[Shift]:
    """The first for each person and time: one test is enough for all services."""
    found: dict[tuple[str, int], Shift] = {}
    for shift in shifts:
        found.setdefault((shift.person, shift.since_ns), shift)
    return found.values()


def _test(shift: Shift, board: Board, begins: str) -> Signal:
    key = _key(shift.person, str(shift.since_ns))
    return Signal(
        key=key,
        is_firing=True,
        summary=f"Your duty for {shift.service} {begins}. Confirm that this reaches you.",
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
    is_early = now.wall_ns < int(labels["since_ns"])
    if is_early or now.steady_ns - page.opened_ns < board.policy.reach_test_s * _NS:
        return []
    if _ASKED_FOR in labels or not _has_duty(labels["person"], page, responders, now):
        return [ended]
    return [ended, _unreachable(labels["person"], page, board, responders, now=now)]


def _has_duty(person: str, page: Page, responders: Responders, now: Moment) -> bool:
    """Whether they still have what they were asked for; their duty may be another's by now."""
    return any(responders.who(page.service, role, now.wall_ns) == person for role in Role)


def _key(person: str, since_ns: str) -> str:
    return f"reach/{person}/{since_ns}"


def _unreachable(
    person: str, page: Page, board: Board, responders: Responders, *, now: Moment
) -> Signal:
    """For the secondary, or else the deputy: the person on duty may not hear of a real page.

    Who that is, the rota shows. Words of a page come into timelines, which are chained: they name nobody.
    """
    secondary = responders.who(page.service, Role.SECONDARY, now.wall_ns)
    stand_in = secondary if secondary != person else None
    return Signal(
        key=f"unreachable/{page.id}",
        is_firing=True,
        summary=f"Whoever is on duty for {page.service} does not answer the test message",
        severity=board.policy.severities[0].name,
        labels={"alertname": "OnDutyUnreachable", board.policy.service_label: page.service},
        group=f"unreachable/{page.id}",
        assignee=stand_in or responders.deputy(page.service),
    )
