"""Event messages on their way into EVT: every one stored once, at its place, with these bytes.

Sans-I/O; `service` does the appends and the reads. Every replica produces the same messages. One
replica **leads**: it appends, many in flight, each fenced by the sequence it expects to follow.
The others **follow**: they read what is stored and compare it with what they produced. Whoever
leads and loses a fence follows; whoever follows and sees the stored events fall behind its own
for `takeover_after_s` leads. Nobody is elected: two that lead at once do no harm, because the
fence lets one win each append and the bytes are the same.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Annotated, NamedTuple

import msgspec

from sunwise.chassis.bus import StoredMessage
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import Damaged, decode_events
from sunwise.exchange.engine.dissent import StoredPoint
from sunwise.exchange.engine.loop import Diverged, Produced


class OutboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How far the engine runs ahead of what is stored, and when it takes the lead."""

    takeover_after_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.1
    """A follower leads when what it produced is not stored for so long, s."""
    max_in_flight: Annotated[int, msgspec.Meta(ge=1, le=65_536)] = 256
    """Appends without an acknowledgement."""
    max_in_flight_bytes: Annotated[int, msgspec.Meta(ge=1 << 20, le=1 << 30)] = 16 << 20
    """Their size together, bytes."""
    max_waiting: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1_024
    """Messages produced and not confirmed, or stored and not yet produced here, before it waits."""
    max_waiting_bytes: Annotated[int, msgspec.Meta(ge=1 << 20, le=1 << 32)] = 64 << 20
    """Their size together, bytes."""


class _Waiting(NamedTuple):
    message: Produced
    since_s: float


