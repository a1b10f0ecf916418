"""The last facts of each origin, in memory: what the other instance lacks is nearly always here."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from sunwise.people.pager.core.facts import Fact
from sunwise.people.pager.core.forgetting import Forget, forgotten

_KEEP: Final = 10_000  # of each origin


class Recent:
    """A window on the journal; of each origin without a gap."""

    def __init__(self) -> None:
        self._of: dict[str, deque[Fact]] = {}

    def add(self, facts: Sequence[Fact]) -> None:
        """These are in the journal now, each behind the last of its origin."""
        for fact in facts:
            self._of.setdefault(fact.origin, deque(maxlen=_KEEP)).append(fact)

    def forget(self, forget: Forget) -> None:
        """The window as it is without somebody."""
        for origin, window in self._of.items():
            self._of[origin] = deque((forgotten(each, forget) for each in window), maxlen=_KEEP)

    def clear(self) -> None:
        """The journal says something else now: it is asked from here on."""
        self._of.clear()

    def after(self, origin: str, seq: int, limit: int) -> list[Fact] | None:
        """Up to `limit` facts of that origin behind `seq`; None when the journal must be asked."""
        window = self._of.get(origin)
        if not window or window[0].seq > seq + 1:
            return None
        skipped = seq + 1 - window[0].seq
        return list(islice(window, skipped, skipped + limit))
