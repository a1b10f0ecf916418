"""A whole shard on the simulated bus: replicas, clock, admin and gateways, with faults on demand."""

import asyncio
import random
from pathlib import Path

import msgspec

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.log import (
    LogWriter,
    NotAccepted,
    Outcome,
    OutcomeUnknown,
    Overloaded,
    WriterSettings,
)
from sunwise.contracts.exchange.codec import COMMAND_CODECS, unpack_events
from sunwise.contracts.exchange.log import ADMIN_WRITER, FIRST_GATEWAY_WRITER
from sunwise.contracts.exchange.records import CommandKind, EventKind, RuleFlag
from sunwise.exchange.clock.service import run_clock
from sunwise.exchange.clock.ticking import ClockSettings
from sunwise.exchange.engine.core import Capacities
from sunwise.exchange.engine.outbox import OutboxSettings
from sunwise.exchange.engine.service import EngineService, EngineSettings
from sunwise.exchange.engine.snapshot_schedule import SnapshotSettings, write_inline
from sunwise.exchange.engine.snapshots import SnapshotFolder
from tests.simulation.engine.verdict import Evidence

SHARD = "0"
N_ACCOUNTS = 4
FIRST_ACCOUNT = 2
FUNDS = 10**12
LANES = 3  # clients of each gateway
GENESIS = Capacities(
    accounts=16, balances=64, orders=2_000, levels=2_000, trie_nodes=2_000, client_ids=4_000,
    symbols=2, assets=4, account_symbols=64, writers=8,
)  # fmt: skip


def setup_records():
    """Two assets, one symbol, some rich accounts, and no client order id twice within 24 h."""
    pack = {name: codec.pack for name, codec in COMMAND_CODECS.items()}
    yield pack["control"](kind=CommandKind.ACTIVATE_RULES, rules=RuleFlag.REFUSE_RECENT_CLIENT_IDS)
    yield pack["asset"](kind=CommandKind.LIST_ASSET, name="BTC", decimals=8)
    yield pack["asset"](kind=CommandKind.LIST_ASSET, name="USDT", decimals=8)
    yield pack["symbol"](
        kind=CommandKind.LIST_SYMBOL, name="BTCUSDT", base_asset=0, quote_asset=1,
        base_atoms_per_lot=1, quote_atoms_per_tick_lot=1, price_atoms_per_tick=10**8,
        min_price_ticks=1, max_price_ticks=10_000, min_qty_lots=1, max_qty_lots=10_000,
        market_min_qty_lots=1, market_max_qty_lots=10_000, max_num_orders=1_000,
        maker_fee_ppm=1_000, taker_fee_ppm=1_000,
    )  # fmt: skip
    for _ in range(N_ACCOUNTS):
        yield pack["funds"](kind=CommandKind.OPEN_ACCOUNT)
    for asset in (0, 1):
        yield pack["funds"](kind=CommandKind.DEPOSIT, asset=asset, amount_atoms=FUNDS * N_ACCOUNTS)
        for account in range(FIRST_ACCOUNT, FIRST_ACCOUNT + N_ACCOUNTS):
            yield pack["funds"](
                kind=CommandKind.CREDIT, account=account, asset=asset, amount_atoms=FUNDS
            )


class Attempt(msgspec.Struct):
    """One command as sent once; `number` is unique over all attempts of the run."""

    number: int
    client_id: str
    result: Outcome | NotAccepted | OutcomeUnknown | Overloaded | None = None


class Process:
    """Something that can be killed with -9: a bus of its own and tasks that use it."""

    def __init__(self, world, name, body):
        self.world = world
        self.name = name
        self.body = body
        self.task = None
        self.bus = None

    def start(self):
        self.bus = SimulatedBus(self.world.server, user=self.name)
        self.task = asyncio.get_running_loop().create_task(self._run(self.bus))

    async def _run(self, bus):
        """Runs and, like a supervisor, starts again what ended by a fault of the world."""
        while True:
            try:
                await self.body(bus)
            except (Retryable, Permanent) as failure:
                self.world.deaths.append((self.name, failure))
                await asyncio.sleep(0.3)

    def kill(self):
        """Dies at once: its connection breaks, nothing it holds in memory survives."""
        self.world.server.cut(self.bus.session, hold=True)
        self.world.corpses.append(self.bus)
        self.task.cancel()

    async def restart(self):
        """A new process under the same name; the old one is gone."""
        self.kill()
        await asyncio.gather(self.task, return_exceptions=True)
        self.start()


