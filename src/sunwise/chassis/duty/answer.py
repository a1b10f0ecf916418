"""What the question "who is on duty?" is answered with."""

from enum import StrEnum

import msgspec


class Standing(StrEnum):
    """How sure the duty is. Whoever gives rights by it gives none but for the first two.

    A service of which no rota was ever published is UNKNOWN, also one that has none by its tier: the
    table cannot tell it from one whose rota is late. Who needs the difference reads the tier.
    """

    PLANNED = "planned"
    ACTUAL = "actual"  # taken over, or changed after it was published
    GAP = "gap"  # nobody may lawfully do it, or has taken it; `gap_owner` has accepted that
    NOBODY = "nobody"  # nobody is meant to: a pause between two published shifts
    UNKNOWN = "unknown"  # nothing is published for then, or not of this service


class DutyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on duty at one instant, and how far that can be trusted."""

    standing: Standing
    person: str | None = None
    since_ns: int
    until_ns: int
    """Exclusive."""
    version: int
    """Of the rota; -1: nothing was ever heard."""
    as_of_ns: int
    """When the rota said so last."""
    is_stale: bool
    """The rota has not been heard for a while, or a change of it was missed."""
    gap_owner: str | None = None
