"""A whole exchange as one object: started in order, supervised, stopped in the opposite order.

`sunwise up`, `sunwise replay`, the pytest plugin and the tests all use this. The supervisor holds the
data folder's lock, runs nats-server and the children, and restarts whichever of them crashes.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.bus.disk_guard import MIN_FREE_BYTES, DiskGuard
from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.bus.provisioning import Provisioning
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.children import Child, Report
from sunwise.chassis.config import load_settings
from sunwise.chassis.data_folder import DataFolder, write_private
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.nats_server import OPERATOR
from sunwise.chassis.supervisor import Supervisor, together
from sunwise.cli.grants import OPERATOR_USER, grants
from sunwise.cli.market_plan import DEMO, TAKER, MarketPlan, maker_of
from sunwise.cli.operator import Operator
from sunwise.cli.place import MetricsSettings, TimeSettings, service_command
from sunwise.cli.running import DemoKey, RunningExchange, remove_running, write_running
from sunwise.cli.services import LIQUIDITY_FILE, PROGRESS_FILE
from sunwise.contracts.exchange.log import decode_events, event_stream

SHARD: Final = "0"
_NS: Final = 1_000_000_000
_REMEMBER_S: Final = 30.0
_WATCH_S: Final = 0.1
_PATIENCE_S: Final = 4.0
_WHY_IT_COMPILES: Final = (
    ": once for this version on this machine, up to a minute; later starts take it from a cache"
)
PROCESSES: Final = {
    "engine": ("engine", "clock"),
    "edge": ("market_data", "accounts", "history", "desk", "gateway"),
}
"""The services of each process on a laptop; production gives each service its own."""

Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class CannotStart(Permanent):
    """The exchange cannot start here; the message says why and what to do."""


class ExchangeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange on one machine."""

    data: Path
    host: str = "127.0.0.1"
    rest_port: Port = 7070
    """Port of the REST API; 0 for any free one."""
    ws_port: Port = 7071
    """Port of streams and the WebSocket API; 0 for any free one."""
    seed: int = 1
    """Of the demo market."""
    speed: Annotated[float, msgspec.Meta(gt=0, le=1_000)] = 1.0
    """Exchange seconds a real second."""
    legacy_listen_key: bool = False
    processes: dict[str, tuple[str, ...]] = msgspec.field(default_factory=lambda: PROCESSES)
    """The services of each process, by its name."""
    environment: dict[str, str] = {}
    """More variables for the children (settings of single services)."""
    min_free_bytes: int = MIN_FREE_BYTES
    """Room that the disk must have left."""


