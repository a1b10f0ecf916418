"""A shard of real processes: nats-server and replicas are killed, clients live in the test."""

import asyncio
import signal
import sys
from pathlib import Path

import msgspec

from sunwise.chassis.bus import StreamReader
from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.log import LogWriter, NotAccepted, Outcome, OutcomeUnknown, Overloaded
from sunwise.chassis.nats_server import (
    OPERATOR,
    Grant,
    NatsServerSettings,
    seed_path,
    start_nats_server,
)
from sunwise.cli.audit import audit_log
from sunwise.contracts.exchange.codec import COMMAND_CODECS, unpack_events
from sunwise.contracts.exchange.engine import (
    EngineStatus,
    GetEngineStatus,
    engine_query_subject,
    replica_claims_subject,
)
from sunwise.contracts.exchange.log import ADMIN_WRITER
from sunwise.contracts.exchange.records import CommandKind, EventKind
from sunwise.exchange.clock.service import run_clock
from sunwise.exchange.clock.ticking import ClockSettings
from sunwise.exchange.engine.service import GENESIS
from sunwise.exchange.engine.snapshots import SnapshotFolder
from tests.simulation.engine.shard_world import (
    FIRST_ACCOUNT,
    N_ACCOUNTS,
    SHARD,
    Attempt,
    setup_records,
)
from tests.simulation.engine.verdict import Evidence

_STREAMS = ("CMD_0", "EVT_0")
GRANTS = (
    Grant(
        user="engine",
        publish=("evt.0.*", "cmd.0.quarantine", "cmd.0.dissent", replica_claims_subject(SHARD)),
        subscribe=(replica_claims_subject(SHARD),),
        serve=(engine_query_subject(SHARD),),
        read_streams=_STREAMS,
    ),
    *(
        Grant(
            user=name,
            publish=(f"cmd.0.{name}",),
            subscribe=(f"out.0.{name}",),
            read_streams=_STREAMS,
        )
        for name in ("clock", "admin", "g16", "g17")
    ),
    Grant(user="judge", publish=(engine_query_subject(SHARD),), read_streams=_STREAMS),
)


