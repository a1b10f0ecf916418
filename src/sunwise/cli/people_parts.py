"""What the services of the people plane have together when they share a process."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter
from sqlalchemy import Engine

from sunwise.chassis.clock import Clock
from sunwise.chassis.config import load_settings
from sunwise.chassis.data_folder import make_private
from sunwise.chassis.db import open_database
from sunwise.chassis.guard import GuardStore, Right, TwoPeople
from sunwise.chassis.guard.analyses import Analyses
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.guard.door import Guard
from sunwise.chassis.guard.personal import GuardHolder
from sunwise.chassis.guard.proxies import Proxies
from sunwise.chassis.guard.store import KEEP_DAYS
from sunwise.chassis.personal import Holder
from sunwise.chassis.retention import Retention
from sunwise.cli.place import Place
from sunwise.people.directory.at_work import at_work
from sunwise.people.directory.holder import DirectoryHolder
from sunwise.people.directory.law import law_of
from sunwise.people.directory.store import DirectoryStore
from sunwise.web.swaps import SwapDesk
from sunwise.web.waiting import Asked

Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
_DATABASES: Final = "people_databases"
_GUARD: Final = "guard"
"""Also the name of its folder, as with each service's."""


class PeopleWebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the people plane's pages and API listen, and under which addresses they are reached."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Port = 7080
    """TCP port."""
    origins: str = ""
    """Addresses that people open, with commas between, such as https://people.example.com; empty:
    this machine only."""
    trusted_proxies: str = ""
    """Addresses or networks of the proxies before this server, with commas between, such as 10.0.0.5:
    from these alone `X-Forwarded-For` is believed, so that failures count by who asks; empty: from nobody."""

    def addresses(self) -> Origins:
        """What browsers may come from. Raises OriginUnusable."""
        given = [each.strip() for each in self.origins.split(",") if each.strip()]
        return Origins(given or [self.here(), f"http://localhost:{self.port}"])

    def proxies(self) -> Proxies:
        """Who is believed about where a request comes from. Raises ProxyUnusable."""
        return Proxies(each.strip() for each in self.trusted_proxies.split(",") if each.strip())

    def pages_url(self) -> str:
        """Where people open the pages: the first address given, else where it listens."""
        given = self.origins.partition(",")[0].strip()
        return given or self.here()

    def here(self) -> str:
        """Where it listens, as an address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """PostgreSQL databases of the people plane's services, postgresql://HOST/NAME.

    Several may share one. Empty for a SQLite file in the data folder.
    """

    guard: str = ""
    """Of tokens, roles, proposals and the audit log."""
    directory: str = ""
    """Of people, teams, services and leave."""
    handoff: str = ""
    """Of handoffs and their notes."""
    rota: str = ""
    """Of rotas, consents and the burden ledger."""
    incidents: str = ""
    """Of facts, incidents and their reviews."""
    privacy: str = ""
    """Of erasures."""


class PeopleParts:
    """The door, the directory's store, and the routes of every service of this process."""

    def __init__(self, place: Place) -> None:
        """Raises SettingsInvalid, OriginUnusable, ProxyUnusable, DatabaseUnusable and Retryable."""
        self._clock = place.clock
        self.web = place.settings(PeopleWebSettings, "people_web")
        self.directory_database = people_database(place, "directory")
        self.directory = directory_store(self.directory_database, place.clock)
        store = GuardStore(people_database(place, _GUARD), place.clock)
        self.guard = Guard(
            store,
            clock=place.clock,
            origins=self.web.addresses(),
            is_at_work=AtWork(self.directory).__contains__,
            proxies=self.web.proxies(),
        )
        self.two_people = TwoPeople(store, place.clock)
        self.analyses = Analyses(store)
        self.holders: dict[str, Holder] = {
            _GUARD: GuardHolder(store),
            "directory": DirectoryHolder(self.directory),
        }
        """Who of this process holds people's data."""
        self.routers: list[APIRouter] = []
        """What this process serves, besides the door's own routes."""
        self.waits: dict[str, Asked] = {}
        """Who knows what waits for somebody, by what the pages call it, such as "handoffs"."""
        self.swaps: SwapDesk | None = None
        """Who may change the rota; None: nobody in this process."""

    def retention(self) -> Retention:
        """What the door keeps no longer."""

        def forget(before_ns: int) -> None:
            self.guard.store.forget(before_ns)
            self.two_people.forget(before_ns)

        return Retention(self._clock, forget, kept_days=KEEP_DAYS)


class AtWork:
    """Who may still come in by the directory; read again when that changes."""

    def __init__(self, directory: DirectoryStore) -> None:
        self._directory = directory
        self._version = -1
        self._people: frozenset[str] = frozenset()

    def __contains__(self, person: str) -> bool:
        """Whether the directory has this person, and does not say that they have left."""
        if self._directory.version() != self._version:
            state = self._directory.state()
            self._people, self._version = at_work(state), state.version
        return person in self._people


def planners(store: GuardStore) -> list[str]:
    """Everybody who may plan any rota, sorted."""
    return sorted(store.holders(Right.ROTA_PLAN))


def services_in(directory: DirectoryStore) -> frozenset[str]:
    """The ids of all services."""
    return frozenset(each.id for each in directory.snapshot().services)


def people_database(place: Place, service: str) -> Engine:
    """The database of a service: at its PostgreSQL URL, or its own private file."""
    return _database(place.data, service, place.settings(DatabaseSettings, _DATABASES))


def directory_store(engine: Engine, clock: Clock) -> DirectoryStore:
    """The directory, held to the law of today."""
    return DirectoryStore(engine, clock, law=law_of(clock))


@contextmanager
def stores_in(data: Path, clock: Clock) -> Iterator[tuple[GuardStore, DirectoryStore]]:
    """The guard's and the directory's stores, as `sunwise people up` on that folder has them."""
    urls = load_settings(DatabaseSettings, _DATABASES)
    with ExitStack() as stack:
        of_guard = _database(data, _GUARD, urls)
        stack.callback(of_guard.dispose)
        of_directory = _database(data, "directory", urls)
        stack.callback(of_directory.dispose)
        yield GuardStore(of_guard, clock), directory_store(of_directory, clock)


def rota_database(data: Path) -> Engine:
    """The rota's database, as `sunwise people up` on that folder has it."""
    return _database(data, "rota", load_settings(DatabaseSettings, _DATABASES))


def has_begun(data: Path) -> bool:
    """Whether there is, or may be, a guard's store."""
    return bool(load_settings(DatabaseSettings, _DATABASES).guard) or _file(data, _GUARD).exists()


def _database(data: Path, service: str, urls: DatabaseSettings) -> Engine:
    url: str = getattr(urls, service)
    return open_database(url, is_derived=False) if url else _own_file(_file(data, service))


def _file(data: Path, service: str) -> Path:
    return data / service / f"{service}.sqlite"


def _own_file(path: Path) -> Engine:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_private(path)
    return open_database(path, is_derived=False)
