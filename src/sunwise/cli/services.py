"""Every service by name: how it is put together from the place it runs in.

A maker imports its service only when it is asked for it: a process pays for what it runs.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from sunwise.chassis.errors import Retryable
from sunwise.chassis.lifecycle import Service
from sunwise.cli.hosted import Hosted, Ready
from sunwise.cli.people_services import PEOPLE_MAKERS
from sunwise.cli.place import Place

_OPEN_RETRIES_S: Final = 30.0
_GATHER_S: Final = 0.004
"""How long what read models follow may wait in the socket: at 800 messages a second each wakes three
processes' threads otherwise, for a fifth of two cores."""


async def make_engine(place: Place) -> Service:
    """The engine: compiles or loads its kernels, then catches up with the log."""
    from sunwise.exchange.engine.core import warm_up
    from sunwise.exchange.engine.service import EngineService, EngineSettings

    async def work(ready: Ready) -> None:
        await _in_daemon_thread(lambda: warm_up(lambda *step: tell_progress(place, *step)))
        bus = await place.connect("engine")
        try:
            settings = place.settings(EngineSettings, "engine")
            folder = place.folder("snapshots")
            engine = await _patiently(
                lambda: EngineService.open(bus, folder=folder, settings=settings)
            )
            running = asyncio.ensure_future(engine.run())
            being_ready = asyncio.ensure_future(engine.ready())
            try:
                await asyncio.wait([running, being_ready], return_when=asyncio.FIRST_COMPLETED)
                if not running.done():
                    ready()
                await running
            finally:
                for task in (running, being_ready):
                    task.cancel()
                await asyncio.gather(running, being_ready, return_exceptions=True)
        finally:
            await bus.close()

    return Hosted("engine", work)


async def make_clock(place: Place) -> Service:
    """The clock of the shard."""
    from sunwise.exchange.clock.service import run_clock
    from sunwise.exchange.clock.ticking import ClockSettings

    async def work(ready: Ready) -> None:
        bus = await place.connect("clock")
        # A fast exchange has as many ticks a real second as it can carry, up to its own bound.
        period_s = min(1.0, 0.1 * max(1.0, place.time.rate))
        settings = ClockSettings(shard=place.shard, period_s=period_s)
        try:
            ready()
            await run_clock(bus, place.clock, settings)
        finally:
            await bus.close()

    return Hosted("clock", work)


async def make_desk(place: Place) -> Service:
    """The operator's desk."""
    from sunwise.exchange.desk.service import Desk

    async def work(ready: Ready) -> None:
        bus = await place.connect("desk")
        try:
            desk = await _patiently(lambda: Desk.open(bus, shard=place.shard, clock=place.clock))
            try:
                ready()
                await desk.closed
            finally:
                await desk.close()
        finally:
            await bus.close()

    return Hosted("desk", work)


async def make_gateway(place: Place) -> Service:
    """The gateway with its keys; tells the ports in use when it is ready."""
    from sunwise.exchange.gateway.service import GatewayService, GatewaySettings
    from sunwise.exchange.gateway.store import KeyStore

    async def work(ready: Ready) -> None:
        settings = place.settings(GatewaySettings, "gateway")
        keys = KeyStore.open(place.folder("gateway") / "keys.sqlite", place.clock)
        bus = await place.connect("gateway")
        try:
            gateway = GatewayService(bus, clock=place.clock, settings=settings, keys=keys)

            def ready_with_ports() -> None:
                ANSWER["rest_port"] = gateway.rest_port
                ANSWER["ws_port"] = gateway.ws_port
                ready()

            await gateway.run(ready_with_ports)
        finally:
            await bus.close()
            keys.close()

    return Hosted("gateway", work)


async def make_accounts(place: Place) -> Service:
    """The accounts read model."""
    from sunwise.exchange.accounts.service import AccountsService, AccountsSettings

    async def work(ready: Ready) -> None:
        settings = place.settings(AccountsSettings, "accounts")
        folder = place.folder("accounts")
        bus = await place.connect("accounts", gather_s=_GATHER_S)
        try:
            await AccountsService(bus, clock=place.clock, folder=folder, settings=settings).run(
                ready
            )
        finally:
            await bus.close()

    return Hosted("accounts", work)


