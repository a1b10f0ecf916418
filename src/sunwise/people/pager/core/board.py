"""Everything that is known: what a set of facts adds up to, in whatever order they came."""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from sunwise.people.pager.core.facts import (
    Acknowledged,
    Author,
    Body,
    Cleared,
    Closed,
    ContactsSet,
    Fact,
    Fired,
    Heard,
    KeyMade,
    KeyRevoked,
    Notified,
    Pruned,
    Reassigned,
    Received,
    Silenced,
    Snoozed,
    Unsilenced,
)
from sunwise.people.pager.core.forgetting import Forget, forgotten
from sunwise.people.pager.core.inhibition import Inhibition
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.pages import Learned, Page
from sunwise.people.pager.core.policy import REACH_TEST, Policy, SeverityTable
from sunwise.people.pager.core.vectors import Vector, join

_CALLED_NS: Final = 8 * 86_400 * 1_000_000_000
_AboutPage = Acknowledged | Closed | Snoozed | Reassigned | Notified | Received


class AlertKnown:
    """What is known of an alert across its pages."""

    __slots__ = ("cleared", "cleared_ns", "pages")

    def __init__(self) -> None:
        self.cleared: Vector = {}
        self.cleared_ns = 0
        self.pages: set[str] = set()


class Board:
    """Pages, alerts, silences, contacts and heartbeats. `learn` is its only door."""

    def __init__(self, policy: Policy, *, key: bytes = b"") -> None:
        self.policy = policy
        self.key = key
        """What groups and silences are called by, the same at both instances: a sender may group by who
        is asked, and what a page is called goes into timelines that are kept for ever."""
        self.severities = SeverityTable(policy)
        self.have: Vector = {}
        """Which facts are in it."""
        self.stamp = 0
        self.pages: dict[str, Page] = {}
        self.open_pages: set[str] = set()
        self.groups: dict[str, int] = {}
        """The newest generation of each group's pages."""
        self.alerts: dict[str, AlertKnown] = {}
        self.n_open_alerts = 0
        self.inhibition = Inhibition(policy.inhibit)
        self.silences: dict[str, Learned] = {}
        self.unsilenced: set[str] = set()
        self.contacts: dict[str, Learned] = {}
        self.heard: dict[str, Learned] = {}
        self.called: dict[str, list[int]] = {}
        """When each person took up pages in their newest eight days, wall ns, in order: what a call off
        duty adds to the days and hours of their week."""
        self.used_links: dict[str, str] = {}
        """With the page of each."""
        self.keys: dict[str, KeyMade] = {}
        """By digest."""
        self.revoked_keys: set[str] = set()
        self._early: dict[str, list[Fact]] = {}  # about pages of which no alert is known yet

    def author(self, origin: str) -> Author:
        """Who writes this origin's next facts, knowing all that is known here."""
        return Author(origin, self.have, self.stamp)

    def learn(self, facts: Iterable[Fact], now: Moment, *, is_replay: bool = False) -> set[str]:
        """Takes facts in, known or new; the pages that they are about.

        Waits count from now, whatever clock the author had; only what is read back after a restart
        (`is_replay`) counts from when it was written.
        """
        touched: set[str] = set()
        for fact in facts:
            join(self.have, {fact.origin: fact.seq})
            self.stamp = max(self.stamp, fact.stamp)
            since_ns = now.steady_of(fact.at_ns) if is_replay else now.steady_ns
            touched |= self._learn(fact, since_ns)
        return touched

    def _learn(self, fact: Fact, since_ns: int) -> set[str]:
        body = fact.body
        if isinstance(body, Fired):
            return self._learn_fired(fact, body, since_ns)
        if isinstance(body, Cleared):
            return self._learn_cleared(body, since_ns)
        if isinstance(body, Silenced):
            self._latest(self.silences, body.id, fact, since_ns)
        elif isinstance(body, Unsilenced):
            self.unsilenced.add(body.id)
        elif isinstance(body, Heard):
            self._latest(self.heard, body.watchdog, fact, since_ns)
        elif isinstance(body, ContactsSet):
            self._latest(self.contacts, body.person, fact, since_ns)
        elif isinstance(body, KeyMade):
            if body.digest:  # of somebody who was erased there is none
                self.keys[body.digest] = body
        elif isinstance(body, KeyRevoked):
            self.revoked_keys.add(body.id)
        elif isinstance(body, Pruned):
            pass
        else:
            return self._learn_about_page(fact, body, since_ns)
        return set()

    def _learn_fired(self, fact: Fact, fired: Fired, since_ns: int) -> set[str]:
        page = self.pages.get(fired.page)
        is_new = page is None
        if page is None:
            page = self.pages[fired.page] = Page(fired, since_ns)
        page.touched_ns = max(page.touched_ns, since_ns)
        page.learn_fired(fact, fired)
        self.groups[fired.group] = max(fired.generation, self.groups.get(fired.group, 0))
        alert = self.alerts.setdefault(fired.alert, AlertKnown())
        alert.pages.add(page.id)
        self._refresh(page, (fired.alert,), since_ns)
        if is_new:
            for early in self._early.pop(page.id, ()):
                self._learn(early, since_ns)
        return {page.id}

    def _learn_cleared(self, body: Cleared, since_ns: int) -> set[str]:
        alert = self.alerts.setdefault(body.alert, AlertKnown())
        join(alert.cleared, body.seen)
        alert.cleared_ns = max(alert.cleared_ns, since_ns)
        for id_ in alert.pages:
            self._refresh(self.pages[id_], (body.alert,), since_ns)
        return set(alert.pages)

    def _learn_about_page(self, fact: Fact, body: _AboutPage, since_ns: int) -> set[str]:
        page = self.pages.get(body.page)
        if page is None:
            self._early.setdefault(body.page, []).append(fact)
            return set()
        page.touched_ns = max(page.touched_ns, since_ns)
        if isinstance(body, Notified):
            page.learn_notified(fact, body, since_ns)
        elif isinstance(body, Received):
            page.received.add(body.key)
        else:
            page.learn_attention(fact, body, since_ns)
            if isinstance(body, Acknowledged):
                self._learn_taken_up(page, fact.at_ns, body)
            if isinstance(body, Closed):
                self._refresh(page, tuple(page.alerts), since_ns)
        return {page.id}

    def _learn_taken_up(self, page: Page, at_ns: int, body: Acknowledged) -> None:
        if body.link:
            known = self.used_links.get(body.link, page.id)
            self.used_links[body.link] = min(known, page.id)  # in whatever order they are heard
        if page.head.severity != REACH_TEST:  # an answer to a test is no work
            times = self.called.setdefault(body.person, [])
            insort(times, at_ns)
            del times[: bisect_right(times, times[-1] - _CALLED_NS)]

    def _refresh(self, page: Page, alerts: Iterable[str], since_ns: int) -> None:
        """Brings up to date which alerts of the page fire."""
        was_open, rank = page.is_open, page.rank
        for key in alerts:
            is_open = page.is_firing(key, self.alerts[key].cleared)
            known = page.open.pop(key, None)
            if known is not None:
                self._uncount(page, key, *known)
            if is_open:
                fired = page.alerts[key].fired
                page.open[key] = (self.severities.rank(fired.severity), fired.labels)
                self._count(page, key, *page.open[key])
        if page.is_open:
            self.open_pages.add(page.id)
        else:
            self.open_pages.discard(page.id)
        if page.is_open and (not was_open or page.rank < rank):
            page.opened_ns = since_ns

    def _count(self, page: Page, key: str, rank: int, labels: dict[str, str]) -> None:
        page.ranks[rank] = page.ranks.get(rank, 0) + 1
        self.n_open_alerts += 1
        self.inhibition.add(page.id, key, labels)

    def _uncount(self, page: Page, key: str, rank: int, labels: dict[str, str]) -> None:
        page.ranks[rank] -= 1
        if not page.ranks[rank]:
            del page.ranks[rank]
        self.n_open_alerts -= 1
        self.inhibition.remove(page.id, key, labels)

    @staticmethod
    def _latest(into: dict[str, Learned], key: str, fact: Fact, since_ns: int) -> None:
        known = into.get(key)
        if known is None or fact.rank > known.rank:
            into[key] = Learned(fact.body, fact.rank, since_ns, fact.at_ns)

    def silence_over(self, page: Page, now: Moment) -> Silenced | None:
        """The silence that holds for every firing alert of the page, if there is one."""
        for id_, learned in self.silences.items():
            body = learned.body
            assert isinstance(body, Silenced), "only silences are kept here"
            if id_ in self.unsilenced or not body.from_ns <= now.wall_ns < body.until_ns:
                continue
            if all(
                all(labels.get(name) == value for name, value in body.labels.items())
                for _rank, labels in page.open.values()
            ):
                return body
        return None

    def drop_pages(self, pages: Iterable[str]) -> None:
        """These, none of which is open, are known no more."""
        dropped = set(pages)
        for id_ in dropped:
            page = self.pages.pop(id_)
            for key in page.alerts:
                self.alerts[key].pages.discard(id_)
                if not self.alerts[key].pages:
                    del self.alerts[key]
            if self.groups.get(page.group) == page.generation:
                del self.groups[page.group]
        self.used_links = {
            link: page for link, page in self.used_links.items() if page not in dropped
        }

    def drop_silences(self, before_ns: int) -> None:
        """Those that ended before then (wall) are known no more."""
        for id_, learned in list(self.silences.items()):
            if isinstance(learned.body, Silenced) and learned.body.until_ns < before_ns:
                del self.silences[id_]
                self.unsilenced.discard(id_)

    def drop_ends(self, before_ns: int) -> None:
        """Ends, heard before then (steady), of alerts that never came are known no more."""
        for key, alert in list(self.alerts.items()):
            if not alert.pages and alert.cleared_ns < before_ns:
                del self.alerts[key]

    def drop_early(self, is_old: Callable[[Fact], bool]) -> None:
        """What is about pages that never came is known no more."""
        kept = {
            page: [fact for fact in facts if not is_old(fact)]
            for page, facts in self._early.items()
        }
        self._early = {page: facts for page, facts in kept.items() if facts}

    def forget(self, forget: Forget) -> None:
        """All that is known, as `forget` says it: nothing is decided anew by that."""
        for page in self.pages.values():
            page.forget(forget)
        for early in self._early.values():
            early[:] = [forgotten(fact, forget) for fact in early]
        for id_, silence in self.silences.items():
            self.silences[id_] = _forgetting(silence, forget)
        contacts = [_forgetting(each, forget) for each in self.contacts.values()]
        self.contacts = {str(getattr(each.body, "person", "")): each for each in contacts}
        acknowledged = {
            person: Acknowledged(page="", person=person, rank=0) for person in self.called
        }
        for person in [each for each, said in acknowledged.items() if forget(said) != said]:
            del self.called[person]
        keys = [forget(key) for key in self.keys.values()]
        self.keys = {key.digest: key for key in keys if isinstance(key, KeyMade) and key.digest}

    def shared_view(self) -> dict[str, Any]:
        """What two instances that know the same facts must agree on: all but the time of learning."""
        return {
            "have": dict(self.have),
            "stamp": self.stamp,
            "pages": {
                page.id: (
                    page.service,
                    sorted(page.open),
                    page.rank,
                    page.head,
                    page.assignee,
                    page.attention and (page.attention.body, page.attention.rank),
                    {key: attempt.body for key, attempt in page.sent.items()},
                    page.received,
                )
                for page in self.pages.values()
            },
            "open": self.open_pages,
            "n_open_alerts": self.n_open_alerts,
            "inhibition": self.inhibition.view(),
            "groups": self.groups,
            "silences": {key: each.body for key, each in self.silences.items()},
            "unsilenced": self.unsilenced,
            "contacts": {key: each.body for key, each in self.contacts.items()},
            "heard": {key: each.rank for key, each in self.heard.items()},
            "used_links": self.used_links,
            "keys": {
                secret: key for secret, key in self.keys.items() if key.id not in self.revoked_keys
            },
            "revoked_keys": self.revoked_keys,
        }


def _forgetting(learned: Learned, forget: Forget) -> Learned:
    return learned._replace(body=forget(cast("Body", learned.body)))
