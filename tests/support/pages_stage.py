"""The pages on a real socket at a time of the test's choice: door, handoffs and rota, without a bus.

A company of five with one rota of two services (`handoff_company`): ana's shift ends at 08:00 UTC,
bo's begins.
"""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from sunwise.chassis import addresses
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard import OPERATOR, GuardStore, Principal, TwoPeople
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.guard.door import Guard
from sunwise.chassis.http import HttpServer
from sunwise.chassis.http.asgi import AsgiBridge
from sunwise.chassis.ports import settled_port
from sunwise.cli.people_app import LIMITS, people_app
from sunwise.cli.people_pager import PagerDesk, pager_router, pages_waiting
from sunwise.cli.people_pages import approvals, handoffs
from sunwise.contracts.people.duty import DutySlot
from sunwise.contracts.people.facts import Evidence, FactKind, TimelineFact
from sunwise.contracts.people.incidents import GetShift, Incident, IncidentState, Shift
from sunwise.people.handoff.acceptance import advance
from sunwise.people.handoff.api import handoff_router
from sunwise.people.handoff.desk import HandoffDesk
from sunwise.people.handoff.following import changes
from sunwise.people.handoff.store import HandoffStore
from sunwise.web.api import Sources, web_routers
from sunwise.web.swaps import Move, Open, ShiftName, SwapWish, Wanted
from sunwise.web.waiting import WaitingRoom
from tests.support.handoff_company import at, company, day, roster, slot
from tests.support.stage_incidents import StageIncidents
from tests.support.stage_pager import StagePager

PAGE = "b" * 20
ALERT = TimelineFact(
    id="pager:1",
    kind=FactKind.ALERT,
    services=("ledger",),
    what="The ledger answers slowly: p99 of 840 ms over 20 minutes.",
    at_ns=at(6),
    source="pager",
    evidence=Evidence(kind="page", ref=PAGE, url=addresses.page(PAGE)),
)
DEPLOY = TimelineFact(
    id="deploy:7",
    kind=FactKind.DEPLOY,
    services=("matching",),
    what="Deployed matching 4.1.0 to all regions.",
    at_ns=at(5),
    source="deploys",
    evidence=Evidence(kind="deploy", ref="matching-4.1.0"),
)
INCIDENT = Incident(
    id="0123456789ab",
    title="Withdrawals wait for the ledger",
    severity=2,
    state=IncidentState.OPEN,
    service="ledger",
    services=("ledger", "matching"),
    opened_ns=at(6.2),
)


class StageBoard:
    """A duty board of these slots."""

    version = 1
    is_stale = False

    def __init__(self, slots: list[DutySlot], clock: SimulatedClock) -> None:
        self.all = slots
        self._clock = clock

    @property
    def as_of_ns(self) -> int:
        return self._clock.now_ns()

    def slots(self, from_ns: int, until_ns: int) -> list[DutySlot]:
        return [s for s in self.all if s.since_ns < until_ns and s.until_ns > from_ns]


class StageSwaps:
    """Swaps need the taker's yes, are never more than eve can do, and are applied by the last yes."""

    def __init__(self, board: StageBoard) -> None:
        self._board = board
        self.open: dict[str, tuple[str, SwapWish]] = {}
        self.asks_also: tuple[str, ...] = ()

    async def dry(self, principal: Principal, wish: SwapWish) -> Wanted:
        if wish.taker == "eve":
            raise Permanent("Eve would have 7 h of rest of 11 h: offer the shift to another owner.")
        asked = {wish.giver, wish.taker} - {principal.person_id, None}
        return Wanted(moves=_moves(wish), asks=(*sorted(asked), *self.asks_also))

    async def ask(self, principal: Principal, wish: SwapWish) -> Wanted:
        wanted = await self.dry(principal, wish)
        if wanted.asks:
            self.open[f"c{len(self.open)}"] = (principal.person_id or "", wish)
        else:
            self._apply(wish)
        return wanted

    async def waiting_for(self, person: str) -> Sequence[Open]:
        return [
            Open(
                id=name,
                why="a swap",
                asked_by=by,
                moves=_moves(wish),
            )
            for name, (by, wish) in self.open.items()
            if person in {wish.giver, wish.taker} - {by}
        ]

    async def accept_gap(self, principal: Principal, gap: ShiftName) -> None:
        self._board.all = [
            replace(each, gap_owner=principal.person_id)
            if each.person is None and each.since_ns == gap.since_ns
            else each
            for each in self._board.all
        ]

    async def answer(self, person: str, change: str, *, is_yes: bool) -> None:
        _, wish = self.open.pop(change)
        if is_yes:
            self._apply(wish)

    def _apply(self, wish: SwapWish) -> None:
        for shift, after in ((wish, wish.taker), (wish.back, wish.giver)):
            if shift is not None:
                self._board.all = [_passed(each, shift, after) for each in self._board.all]


