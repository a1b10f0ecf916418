"""A page: alerts that need somebody together, and what was done about them.

Every part is a join: a set that grows, numbers that only rise, or the value of the highest rank. So
facts may come in any order and more than once, and two instances that know the same agree.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sunwise.people.pager.core.facts import (
    Acknowledged,
    Closed,
    Fact,
    Fired,
    Notified,
    Reassigned,
    Snoozed,
)
from sunwise.people.pager.core.vectors import Vector, exceeds, join

Attention = Acknowledged | Snoozed | Reassigned | Closed
Rank = tuple[int, str, int]
_NO_RANK: Rank = (0, "", 0)


class Learned(NamedTuple):
    """A body, its place in the order of all facts, and since when it is known here (steady ns)."""

    body: object
    rank: Rank
    since_ns: int
    at_ns: int


class AlertOnPage:
    """One alert of a page."""

    __slots__ = ("adds", "at_ns", "fired", "rank")

    def __init__(self) -> None:
        self.adds: Vector = {}  # the last time that each origin said it fires
        self.rank = _NO_RANK
        self.fired: Fired  # of the highest rank
        self.at_ns = 0

    def learn(self, fact: Fact, fired: Fired) -> None:
        """Takes one more firing in."""
        join(self.adds, {fact.origin: fact.seq})
        if fact.rank > self.rank:
            self.rank, self.fired, self.at_ns = fact.rank, fired, fact.at_ns


class Attempt(NamedTuple):
    """What became of one message through one channel."""

    body: Notified
    rank: Rank
    since_ns: int
    at_ns: int


class Page:
    """Alerts of one group, from the first that fires until none does."""

    def __init__(self, first: Fired, opened_ns: int) -> None:
        self.id = first.page
        self.group = first.group
        self.generation = first.generation
        self.service = first.service
        self.alerts: dict[str, AlertOnPage] = {}
        self.open: dict[str, tuple[int, dict[str, str]]] = {}
        """Severity rank and labels of each alert that fires."""
        self.ranks: dict[int, int] = {}
        """How many of them have each severity rank."""
        self.closes: Vector = {}
        self.attention: Learned | None = None
        """The last thing that somebody did about it."""
        self.assignee: tuple[Rank, str] | None = None
        self.sent: dict[str, Attempt] = {}
        """By key of the message."""
        self.received: set[str] = set()
        self.opened_ns = opened_ns
        """Since when it needs somebody, steady ns, as far as nobody has done anything about it."""
        self.touched_ns = opened_ns
        """When anything was last said about it, steady ns."""
        self.opened_at_ns = 0
        """When it was opened, on the wall clock of whoever opened it."""
        self._head: tuple[Rank, str] | None = None

    @property
    def is_open(self) -> bool:
        """Whether anything fires."""
        return bool(self.open)

    @property
    def rank(self) -> int:
        """The severity's: of the worst alert that fires, else of the worst that did."""
        return min(self.ranks, default=0)

    def learn_fired(self, fact: Fact, fired: Fired) -> None:
        """One of its alerts fires."""
        self.alerts.setdefault(fired.alert, AlertOnPage()).learn(fact, fired)
        if self._head is None or fact.rank < self._head[0]:
            self._head = (fact.rank, fired.alert)
            self.opened_at_ns = fact.at_ns
            self.service = fired.service
        if fired.assignee and (self.assignee is None or fact.rank > self.assignee[0]):
            self.assignee = (fact.rank, fired.assignee)

    def learn_attention(self, fact: Fact, body: Attention, since_ns: int) -> None:
        """Somebody does something about it."""
        if isinstance(body, Closed):
            join(self.closes, body.seen)
        if isinstance(body, Reassigned) and (self.assignee is None or fact.rank > self.assignee[0]):
            self.assignee = (fact.rank, body.to)
        if self.attention is None or fact.rank > self.attention.rank:
            self.attention = Learned(body, fact.rank, since_ns, fact.at_ns)

    def learn_notified(self, fact: Fact, body: Notified, since_ns: int) -> None:
        """A channel has taken or refused a message. Once taken, a refusal elsewhere is no matter."""
        known = self.sent.get(body.key)
        if known is None or (body.is_sent, *fact.rank) > (known.body.is_sent, *known.rank):
            self.sent[body.key] = Attempt(body, fact.rank, since_ns, fact.at_ns)

    def forget(self, forget: Callable[[Any], Any]) -> None:
        """What was learned, as `forget` says it: nothing is decided anew by that."""
        for alert in self.alerts.values():
            alert.fired = forget(alert.fired)
        if self.attention is not None:
            self.attention = self.attention._replace(body=forget(self.attention.body))
        if self.assignee is not None:
            rank, person = self.assignee
            self.assignee = (rank, forget(Reassigned(page=self.id, to=person, person="")).to)
        self.sent = {
            key: attempt._replace(body=forget(attempt.body)) for key, attempt in self.sent.items()
        }

    def is_firing(self, alert: str, cleared: Vector) -> bool:
        """Whether it was fired since it was last cleared, or the page closed."""
        return exceeds(self.alerts[alert].adds, cleared, self.closes)

    @property
    def head(self) -> Fired:
        """What stands for the page: its first alert, or another one once that is over."""
        assert self._head is not None, "a page begins with an alert"
        if not self.open or self._head[1] in self.open:
            return self.alerts[self._head[1]].fired
        return self.alerts[min(self.open)].fired
