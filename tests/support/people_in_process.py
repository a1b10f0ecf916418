"""The people plane as `people up` composes it, in one process and on a clock that a test moves.

The services are made by their own makers, on a simulated bus, with real SQL and real HTTP; beside them
a pager behind its real door, which sends real mail.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.data_folder import write_private
from sunwise.chassis.guard import OPERATOR, Role
from sunwise.chassis.http import HttpLimits, HttpServer
from sunwise.chassis.http.asgi import AsgiBridge
from sunwise.cli.people_client import Credentials, PeopleClient
from sunwise.cli.people_grants import people_grants
from sunwise.cli.people_pagers import SERVICES as OF_PAGERS
from sunwise.cli.people_parts import PeopleParts, people_database
from sunwise.cli.people_plane import SERVICES
from sunwise.cli.people_services import PEOPLE_MAKERS
from sunwise.cli.place import Place
from sunwise.contracts.people.directory import Snapshot
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.sources import Source
from sunwise.people.pager.api import pager_api
from sunwise.people.pager.client import PagerClient
from sunwise.people.pager.receivers import Receivers
from sunwise.people.pager.service import ROSTER_FILE, PagerService, PagerSettings
from sunwise.people.rota.directory_copy import HeardDirectory
from sunwise.people.rota.grounds import ground
from sunwise.people.rota.kept import WINDOW_NS, Kept, window_of
from sunwise.people.rota.store import RotaStore
from sunwise.people.rota.turns import Turn
from sunwise.people.rota.units import Span, inputs_of, problem_of, units_of
from tests.support.pager_process import free_ports

_NS = 1_000_000_000
_STEP_S = 30
_PAUSE_S = 0.03
_HOST = "127.0.0.1"


class SimulatedPlace(Place):
    """A place whose clock and bus are the test's."""

    def __init__(self, data: Path, clock: SimulatedClock, *, file: dict[str, Any]) -> None:
        super().__init__(data, file={"bus": {"url": "", "keys": ""}, **file})
        self.clock = clock
        self._server = SimulatedServer(seed=1, grants=people_grants())

    async def connect(self, user: str, *, gather_s: float = 0.0) -> Bus:
        return SimulatedBus(self._server, user=user)


