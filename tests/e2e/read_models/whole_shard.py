"""A shard with everything real but its clients: nats-server, engine, clock and the read models."""

import asyncio
from pathlib import Path
from random import Random

import msgspec

from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.db import open_database
from sunwise.chassis.log import LogWriter
from sunwise.chassis.nats_server import (
    OPERATOR,
    Grant,
    NatsServerSettings,
    seed_path,
    start_nats_server,
)
from sunwise.contracts.exchange import accounts, history, market_data
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    CLOCK_WRITER,
    FIRST_GATEWAY_WRITER,
    decode_batch,
)
from sunwise.exchange.accounts.service import AccountsService, AccountsSettings
from sunwise.exchange.clock.service import run_clock
from sunwise.exchange.clock.ticking import ClockSettings
from sunwise.exchange.engine.core import warm_up
from sunwise.exchange.engine.service import GENESIS, EngineService, EngineSettings
from sunwise.exchange.history.service import HistoryService, HistorySettings
from sunwise.exchange.market_data.service import MarketDataService, MarketDataSettings
from tests.e2e.engine.real_shard import read_all
from tests.oracle.exchange import Exchange
from tests.support.engine_flow import Flow

_STREAMS = ("CMD_0", "EVT_0")
_QUERIES = {
    "accounts": (accounts.query_subject("0"), accounts.AccountsReply),
    "market": (market_data.query_subject("0"), market_data.MarketReply),
    "history": (history.query_subject("0"), history.HistoryReply),
}
GRANTS = (
    Grant(
        user="engine",
        publish=("evt.0.*", "claim.engine.0"),
        subscribe=("claim.engine.0",),
        serve=("query.engine.0",),
        read_streams=_STREAMS,
    ),
    *(
        Grant(
            user=name,
            publish=(f"cmd.0.{name}",),
            subscribe=(f"out.0.{name}",),
            read_streams=_STREAMS,
        )
        for name in ("clock", "admin", "g16")
    ),
    Grant(
        user="accounts",
        publish=("user.0.*",),
        serve=(_QUERIES["accounts"][0],),
        read_streams=("EVT_0",),
    ),
    Grant(
        user="market_data",
        publish=("md.0.>",),
        serve=(_QUERIES["market"][0],),
        read_streams=("EVT_0",),
    ),
    Grant(user="history", serve=(_QUERIES["history"][0],), read_streams=("EVT_0",)),
    Grant(
        user="asker",
        publish=tuple(subject for subject, _ in _QUERIES.values()),
        subscribe=("user.0.*", "md.0.>"),
        read_streams=_STREAMS,
    ),
)


class WholeShard:
    """Made by `open`; `trade` sends commands, `ask` asks a read model, `truth` is the oracle's."""

    def __init__(self, folder: Path, *, database: object = None) -> None:
        self.folder = folder
        self.database = database or open_database(folder / "read_models.db")
        self.failures: list[dict] = []
        self.heard: list = []
        self.services: dict[str, asyncio.Task] = {}
        self._buses: list = []
        self._tasks: list[asyncio.Task] = []
        self._port = 0
        self._writers: dict[int, LogWriter] = {}

    async def open(self, seed: int) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, what: self.failures.append(what))
        await self.start_server()
        operator = await self.connect(OPERATOR)
        for spec in shard_streams("0", cmd_max_bytes=1 << 30, evt_max_bytes=1 << 30):
            await operator.ensure_stream(spec)
        warm_up()
        engine = await EngineService.open(
            await self.connect("engine"), folder=self.folder / "engine", settings=EngineSettings()
        )
        self._spawn(engine.run())
        await engine.ready()
        self._spawn(run_clock(await self.connect("clock"), SystemClock(), ClockSettings(shard="0")))
        for number, user in ((ADMIN_WRITER, "admin"), (FIRST_GATEWAY_WRITER, "g16")):
            bus = await self.connect(user)
            self._writers[number] = await LogWriter.open(
                bus, shard="0", writer=number, clock=SystemClock()
            )
        self.asker = await self.connect("asker")
        for subject in ("user.0.*", "md.0.>"):
            await self.asker.subscribe(subject, self.heard.append)
        self._flow = Flow(seed)
        self._random = Random(seed)
        await asyncio.sleep(0.3)  # a CLOCK comes first
        for writer, records in self._flow.setup():
            if writer != CLOCK_WRITER:
                await self._send(writer, records)

    async def start_server(self) -> None:
        settings = NatsServerSettings(port=self._port)
        self.server = await start_nats_server(self.folder / "nats", GRANTS, settings)
        self._port = self.server.port

    async def connect(self, user: str):
        bus = await connect_nats(self.server.url, user=user, seed=seed_path(self.server.keys, user))
        self._buses.append(bus)
        return bus

    def _spawn(self, work) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def trade(self, n_batches: int) -> None:
        """Batches of random commands, spoilt ones too, each carried out before the next."""
        for _ in range(n_batches):
            writer, records, _ = self._flow.batch(12)
            if writer != CLOCK_WRITER:
                await self._send(min(writer, FIRST_GATEWAY_WRITER), records)

    async def _send(self, writer: int, records: list[bytes]) -> None:
        await asyncio.gather(*(self._writers[writer].submit(record) for record in records))

    # --- read models ---

    async def start(self, name: str) -> None:
        """Starts a read model and waits until it is ready."""
        ready = asyncio.Event()
        service = await self._made(name)
        self.services[name] = asyncio.create_task(service.run(ready.set))
        async with asyncio.timeout(30):
            await ready.wait()

    async def end(self, name: str) -> None:
        """Ends a read model as its process would."""
        task = self.services.pop(name)
        task.cancel()
        await asyncio.wait([task])

    async def _made(self, name: str):
        bus = await self.connect(name)
        if name == "accounts":
            folder, settings = self.folder / "accounts", AccountsSettings()
            return AccountsService(bus, clock=SystemClock(), folder=folder, settings=settings)
        if name == "market_data":
            return MarketDataService(
                bus, self.database, clock=SystemClock(), folder=self.folder / "market_data",
                settings=MarketDataSettings(),
            )  # fmt: skip
        return HistoryService(bus, self.database, settings=HistorySettings())

    async def ask(self, service: str, query: msgspec.Struct):
        subject, reply = _QUERIES[service]
        payload = msgspec.msgpack.encode(query)
        return msgspec.msgpack.decode(
            await self.asker.request(subject, payload, timeout_s=20), type=reply
        )

    def told(self, subject: str, kind) -> list:
        """What was published at `subject`, in order; each message is a list of these."""
        return [
            event
            for message in self.heard
            if message.subject == subject
            for event in msgspec.msgpack.decode(message.payload, type=kind)
        ]

    # --- truth ---

    async def truth(self) -> Exchange:
        """The oracle after every command that is stored."""
        oracle = Exchange(GENESIS)
        for stored in await read_all(self.asker, "CMD_0"):
            batch = decode_batch(stored.payload)
            if not oracle.begin_batch(batch.writer, batch.epoch, batch.batch_no, batch.batch_ns):
                oracle.apply(bytes(batch.records))
        return oracle

    async def settle(self) -> None:
        """Returns when no stop waits to be triggered: the clock's word alone changes no book then."""
        async with asyncio.timeout(20):
            while (await self.truth()).trigger_queue:  # noqa: ASYNC110  (it is asked anew each time)
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        for name in list(self.services):
            await self.end(name)
        for writer in self._writers.values():
            await writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for bus in self._buses:
            await bus.close()
        await self.server.stop()