class Replica:
    """A process that can be killed, stopped and continued by its own id."""

    def __init__(self, shard, name, number):
        self.shard = shard
        self.number = number
        self.folder = shard.folder / name
        self.log = shard.folder / f"{name}.log"
        self.process = None

    async def start(self):
        """Returns when it has caught up with the log."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.e2e.engine.replica", self.shard.server.url,
                str(seed_path(self.shard.server.keys, "engine")), str(self.folder), "300",
                str(self.number), str(len(self.shard.replicas)),
                stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        line = await asyncio.wait_for(self.process.stdout.readline(), 100)
        assert line == b"ready\n", self.log.read_text()[-2000:]

    async def kill(self):
        self.process.kill()
        await self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


class RealShard:
    """Everything that one test needs; `attempts` says what each client was told."""

    def __init__(self, folder: Path, rng):
        self.folder = folder
        self.rng = rng
        self.attempts: list[Attempt] = []
        self.buses = []
        self.tasks = []
        self.replicas = {}
        self.failures = []
        self.n_accepted = 0
        self.loading = True
        self._port = 0

    async def open(self, *replicas, cmd_max_bytes=1 << 30, evt_max_bytes=1 << 30):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: self.failures.append(context))
        await self.start_server()
        await self.size_streams(cmd_max_bytes=cmd_max_bytes, evt_max_bytes=evt_max_bytes)
        self.replicas = {name: Replica(self, name, number) for number, name in enumerate(replicas)}
        await asyncio.gather(*(replica.start() for replica in self.replicas.values()))
        clock_bus = await self.connect("clock")
        self.tasks.append(
            asyncio.create_task(run_clock(clock_bus, SystemClock(), ClockSettings(shard=SHARD)))
        )
        await self._set_up()

    async def size_streams(self, **max_bytes):
        """Makes the streams, or gives them more room."""
        operator = await self.connect(OPERATOR)
        for spec in shard_streams(SHARD, **max_bytes):
            await operator.ensure_stream(spec)

    async def start_server(self):
        settings = NatsServerSettings(port=self._port)
        self.server = await start_nats_server(self.folder / "nats", GRANTS, settings)
        self._port = self.server.port

    async def connect(self, user):
        bus = await connect_nats(self.server.url, user=user, seed=seed_path(self.server.keys, user))
        self.buses.append(bus)
        return bus

    async def _set_up(self):
        bus = await self.connect("admin")
        admin = await LogWriter.open(bus, shard=SHARD, writer=ADMIN_WRITER, clock=SystemClock())
        await asyncio.sleep(0.3)  # a CLOCK comes first
        for outcome in await asyncio.gather(*(admin.submit(r) for r in setup_records())):
            for event in unpack_events(outcome.records):
                assert event.kind != EventKind.REJECTED, event
        await admin.close()

    # --- load ---

    async def load(self, writer_number, *, lanes):
        """Clients of one gateway that place until `loading` ends, and repeat until told."""
        bus = await self.connect(f"g{writer_number}")
        writer = await LogWriter.open(bus, shard=SHARD, writer=writer_number, clock=SystemClock())
        await asyncio.gather(
            *(self._lane(writer, f"g{writer_number}l{lane}") for lane in range(lanes))
        )
        await writer.close()

    async def _lane(self, writer, name):
        count = 0
        while self.loading:
            count += 1
            order = {
                "kind": CommandKind.PLACE, "symbol_version": 1,
                "account": self.rng.randrange(FIRST_ACCOUNT, FIRST_ACCOUNT + N_ACCOUNTS),
                "side": self.rng.randrange(2), "price_ticks": 5_000 + self.rng.randrange(-9, 10),
                "qty_lots": self.rng.randrange(1, 50), "client_id": f"{name}-{count}",
                "time_in_force": self.rng.choice([0, 1, 1]),
            }  # fmt: skip
            await self._until_told(writer, order)
            self.n_accepted += 1

    async def _until_told(self, writer, order):
        while not isinstance(await self._attempt(writer, order), Outcome):  # noqa: ASYNC110 - it is a retry
            await asyncio.sleep(0.1)

    async def _attempt(self, writer, order):
        attempt = Attempt(len(self.attempts) + 1, order["client_id"])
        self.attempts.append(attempt)
        record = COMMAND_CODECS["order"].pack(**order, strategy_id=attempt.number)
        try:
            attempt.result = await writer.submit(record)
        except (NotAccepted, OutcomeUnknown, Overloaded) as fault:
            attempt.result = fault
        return attempt.result

    # --- the end ---

    async def evidence(self):
        """Stops the clock, waits until replicas are done, kills them, and reads both streams."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        bus = await self.connect("judge")
        last = (await bus.stream_info("CMD_0")).last_seq
        live = [await self._status(bus, last) for _ in range(2 * len(self.replicas))]
        for replica in self.replicas.values():
            await replica.kill()  # so that its snapshots stay as they are
        folders = [SnapshotFolder(replica.folder) for replica in self.replicas.values()]
        return Evidence(
            commands=await read_all(bus, "CMD_0"),
            stored=await read_all(bus, "EVT_0"),
            attempts=self.attempts,
            live=[(status.position.command_seq, status.state_hash) for status in live],
            snapshots=[found.path for folder in folders for found in folder.newest_first()],
            genesis=GENESIS,
        )

    async def audit(self):
        """What `sunwise audit` does, beside each replica's snapshots."""
        bus = await self.connect("judge")
        for replica in self.replicas.values():
            found = await audit_log(bus, shard=SHARD, snapshots=replica.folder)
            assert found.result.state_hashes >= 2, "a snapshot and the running engine"

    async def _status(self, bus, command_seq):
        """Of whichever replica answers first, once it stands at `command_seq`."""
        question = msgspec.msgpack.encode(GetEngineStatus(with_state_hash=True))
        async with asyncio.timeout(30):
            while True:
                try:
                    answer = await bus.request(engine_query_subject(SHARD), question)
                except Retryable:
                    await asyncio.sleep(0.1)
                    continue
                status = msgspec.msgpack.decode(answer, type=EngineStatus)
                if status.position.command_seq == command_seq:
                    return status

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for replica in self.replicas.values():
            if replica.process is not None and replica.process.returncode is None:
                replica.go_on()
                await replica.kill()
        for bus in self.buses:
            await bus.close()
        await self.server.stop()


async def read_all(bus, stream):
    """Every message of the stream."""
    found = []

    async def take(batch):
        found.extend(batch)

    last = (await bus.stream_info(stream)).last_seq
    reader = StreamReader(bus, stream, take)
    task = asyncio.create_task(reader.run())
    await reader.wait_for(last)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return found
