"""What is kept of a rota, and of a change that waits for somebody's yes."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from sunwise.contracts.people.directory import Id, Role, Tier
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.bounds import Bounds
from sunwise.people.rota.core.patterns import Pattern
from sunwise.people.rota.core.problem import Rota
from sunwise.people.rota.turns import Piece, Turn

DAY_NS: Final = 24 * NS_PER_HOUR
WINDOW_DAYS: Final = 28
WINDOW_NS: Final = WINDOW_DAYS * DAY_NS
_FIRST_MONDAY_NS: Final = 4 * DAY_NS


def window_of(at_ns: int) -> int:
    """The start of the 4 weeks that hold the instant: a Monday, 00:00 UTC, the same for everybody."""
    return at_ns - (at_ns - _FIRST_MONDAY_NS) % WINDOW_NS


class State(StrEnum):
    """What a version of a rota is."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"  # it was in force
    DROPPED = "dropped"  # a draft that never was


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """Services of one team that ask for the same: one person covers them all."""

    id: str
    team: Id
    tier: Tier
    skills: tuple[str, ...] = ()
    activity: str = ""
    services: tuple[Id, ...] = ()

    @property
    def roles(self) -> tuple[Role, ...]:
        """Who is on duty at a time."""
        return tuple(Role) if self.tier is Tier.TWO_ROLES else (Role.PRIMARY,)

    @property
    def is_open(self) -> bool:
        """Whether everybody of the team may do it, whatever they can and wherever they are."""
        return not self.skills and not self.activity

    @property
    def is_around_the_clock(self) -> bool:
        """Whether it takes two people to publish its rota."""
        return self.tier in (Tier.TWO_ROLES, Tier.ONE_ROLE)


class FrontPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One choice between nights and fairness."""

    night_h: float
    worst_burden: float
    gini: float
    default: str = ""
    """Why it is the default; empty for the others."""
    rota: Rota


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How a rota came about and what it is like."""

    by: str = ""
    """`solver`, `greedy`, or what changed it."""
    pattern: Pattern = ()
    bounds: Bounds | None = None
    gap_h: float = 0.0
    night_h: float = 0.0
    holiday_h: float = 0.0
    worst_burden: float = 0.0
    gini: float = 0.0
    longest_h: float = 0.0
    front: tuple[FrontPoint, ...] = ()


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What a rota was planned from."""

    directory_version: int
    tzdata: str
    digest: str
    """Of all that the law and the plan read about these people; equal digests need no new plan."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a unit's rota for one window."""

    unit: str
    window_ns: int
    version: int = 0
    state: State = State.DRAFT
    created_ns: int = 0
    inputs: Inputs
    figures: Figures = Figures()
    turns: tuple[Turn, ...] = ()


class RequestState(StrEnum):
    """What has become of a change."""

    OPEN = "open"  # waits for somebody's yes
    APPLIED = "applied"
    DECLINED = "declined"
    STALE = "stale"  # the rota changed meanwhile
    WITHDRAWN = "withdrawn"


class RequestKind(StrEnum):
    """Why a rota is to change. None of them says why somebody is away."""

    ASSIGN = "assign"  # a new rota gives hours sooner than the person's notice allows
    REDRAFT = "redraft"  # a new plan takes the place of a published one
    ABSENCE = "absence"
    LEAVE = "leave"
    SWAP = "swap"
    TAKE = "take"
    TRAVEL = "travel"
    LOST = "lost"  # a hub or a country
    DIRECTORY = "directory"  # people, services or time zones are not what they were


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a published rota, and who must say yes before it is one."""

    id: str = ""
    unit: str
    window_ns: int
    kind: RequestKind
    asked_by: str
    """A person's id; empty for the service itself."""
    changes: tuple[Piece, ...]
    asked: tuple[Id, ...] = ()
    """Whose own yes it needs."""
    n_forced: int = 0
    draft: int = 0
    """Version of the draft that asks for it, which does so once; 0: no draft does."""
    version: int = 0
    """Of the rota when it was asked: of two that changed it, the later has the higher."""
    is_emergency: bool = False
    """Taken over at once: whoever loses it is told, not asked."""
    state: RequestState = RequestState.OPEN
    answers: dict[Id, bool] = {}
    """Who has answered; whoever is not in it has not, which is no yes."""

    def repeats(self, other: "Request") -> bool:
        """Whether it asks for what the other asks already, for the same draft."""
        one, two = ((r.unit, r.window_ns, r.draft, r.kind, r.asked) for r in (self, other))
        return self.draft > 0 and one == two

    def waits_for(self) -> tuple[Id, ...]:
        """Who has still to answer."""
        return tuple(each for each in self.asked if each not in self.answers)


def everybody(changes: Iterable[Piece]) -> set[str]:
    """Whose hours change."""
    return {who for piece in changes for who in (piece.before, piece.after) if who is not None}
