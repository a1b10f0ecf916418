"""Who must be told about a page now: a pure function of the page, the people and the moment.

Facts move a page from state to state (`pages`); this says what each state asks for. It keeps nothing:
an instance that takes over, or comes back, asks again and gets the same messages with the same keys.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sunwise.contracts.people.directory import Person
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import (
    Acknowledged,
    ChannelKind,
    Closed,
    Contact,
    ContactsSet,
    Snoozed,
    digest,
)
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.pages import Page
from sunwise.people.pager.core.policy import Severity, Step, Target
from sunwise.people.pager.core.responders import Responders, candidates, is_night

_NS: Final = 1_000_000_000
_LOOK_AGAIN_NS: Final = 30 * _NS  # whoever is awake, on duty or silenced may change
_ASSIGNEE_HEAD_START_S: Final = 300.0
_HELD: Final = "it is night for whoever may be told"
_NOBODY: Final = "nobody who may be told is known"


class Notify(NamedTuple):
    """A message that must go out."""

    key: str
    call: str
    page: str
    person: Person
    contact: Contact
    target: Target
    round: int
    woke: bool
    reason: str
    """Why this person, why now; for whoever is woken also why at night."""


class Decision(NamedTuple):
    """What a page asks for."""

    notify: list[Notify]
    look_again_ns: int | None
    """On the steady clock; None: only when something happens."""
    waiting_for: str = ""
    """Why nobody is told although somebody should be; empty when somebody is."""


def needs_somebody_since(page: Page, board: Board, now: Moment) -> int | None:
    """Since when nobody has held the page, steady ns; in the future: until when somebody does.

    None when nothing of it fires.
    """
    if not page.is_open:
        return None
    attention = page.attention
    if attention is None:
        return page.opened_ns
    body = attention.body
    if isinstance(body, Snoozed):
        return attention.since_ns + int(body.for_s * _NS)
    if isinstance(body, Acknowledged):
        if page.rank < body.rank:  # it got worse than what was acknowledged
            return max(page.opened_ns, attention.since_ns)
        lasts_s = board.severities.at(page.rank).ack_lasts_s
        return attention.since_ns + int(lasts_s * _NS)
    if isinstance(body, Closed):
        return max(page.opened_ns, attention.since_ns)
    return min(attention.since_ns, now.steady_ns)


def decide(page: Page, board: Board, responders: Responders, now: Moment) -> Decision:
    """The messages that are due and not sent yet, and when to look again."""
    since_ns = needs_somebody_since(page, board, now)
    if since_ns is None:
        return Decision([], None)
    if since_ns > now.steady_ns:
        return Decision([], since_ns)
    if silence := board.silence_over(page, now):
        return Decision([], now.steady_ns + _LOOK_AGAIN_NS, f"silenced: {silence.why}")
    if board.inhibition.holds_back(labels for _rank, labels in page.open.values()):
        return Decision([], now.steady_ns + _LOOK_AGAIN_NS, "something worse explains it")
    return _Round(page, board, responders, now=now, since_ns=since_ns).decide()


class _Round:
    """One pass through the steps of a page's severity."""

    def __init__(
        self, page: Page, board: Board, responders: Responders, *, now: Moment, since_ns: int
    ) -> None:
        self._page, self._board, self._responders, self._now = page, board, responders, now
        self._severity = board.severities.at(page.rank)
        repeat_ns = int(self._severity.repeat_s * _NS)
        self._number = (now.steady_ns - since_ns) // repeat_ns
        self._began_ns = since_ns + self._number * repeat_ns
        epoch = page.attention.rank if page.attention else (0, "", 0)
        self._epoch = digest(page.id, page.rank, *epoch, self._number)
        self._look_again_ns = min(self._began_ns + repeat_ns, now.steady_ns + _LOOK_AGAIN_NS)
        self._told: set[str] = set()
        self._is_held = False

    def decide(self) -> Decision:
        """Goes through the steps that are due; a step that leaves nobody makes the next one due."""
        notify: list[Notify] = []
        due_ns, after_s, is_anybody = self._began_ns, 0.0, True
        for step in _steps(self._severity, self._page):
            if is_anybody:
                due_ns += int((step.after_s - after_s) * _NS)
            after_s = step.after_s
            if due_ns > self._now.steady_ns:
                self._look_again_ns = min(self._look_again_ns, due_ns)
                break
            if step.if_nobody and (self._told or self._is_held):
                continue
            found, is_anybody = self._step(step)
            notify += found
        waiting_for = "" if self._told else _HELD if self._is_held else _NOBODY
        return Decision(notify, self._look_again_ns, waiting_for)

    def _step(self, step: Step) -> tuple[list[Notify], bool]:
        """The messages of a step, and whether they leave anybody to be waited for."""
        notify: list[Notify] = []
        is_anybody = False
        for id_ in self._candidates(step):
            person = self._responders.person(id_)
            if person is None or id_ in self._told:
                continue
            message, is_reachable = self._message(person, step)
            if self._severity.waits_for_daylight and is_night(person, self._now.wall_ns):
                self._is_held = True
                is_reachable = is_reachable and not message  # told before nightfall
                message = []
            notify += message
            if is_reachable:
                self._told.add(id_)
                is_anybody = True
        return notify, is_anybody

    def _candidates(self, step: Step) -> list[str]:
        named: Sequence[str] = ()
        if step.to is Target.ASSIGNEE and self._page.assignee:
            named = (self._page.assignee[1],)
        elif step.to is Target.LAST_RESORT:
            named = self._board.policy.last_resort
        return candidates(
            self._responders,
            step.to,
            self._page.service,
            at_ns=self._now.wall_ns,
            named=named,
            called=self._board.called,
        )

    def _message(self, person: Person, step: Step) -> tuple[list[Notify], bool]:
        """The next message to the person, if one is due, and whether a channel is left or taken."""
        call = digest(self._epoch, step.to.value, person.id)
        contacts = contacts_of(self._board, person)
        for contact in contacts:
            key = digest(call, contact.channel)
            attempt = self._page.sent.get(key)
            if attempt is None:
                return [self._notify(person, contact, step, (key, call))], True
            if not attempt.body.is_sent:
                continue
            if key in self._page.received:
                return [], True
            due_ns = attempt.since_ns + int(self._severity.receipt_s * _NS)
            if due_ns > self._now.steady_ns:
                self._look_again_ns = min(self._look_again_ns, due_ns)
                return [], True
        return [], any(self._was_sent(call, contact) for contact in contacts)

    def _was_sent(self, call: str, contact: Contact) -> bool:
        attempt = self._page.sent.get(digest(call, contact.channel))
        return attempt is not None and attempt.body.is_sent

    def _notify(
        self, person: Person, contact: Contact, step: Step, keys: tuple[str, str]
    ) -> Notify:
        woke = is_night(person, self._now.wall_ns)
        return Notify(
            key=keys[0],
            call=keys[1],
            page=self._page.id,
            person=person,
            contact=contact,
            target=step.to,
            round=self._number + 1,
            woke=woke,
            reason=_reason(step, self._severity, self._number, woke=woke),
        )