class ShardWorld:
    """Starts everything; `attempts` says what each gateway's client was told."""

    def __init__(
        self,
        *,
        seed,
        folder: Path,
        clock: SimulatedClock,
        n_gateways=2,
        n_replicas=2,
        takeover_after_s=None,
    ):
        self.rng = random.Random(seed)
        self.server = SimulatedServer(seed=self.rng.randrange(2**32))
        self.folder = folder
        self.clock = clock
        self.deaths = []
        self.corpses = []
        self.attempts: list[Attempt] = []
        self.loop_failures = []
        self.replicas: dict[str, EngineService] = {}
        self.open_orders: list[tuple[str, int]] = []
        self.loading = True
        self.settings = EngineSettings(
            shard=SHARD,
            n_replicas=n_replicas,
            outbox=OutboxSettings(
                takeover_after_s=takeover_after_s or self.rng.choice([0.0, 0.05, 0.1]),
                max_in_flight=self.rng.choice([1, 4, 256]),
                max_waiting=self.rng.choice([8, 1024]),
            ),
            snapshots=SnapshotSettings(every_batches=self.rng.choice([20, 100]), every_s=2.0),
        )
        self.processes = {}
        self.engines = [f"engine-{letter}" for letter in "abcde"[:n_replicas]]
        for name in self.engines:
            self.processes[name] = Process(self, name, lambda bus, n=name: self._engine(bus, n))
        self.processes["clock"] = Process(self, "clock", self._clock)
        self.gateways = [f"gateway-{i}" for i in range(n_gateways)]

    # --- bodies of processes ---

    async def _engine(self, bus, name):
        service = await EngineService.open(
            bus,
            folder=self.folder / name,
            settings=msgspec.structs.replace(self.settings, replica=self.engines.index(name)),
            genesis=GENESIS,
            write=write_inline,
        )
        self.replicas[name] = service
        await service.run()

    async def _clock(self, bus):
        await run_clock(bus, self.clock, ClockSettings(shard=SHARD))

    async def _gateway(self, bus, number):
        """A client that never gives up: it repeats under the same client order id until told."""
        writer = await LogWriter.open(
            bus, shard=SHARD, writer=FIRST_GATEWAY_WRITER + number, clock=self.clock,
            settings=WriterSettings(deadline_s=2.0),
        )  # fmt: skip
        state = self.client_state[number]
        try:
            await asyncio.gather(*(self._lane(writer, lane) for lane in state))
        finally:
            await writer.close()
        await asyncio.sleep(10**6)

    async def _lane(self, writer, lane):
        while self.loading or lane["record"] is not None:
            if lane["record"] is None:
                lane["record"] = self._new_command(lane)
            result = await self._attempt(writer, lane)
            if isinstance(result, Outcome):
                lane["record"] = None
            await asyncio.sleep(self.rng.choice([0.0, 0.02, 0.1, 0.2]))

    def _new_command(self, lane):
        lane["count"] += 1
        client_id = f"{lane['name']}-{lane['count']}"
        account = self.rng.randrange(FIRST_ACCOUNT, FIRST_ACCOUNT + N_ACCOUNTS)
        if self.open_orders and self.rng.random() < 0.2:
            owner, order_id = self.rng.choice(self.open_orders)
            return {
                "kind": CommandKind.CANCEL, "account": owner, "order_id": order_id,
                "client_id": client_id,
            }  # fmt: skip
        return {
            "kind": CommandKind.PLACE, "account": account, "symbol_version": 1,
            "side": self.rng.randrange(2), "price_ticks": 5_000 + self.rng.randrange(-9, 10),
            "qty_lots": self.rng.randrange(1, 50), "client_id": client_id,
            "time_in_force": self.rng.choice([0, 0, 0, 1]),
        }  # fmt: skip

    async def _attempt(self, writer, lane):
        attempt = Attempt(len(self.attempts) + 1, lane["record"]["client_id"])
        self.attempts.append(attempt)
        record = COMMAND_CODECS["order"].pack(**lane["record"], strategy_id=attempt.number)
        try:
            attempt.result = await writer.submit(record)
        except (NotAccepted, OutcomeUnknown, Overloaded) as fault:
            attempt.result = fault
            return fault
        for event in unpack_events(attempt.result.records):
            if event.kind == EventKind.ACCEPTED:
                self.open_orders.append((event.account, event.order_id))
        return attempt.result

    # --- the run ---

    async def start(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: self.loop_failures.append(context))
        for spec in shard_streams(SHARD):
            await SimulatedBus(self.server, user="operator").ensure_stream(spec)
        for process in self.processes.values():
            process.start()
        await self._set_up()
        self.client_state = []
        for number, name in enumerate(self.gateways):
            lanes = [{"name": f"g{number}l{i}", "count": 0, "record": None} for i in range(LANES)]
            self.client_state.append(lanes)
            self.processes[name] = Process(self, name, lambda bus, n=number: self._gateway(bus, n))
            self.processes[name].start()

    async def _set_up(self):
        bus = SimulatedBus(self.server, user="admin")
        writer = await LogWriter.open(bus, shard=SHARD, writer=ADMIN_WRITER, clock=self.clock)
        await asyncio.sleep(0.3)  # a CLOCK comes first
        results = [writer.submit(record) for record in setup_records()]
        for outcome in await asyncio.gather(*results):
            for event in unpack_events(outcome.records):
                assert event.kind != EventKind.REJECTED, event
        await writer.close()

    async def finish(self):
        """Waits until every client was told about every command, and every replica is done."""
        self.loading = False
        await until(self._all_told, 600)
        await until(self._settled, 60)

    def _all_told(self):
        return all(lane["record"] is None for lanes in self.client_state for lane in lanes)

    def _settled(self):
        last = self.server.streams["CMD_0"].last_seq
        return all(
            replica.outbox.position.command_seq >= last - 1 for replica in self.live_replicas()
        )

    def live_replicas(self):
        return [
            self.replicas[name] for name in self.replicas if not self.processes[name].task.done()
        ]

    def evidence(self):
        """What the run has left behind, for the verdict."""
        folders = [SnapshotFolder(self.folder / name) for name in self.replicas]
        return Evidence(
            commands=list(self.server.streams["CMD_0"].after(0)),
            stored=list(self.server.streams["EVT_0"].after(0)),
            attempts=self.attempts,
            live=[(r.loop.command_seq, r.loop.core.state_hash()) for r in self.live_replicas()],
            snapshots=[found.path for folder in folders for found in folder.newest_first()],
            genesis=GENESIS,
        )

    async def stop(self):
        for process in self.processes.values():
            process.kill()
        tasks = [process.task for process in self.processes.values()]
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition, timeout_s):
    """Waits in simulated time."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - plain state of many objects, and time is simulated
            await asyncio.sleep(0.1)