class PeopleInProcess:
    """A running plane; times are moved by `until` and `within`."""

    def __init__(self, folder: Path, *, start_ns: int, channels: dict[str, Any]) -> None:
        folder.chmod(0o700)
        web_port, pager_port = free_ports(2)
        self.clock = SimulatedClock(start_ns=start_ns)
        self.url = f"http://{_HOST}:{web_port}"
        self.pager_url = f"http://{_HOST}:{pager_port}"
        self._secret, self._alarm_key = folder / "secret", folder / "alarm-key"
        self._pager_folder = folder / "pager"
        self._pager_folder.mkdir(mode=0o700)
        write_private(self._secret, b"0123456789abcdef" * 4)
        self._pager_settings = msgspec.convert(
            {"port": pager_port, "secret_file": str(self._secret), "channels": channels},
            PagerSettings,
        )
        self.place = SimulatedPlace(
            folder,
            self.clock,
            file={
                "people_web": {"host": _HOST, "port": web_port},
                "pagers": {
                    "urls": self.pager_url,
                    "secret_file": str(self._secret),
                    "roster_files": str(self._pager_folder / ROSTER_FILE),
                },
                "people_alarms": {"pagers": self.pager_url, "key_file": str(self._alarm_key)},
            },
        )
        self._stack = contextlib.AsyncExitStack()
        self._running: dict[str, asyncio.Future[None]] = {}

    @property
    def parts(self) -> PeopleParts:
        return self.place.shared(PeopleParts)

    @property
    def pagers(self) -> PagerClient:
        return PagerClient([self.pager_url], self._secret.read_bytes())

    # --- before it starts ---

    def enter(self, snapshot: Snapshot) -> None:
        """The company as if somebody had entered it by hand."""
        said = [
            (Kind.PERSON, snapshot.people),
            (Kind.TEAM, snapshot.teams),
            (Kind.SERVICE, snapshot.services),
        ]
        claims = []
        for kind, things in said:
            for thing in things:
                fields = msgspec.to_builtins(thing)
                claims.append(Claim(key=Key(kind, fields.pop("id")), said=fields))
        change = ChangeSet(source=Source.MANUAL, claims=tuple(claims))
        self.parts.directory.apply(change, author="test")

    def publish(self, *turns: Turn) -> None:
        """This rota in force, and drafts after it that stand: the service plans nothing."""
        database = people_database(self.place, "rota")
        try:
            self._publish(RotaStore(database, self.clock), turns)
        finally:
            database.dispose()

    def _publish(self, store: RotaStore, turns: Sequence[Turn]) -> None:
        snapshot = self.parts.directory.snapshot()
        [unit] = units_of(snapshot)
        store.set_units([unit])
        now_ns = self.clock.now_ns()
        heard = HeardDirectory(snapshot, n_erased=0)
        of = ground(store, lambda: heard, now_ns=now_ns)
        for n in range(3):
            window_ns = window_of(now_ns) + n * WINDOW_NS
            inputs = inputs_of(problem_of(unit, of, Span(window_ns=window_ns)), snapshot)
            theirs = turns if n == 0 else ()
            kept = store.save_draft(
                Kept(unit=unit.id, window_ns=window_ns, inputs=inputs, turns=theirs)
            )
            if n == 0:
                store.publish(kept, kept.turns)

    def appoint(self, *people: str, role: Role = Role.ADMINISTRATOR) -> None:
        for person in people:
            self.parts.guard.store.grant(person, role, by=OPERATOR)

    def as_(self, person: str) -> PeopleClient:
        """The person at their command line. It blocks: ask with `asked`."""
        token, _ = self.parts.guard.store.issue_token(person, "test", by=OPERATOR)
        return PeopleClient(Credentials(url=self.url, token=token))

    # --- running ---

    async def start(self) -> None:
        """Returns when everything answers."""
        await self._start_pager()
        made = await asyncio.to_thread(
            self.pagers.ask, "POST", "/v1/keys", content={"name": "alarms", "service": "people"}
        )
        write_private(self._alarm_key, made["key"].encode())
        for name in (*SERVICES, *OF_PAGERS, "people_web"):
            service = await PEOPLE_MAKERS[name](self.place)
            self._running[name] = await self._run(service.run)

    async def kill(self, name: str) -> None:
        """This service is not there any more."""
        self._running[name].cancel()
        await asyncio.wait([self._running[name]])

    async def stop(self) -> None:
        await self._stack.aclose()

    async def _start_pager(self) -> None:
        pager = PagerService(
            self._pager_folder,
            clock=self.clock,
            settings=self._pager_settings,
            public_url=self.pager_url,
        )
        door = Receivers(
            pager.instance,
            secret=pager.secret,
            rates=pager.rates,
            pages=AsgiBridge(pager_api(pager)),
        )
        server = HttpServer(door, host=_HOST, port=self._pager_settings.port, limits=HttpLimits())
        await server.start()
        self._stack.push_async_callback(server.stop)
        await self._run(pager.run)

    async def _run(
        self, run: Callable[[Callable[[], None]], Awaitable[None]]
    ) -> asyncio.Future[None]:
        ready = asyncio.Event()
        task = asyncio.ensure_future(run(ready.set))

        async def end() -> None:
            task.cancel()
            await asyncio.wait([task])

        self._stack.push_async_callback(end)
        waiting = asyncio.ensure_future(ready.wait())
        async with asyncio.timeout(30):
            await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        return task

    async def until(self, at_ns: int) -> None:
        """Lets time pass, in steps that everybody can follow."""
        while (left_ns := at_ns - self.clock.now_ns()) > 0:
            self.clock.advance_ns(min(left_ns, _STEP_S * _NS))
            await asyncio.sleep(_PAUSE_S)

    async def within(self, holds: Callable[[], Any], *, seconds: int = 240) -> Any:
        """What `holds` gives once it is true, asked in a thread; in so much time at the latest."""
        for _ in range(seconds):
            if found := await asyncio.to_thread(holds):
                return found
            self.clock.advance_ns(_NS)
            await asyncio.sleep(_PAUSE_S)
        raise AssertionError(f"it did not hold within {seconds} s")


async def asked(call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """What a blocking client is answered by this very process."""
    return await asyncio.to_thread(call, *arguments, **more)


@contextlib.asynccontextmanager
async def people_in_process(
    folder: Path,
    snapshot: Snapshot,
    turns: tuple[Turn, ...],
    *,
    start_ns: int,
    channels: dict[str, Any],
) -> AsyncIterator[PeopleInProcess]:
    """A plane that has this company and rota, running until the block ends."""
    plane = PeopleInProcess(folder, start_ns=start_ns, channels=channels)
    plane.enter(snapshot)
    plane.publish(*turns)
    try:
        await plane.start()
        yield plane
    finally:
        await plane.stop()
        plane.parts.guard.store.close()