def _steps(severity: Severity, page: Page) -> tuple[Step, ...]:
    """Those of the severity; whoever was named goes first."""
    if page.assignee is None or severity.steps[0].to is Target.ASSIGNEE:
        return severity.steps
    room_s = severity.repeat_s - severity.steps[-1].after_s
    head_start_s = min(_ASSIGNEE_HEAD_START_S, room_s / 2)
    return (
        Step(to=Target.ASSIGNEE),
        *(Step(to=step.to, after_s=step.after_s + head_start_s) for step in severity.steps),
    )


def contacts_of(board: Board, person: Person) -> tuple[Contact, ...]:
    """The ways to reach a person, the first first; the directory's e-mail when none are set."""
    known = board.contacts.get(person.id)
    if known is not None and isinstance(known.body, ContactsSet) and known.body.contacts:
        return known.body.contacts
    return (Contact(kind=ChannelKind.EMAIL, address=person.email),) if person.email else ()


_WHY: Final = {
    Target.ASSIGNEE: "somebody named you",
    Target.PRIMARY: "you are on duty as primary",
    Target.SECONDARY: "you are on duty as secondary and the primary does not hold it",
    Target.DEPUTY: "you are the deputy and nobody on duty holds it",
    Target.OWNERS: "you own it, it is in your working or emergency hours, and nobody holds it",
    Target.LAST_RESORT: "you are the last resort: nobody of the owners holds it",
}


def _reason(step: Step, severity: Severity, number: int, *, woke: bool) -> str:
    again = f" Asked for the {number + 1}. time." if number else ""
    night = (
        f" It is outside of your 07:00 to 22:00: a page of severity {severity.name} does not wait"
        " for the morning. The burden ledger credits you."
        if woke
        else ""
    )
    return f"You get this because {_WHY[step.to]}.{again}{night}"
