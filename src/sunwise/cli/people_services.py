"""The services of the people plane by name: how each is put together from the place it runs in.

Each adds its routes to those of its process; `people_web`, the last of them, serves what is there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from sunwise.chassis.bus import Bus
from sunwise.chassis.lifecycle import Service
from sunwise.cli.hosted import Hosted, Ready
from sunwise.cli.place import Place

if TYPE_CHECKING:
    from sqlalchemy import Engine  # an exchange starts without it


async def make_directory(place: Place) -> Service:
    """The directory on the bus, its pages and its SCIM server."""
    from sunwise.cli.people_owners import owners_router
    from sunwise.cli.people_parts import PeopleParts
    from sunwise.people.directory.api import directory_router
    from sunwise.people.directory.handed_over import HandedOver
    from sunwise.people.directory.proposing import Proposing
    from sunwise.people.directory.scim.api import scim_router
    from sunwise.people.directory.scim.protocol import Scim
    from sunwise.people.directory.service import DirectoryService

    parts = place.shared(PeopleParts)
    store, require = parts.directory, parts.guard.require
    scim = Scim(parts.directory_database, store, place.clock)
    proposing = Proposing(store, parts.two_people)
    handed_over = HandedOver()
    parts.routers += [
        directory_router(
            store,
            require=require,
            proposing=proposing,
            clock=place.clock,
            handed_over=handed_over,
            agreed=parts.analyses.agreed,
        ),
        scim_router(scim, require=require),
        owners_router(
            store,
            now_ns=place.clock.now_ns,
            require=require,
            handed_over=handed_over,
            agreed=parts.analyses.agreed,
        ),
    ]

    return _connected(
        place,
        "directory",
        lambda bus: DirectoryService(bus, store, place.clock, handed_over=handed_over),
    )


async def make_handoff(place: Place) -> Service:
    """Handoffs and their notes."""
    from sunwise.cli.people_pages import handoffs
    from sunwise.cli.people_parts import PeopleParts, people_database
    from sunwise.people.handoff.api import handoff_router
    from sunwise.people.handoff.personal import HandoffHolder
    from sunwise.people.handoff.service import HandoffService, HandoffSettings
    from sunwise.people.handoff.store import HandoffStore

    parts = place.shared(PeopleParts)
    database = people_database(place, "handoff")
    settings = place.settings(HandoffSettings, "handoff")
    bus = await place.connect("handoff")
    service = HandoffService(
        bus, HandoffStore(database), place.clock, settings=settings, agreed=parts.analyses.agreed
    )
    parts.routers.append(handoff_router(service.desk, require=parts.guard.require))
    parts.waits["handoffs"] = handoffs(
        service.desk, parts.directory.snapshot, now_ns=place.clock.now_ns
    )
    parts.holders["handoff"] = HandoffHolder(database)

    return _kept("handoff", service.run, bus, database)


async def make_rota(place: Place) -> Service:
    """Rotas, and who is on duty."""
    from sunwise.cli.people_parts import PeopleParts, people_database
    from sunwise.cli.people_swaps import RotaSwaps, swaps
    from sunwise.people.rota.api import rota_router
    from sunwise.people.rota.holder import RotaHolder
    from sunwise.people.rota.planner import Planner, PlannerSettings
    from sunwise.people.rota.proposing import RotaProposing
    from sunwise.people.rota.service import RotaService, RotaSettings
    from sunwise.people.rota.store import RotaStore
    from sunwise.people.rota.taking import Taking
    from sunwise.people.rota.views import RotaViews

    parts = place.shared(PeopleParts)
    database = people_database(place, "rota")
    planner = Planner(place.settings(PlannerSettings, "rota_planner"))
    bus = await place.connect("rota")
    store = RotaStore(database, place.clock)
    parts.holders["rota"] = RotaHolder(store)
    service = RotaService(
        bus,
        store,
        place.clock,
        solve=planner.run,
        settings=place.settings(RotaSettings, "rota"),
    )
    taking = Taking(service.desk, parts.guard.store.audit)
    parts.swaps = RotaSwaps(service.desk, taking)
    parts.waits["changes of the rota"] = swaps(parts.swaps, parts.directory.snapshot)
    proposing = RotaProposing(service.desk, parts.two_people)
    parts.routers.append(
        rota_router(
            RotaViews(service.desk, agreed=parts.analyses.agreed),
            service.mending,
            proposing,
            taking=taking,
            require=parts.guard.require,
            feed=parts.guard.feed(),
        )
    )

    async def work(ready: Ready) -> None:
        await taking.write_missing()
        await service.run(ready)

    return _kept("rota", work, bus, database)


async def make_incidents(place: Place) -> Service:
    """Facts, incidents and their reviews."""
    from sunwise.cli.people_parts import PeopleParts, people_database, services_in
    from sunwise.people.incidents.api import incidents_router
    from sunwise.people.incidents.facts_api import facts_router
    from sunwise.people.incidents.personal import IncidentHolder
    from sunwise.people.incidents.service import IncidentService, IncidentSettings
    from sunwise.people.incidents.store import IncidentStore

    parts = place.shared(PeopleParts)
    database = people_database(place, "incidents")
    settings = place.settings(IncidentSettings, "incidents")
    bus = await place.connect("incidents")
    service = IncidentService(bus, IncidentStore(database), place.clock, settings=settings)
    require = parts.guard.require
    parts.routers += [
        incidents_router(service.desk, require=require),
        facts_router(service.desk, require=require, services=lambda: services_in(parts.directory)),
    ]
    parts.holders["incidents"] = IncidentHolder(database, forget_name=service.forget_name)

    return _kept("incidents", service.run, bus, database)


async def make_alarms(place: Place) -> Service:
    """What has the pager tell somebody of duties that nobody does."""
    from sunwise.chassis.pager_door import PagerDoor
    from sunwise.chassis.secret_files import read_secret
    from sunwise.cli.people_parts import PeopleParts, planners
    from sunwise.people.alarms.service import AlarmLog, AlarmService, AlarmSettings, Door

    parts = place.shared(PeopleParts)
    settings = place.settings(AlarmSettings, "people_alarms")
    urls = [each.strip() for each in settings.pagers.split(",") if each.strip()]
    door: Door = AlarmLog()
    if urls:
        door = PagerDoor(
            urls,
            read_secret(settings.key_file).decode(),
            pages_url=parts.web.pages_url(),
            authority=settings.authority_file,
        )

    return _connected(
        place,
        "alarms",
        lambda bus: AlarmService(
            bus,
            place.clock,
            door=door,
            file=place.folder("alarms") / "told.json",
            planners=lambda: planners(parts.guard.store),
            settings=settings,
        ),
    )


async def make_privacy(place: Place) -> Service:
    """Erasing people, and all that is held of one."""
    from sunwise.cli.people_holders import EXPECTED, pager_holders
    from sunwise.cli.people_parts import PeopleParts, people_database
    from sunwise.people.pager.client import PagersSettings
    from sunwise.people.privacy.api import privacy_router
    from sunwise.people.privacy.erasures import Erasures
    from sunwise.people.privacy.proposing import ErasureProposing
    from sunwise.people.privacy.service import PrivacyService, PrivacySettings
    from sunwise.people.privacy.store import PrivacyStore

    parts = place.shared(PeopleParts)
    settings = place.settings(PrivacySettings, "privacy")
    parts.holders |= pager_holders(place.settings(PagersSettings, "pagers"))
    store = PrivacyStore(people_database(place, "privacy"))
    erasures = Erasures(
        store,
        parts.holders,
        place.clock,
        expected=EXPECTED,
        settle_ns=round(settings.settle_s * 1_000_000_000),
    )
    proposing = ErasureProposing(
        erasures,
        parts.holders,
        guard=parts.guard.store,
        two_people=parts.two_people,
        traces_of=parts.directory.traces,
    )
    require = parts.guard.require
    parts.routers.append(privacy_router(store, parts.holders, proposing, require=require))
    return PrivacyService(erasures, store, place.clock, settings=settings)


async def make_people_web(place: Place) -> Service:
    """The pages and the API of the people plane, with its door and a duty board."""
    from sunwise.chassis.duty import DutyBoard, DutyFile
    from sunwise.chassis.duty.api import duty_router
    from sunwise.chassis.duty.holding import Holdings
    from sunwise.chassis.http import HttpServer
    from sunwise.chassis.http.asgi import AsgiBridge
    from sunwise.cli.people_app import LIMITS, people_app
    from sunwise.cli.people_approvals import ApprovalFacts
    from sunwise.cli.people_pages import approvals, pages_of
    from sunwise.cli.people_parts import PeopleParts
    from sunwise.web.api import web_routers

    parts = place.shared(PeopleParts)
    guard, now_ns = parts.guard, place.clock.now_ns
    parts.waits["changes to approve"] = approvals(parts.two_people, parts.directory.snapshot)

    async def work(ready: Ready) -> None:
        async with AsyncExitStack() as stack:
            bus = await place.connect("people_web")
            stack.push_async_callback(bus.close)
            file = DutyFile(place.folder("people_web"))
            board = await DutyBoard.open(bus, clock=place.clock, file=file)
            stack.push_async_callback(board.close)
            held = Holdings(bus, place.clock)
            pages = pages_of(parts, board, now_ns=now_ns, held=held)
            routers = [
                duty_router(board, now_ns=now_ns, require=guard.require, held=held),
                *web_routers(pages, require=guard.require),
                *parts.routers,
            ]
            app = people_app(guard, parts.two_people, routers)
            await asyncio.to_thread(parts.two_people.resume)
            server = HttpServer(
                AsgiBridge(app), host=parts.web.host, port=parts.web.port, limits=LIMITS
            )
            await server.start()
            stack.push_async_callback(server.stop)
            ready()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(ApprovalFacts(bus, parts.two_people, place.clock).run())
                tasks.create_task(parts.retention().run())

    return Hosted("people_web", work)


async def make_pager_feed(place: Place) -> Service:
    """What keeps the pagers' rosters new and tells what they did."""
    from pathlib import Path

    from sunwise.people.pager.client import PagersSettings, parts
    from sunwise.people.pager.feed import PagerFeed, ask_pager

    settings = place.settings(PagersSettings, "pagers")
    pagers = settings.client()

    return _connected(
        place,
        "pager_feed",
        lambda bus: PagerFeed(
            bus,
            ask_pager(pagers),
            roster_files=[Path(each) for each in parts(settings.roster_files)],
            position_file=place.folder("pager_feed") / "position",
            clock=place.clock,
        ),
        user="pager",
    )


