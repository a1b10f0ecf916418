"""Erasing somebody everywhere: every service is asked, in rounds, until a whole round finds nothing.

What was under way when a service was asked first (a plan being solved, a page being sent) may write
the person once more: the next round, a while later, takes that away. The door comes first, then the
directory, so that nobody is planned, paged or let in anew; the others follow in any order.
"""

import logging
from collections.abc import Mapping
from typing import Final

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.personal import Forgotten, Holder, Traces
from sunwise.people.privacy.store import Erasure, PrivacyStore

FIRST: Final = ("guard", "directory")
_NS: Final = 1_000_000_000
_RETRY_NS: Final = 10 * _NS
_log: Final = logging.getLogger("sunwise.privacy")


class Erasures:
    """All erasures of the company. Blocking."""

    def __init__(
        self,
        store: PrivacyStore,
        holders: Mapping[str, Holder],
        clock: Clock,
        *,
        expected: frozenset[str],
        settle_ns: int,
    ) -> None:
        """`expected`: the services without whose answer no erasure is done."""
        self._store = store
        self._holders = holders
        self._clock = clock
        self._expected = expected
        self._settle_ns = settle_ns
        self._leaves_traces = True  # a kill may have come before the log was emptied

    def begin(self, erasure: str, traces: Traces) -> None:
        """It is asked for from now on; the same id is the same erasure."""
        self._store.begin(erasure, traces, self._clock.now_ns())

    def look(self) -> None:
        """Asks whoever is to be asked by now."""
        for erasure, traces in self._store.open():
            if erasure.next_ns <= self._clock.now_ns():
                self._round(erasure, traces)
        if self._leaves_traces:
            self._wipe()

    def _round(self, erasure: Erasure, traces: Traces) -> None:
        asked = {step.holder: step.round for step in erasure.steps}
        for name in self._order():
            if asked.get(name, 0) < erasure.round:
                self._ask(erasure, name, traces)
        found = self._store.find(erasure.id)
        assert found is not None, "nothing deletes an erasure that is open"
        now_ns = self._clock.now_ns()
        if any(step.waits for step in found.steps):
            self._store.again(erasure, round_=erasure.round, next_ns=now_ns + _RETRY_NS)
        elif erasure.round > 1 and all(step.is_clean for step in found.steps):
            self._store.done(erasure, now_ns)
            self._leaves_traces = True
        else:
            next_ns = now_ns + self._settle_ns
            self._store.again(erasure, round_=erasure.round + 1, next_ns=next_ns)

    def _wipe(self) -> None:
        try:
            self._store.empty_log()
        except Retryable as fault:
            _log.warning("erased names are wiped later", extra={"why": str(fault)})
        else:
            self._leaves_traces = False

    def _order(self) -> list[str]:
        names = self._expected | self._holders.keys()
        return [*FIRST, *sorted(names - set(FIRST))]

    def _ask(self, erasure: Erasure, name: str, traces: Traces) -> None:
        holder = self._holders.get(name)
        if holder is None:
            why = f"{name} does not run in this process: start it here, and it is asked."
            self._store.waits(erasure, name, why)
            return
        try:
            said: Forgotten = holder.erase(traces)
        except (Retryable, Permanent) as fault:
            _log.warning("an erasure waits", extra={"holder": name, "why": str(fault)})
            self._store.waits(erasure, name, str(fault))
            return
        self._store.answered(erasure, name, said)
