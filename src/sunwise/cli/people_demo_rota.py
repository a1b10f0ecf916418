"""The demo's rota: planned, approved by a second person and agreed to, all through the rota's own doors.

It is dated back to before its 4 weeks began, as in a company that keeps the law's notice: whoever would
have heard of their first shifts too late was asked, and said yes.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Engine

from sunwise.chassis.clock import Clock, SimulatedClock, SystemClock
from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard import GuardStore, Principal, Proposal, TwoPeople
from sunwise.chassis.guard.principal import How
from sunwise.chassis.guard.rights import scopes_of
from sunwise.contracts.people.directory import Snapshot
from sunwise.daylight.night import night_slots
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.directory.store import DirectoryStore
from sunwise.people.rota.core.planning import Effort
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.directory_copy import HeardDirectory
from sunwise.people.rota.jobs import Answer, Job, PlanJob, work
from sunwise.people.rota.kept import DAY_NS, WINDOW_NS, Kept, RequestState, State, Unit, window_of
from sunwise.people.rota.proposing import RotaProposing
from sunwise.people.rota.publishing import Unlawful
from sunwise.people.rota.store import RotaStore
from sunwise.people.rota.turns import Turn
from sunwise.people.rota.units import units_of

QUICK: Final = Effort(nights=0.15, fairness=0.1, patterns=1, weaving=0.1, gaps=0.2)
"""A new user waits for it: less than a second a unit, and not much worse than a patient plan."""
_PUBLISHED_BEFORE_NS: Final = 13 * DAY_NS
"""A day later than most laws want it: everybody on duty on the first day has to say yes."""
_SEEN_AHEAD_NS: Final = 14 * DAY_NS
_ACCEPTED_AHEAD_NS: Final = 7 * DAY_NS
_MOST_OFFERS: Final = 20


class Administrators(NamedTuple):
    """Who approves, and who proposes."""

    you: str
    second: str


class DemoRota:
    """Makes the rota of a company that was just invented."""

    def __init__(
        self, engine: Engine, directory: DirectoryStore, guard: GuardStore, clock: Clock
    ) -> None:
        self._engine = engine
        self._directory = directory
        self._guard = guard
        self._clock = clock
        self._snapshot = directory.snapshot()

    async def agree(self, who: Administrators, report: Callable[[str], None]) -> list[Kept]:
        """The rotas in force from then on, those of every unit; `report` hears how far it is."""
        windows = self._windows()
        units = units_of(self._snapshot)
        desk = self._desk(SimulatedClock(start_ns=windows[0] - _PUBLISHED_BEFORE_NS))
        desk.store.set_units(units)
        door = _Door(desk, self._guard, self._clock, who)
        found: list[Kept] = []
        for window_ns in windows:
            for unit in units:
                report(f"rota {len(found) + 1} of {len(windows) * len(units)}, {unit.id}")
                found.append(await self._put_in_force(desk, door, unit, window_ns))
        return found

    async def leave_something_to_do(self, who: Administrators) -> None:
        """What a working day finds: gaps that a lead has accepted, a draft to approve, a swap to answer."""
        desk = self._desk(self._clock)
        await self._accept_gaps(desk)
        await self._offer_swap(desk, who.you)
        await self._propose_next(desk, who)

    def _windows(self) -> list[int]:
        """The 4 weeks of today, and the next where they begin within what the pages show."""
        now_ns = self._clock.now_ns()
        first = window_of(now_ns)
        is_near = first + WINDOW_NS - now_ns <= _SEEN_AHEAD_NS
        return [first, first + WINDOW_NS] if is_near else [first]

    async def _put_in_force(
        self, desk: RotaDesk, door: "_Door", unit: Unit, window_ns: int
    ) -> Kept:
        draft = await desk.plan(unit.id, window_ns)
        if unit.is_around_the_clock:
            door.approve(door.propose(draft))
        else:
            desk.publish(unit.id, window_ns, draft.version, by=_lead(self._snapshot, unit))
        for request in desk.store.requests(RequestState.OPEN):
            for person in request.waits_for():
                await desk.answer(request.id, person, is_yes=True)
        return await desk.published(unit.id, window_ns)

    async def _accept_gaps(self, desk: RotaDesk) -> None:
        """The gaps of the next days, by whoever leads the team; those after stay open."""
        now_ns = self._clock.now_ns()
        for unit in desk.store.units().values():
            owner = _lead(self._snapshot, unit)
            for turn in self._turns(desk, unit):
                if turn.person is None and turn.start_ns < now_ns + _ACCEPTED_AHEAD_NS:
                    await desk.accept_gap(unit.id, turn.role, turn.start_ns, owner=owner)

    async def _offer_swap(self, desk: RotaDesk, you: str) -> None:
        """Somebody of your team offers you a shift that you may lawfully take, by day if there is one."""
        for unit, turn in self._offers(desk, you):
            name = unit.id, turn.role, turn.start_ns
            try:
                await desk.swap(name, you, by=str(turn.person))
            except Unlawful:
                continue
            return

    def _offers(self, desk: RotaDesk, you: str) -> list[tuple[Unit, Turn]]:
        mine = self._teams(you)
        now_ns = self._clock.now_ns()
        found = [
            (unit, turn)
            for unit in desk.store.units().values()
            if unit.team in mine
            for turn in self._turns(desk, unit)
            if turn.person not in (None, you) and turn.start_ns > now_ns + 2 * DAY_NS
        ]
        clock = next(person.zone for person in self._snapshot.people if person.id == you)
        found.sort(key=lambda each: (_night_hours(each[1], clock), each[1].start_ns))
        return found[:_MOST_OFFERS]

    def _teams(self, person: str) -> set[str]:
        return {team.id for team in self._snapshot.teams if person in team.members}

    def _turns(self, desk: RotaDesk, unit: Unit) -> list[Turn]:
        """Those to come in the 4 weeks of today."""
        now_ns = self._clock.now_ns()
        kept = desk.store.find(unit.id, window_of(now_ns), State.PUBLISHED)
        return [turn for turn in kept.turns if turn.end_ns > now_ns] if kept else []

    async def _propose_next(self, desk: RotaDesk, who: Administrators) -> None:
        """The rota after those in force, of one unit: proposed by the other, and yours to approve."""
        units = [u for u in desk.store.units().values() if u.is_around_the_clock]
        mine = self._teams(who.you)
        unit = next((u for u in units if u.team in mine), next(iter(units), None))
        if unit is None:
            return
        draft = await desk.plan(unit.id, self._windows()[-1] + WINDOW_NS)
        _Door(desk, self._guard, self._clock, who).propose(draft)

    def _desk(self, clock: Clock) -> RotaDesk:
        return RotaDesk(
            RotaStore(self._engine, clock),
            clock,
            heard=lambda: HeardDirectory(self._snapshot),
            pseudonyms=self._pseudonyms,
            solve=_solve,
            blocking=_at_once,
        )

    async def _pseudonyms(self, people: Any) -> dict[str, str]:  # noqa: ANN401 - ids
        return self._directory.pseudonyms(people)


class _Door:
    """The two invented administrators at the door for what takes two people."""

    def __init__(
        self, desk: RotaDesk, guard: GuardStore, clock: Clock, who: Administrators
    ) -> None:
        self._two_people = TwoPeople(guard, clock)
        self._proposing = RotaProposing(desk, self._two_people)
        self._you, self._second = (_principal(guard, person) for person in who)

    def propose(self, draft: Kept) -> Proposal:
        """By the second of them."""
        return self._proposing.submit(self._second, draft)

    def approve(self, proposal: Proposal) -> None:
        """By you. Raises Permanent."""
        done = self._two_people.approve(self._you, proposal.id, proposal.content_hash)
        if done.outcome:
            raise Permanent(done.outcome)


def _principal(guard: GuardStore, person: str) -> Principal:
    """An invented person, whose word is given by whoever invents them."""
    roles = guard.roles_of(person)
    return Principal(person_id=person, roles=roles, how=How.OPERATOR, scopes=scopes_of(roles))


def _night_hours(turn: Turn, clock: str) -> int:
    """Hours of the turn that are night in that zone."""
    n_hours = (turn.end_ns - turn.start_ns) // NS_PER_HOUR
    return int(night_slots(clock, turn.start_ns, n_hours, slot_minutes=60).sum())


def _lead(snapshot: Snapshot, unit: Unit) -> str:
    """Who leads the unit's team."""
    team = next(team for team in snapshot.teams if team.id == unit.team)
    return team.lead or team.members[0]


async def _solve(job: Job) -> Answer:
    """The answer of a quick search, in this process: starting another one takes as long."""
    if isinstance(job, PlanJob):
        job = msgspec.structs.replace(job, effort=QUICK, with_front=False)
    return work(job, SystemClock())


async def _at_once(call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:  # noqa: ANN401
    return call(*arguments, **more)