class Outbox:
    """What was produced and is not known to be stored, oldest first.

    `stored_seq` and `position` are of the newest message known to be stored as produced here.
    """

    def __init__(
        self,
        *,
        stored_seq: int,
        position: Position,
        monotonic_s: Callable[[], float],
        settings: OutboxSettings,
    ) -> None:
        self.stored_seq = stored_seq
        self.position = position
        self.leads = False
        self.watched_seq = 0
        self._watched = position
        self._confirmed_seq = stored_seq
        self._monotonic_s = monotonic_s
        self._settings = settings
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._stored_ahead: deque[StoredMessage] = deque()  # stored, not yet produced here
        self._stored_ahead_bytes = 0
        self._n_sent = 0  # of `_waiting`, from the left, while leading
        self._sent_bytes = 0
        self._next_expected = 0  # EVT's last sequence that the next append expects
        self._proven = False  # an append has succeeded since this replica leads
        self._confirmed_at_s = 0.0
        self._lead_at_s = 0.0  # after a failed append: not before this time

    # --- what the loop produces ---

    def add(self, message: Produced) -> None:
        """Takes the next message; it is compared at once if it is known to be stored."""
        self._waiting.append(_Waiting(message, self._monotonic_s()))
        self._waiting_bytes += len(message.payload)
        while self._stored_ahead and self._waiting:
            stored = self._stored_ahead.popleft()
            self._stored_ahead_bytes -= len(stored.payload)
            self._compare(stored)

    @property
    def is_full(self) -> bool:
        """Whether the loop should wait before it produces more."""
        limits = self._settings
        return (
            len(self._waiting) >= limits.max_waiting
            or self._waiting_bytes >= limits.max_waiting_bytes
        )

    @property
    def is_far_behind(self) -> bool:
        """Whether reading EVT should wait until more is produced here."""
        limits = self._settings
        return (
            len(self._stored_ahead) >= limits.max_waiting
            or self._stored_ahead_bytes >= limits.max_waiting_bytes
        )

    @property
    def n_waiting(self) -> int:
        """Messages produced and not confirmed."""
        return len(self._waiting)

    def _confirm(self, seq: int) -> None:
        message = self._waiting.popleft().message
        self._waiting_bytes -= len(message.payload)
        if self._n_sent:
            self._n_sent -= 1
            self._sent_bytes -= len(message.payload)
        self.position, self.stored_seq = message.position, seq
        self._confirmed_at_s = self._monotonic_s()
        self._confirmed_seq = seq
        if message.position == self._watched:
            self.watched_seq = seq

    def watch(self, position: Position) -> None:
        """`watched_seq` will be EVT's sequence of `position`, the last one produced; 0 until then."""
        self._watched = position
        self.watched_seq = self._confirmed_seq if position == self.position else 0

    # --- leading ---

    def lead(self, last_seq: int) -> None:
        """Begins to append: EVT ends at `last_seq`, and all up to there was compared."""
        assert not self._stored_ahead, "what is stored comes first"
        self.leads = True
        self._proven = False
        self._n_sent = self._sent_bytes = 0
        self._next_expected = last_seq

    def next_append(self) -> tuple[int, Produced] | None:
        """(expected last sequence, message) to append now; None for nothing now.

        Tell what became of it by `appended` or `append_failed`. Until the first one is stored,
        one at a time: a full disk is not tried with everything at once.
        """
        if not self.leads or self._n_sent >= len(self._waiting) or not self._may_send():
            return None
        message = self._waiting[self._n_sent].message
        expected = self._next_expected
        self._n_sent += 1
        self._sent_bytes += len(message.payload)
        self._next_expected += 1
        return expected, message

    def _may_send(self) -> bool:
        if not self._n_sent:
            return True
        limits = self._settings
        return (
            self._proven
            and self._n_sent < limits.max_in_flight
            and self._sent_bytes < limits.max_in_flight_bytes
        )

    def appended(self, message: Produced, seq: int) -> bool:
        """`message` is stored at `seq`. False when what was produced before it is in doubt.

        A fence tells where the stream ended, not with whose bytes it ended there: a message that
        was not acknowledged itself is compared with what is stored, never taken for stored.
        """
        if not self._waiting or message.position < self._waiting[0].message.position:
            return True  # it was found in EVT before its acknowledgement came
        if message.position > self._waiting[0].message.position:
            return False
        self._proven = self.leads
        self._confirm(seq)
        return True

    def append_failed(self, error: Retryable | Permanent) -> None:
        """An append was not stored, or not surely: follow, and see what is."""
        if not self.leads:
            return  # one of those that were in flight behind the first that failed
        self.leads = False
        self._n_sent = self._sent_bytes = 0
        after_s = error.after_s if isinstance(error, Retryable) else 0.0
        self._lead_at_s = self._monotonic_s() + after_s

    # --- following ---

    def only_follow(self) -> None:
        """Appends nothing from now on: what this replica has computed is in doubt."""
        self.leads = False
        self._n_sent = self._sent_bytes = 0
        self._lead_at_s = math.inf

    @property
    def wants_to_lead(self) -> bool:
        """Whether nobody has stored for long enough what was produced here."""
        if self.leads or not self._waiting or self._stored_ahead:
            return False
        now_s = self._monotonic_s()
        waited_s = now_s - max(self._waiting[0].since_s, self._confirmed_at_s)
        return waited_s >= self._settings.takeover_after_s and now_s >= self._lead_at_s

    def stored(self, message: StoredMessage) -> None:
        """The next message of EVT after `stored_seq`, whoever appended it. Raises Diverged."""
        if self.leads or message.seq <= self.stored_seq:
            return
        if self._waiting and not self._stored_ahead:
            self._compare(message)
        else:
            self._stored_ahead.append(message)
            self._stored_ahead_bytes += len(message.payload)

    def _compare(self, stored: StoredMessage) -> None:
        produced = self._waiting[0].message
        if stored.payload == produced.payload and stored.subject == produced.subject:
            self._confirm(stored.seq)
        elif _point_of(stored).position > self.position:
            raise _difference(stored, produced)
        else:
            self.stored_seq = stored.seq  # appended anew after EVT had lost its tail: a repeat


def _point_of(stored: StoredMessage) -> StoredPoint:
    try:
        found = decode_events(stored.payload)
    except Damaged as error:
        raise Diverged(f"EVT holds a damaged message at sequence {stored.seq}: {error}") from error
    return StoredPoint(Position(command_seq=found.command_seq, part=found.part), found.chain)


def _difference(stored: StoredMessage, produced: Produced) -> Diverged:
    point = _point_of(stored)
    there, here = point.position, produced.position
    if there != here:
        return Diverged(
            f"EVT sequence {stored.seq} holds event message {there.command_seq}.{there.part} where "
            f"{here.command_seq}.{here.part} belongs: EVT lost messages between. Restore EVT from "
            "its archive (runbook: event stream has a hole)"
        )
    return Diverged(
        f"this replica's event message {here.command_seq}.{here.part} differs from what EVT holds "
        f"at sequence {stored.seq}: it has stopped. Compare builds and machines with a replica "
        "that runs (runbook: replica diverged)",
        stored=point,
    )