async def make_pager_door(place: Place) -> Service:
    """What people see of the pagers, and do about their pages."""
    from sunwise.cli.people_pager import PagerDesk, pager_router, pages_waiting
    from sunwise.cli.people_parts import PeopleParts
    from sunwise.people.pager.client import PagersSettings

    parts = place.shared(PeopleParts)
    desk = PagerDesk(place.settings(PagersSettings, "pagers").client())
    parts.routers.append(pager_router(desk, require=parts.guard.require))
    parts.waits["pages"] = pages_waiting(desk, parts.directory.snapshot)

    async def work(ready: Ready) -> None:
        ready()
        await asyncio.get_running_loop().create_future()

    return Hosted("pager_door", work)


PEOPLE_MAKERS: Final[dict[str, Callable[[Place], Awaitable[Service]]]] = {
    "directory": make_directory,
    "incidents": make_incidents,
    "handoff": make_handoff,
    "rota": make_rota,
    "alarms": make_alarms,
    "privacy": make_privacy,
    "people_web": make_people_web,
    "pager_feed": make_pager_feed,
    "pager_door": make_pager_door,
}


def _connected(
    place: Place, name: str, make: Callable[[Bus], Service], *, user: str = ""
) -> Service:
    """A service that is made anew, on a connection of its own, each time it runs."""

    async def work(ready: Ready) -> None:
        bus = await place.connect(user or name)
        try:
            await make(bus).run(ready)
        finally:
            await bus.close()

    return Hosted(name, work)


def _kept(
    name: str, run: Callable[[Ready], Awaitable[None]], bus: Bus, database: "Engine"
) -> Service:
    """A service that leaves its connections closed however it ends."""

    async def work(ready: Ready) -> None:
        try:
            await run(ready)
        finally:
            await bus.close()
            database.dispose()

    return Hosted(name, work)
