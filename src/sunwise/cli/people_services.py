"""The services of the people plane by name: how each is put together from the place it runs in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sunwise.chassis.lifecycle import Service
from sunwise.cli.hosted import Hosted, Ready
from sunwise.cli.place import Place

if TYPE_CHECKING:
    from sunwise.chassis.clock import Clock
    from sunwise.chassis.guard import GuardStore
    from sunwise.people.directory.store import DirectoryStore

GUARD_FILE: Final = Path("guard") / "guard.sqlite"
DIRECTORY_FILE: Final = Path("directory") / "directory.sqlite"


class DirectorySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the directory is kept."""

    database: str = ""
    """URL of a PostgreSQL database; empty for a SQLite file in the data folder."""


def open_guard(data: Path, clock: "Clock", *, database: str = "") -> "GuardStore":
    """The guard's store in the data folder, or at a PostgreSQL URL."""
    from sunwise.chassis.guard import GuardStore

    return GuardStore.open(database or _file(data, GUARD_FILE), clock)


def open_directory(data: Path, clock: "Clock", *, database: str = "") -> "DirectoryStore":
    """The directory's store, with the law of today."""
    from sunwise.chassis.data_folder import make_private
    from sunwise.chassis.db import open_database
    from sunwise.daylight.working_time import rules_of
    from sunwise.daylight.zones import instant
    from sunwise.people.directory.store import DirectoryStore

    target = database or _file(data, DIRECTORY_FILE)
    if isinstance(target, Path):
        make_private(target)
    engine = open_database(target, is_derived=False)
    return DirectoryStore(
        engine, clock, law=lambda country: rules_of(country, instant(clock.now_ns()).date())
    )


def _file(data: Path, name: Path) -> Path:
    path = data / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


class AtWork:
    """The people of the directory who work here now; read again when it changes."""

    def __init__(self, directory: "DirectoryStore") -> None:
        self._directory = directory
        self._version = -1
        self._people: frozenset[str] = frozenset()

    def __contains__(self, person: str) -> bool:
        """Whether the directory has this person, and active."""
        if self._directory.version() != self._version:
            snapshot = self._directory.snapshot()
            self._people = frozenset(each.id for each in snapshot.people if each.active)
            self._version = snapshot.version
        return person in self._people


async def make_directory(place: Place) -> Service:
    """The directory on the bus."""
    from sunwise.people.directory.service import DirectoryService

    async def work(ready: Ready) -> None:
        settings = place.settings(DirectorySettings, "directory")
        store = open_directory(place.data, place.clock, database=settings.database)
        bus = await place.connect("directory")
        try:
            await DirectoryService(bus, store, place.clock).run(ready)
        finally:
            await bus.close()

    return Hosted("directory", work)


async def make_people_web(place: Place) -> Service:
    """The pages and the API of the people plane, with its door and a duty board."""
    from sunwise.cli.people_app import PeopleWebSettings

    settings = place.settings(PeopleWebSettings, "people_web")

    async def work(ready: Ready) -> None:
        async with _people_web(place, settings) as served:
            ready()
            await served

    return Hosted("people_web", work)


@asynccontextmanager
async def _people_web(place: Place, settings: Any) -> AsyncIterator[Awaitable[None]]:  # noqa: ANN401
    import asyncio

    from sunwise.chassis.duty import DutyBoard, DutyFile
    from sunwise.chassis.duty.api import duty_router
    from sunwise.chassis.guard import TwoPeople
    from sunwise.chassis.guard.door import Guard
    from sunwise.chassis.http import HttpServer
    from sunwise.chassis.http.asgi import AsgiBridge
    from sunwise.cli.people_app import LIMITS, people_app
    from sunwise.cli.people_owners import owners_router

    async with AsyncExitStack() as stack:
        store = open_guard(place.data, place.clock, database=settings.database)
        stack.callback(store.close)
        kept = place.settings(DirectorySettings, "directory").database
        directory = open_directory(place.data, place.clock, database=kept)
        guard = Guard(
            store,
            clock=place.clock,
            origins=settings.addresses(),
            is_at_work=AtWork(directory).__contains__,
        )
        two_people = TwoPeople(store, place.clock)
        bus = await place.connect("people_web")
        stack.push_async_callback(bus.close)
        file = DutyFile(place.folder("people_web"))
        board = await DutyBoard.open(bus, clock=place.clock, file=file)
        stack.push_async_callback(board.close)
        now_ns, require = place.clock.now_ns, guard.require
        routers = [
            duty_router(board, now_ns=now_ns, require=require),
            owners_router(directory.snapshot, now_ns=now_ns, require=require),
        ]
        server = HttpServer(
            AsgiBridge(people_app(guard, two_people, routers)),
            host=settings.host,
            port=settings.port,
            limits=LIMITS,
        )
        await asyncio.to_thread(two_people.resume)
        await server.start()
        stack.push_async_callback(server.stop)
        yield asyncio.get_running_loop().create_future()


PEOPLE_MAKERS: Final[dict[str, Callable[[Place], Awaitable[Service]]]] = {
    "directory": make_directory,
    "people_web": make_people_web,
}
