"""The pager's decisions over time: which pages to look at now, and what comes out of it."""

import heapq
from collections.abc import Iterable
from typing import Final, NamedTuple

from sunwise.people.pager.core import reach, retention
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.escalation import Notify, decide
from sunwise.people.pager.core.facts import Body, Closed, Fact, Notified
from sunwise.people.pager.core.intake import OWN_SENDER, Sender, Signal, alert_key, body_of
from sunwise.people.pager.core.liveness import PeerWatch, watchdog_signals
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.responders import Responders

_NS: Final = 1_000_000_000
_PRUNE_NS: Final = 3_600 * _NS
_SHIFTS_LOOK_BACK_NS: Final = 15 * 60 * _NS  # a test that is so late tests nothing
_NIGHTS_LOOK_NS: Final = 600 * _NS  # a night's shift is tested in the last hour of day before it


class Work(NamedTuple):
    """What is to be done now."""

    notify: list[Notify]
    bodies: list[Body]
    is_prune_due: bool = False
    """Whether it is time to look for what was kept for long enough; see `prune`."""


class Desk:
    """An instance's mind: takes facts and moments, gives messages and more facts.

    `learn` what is committed, `tick` about once a second, do the `Work`, and `settle` each message
    once its outcome is committed too. Only the active instance has work.
    """

    def __init__(
        self, board: Board, responders: Responders, peer: PeerWatch, *, now: Moment
    ) -> None:
        self.board = board
        self.responders = responders
        self.peer = peer
        self.waiting_for: dict[str, str] = {}
        """Why nobody is told of a page although somebody should be."""
        self._sender = Sender(OWN_SENDER, board.policy.own_service)
        self._started_ns = now.steady_ns
        self._shifts_until_ns = now.wall_ns - _SHIFTS_LOOK_BACK_NS
        self._nights_looked_ns: int | None = None
        self._due: list[tuple[int, str]] = []
        self._next: dict[str, int] = {}
        self._in_flight: set[str] = set()
        self._pruned_ns = now.steady_ns

    def learn(self, facts: Iterable[Fact], now: Moment, *, is_replay: bool = False) -> None:
        """Takes in what is committed; the pages that it is about are looked at next."""
        for page in self.board.learn(facts, now, is_replay=is_replay):
            self._look(page, now.steady_ns)

    def is_active(self, now: Moment) -> bool:
        """Whether this instance sends."""
        return self.peer.is_active(now)

    def tick(self, now: Moment) -> Work:
        """What is due. A message is given out once, until it is settled."""
        signals = list(self.peer.signals(self.board, self._sender, now))
        is_active = self.is_active(now)
        work = Work([], [], self._is_prune_due(now))
        if is_active:
            signals += watchdog_signals(self.board, self._sender, self._started_ns, now)
            signals += self._beginning_shifts(now)
            for id_ in self._pop_due(now):
                signals += self._page(id_, work, now)
        # No bound holds for the pager's own: that nobody can be reached is told in any storm.
        work.bodies.extend(body_of(each, self._sender, self.board, now) for each in signals)
        return work

    def next_look_ns(self) -> int | None:
        """When the next page is to be looked at if nothing happens before, steady ns."""
        return self._due[0][0] if self._due else None

    def prune(self, now: Moment) -> None:
        """Forgets in memory what was kept for long enough; then the journal can be judged by it."""
        retention.drop_old(self.board, now)

    def _is_prune_due(self, now: Moment) -> bool:
        if now.steady_ns - self._pruned_ns < _PRUNE_NS:
            return False
        self._pruned_ns = now.steady_ns
        return True

    def settle(self, key: str) -> None:
        """The outcome of this message is committed, or lost: it may be decided on again."""
        self._in_flight.discard(key)

    def _beginning_shifts(self, now: Moment) -> list[Signal]:
        after_ns = min(self._shifts_until_ns, now.wall_ns)  # the wall clock may have gone back
        after_ns = max(after_ns, now.wall_ns - _SHIFTS_LOOK_BACK_NS)
        self._shifts_until_ns = now.wall_ns
        found = reach.beginning(self.responders, self.board, after_ns, now)
        begun = [signal for signal in found if not self._was_tested(signal)]
        return [*begun, *self._coming_nights(now)]

    def _coming_nights(self, now: Moment) -> list[Signal]:
        looked_ns = self._nights_looked_ns
        if looked_ns is not None and now.steady_ns - looked_ns < _NIGHTS_LOOK_NS:
            return []
        self._nights_looked_ns = now.steady_ns
        return list(reach.before_nights(self.responders, self.board, now, self._was_tested))

    def _was_tested(self, signal: Signal) -> bool:
        return alert_key(self._sender, signal.key) in self.board.alerts

    def _page(self, id_: str, work: Work, now: Moment) -> list[Signal]:
        page = self.board.pages.get(id_)
        if page is None:  # over for so long that it is kept no more
            self.waiting_for.pop(id_, None)
            return []
        if not page.is_open:
            self.waiting_for.pop(id_, None)
            if page.attention is None or not isinstance(page.attention.body, Closed):
                work.bodies.append(Closed(page=id_))
            return []
        decision = decide(page, self.board, self.responders, now)
        for notify in decision.notify:
            if notify.key not in self._in_flight:
                self._in_flight.add(notify.key)
                work.notify.append(notify)
        self.waiting_for.pop(id_, None)
        if decision.waiting_for:
            self.waiting_for[id_] = decision.waiting_for
        if decision.look_again_ns is not None:
            self._look(id_, decision.look_again_ns)
        if reach.is_test(page, self.board):
            return reach.outcome(page, self.board, self.responders, now)
        return []

    def _look(self, page: str, at_ns: int) -> None:
        known = self._next.get(page)
        if known is None or at_ns < known:
            self._next[page] = at_ns
            heapq.heappush(self._due, (at_ns, page))

    def _pop_due(self, now: Moment) -> list[str]:
        due = []
        while self._due and self._due[0][0] <= now.steady_ns:
            at_ns, page = heapq.heappop(self._due)
            if self._next.get(page) == at_ns:
                del self._next[page]
                due.append(page)
        return due


def outcome(notify: Notify, *, is_sent: bool) -> Notified:
    """The fact of what became of a message."""
    return Notified(
        page=notify.page,
        key=notify.key,
        person=notify.person.id,
        channel=notify.contact.channel,
        is_sent=is_sent,
        woke=notify.woke,
        call=notify.call,
    )
