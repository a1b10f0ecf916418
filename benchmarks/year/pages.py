"""Senders and people around the pagers: each keeps its own book, the pagers' are not asked."""

from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from benchmarks.year.agenda import NS, Agenda
from benchmarks.year.habits import Habits
from benchmarks.year.handoffs import Handoffs
from benchmarks.year.incidents import Incident
from benchmarks.year.pagers import Pagers
from sunwise.daylight.working_time import Duty
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.escalation import Notify
from sunwise.people.pager.core.facts import Body, Closed, Fired
from sunwise.people.pager.core.intake import Sender, Signal, acknowledge, bodies_of
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.policy import REACH_TEST

SENDER: Final = Sender("alertmanager", "")
_LONGEST_CALL_NS: Final = 3_600 * NS
"""Whoever is called off duty hands over to whoever is on duty after so long."""


class Told(NamedTuple):
    """A message that somebody reacts to."""

    notify: Notify
    at_ns: int
    on_duty_until_ns: int | None
    """When their shift ends; None for whoever had none."""


class Pages:
    """Incidents on their way to somebody."""

    pagers: Pagers
    """Set by whoever makes both."""

    def __init__(
        self, agenda: Agenda, habits: Habits, handoffs: Handoffs, *, random: Random
    ) -> None:
        self.incidents: dict[str, Incident] = {}
        self.calls: dict[str, list[Duty]] = defaultdict(list)
        """By person: from the message to the end of their work. Whoever was on duty hands what is left
        of it over with their shift; whoever was not, after an hour."""
        self.tests: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()
        """The pager's own pages, by their kind."""
        self._agenda, self._habits, self._random = agenda, habits, random
        self._handoffs = handoffs
        self._reacting: set[str] = set()

    def begin(self, incident: Incident) -> None:
        """At its time its sender posts it until it is answered 202."""
        self.incidents[incident.key] = incident
        self._agenda.at(incident.at_ns, self._fire, incident)

    def hand_over(self, notify: Notify, fired: Fired) -> None:
        """A message comes to somebody."""
        if fired.severity == REACH_TEST:
            self._test(notify)
            return
        incident = self.incidents.get(fired.summary)
        if incident is not None:
            incident.told.append(self._agenda.now_ns)
        else:
            self.alarms[fired.labels.get("alertname", "")] += 1
        if notify.call in self._reacting:
            return
        now_ns = self._agenda.now_ns
        until_ns = self._handoffs.on_duty_until(notify.person.id, fired.service, now_ns)
        wait_s = self._habits.reacts_in_s(notify.person, now_ns, is_on_duty=until_ns is not None)
        if wait_s is not None:
            self._reacting.add(notify.call)
            told = Told(notify, now_ns, until_ns)
            self._agenda.after(wait_s, self._react, told, incident)

    # --- senders ---

    def _fire(self, incident: Incident) -> None:
        def accepted() -> None:
            incident.accepted_ns = self._agenda.now_ns
            if incident.lasts_s is not None:
                self._agenda.after(incident.lasts_s, self._clear, incident)

        self.pagers.post(lambda board, now: _said(incident, board, now, is_firing=True), accepted)

    def _clear(self, incident: Incident) -> None:
        def accepted() -> None:
            incident.resolved_ns = incident.resolved_ns or self._agenda.now_ns

        if incident.resolved_ns is None:
            self.pagers.post(
                lambda board, now: _said(incident, board, now, is_firing=False), accepted
            )

    # --- people ---

    def _test(self, notify: Notify) -> None:
        if notify.call in self._reacting:
            return
        self.tests["sent"] += 1
        self.tests["at night"] += notify.woke
        wait_s = self._habits.answers_test_in_s(notify.person, self._agenda.now_ns)
        if wait_s is not None:
            self._reacting.add(notify.call)
            self._agenda.after(wait_s, self._acknowledge, notify, self._answered_test)

    def _answered_test(self) -> None:
        self.tests["answered"] += 1

    def _react(self, told: Told, incident: Incident | None) -> None:
        if incident is not None and (incident.answered_ns or incident.resolved_ns):
            return  # somebody was quicker
        if told.on_duty_until_ns is not None and self._agenda.now_ns >= told.on_duty_until_ns:
            return  # whose shift is over leaves it to whoever is on duty now

        def answered() -> None:
            if incident is not None and incident.answered_ns is None:
                self._answer(incident, told)
            elif incident is None:
                self._agenda.after(self._habits.fixes_in_s(), self._close, told.notify)

        self._acknowledge(told.notify, answered, is_watched=True)

    def _acknowledge(
        self, notify: Notify, done: Callable[[], None], *, is_watched: bool = False
    ) -> None:
        page, person = notify.page, notify.person.id

        def make(board: Board, _now: Moment) -> list[Body]:
            return [acknowledge(board, page, person)]

        self.pagers.post(make, done, is_watched=is_watched)

    def _answer(self, incident: Incident, told: Told) -> None:
        now_ns, notify = self._agenda.now_ns, told.notify
        work_s = self._habits.fixes_in_s()
        incident.answered_ns, incident.answered_by = now_ns, notify.person.id
        incident.step = notify.target.value
        until_ns = min(
            now_ns + round(work_s * NS), told.on_duty_until_ns or told.at_ns + _LONGEST_CALL_NS
        )
        if until_ns > told.at_ns:
            self.calls[notify.person.id].append(Duty(told.at_ns, until_ns))
        self._agenda.after(work_s, self._clear, incident)

    def _close(self, notify: Notify) -> None:
        """An alarm of the pager itself that nothing else ends."""

        def make(_board: Board, _now: Moment) -> list[Body]:
            return [Closed(page=notify.page, person=notify.person.id)]

        self.pagers.post(make, _nothing)


def _said(incident: Incident, board: Board, now: Moment, *, is_firing: bool) -> list[Body]:
    labels = {board.policy.service_label: incident.service, "key": incident.key}
    signal = Signal(incident.key, is_firing, incident.key, incident.severity, labels, incident.key)
    return bodies_of([signal], SENDER, board, now)


def _nothing() -> None:
    """Nobody waits for it."""
