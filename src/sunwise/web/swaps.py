"""What the page Rota asks of whoever may change the rota: consequences first, then the change."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Body

from sunwise.chassis.guard import Principal

_Id = Annotated[str, Body(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


@dataclass(frozen=True)
class SwapWish:
    """One shift, to be done by somebody else."""

    services: Annotated[list[_Id], Body(min_length=1, max_length=64)]
    role: Annotated[str, Body(pattern="^(primary|secondary)$")]
    since_ns: Annotated[int, Body(ge=0, lt=2**63)]
    until_ns: Annotated[int, Body(ge=0, lt=2**63)]
    giver: _Id | None
    """Who has it now; None for a gap."""
    taker: _Id
    version: int
    """Of the rota that the reader saw."""


@dataclass(frozen=True)
class Effect:
    """What the swap changes for one person. Nothing is left out: whoever is not named keeps all."""

    person: str
    name: str
    duty_h: float
    """Hours of duty more (+) or less (-)."""
    night_h: float
    """Of them outside of 07:00 to 22:00 on their own clock."""
    notes: list[str]
    """In words: rest before and after, a public holiday, a week at its limit."""


@dataclass(frozen=True)
class Consequences:
    """What the swap would mean, before anybody agrees to it."""

    is_allowed: bool
    reasons: list[str]
    """Why it cannot be, and what to do instead; empty when it can."""
    effects: list[Effect]
    asks: list[str]
    """Names of the people who must agree: silence is never consent."""
    approval: str
    """Who else has to approve, in a sentence; empty for nobody."""
    key: str
    """Stands for exactly what was shown here: it comes back with the wish."""


@dataclass(frozen=True)
class SwapAsked:
    """What became of the wish."""

    state: str
    """applied, or asked while somebody must still agree."""
    what: str
    """In a sentence."""


class SwapDesk(Protocol):
    """Whoever may change the rota. May raise Permanent and Retryable faults."""

    async def consequences(self, principal: Principal, wish: SwapWish) -> Consequences:
        """What it would mean; changes nothing."""

    async def ask(self, principal: Principal, wish: SwapWish, key: str) -> SwapAsked:
        """Does it, or asks whoever must agree."""
