"""Which instance sends, and what is too quiet: the other instance, and watchdogs that must keep coming."""

from collections.abc import Iterator
from typing import Final

from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.intake import Sender, Signal, alert_key
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.policy import Watchdog

_NS: Final = 1_000_000_000
TAKEOVER_S: Final = 10.0
"""The second instance sends when it has not heard from the first for so long."""
PEER_ALARM_S: Final = 60.0
"""An instance that is not heard of for so long is an alarm."""


class PeerWatch:
    """What an instance knows of the other one's life."""

    def __init__(self, order: int, *, has_peer: bool, now: Moment) -> None:
        self._order = order
        self._has_peer = has_peer
        self._heard_ns = now.steady_ns

    def hear(self, now: Moment) -> None:
        """The other instance has said something."""
        self._heard_ns = now.steady_ns

    def silent_s(self, now: Moment) -> float:
        """For how long it has said nothing."""
        return (now.steady_ns - self._heard_ns) / _NS if self._has_peer else 0.0

    def is_active(self, now: Moment) -> bool:
        """Whether this instance sends: the first always, the second while the first is silent."""
        return self._order == 0 or not self._has_peer or self.silent_s(now) >= TAKEOVER_S

    def signals(self, board: Board, sender: Sender, now: Moment) -> Iterator[Signal]:
        """The alarm that the other instance is gone, and its end."""
        if not self._has_peer:
            return
        yield from changed(
            board,
            sender,
            Signal(
                key="peer",
                is_firing=self.silent_s(now) >= PEER_ALARM_S,
                summary="One of the two pager instances is silent: pages rest on the other alone",
                severity=board.policy.severities[0].name,
                labels={"alertname": "PagerInstanceSilent"},
                group="peer",
            ),
        )


def watchdog_signals(board: Board, sender: Sender, since_ns: int, now: Moment) -> Iterator[Signal]:
    """Alarms of watchdogs that did not come in time, and their ends.

    `since_ns`: steady; from when they are waited for, where nothing was heard yet.
    """
    for watchdog in board.policy.watched:
        known = board.heard.get(watchdog.name)
        if known is None and watchdog.once_heard:
            continue
        heard_ns = max(since_ns, known.since_ns) if known else since_ns
        is_late = now.steady_ns - heard_ns > watchdog.every_s * _NS
        yield from changed(board, sender, _watchdog_signal(board, watchdog, is_late=is_late))


def _watchdog_signal(board: Board, watchdog: Watchdog, *, is_late: bool) -> Signal:
    key = f" with the key {watchdog.sender!r}" if watchdog.sender else ""
    return Signal(
        key=f"watchdog/{watchdog.name}",
        is_firing=is_late,
        summary=(
            f"Watchdog {watchdog.name} has not come{key} for {watchdog.every_s:g} s: "
            "its alerts would not come either"
        ),
        severity=watchdog.severity,
        labels={"alertname": "WatchdogSilent", board.policy.service_label: watchdog.service},
        group=f"watchdog/{watchdog.name}",
    )


def changed(board: Board, sender: Sender, signal: Signal) -> Iterator[Signal]:
    """The signal, unless the board says so already."""
    known = board.alerts.get(alert_key(sender, signal.key))
    fires = known is not None and any(
        alert_key(sender, signal.key) in board.pages[page].open for page in known.pages
    )
    if fires != signal.is_firing:
        yield signal
