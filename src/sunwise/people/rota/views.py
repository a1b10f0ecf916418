"""What people look at: pages, gaps, their changes, their own ledger, calendars."""

import asyncio
from typing import Any, Final

from sunwise.chassis.errors import Retryable
from sunwise.chassis.guard.analyses import Agreed, AgreedNow
from sunwise.chassis.guard.principal import Principal
from sunwise.chassis.guard.rights import Right, Scope
from sunwise.contracts.people.directory import Snapshot
from sunwise.people.rota import ledger
from sunwise.people.rota.calendars import calendar, entries
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.kept import (
    WINDOW_NS,
    Request,
    RequestKind,
    RequestState,
    State,
    Unit,
    window_of,
)
from sunwise.people.rota.page import Page, page_of
from sunwise.people.rota.rows import NoSuch

_FEED_WINDOWS: Final = 2
"""So many past windows stay in a calendar."""


class RotaViews:
    """Reads for people; nothing is changed by it. May raise Permanent and Retryable."""

    def __init__(self, desk: RotaDesk, *, agreed: AgreedNow = Agreed) -> None:
        self.desk = desk
        self._agreed = agreed
        self._store = desk.store

    def now_ns(self) -> int:
        """The service's time."""
        return self.desk.clock.now_ns()

    def snapshot(self) -> Snapshot:
        """The directory as heard last. Raises Retryable."""
        found = self.desk.snapshot()
        if found is None:
            raise Retryable("The directory was not heard yet.", after_s=1.0)
        return found

    async def demand_for_unit(self, principal: Principal, right: Right, unit_id: str) -> None:
        """Returns if they hold the right over the unit's team. Raises NotAllowed and NoSuch."""
        unit = await self.desk.unit(unit_id)
        team = next((team for team in self.snapshot().teams if team.id == unit.team), None)
        leads = team is not None and principal.person_id is not None
        leads = leads and principal.person_id == (team.lead if team else None)
        principal.demand(right, Scope.TEAM if leads else Scope.ALL)

    async def window_to_plan(self, principal: Principal, unit_id: str, at_ns: int | None) -> int:
        """The window that `at_ns`, or now, lies in, for whoever may plan the unit. Raises as above."""
        await self.demand_for_unit(principal, Right.ROTA_PLAN, unit_id)
        return window_of(self.now_ns() if at_ns is None else at_ns)

    async def units(self) -> list[dict[str, Any]]:
        """Each unit, and the windows that are published or wait."""
        return await asyncio.to_thread(self._units)

    def _units(self) -> list[dict[str, Any]]:
        windows = {state: self._store.windows(state) for state in (State.PUBLISHED, State.DRAFT)}
        return [
            {
                "unit": unit.id,
                "team": unit.team,
                "tier": unit.tier.value,
                "services": list(unit.services),
                "published": sorted(at for name, at in windows[State.PUBLISHED] if name == unit.id),
                "drafts": sorted(at for name, at in windows[State.DRAFT] if name == unit.id),
            }
            for unit in self._store.units().values()
        ]

    async def units_of_team(self, team: str) -> list[Unit]:
        """Raises NoSuch."""
        units = await asyncio.to_thread(self._store.units)
        found = [unit for unit in units.values() if unit.team == team]
        if not found:
            raise NoSuch(f"No rota is planned for {team!r}: it owns nothing that needs duty.")
        return found

    async def page(self, unit_id: str, span: tuple[int, int]) -> Page:
        """The published rota over a stretch of time."""
        return await asyncio.to_thread(self._page, unit_id, span)

    def _page(self, unit_id: str, span: tuple[int, int]) -> Page:
        unit = self._unit(unit_id)
        windows = range(window_of(span[0]), span[1], WINDOW_NS)
        found = {at: self._store.find(unit_id, at, State.PUBLISHED) for at in windows}
        drafts = {at: self._store.find(unit_id, at, State.DRAFT) for at in windows}
        return page_of(
            unit,
            [kept for kept in found.values() if kept is not None],
            self.snapshot(),
            span=span,
            now_ns=self.now_ns(),
            drafts={at: kept.version for at, kept in drafts.items() if kept is not None},
            requests=[r for r in self._store.requests(RequestState.OPEN) if r.unit == unit_id],
            agreed=self._agreed(),
        )

    async def draft(self, unit_id: str, window_ns: int) -> Page:
        """The newest draft as it would be."""
        kept = await self.desk.newest_draft(unit_id, window_ns)
        return page_of(
            await self.desk.unit(unit_id),
            [kept],
            self.snapshot(),
            span=(window_ns, window_ns + WINDOW_NS),
            now_ns=self.now_ns(),
            drafts={window_ns: kept.version},
            requests=(),
            agreed=await asyncio.to_thread(self._agreed),
        )

    async def open_gaps(self) -> list[dict[str, Any]]:
        """Gaps of published rotas to come that nobody has accepted, soonest first."""
        turns = await asyncio.to_thread(self._store.turns, self.now_ns())
        found = [
            {"unit": unit, "role": t.role.value, "start_ns": t.start_ns, "end_ns": t.end_ns}
            for unit, _, state, t in turns
            if state is State.PUBLISHED and t.person is None and t.gap_owner is None
        ]
        return sorted(found, key=lambda gap: (gap["start_ns"], gap["unit"]))

    async def requests_of(self, person: str) -> list[Request]:
        """What waits that they asked for or are asked about."""
        found = await asyncio.to_thread(self._store.requests, RequestState.OPEN)
        return [each for each in found if person in each.asked or person == each.asked_by]

    async def assigned(self, unit_id: str, window_ns: int) -> list[Request]:
        """What a newly published rota asks of people."""
        found = await asyncio.to_thread(self._store.requests, RequestState.OPEN)
        kinds = (RequestKind.ASSIGN, RequestKind.REDRAFT)
        return [
            r for r in found if (r.unit, r.window_ns) == (unit_id, window_ns) and r.kind in kinds
        ]

    async def ledger_of(self, person: str) -> list[ledger.Row]:
        """Their own rows."""
        pseudonym = (await self.desk.pseudonyms([person])).get(person)
        if pseudonym is None:
            return []
        return await asyncio.to_thread(self._store.ledger_of, pseudonym)

    async def verify_ledger(self) -> int:
        """The number of rows of everybody. Raises LedgerBroken."""
        return await asyncio.to_thread(self._store.verify_ledger)

    async def calendar(self, shows: str) -> bytes:
        """The calendar that a feed shows: `person:ID` or `team:ID`."""
        return await asyncio.to_thread(self._calendar, shows)

    def _calendar(self, shows: str) -> bytes:
        kind, _, name = shows.partition(":")
        since_ns = window_of(self.now_ns()) - _FEED_WINDOWS * WINDOW_NS
        units = self._store.units()
        names = {person.id: person.name for person in self.snapshot().people}
        if kind == "person":
            places = self._store.windows_with(name, since_ns)
        else:
            windows = self._store.windows(State.PUBLISHED)
            places = {
                (unit, at)
                for unit, at in windows
                if unit in units and units[unit].team == name and at >= since_ns
            }
        person = name if kind == "person" else None
        listed = [
            entry
            for unit, at in sorted(places)
            for entry in entries(self._store.versions(unit, at), person)
        ]
        title = f"On duty: {names.get(name, name)}"
        return calendar(title, listed, units, names)

    def _unit(self, unit_id: str) -> Unit:
        unit = self._store.units().get(unit_id)
        if unit is None:
            raise NoSuch(f"There is no unit {unit_id!r}: list them to see what is planned.")
        return unit
