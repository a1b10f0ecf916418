"""Two times at once: the wall's, which says whose night it is, and a steady one, which counts waits.

The wall clock may jump by an hour in either direction; a page must not wait an hour longer for it,
nor run through its whole escalation at once.
"""

from typing import NamedTuple

from sunwise.chassis.clock import Clock


class Moment(NamedTuple):
    """Now, as an instance sees it."""

    wall_ns: int
    """ns since 1970; may jump."""
    steady_ns: int
    """Began as the wall time when the instance started; never jumps."""

    def steady_of(self, at_ns: int) -> int:
        """Where an instant of the wall clock lies on the steady one; what is still to come is now."""
        return self.steady_ns - max(0, self.wall_ns - at_ns)


class Timekeeper:
    """Makes moments out of a clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ns = clock.now_ns() - clock.monotonic_ns()

    def now(self) -> Moment:
        """The present moment."""
        return Moment(self._clock.now_ns(), self._clock.monotonic_ns() + self._offset_ns)
