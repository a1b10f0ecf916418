"""The pages' way to the rota: a shift passes from one to another by the rota's own rules."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard import NotAllowed, Principal, Right
from sunwise.chassis.guard.principal import person_of
from sunwise.contracts.people.directory import Id, Role, Snapshot
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.kept import Request, RequestKind, RequestState
from sunwise.people.rota.taking import Taking
from sunwise.people.rota.views import RotaViews
from sunwise.web.seen import People
from sunwise.web.swaps import Move, Open, ShiftName, SwapWish, Wanted
from sunwise.web.waiting import Asked, Waiting

_WHY: Final = {
    RequestKind.ASSIGN: "shifts of a new rota, sooner than your notice",
    RequestKind.REDRAFT: "a new plan in place of the one in force",
    RequestKind.ABSENCE: "somebody cannot come",
    RequestKind.LEAVE: "somebody has leave",
    RequestKind.SWAP: "a swap",
    RequestKind.TAKE: "a shift to be taken over",
    RequestKind.TRAVEL: "somebody is in another zone",
    RequestKind.LOST: "a hub or a country cannot be reached",
    RequestKind.DIRECTORY: "people or services are not what they were",
}


class RotaSwaps:
    """A `SwapDesk` over the rota's desk: one gives one's own shift, or takes somebody's."""

    def __init__(self, desk: RotaDesk, taking: Taking) -> None:
        self._desk = desk
        self._taking = taking

    async def dry(self, principal: Principal, wish: SwapWish) -> Wanted:
        """What it would be; changes nothing. Raises Permanent and Retryable."""
        return _wanted(await self._request(principal, wish, is_dry=True))

    async def ask(self, principal: Principal, wish: SwapWish) -> Wanted:
        """Does it, or asks whoever must agree. Raises Permanent and Retryable."""
        return _wanted(await self._request(principal, wish, is_dry=False))

    async def accept_gap(self, principal: Principal, gap: ShiftName) -> None:
        """By whoever may publish the rota of that team. Raises Permanent and Retryable."""
        unit = await asyncio.to_thread(self._unit_of, gap.services)
        await RotaViews(self._desk).demand_for_unit(principal, Right.ROTA_PUBLISH, unit)
        owner = person_of(principal)
        await self._desk.accept_gap(unit, Role(gap.role), gap.since_ns, owner=owner)

    async def waiting_for(self, person: Id) -> Sequence[Open]:
        """Changes that need this person's yes."""
        found = await asyncio.to_thread(self._desk.store.requests, RequestState.OPEN)
        return [
            Open(
                id=each.id, why=_WHY[each.kind], asked_by=each.asked_by or None, moves=_moves(each)
            )
            for each in found
            if person in each.waits_for()
        ]

    async def answer(self, person: Id, change: str, *, is_yes: bool) -> None:
        """Their own word. Raises Permanent and Retryable."""
        await self._desk.answer(change, person, is_yes=is_yes)

    async def _request(self, principal: Principal, wish: SwapWish, *, is_dry: bool) -> Request:
        you, role = principal.person_id, Role(wish.role)
        unit = await asyncio.to_thread(self._unit_of, wish.services)
        if you is not None and wish.giver == you:
            mine, back = (unit, role, wish.since_ns), await self._name_of(wish.back)
            return await self._desk.swap(mine, wish.taker, by=you, back=back, is_dry=is_dry)
        if you is not None and wish.taker == you:
            principal.demand(Right.DUTY_TAKE)
            shift = unit, role, wish.since_ns
            return await self._taking.take(principal, shift, is_dry=is_dry)
        raise NotAllowed(
            "Only whoever has a shift gives it, and only whoever takes it can take it: ask them to."
        )

    async def _name_of(self, shift: ShiftName | None) -> tuple[str, Role, int] | None:
        if shift is None:
            return None
        unit = await asyncio.to_thread(self._unit_of, shift.services)
        return unit, Role(shift.role), shift.since_ns

    def _unit_of(self, services: Sequence[Id]) -> str:
        for unit in self._desk.store.units().values():
            if set(services) <= set(unit.services):
                return unit.id
        raise Permanent("These services are planned apart by now: look at the rota again.")


def swaps(desk: RotaSwaps, snapshot: Callable[[], Snapshot]) -> Asked:
    """Changes of the rota that need the reader's yes."""

    async def ask(principal: Principal) -> list[Waiting]:
        found = await desk.waiting_for(principal.person_id or "")
        people = People(await asyncio.to_thread(snapshot))
        return [_waiting(each, people) for each in found]

    return ask


def _waiting(change: Open, people: People) -> Waiting:
    asks = people.seen_or_none(change.asked_by)
    return Waiting(
        kind="swap",
        title=f"{asks.name if asks else 'The rota'} asks you: {change.why}",
        detail=f"Your yes or no; {_shifts(change)}, from",
        link="/rota#requests",
        at_ns=min(move.since_ns for move in change.moves),
        with_person=asks,
    )


def _shifts(change: Open) -> str:
    n_moves = len(change.moves)
    return "1 shift" if n_moves == 1 else f"{n_moves} shifts"


def _wanted(request: Request) -> Wanted:
    return Wanted(moves=_moves(request), asks=request.waits_for())


def _moves(request: Request) -> tuple[Move, ...]:
    return tuple(
        Move(
            role=piece.role.value,
            since_ns=piece.start_ns,
            until_ns=piece.end_ns,
            before=piece.before,
            after=piece.after,
        )
        for piece in request.changes
    )