async def make_market_data(place: Place) -> Service:
    """The market data read model, with its candles in SQL."""
    from sunwise.chassis.db import open_database
    from sunwise.exchange.market_data.service import MarketDataService, MarketDataSettings

    async def work(ready: Ready) -> None:
        settings = place.settings(MarketDataSettings, "market_data")
        folder = place.folder("market_data")
        database = open_database(settings.database or folder / "candles.sqlite")
        bus = await place.connect("market_data", gather_s=_GATHER_S)
        try:
            await MarketDataService(
                bus, database, clock=place.clock, folder=folder, settings=settings
            ).run(ready)
        finally:
            await bus.close()
            database.dispose()

    return Hosted("market_data", work)


async def make_history(place: Place) -> Service:
    """The history read model, in SQL."""
    from sunwise.chassis.db import open_database
    from sunwise.exchange.history.service import HistoryService, HistorySettings

    async def work(ready: Ready) -> None:
        settings = place.settings(HistorySettings, "history")
        database = open_database(settings.database or place.folder("history") / "history.sqlite")
        bus = await place.connect("history", gather_s=_GATHER_S)
        try:
            await HistoryService(bus, database, settings=settings).run(ready)
        finally:
            await bus.close()
            database.dispose()

    return Hosted("history", work)


async def make_liquidity(place: Place) -> Service:
    """The seeded makers and takers; their settings, with their keys, lie in a private file."""
    import msgspec

    from sunwise.exchange.liquidity.service import Liquidity, LiquiditySettings

    content = await asyncio.to_thread((place.data / LIQUIDITY_FILE).read_bytes)
    settings = msgspec.json.decode(content, type=LiquiditySettings)

    async def work(ready: Ready) -> None:
        ready()
        await Liquidity(settings, clock=place.clock).run()

    return Hosted("liquidity", work)


async def make_listing_facts(place: Place) -> Service:
    """What tells a people plane of listings."""
    from sunwise.chassis.log import CatalogFollower
    from sunwise.chassis.secret_files import read_secret
    from sunwise.cli.listing_facts import ListingFacts, ListingFactsSettings
    from sunwise.cli.people_client import Credentials, PeopleClient

    settings = place.settings(ListingFactsSettings, "listing_facts")
    key = read_secret(settings.key_file).decode()
    facts = ListingFacts(
        PeopleClient(Credentials(url=settings.url, token=key)),
        place.folder("listing_facts") / "told.json",
        services=[each.strip() for each in settings.services.split(",")],
    )

    async def work(ready: Ready) -> None:
        bus = await place.connect("listing_facts")
        try:
            follower = await _patiently(lambda: CatalogFollower.open(bus, shard=place.shard))
            try:
                ready()
                symbols = follower.catalog.symbols
                await facts.run(symbols, place.clock, look_s=settings.look_s)
            finally:
                await follower.close()
        finally:
            await bus.close()

    return Hosted("listing_facts", work)


LIQUIDITY_FILE: Final = "liquidity.json"
PROGRESS_FILE: Final = "progress"
ANSWER: Final[dict[str, Any]] = {}
"""What this process says to its supervisor when it is ready."""

MAKERS: Final[dict[str, Callable[[Place], Awaitable[Service]]]] = {
    "engine": make_engine,
    "clock": make_clock,
    "desk": make_desk,
    "market_data": make_market_data,
    "accounts": make_accounts,
    "history": make_history,
    "gateway": make_gateway,
    "liquidity": make_liquidity,
    "listing_facts": make_listing_facts,
    **PEOPLE_MAKERS,
}


def tell_progress(place: Place, what: str, done: int, of: int) -> None:
    """Leaves a line for whoever waits for this process; that it is lost does no harm."""
    with contextlib.suppress(OSError):
        path = place.data / PROGRESS_FILE
        staged = Path(f"{path}.{os.getpid()}")
        staged.write_text(f"compiling {what} ({done + 1} of {of})", "utf-8")
        staged.replace(path)


async def _in_daemon_thread(work: Callable[[], None]) -> None:
    """Runs `work` aside: a process that compiles for half a minute can be told to stop at once."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - handed on to whoever awaits
            error = failure
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, daemon=True).start()
    await done


async def _patiently(make: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever `make` makes
    """What `make` makes, tried again while the bus is not there yet."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + _OPEN_RETRIES_S
    while True:
        try:
            return await make()
        except Retryable as fault:
            if loop.time() > deadline_s:
                raise
            await asyncio.sleep(min(fault.after_s, 1.0))
