"""What the page Rota asks of whoever may change the rota: consequences first, then the change."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Protocol

import msgspec
from fastapi import Body

from sunwise.chassis.guard import Principal
from sunwise.contracts.people.directory import Id, Snapshot
from sunwise.daylight.night import night_slots
from sunwise.daylight.public_holidays import UnknownPlace, public_holidays
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE, UnknownZone, local
from sunwise.web.seen import People, Seen

_QUARTER: Final = 15
_Id = Annotated[str, Body(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
_Instant = Annotated[int, Body(ge=0, lt=2**62)]


_Services = Annotated[list[_Id], Body(min_length=1, max_length=64)]
_Role = Annotated[str, Body(pattern="^(primary|secondary)$")]


@dataclass(frozen=True)
class ShiftName:
    """A shift as the page knows it."""

    services: _Services
    role: _Role
    since_ns: _Instant
    until_ns: _Instant


@dataclass(frozen=True)
class SwapWish(ShiftName):
    """One shift, to be done by somebody else."""

    giver: _Id | None
    """Who has it now; None for a gap."""
    taker: _Id
    back: ShiftName | None = None
    """One of the taker's, which the giver does in return."""


@dataclass(frozen=True)
class MoveWish:
    """A stretch of duty that would pass from one to another, as somebody asks about it."""

    role: _Role
    since_ns: _Instant
    until_ns: _Instant
    before: _Id | None
    after: _Id | None


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of duty that passes from one to another; None is a gap."""

    role: str
    since_ns: int
    until_ns: int
    before: Id | None
    after: Id | None


@dataclass(frozen=True)
class Effect:
    """What a change means for one person. Whoever is not named keeps all."""

    person: Seen
    duty_h: float
    """Hours of duty more (+) or less (-)."""
    night_h: float
    """Of them outside of 07:00 to 22:00 on their own clock."""
    holiday_h: float
    """Of them on a public holiday where they live."""


@dataclass(frozen=True)
class Consequences:
    """What the swap would mean, before anybody agrees to it."""

    is_allowed: bool
    reason: str
    """Why it cannot be, and what to do instead; empty when it can."""
    effects: list[Effect]
    asks: list[Seen]
    """Who must still say yes: silence is never consent."""
    key: str
    """Stands for exactly what was shown here: it comes back with the wish."""


@dataclass(frozen=True)
class SwapAsked:
    """What became of the wish."""

    is_applied: bool
    """False: somebody must still say yes."""
    asks: list[Seen]


@dataclass(frozen=True)
class Stretch:
    """A stretch of duty that would pass from one to another; None is a gap."""

    role: str
    since_ns: int
    until_ns: int
    before: Seen | None
    after: Seen | None


@dataclass(frozen=True)
class Request:
    """A change of the rota that waits for the reader's own yes."""

    id: str
    why: str
    """In words: never why somebody is away."""
    asked_by: Seen | None
    """None: the rota itself."""
    moves: list[Stretch]
    effects: list[Effect]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A change as the rota would make it, or has made it."""

    moves: tuple[Move, ...]
    asks: tuple[Id, ...] = ()
    """Who must still say yes."""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A change that waits."""

    id: str
    why: str
    asked_by: Id | None
    moves: tuple[Move, ...]


class SwapDesk(Protocol):
    """Whoever may change the rota. May raise Permanent (why not, what instead) and Retryable."""

    async def dry(self, principal: Principal, wish: SwapWish) -> Wanted:
        """What it would be; changes nothing."""

    async def ask(self, principal: Principal, wish: SwapWish) -> Wanted:
        """Does it, or asks whoever must agree."""

    async def accept_gap(self, principal: Principal, gap: ShiftName) -> None:
        """The gap, accepted by name."""

    async def waiting_for(self, person: Id) -> Sequence[Open]:
        """Changes that need this person's yes."""

    async def answer(self, person: Id, change: str, *, is_yes: bool) -> None:
        """Their own word."""


def effects_of(moves: Iterable[Move], snapshot: Snapshot) -> list[Effect]:
    """What the moves mean for everybody whose hours change, whoever gains hours first."""
    found: dict[Id, list[float]] = {}
    for move in moves:
        for person, sign in ((move.before, -1.0), (move.after, 1.0)):
            if person is None:
                continue
            hours = found.setdefault(person, [0.0, 0.0, 0.0])
            for index, value in enumerate(_hours(person, move, snapshot)):
                hours[index] += sign * value
    people = People(snapshot)
    effects = [
        Effect(person=people.seen(person), duty_h=duty, night_h=night, holiday_h=holiday)
        for person, (duty, night, holiday) in found.items()
    ]
    return sorted(effects, key=lambda effect: (-effect.duty_h, effect.person.name))


def key_of(wanted: Wanted, now_ns: int) -> str:
    """Equal for equal changes; what is left of a shift that runs is the same a moment later."""
    moves = tuple(
        msgspec.structs.replace(move, since_ns=0) if move.since_ns <= now_ns else move
        for move in wanted.moves
    )
    told = msgspec.json.encode(msgspec.structs.replace(wanted, moves=moves))
    return hashlib.sha256(told).hexdigest()[:32]


def _hours(person: Id, move: Move, snapshot: Snapshot) -> tuple[float, float, float]:
    """Hours, those at night, those on a public holiday."""
    duty_h = (move.until_ns - move.since_ns) / NS_PER_HOUR
    found = next((each for each in snapshot.people if each.id == person), None)
    n_slots = -(-(move.until_ns - move.since_ns) // (_QUARTER * NS_PER_MINUTE))
    if found is None or n_slots <= 0:
        return duty_h, 0.0, 0.0
    try:
        nights = night_slots(found.zone, move.since_ns, n_slots, slot_minutes=_QUARTER)
        first, last = (local(at, found.zone).date() for at in (move.since_ns, move.until_ns - 1))
        days = public_holidays(found.country, found.subdivision, first, last)
    except (UnknownPlace, UnknownZone):
        return duty_h, 0.0, 0.0
    step = _QUARTER * NS_PER_MINUTE
    on_holiday = sum(
        local(move.since_ns + slot * step, found.zone).date() in days for slot in range(n_slots)
    )
    return duty_h, float(nights.sum()) * _QUARTER / 60, on_holiday * _QUARTER / 60