class Exchange:
    """One exchange; made, started once, stopped once."""

    def __init__(
        self, settings: ExchangeSettings, plan: MarketPlan, *, report: Report, liquidity: bool
    ) -> None:
        self.settings = settings
        self.plan = plan
        self.accounts: dict[str, int] = {}
        """Account numbers by reference, once started."""
        self.running: RunningExchange
        self.operator: Operator
        self._with_liquidity = liquidity
        self._report = report
        self._supervisor = Supervisor(settings.data, report=report, on_change=self._write_running)
        self._stack = self._supervisor.stack
        self._time: TimeSettings
        self._metrics_port = 0
        self._streams = shard_streams(SHARD)

    async def start(self) -> RunningExchange:
        """Returns when orders are taken and, with liquidity, makers are about to quote.

        Raises CannotStart, DataFolderUnusable, NatsServerFailed, ChildFailed, StoreDamaged and
        other Permanent faults; what had been started is stopped then.
        """
        async with self._supervisor.starting():
            await self._start()
        return self.running

    async def stop(self) -> None:
        """Ends everything in order. Safe to call twice."""
        await self._supervisor.stop()

    @property
    def children(self) -> dict[str, Child]:
        """The processes by name."""
        return self._supervisor.children

    # --- the start ---

    async def _start(self) -> None:
        settings = self.settings
        _check_ports(settings)
        folder = self._supervisor.open_folder()
        _check_room(folder.path, settings.min_free_bytes)
        remove_running(folder.path)
        await self._serve_metrics(folder.path)
        await self._start_nats(folder)
        self._time = await self._settle_time()
        processes = settings.processes
        children = {name: self._child(name, processes[name]) for name in processes}
        explaining = asyncio.create_task(
            self._explain_compiling(children[_home_of("engine", processes)])
        )
        try:
            await together(*(child.start() for child in children.values()))
        finally:
            explaining.cancel()
        gateway = children[_home_of("gateway", processes)]
        _keep_ports(gateway)
        await self._provision(gateway.answer)
        if self._with_liquidity:
            await self._start_liquidity(folder)

    async def _serve_metrics(self, folder: Path) -> None:
        """This process's own, at the first of the ports that its children go on counting."""
        settings = load_settings(MetricsSettings, "metrics")
        self._metrics_port = settings.port
        service = settings.service(folder)
        if service is not None:
            await service.server.start()
            self._stack.push_async_callback(service.server.stop)

    def _next_metrics_port(self) -> int:
        """Of the next child; 0 where nobody serves metrics."""
        self._metrics_port += bool(self._metrics_port)
        return self._metrics_port

    async def _start_nats(self, folder: DataFolder) -> None:
        place = folder.subfolder("nats")
        await self._supervisor.start_nats(place, grants(SHARD))
        admin = await self.connect(OPERATOR)
        provisioning = Provisioning(admin, specs=self._streams, record=folder.path / "streams.json")
        await _patiently(provisioning.provide)
        self._stack.push_async_callback(_quietly, provisioning.remember)
        self._watch(_again_and_again(provisioning.remember, _REMEMBER_S))
        guard = DiskGuard(
            admin,
            folder=place,
            specs=self._streams,
            min_free_bytes=self.settings.min_free_bytes,
        )
        self._watch(guard.run())
        self._admin = admin

    async def connect(self, user: str) -> Any:  # noqa: ANN401 - a NatsBus, which is Bus and StreamAdmin
        """A connection of this bus user, closed with the exchange."""
        nats = self._supervisor.nats
        bus = await connect_nats(nats.url, user=user, seed=nats.keys / f"{user}.nk")
        self._stack.push_async_callback(bus.close)
        return bus

    async def _settle_time(self) -> TimeSettings:
        """The log's time never goes back: a folder that ran fast goes on where it was."""
        last_ns = await _last_log_time(self._admin)
        now_ns = time.time_ns()  # noqa: TID251 - here the exchange's clock is made
        if self.settings.speed == 1.0 and last_ns <= now_ns + _NS:
            return TimeSettings()
        return TimeSettings(
            rate=self.settings.speed,
            origin_ns=max(now_ns, last_ns + _NS),
            started_ns=time.monotonic_ns(),
        )

    def _child(self, name: str, services: tuple[str, ...]) -> Child:
        settings = self.settings
        environment = {
            **os.environ,
            **self._time.environment(),
            **self._supervisor.bus_environment(),
            "SUNWISE_GATEWAY_HOST": settings.host,
            "SUNWISE_GATEWAY_REST_PORT": str(settings.rest_port),
            "SUNWISE_GATEWAY_WS_PORT": str(settings.ws_port),
            "SUNWISE_GATEWAY_LEGACY_LISTEN_KEY": str(settings.legacy_listen_key).lower(),
            "SUNWISE_METRICS_PORT": str(self._next_metrics_port()),
            **settings.environment,
        }
        command = service_command(services, self._supervisor.data)
        return self._supervisor.child(name, command, environment)

    async def _explain_compiling(self, engine: Child) -> None:
        """Says why it takes so long, when it does."""
        progress = self.settings.data / PROGRESS_FILE
        progress.unlink(missing_ok=True)
        said = ""
        started = time.monotonic()
        while not engine.is_ready:
            await asyncio.sleep(_WATCH_S)
            with contextlib.suppress(OSError):
                step = progress.read_text("utf-8")
                if step != said and time.monotonic() - started > _PATIENCE_S:
                    self._report(f"The engine is {step}{'' if said else _WHY_IT_COMPILES}.")
                    said = step

    # --- what must exist ---

    async def _provision(self, ports: dict[str, Any]) -> None:
        self.operator = Operator(await self.connect(OPERATOR_USER), shard=SHARD)
        provisioned = await self.operator.provision(self.plan.provision())
        self.accounts = provisioned.accounts
        for name in provisioned.differing:
            self._report(f"{name} is listed already, under other terms than asked for: they stay.")
        host = self.settings.host
        demo = await self._key(DEMO)
        self.running = RunningExchange(
            pid=os.getpid(),
            rest_url=f"http://{host}:{ports['rest_port']}",
            ws_url=f"ws://{host}:{ports['ws_port']}",
            nats_url=self._supervisor.nats.url,
            nats_keys=str(self._supervisor.nats.keys),
            demo=demo,
        )
        self._stack.callback(remove_running, self.settings.data)
        self._write_running()

    async def _key(self, reference: str) -> DemoKey:
        """The kept key of an account of ours, or a new one."""
        folder = self.settings.data / "keys"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{reference.replace(' ', '-')}.json"
        account = self.accounts[reference]
        with contextlib.suppress(OSError, msgspec.DecodeError):
            kept = msgspec.json.decode(path.read_bytes(), type=DemoKey)
            if kept.account == account:
                return kept
        key = await self.operator.create_key(account)
        write_private(path, msgspec.json.encode(key))
        return key

    def _write_running(self) -> None:
        if not hasattr(self, "running"):
            return
        self.running = msgspec.structs.replace(self.running, children=self._supervisor.pids)
        write_running(self.settings.data, self.running)

    async def _start_liquidity(self, folder: DataFolder) -> None:
        from sunwise.exchange.liquidity.api_client import Key
        from sunwise.exchange.liquidity.quoting import LadderShape
        from sunwise.exchange.liquidity.service import LiquiditySettings

        async def key_of(reference: str) -> Key:
            key = await self._key(reference)
            return Key(name=key.api_key, secret=key.api_secret)

        names = [each.name for each in self.plan.symbols]
        tight = LadderShape(grid_bps=1.0)
        liquidity = LiquiditySettings(
            ws_api_url=f"{self.running.ws_url}/ws-api/v3",
            makers={name: await key_of(maker_of(name)) for name in names},
            taker=await key_of(TAKER),
            anchors=self.plan.anchors,
            seed=self.settings.seed,
            shapes={name: tight for name in names if name in {"BTCUSDT", "ETHUSDT"}},
        )
        write_private(folder.path / LIQUIDITY_FILE, msgspec.json.encode(liquidity))
        await self._child("liquidity", ("liquidity",)).start()
        self._write_running()

    # --- watching ---

    def _watch(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._stack.push_async_callback(end)


def _home_of(service: str, processes: dict[str, tuple[str, ...]]) -> str:
    """The process that runs this service."""
    return next(name for name, services in processes.items() if service in services)


def _keep_ports(gateway: Child) -> None:
    """However often it is started again, clients find it where it was."""
    environment = {
        **gateway.spec.environment,
        "SUNWISE_GATEWAY_REST_PORT": str(gateway.answer["rest_port"]),
        "SUNWISE_GATEWAY_WS_PORT": str(gateway.answer["ws_port"]),
    }
    gateway.spec = msgspec.structs.replace(gateway.spec, environment=environment)


# --- before anything is started ---


def _check_ports(settings: ExchangeSettings) -> None:
    for port, option in ((settings.rest_port, "--rest-port"), (settings.ws_port, "--ws-port")):
        if port == 0:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                raise CannotStart(
                    f"Port {port} on {settings.host} cannot be used ({error.strerror}): stop the "
                    f"other program or choose another port with {option} (0: any free one)."
                ) from error


def _check_room(folder: Path, min_free_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < min_free_bytes:
        raise CannotStart(
            f"The disk of {folder} has {free >> 20} MB left and the log needs "
            f"{min_free_bytes >> 20} MB: free some room, or name another folder with --data."
        )


# --- patience ---


async def _patiently(work: Callable[[], Awaitable[Any]], *, for_s: float = 15.0) -> None:
    deadline_s = time.monotonic() + for_s
    while True:
        try:
            await work()
        except Retryable as fault:
            if time.monotonic() > deadline_s:
                raise
            await asyncio.sleep(min(fault.after_s, 0.5))
        else:
            return


async def _quietly(work: Callable[[], Awaitable[Any]]) -> None:
    """Once more at the end; the server may be gone already."""
    with contextlib.suppress(Retryable, Permanent, TimeoutError):
        await asyncio.wait_for(work(), 2.0)


async def _again_and_again(work: Callable[[], Awaitable[Any]], every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        await _quietly(work)


async def _last_log_time(bus: Bus) -> int:
    stored = await bus.read_last(event_stream(SHARD))
    return decode_events(stored.payload).time_ns if stored is not None else 0
