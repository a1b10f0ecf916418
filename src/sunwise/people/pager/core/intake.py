"""From what a sender says to facts: which page an alert belongs to."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import (
    Acknowledged,
    Body,
    Cleared,
    Fired,
    Heard,
    digest,
    page_id,
)
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.policy import REACH_TEST, Policy, has_labels

_NS: Final = 1_000_000_000
_GENERATIONS: Final = 1_000_000  # more than a group can have in one time of keeping
OWN_SENDER: Final = "pager"
"""Who sends what the pager finds out itself; no key may have this name."""


class Signal(NamedTuple):
    """One alert as any sender's format says it."""

    key: str
    """What repeats have in common, within the sender."""
    is_firing: bool
    summary: str
    severity: str
    labels: dict[str, str]
    group: str
    """What the sender groups it by, within the sender."""
    links: tuple[str, ...] = ()
    assignee: str | None = None


class Sender(NamedTuple):
    """Who sent it."""

    name: str
    service: str
    """Of alerts that name none."""


class Busy(Exception):
    """No more alerts can be held open; nothing was taken in."""


class UnknownPage(LookupError):
    """No such page is known here; the other instance may know it."""


def bodies_of(signals: Sequence[Signal], sender: Sender, board: Board, now: Moment) -> list[Body]:
    """What is to be stored, all or nothing. Raises Busy, though never for what ends something."""
    firing = sum(signal.is_firing for signal in signals)
    if firing and board.n_open_alerts + firing > board.policy.max_open_alerts:
        raise Busy(f"{board.n_open_alerts} alerts are open: resolve or silence at the source")
    return [body_of(signal, sender, board, now) for signal in signals]


def body_of(signal: Signal, sender: Sender, board: Board, now: Moment) -> Body:
    """What is to be stored of one, however many alerts are open."""
    policy = board.policy
    alert = alert_key(sender, signal.key)
    if not signal.is_firing:
        return Cleared(alert=alert)
    for watchdog in policy.watched:
        if watchdog.sender in ("", sender.name) and has_labels(signal.labels, watchdog.labels):
            return Heard(watchdog=watchdog.name)
    service = signal.labels.get(policy.service_label) or sender.service
    if policy.group_by:
        shared = [signal.labels.get(name, "") for name in policy.group_by]
        group = digest("labels", service, *shared, key=board.key)
    else:
        group = digest("sender", sender.name, service, signal.group, key=board.key)
    generation = generation_for(board, group, alert, now)
    return Fired(
        alert=alert,
        page=page_id(group, generation),
        group=group,
        generation=generation,
        service=service,
        severity=_severity_of(signal, sender, policy),
        summary=signal.summary,
        labels=signal.labels,
        links=signal.links,
        sender=sender.name,
        assignee=signal.assignee or signal.labels.get(policy.assignee_label) or None,
    )


def _severity_of(signal: Signal, sender: Sender, policy: Policy) -> str:
    """A test of reach is the pager's own: whoever else says so gets what unknown severities get."""
    if signal.severity.lower() == REACH_TEST and sender.name != OWN_SENDER:
        return policy.unknown_severity
    return signal.severity


def alert_key(sender: Sender, key: str) -> str:
    """An alert's key across all senders; it stays in the journal, where its page says who is asked."""
    return digest("alert", sender.name, key)


def generation_for(board: Board, group: str, alert: str, now: Moment) -> int:
    """Of the page that takes the alert: the newest while it is open, unless somebody has long held it.

    So a repeat stays where it is, a burst becomes one page, and what begins after somebody took the
    page up is not hidden behind their acknowledgement. No number comes again, although pages are
    forgotten: each time of keeping begins with a number above all before it.
    """
    generation = board.groups.get(group, 0)
    page = board.pages.get(page_id(group, generation))
    next_generation = max(generation + 1, _first_generation(board.policy, now))
    if page is None or not page.is_open:
        return next_generation
    if alert in page.open or page.attention is None:
        return generation
    joins_ns = int(board.policy.joins_for_s * _NS)
    held = isinstance(page.attention.body, Acknowledged)
    if held and now.steady_ns - page.attention.since_ns > joins_ns:
        return next_generation
    return generation


def _first_generation(policy: Policy, now: Moment) -> int:
    kept_ns = int(policy.kept_days * 86_400 * _NS)
    return now.wall_ns // kept_ns * _GENERATIONS + 1


def acknowledge(
    board: Board, page: str, person: str, *, link: str = "", rank: int | None = None
) -> Acknowledged:
    """The fact that a person holds the page, as bad as they know it to be.

    `rank`: what the person was told; without it, what the board knows. Raises UnknownPage.
    """
    if rank is None:
        if page not in board.pages:
            raise UnknownPage(page)
        rank = board.pages[page].rank
    return Acknowledged(page=page, person=person, rank=rank, link=link)