def _moves(wish: SwapWish) -> tuple[Move, ...]:
    moved = [(wish, wish.giver, wish.taker)]
    if wish.back is not None:
        moved.append((wish.back, wish.taker, wish.giver))
    return tuple(
        Move(role=s.role, since_ns=s.since_ns, until_ns=s.until_ns, before=before, after=after)
        for s, before, after in moved
    )


def _passed(slot: DutySlot, shift: ShiftName, after: str | None) -> DutySlot:
    is_it = slot.service in shift.services and slot.role == shift.role
    is_it = is_it and (slot.since_ns, slot.until_ns) == (shift.since_ns, shift.until_ns)
    return replace(slot, person=after, actual=True) if is_it else slot


class PagesStage:
    """A server that runs in a thread of its own until `close`."""

    def __init__(self, folder: Path, *, hour: float = 7.5) -> None:
        self.clock = SimulatedClock(start_ns=at(hour))
        self._port = settled_port("127.0.0.1")
        self.url = f"http://127.0.0.1:{self._port}"
        slots = [*day(days=5), slot("ledger", None, 120, 128, gap_owner="eve")]
        self.board = StageBoard(slots, self.clock)
        self.swaps = StageSwaps(self.board)
        self.pager = StagePager()
        self.roster = roster(day(days=5))
        self.shift: Shift | None = Shift(incidents=(INCIDENT,), facts=(DEPLOY, ALERT))
        self._database = open_database(folder / "handoff.db", is_derived=False)
        self.incidents = StageIncidents(folder, self.clock)
        self._store = HandoffStore(self._database)
        self._store.follow(changes({}, self.roster, at(1)), at(1))
        for each in self._store.known(0).values():
            self._store.act(each.id, lambda handoff: advance(handoff, at(hour)))
        self.guard_store = GuardStore.open(folder / "guard.sqlite", self.clock)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._start())

    def token(self, person: str) -> str:
        return self.guard_store.issue_token(person, "test", by=OPERATOR)[0]

    def handoff(self, outgoing: str) -> str:
        """The one in which this person hands over as primary, first."""
        known = sorted(self._store.known(0).values(), key=lambda each: each.seam.at_ns)
        return next(h.id for h in known if h.seam.outgoing == outgoing and h.seam.role == "primary")

    def close(self) -> None:
        self._do(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._database.dispose()
        self.incidents.close()
        self.guard_store.close()

    def _do(self, what) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    async def _start(self) -> None:
        guard = Guard(self.guard_store, clock=self.clock, origins=Origins([self.url]))
        two_people = TwoPeople(self.guard_store, self.clock)
        desk = HandoffDesk(
            self._store,
            self.clock,
            roster=lambda: self.roster,
            ask_shift=self._ask_shift,
            tell=lambda _events: None,
            blocking=asyncio.to_thread,
        )
        pages = PagerDesk(self.pager)
        sources = Sources(
            snapshot=company,
            board=self.board,
            now_ns=self.clock.now_ns,
            waits=WaitingRoom(
                {
                    "pages": pages_waiting(pages, company),
                    "handoffs": handoffs(desk, company, now_ns=self.clock.now_ns),
                    "changes to approve": approvals(two_people, company),
                }
            ),
            swaps=self.swaps,
        )
        routers = [
            handoff_router(desk, require=guard.require),
            pager_router(pages, require=guard.require),
            *self.incidents.routers(guard.require),
            *web_routers(sources, require=guard.require),
        ]
        app = people_app(guard, two_people, routers)
        self._server = HttpServer(AsgiBridge(app), host="127.0.0.1", port=self._port, limits=LIMITS)
        await self._server.start()

    async def _ask_shift(self, _question: GetShift) -> Shift | None:
        return self.shift


@contextmanager
def pages_stage(folder: Path, *, hour: float = 7.5) -> Iterator[PagesStage]:
    stage = PagesStage(folder, hour=hour)
    try:
        yield stage
    finally:
        stage.close()
