"""What the next CLOCK says, and whether it is time for one. Sans-I/O."""

from typing import Annotated, Final

import msgspec

from sunwise.contracts.exchange.codec import COMMAND_CODECS, attested_fields
from sunwise.contracts.exchange.log import EventMessage
from sunwise.contracts.exchange.records import CommandKind

_NS: Final = 1_000_000_000


class ClockSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the clock of one shard ticks."""

    shard: str = "0"
    """Name of the shard."""
    period_s: Annotated[float, msgspec.Meta(ge=0.01, le=1.0)] = 0.1
    """Time between two CLOCKs, s of the exchange's time; under the 1 s that orders may run ahead."""
    max_step_s: Annotated[float, msgspec.Meta(ge=0.1, le=60.0)] = 60.0
    """What one CLOCK moves time by at most, s; after a longer pause several follow at once."""


class Ticker:
    """Decides what is said; remembers only where the log's time is.

    Orders may run up to 1 s ahead of the last CLOCK. That is never taken over into the next one:
    a gateway whose clock is fast must not make the log's time run away.
    """

    def __init__(self, settings: ClockSettings) -> None:
        self._max_step_ns = round(settings.max_step_s * _NS)
        self.log_ns = 0  # what the last CLOCK that was carried out said; 0 before the first
        self._said_ns = 0

    def next_record(self, now_ns: int, newest: EventMessage | None) -> bytes:
        """A CLOCK record for wall time `now_ns`; `newest` is the last event message stored.

        Time never goes back, and moves by at most `max_step_s` from what the log has.
        """
        base_ns = self.log_ns or (newest.time_ns if newest is not None else 0)
        limit_ns = base_ns + self._max_step_ns if base_ns else now_ns
        self._said_ns = max(self.log_ns, min(now_ns, limit_ns))
        attested = (
            {} if newest is None else attested_fields(newest.command_seq, newest.part, newest.chain)
        )
        return COMMAND_CODECS["control"].pack(
            kind=CommandKind.CLOCK, wall_ns=self._said_ns, **attested
        )

    def carried_out(self) -> None:
        """The last CLOCK is in the log."""
        self.log_ns = self._said_ns

    def is_behind(self, now_ns: int) -> bool:
        """Whether the log's time is so far behind that the next CLOCK should follow at once."""
        return now_ns - self.log_ns > self._max_step_ns
