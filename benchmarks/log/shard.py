"""A nats-server, the streams of a shard, and one engine process, for measuring."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from sunwise.chassis.bus import Bus
from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.nats_server import (
    OPERATOR,
    Grant,
    NatsServerSettings,
    seed_path,
    start_nats_server,
)
from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.engine import engine_query_subject, replica_claims_subject
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    CLOCK_WRITER,
    Batch,
    command_subject,
    encode_batch,
)
from sunwise.contracts.exchange.records import CommandKind

SHARD = "0"
GATEWAY = 16
N_ACCOUNTS = 100
START_NS = 1_700_000_000_000_000_000
_STREAMS = ("CMD_0", "EVT_0")
_GRANTS = (
    Grant(
        user="engine",
        publish=("evt.0.*", replica_claims_subject(SHARD)),
        subscribe=(replica_claims_subject(SHARD),),
        serve=(engine_query_subject(SHARD),),
        read_streams=_STREAMS,
    ),
    Grant(user="writer", publish=("cmd.0.*",), subscribe=("out.0.g16",), read_streams=_STREAMS),
)


class Shard:
    """Started by `open`, ended by `close`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine: asyncio.subprocess.Process | None = None
        self._buses: list[Bus] = []

    async def open(self) -> None:
        """Starts the server and makes the shard's streams."""
        settings = NatsServerSettings()
        self.server = await start_nats_server(self.folder / "nats", _GRANTS, settings)
        operator = await self.connect(OPERATOR)
        for spec in shard_streams(SHARD):
            await operator.ensure_stream(spec)

    async def connect(self, user: str) -> Bus:
        """A bus of that user's, closed with the shard."""
        bus = await connect_nats(self.server.url, user=user, seed=seed_path(self.server.keys, user))
        self._buses.append(bus)
        return bus

    async def start_engine(self, name: str) -> float:
        """CPU time of the process when it begins to read, s."""
        self.engine = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.log.engine_process", self.server.url,
            str(seed_path(self.server.keys, "engine")), str(self.folder / name),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        return await self.told("started")

    async def told(self, word: str) -> float:
        """CPU time that the engine names beside `word`, once it says it, s."""
        assert self.engine is not None
        assert self.engine.stdout is not None
        line = (await self.engine.stdout.readline()).split()
        assert line[:1] == [word.encode()], line
        return float(line[1])

    def engine_cpu_s(self) -> float:
        """CPU time of the engine process so far, from /proc, s."""
        assert self.engine is not None
        fields = Path(f"/proc/{self.engine.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def stop_engine(self) -> float:
        """CPU time used in all, s."""
        assert self.engine is not None
        self.engine.send_signal(signal.SIGTERM)
        used_s = await self.told("ended")
        await self.engine.wait()
        self.engine = None
        return used_s

    async def close(self) -> None:
        """Ends every process."""
        if self.engine is not None and self.engine.returncode is None:
            self.engine.kill()
            await self.engine.wait()
        for bus in self._buses:
            await bus.close()
        await self.server.stop()


def setup_batches() -> Iterator[tuple[int, bytes]]:
    """(writer, payload) of the batches that list a symbol and fund accounts."""
    pack = {name: codec.pack for name, codec in COMMAND_CODECS.items()}
    clock = pack["control"](kind=CommandKind.CLOCK, wall_ns=START_NS)
    yield CLOCK_WRITER, encode_batch(Batch(CLOCK_WRITER, 1, 1, START_NS, clock))
    listing = [
        pack["asset"](kind=CommandKind.LIST_ASSET, name="BTC", decimals=8),
        pack["asset"](kind=CommandKind.LIST_ASSET, name="USDT", decimals=8),
        pack["symbol"](
            kind=CommandKind.LIST_SYMBOL, name="BTCUSDT", base_asset=0, quote_asset=1,
            base_atoms_per_lot=1_000, quote_atoms_per_tick_lot=10, price_atoms_per_tick=10**6,
            min_price_ticks=1, max_price_ticks=10**8, min_qty_lots=1, max_qty_lots=9 * 10**8,
            market_min_qty_lots=1, market_max_qty_lots=10**8, max_num_orders=100_000,
            maker_fee_ppm=1_000, taker_fee_ppm=1_000,
        ),
        *[pack["funds"](kind=CommandKind.OPEN_ACCOUNT)] * N_ACCOUNTS,
    ]  # fmt: skip
    funding = [
        record
        for asset in (0, 1)
        for record in (
            pack["funds"](kind=CommandKind.DEPOSIT, asset=asset, amount_atoms=10**18),
            *(
                pack["funds"](
                    kind=CommandKind.CREDIT, account=2 + i, asset=asset, amount_atoms=10**16
                )
                for i in range(N_ACCOUNTS)
            ),
        )
    ]
    for number, records in enumerate((listing, funding), 1):
        batch = Batch(ADMIN_WRITER, 1, number, START_NS, b"".join(records))
        yield ADMIN_WRITER, encode_batch(batch)


def order_records(rng: random.Random, count: int) -> list[bytes]:
    """Orders around one price: about half of them trade."""
    pack = COMMAND_CODECS["order"].pack
    return [
        pack(
            kind=CommandKind.PLACE, symbol_version=1, account=2 + rng.randrange(N_ACCOUNTS),
            side=rng.getrandbits(1), price_ticks=5_000_000 + rng.randrange(-50, 50),
            qty_lots=rng.randrange(1, 1_000), client_id=f"c{rng.getrandbits(60):x}",
            time_in_force=rng.getrandbits(1),
        )
        for _ in range(count)
    ]  # fmt: skip


async def fill_commands(bus: Bus, rng: random.Random, *, n_batches: int, per_batch: int) -> None:
    """Stores the set-up and so many batches of orders, as one writer would have."""
    for writer, payload in setup_batches():
        await bus.append(command_subject(SHARD, writer), payload)
    subject = command_subject(SHARD, GATEWAY)
    pending: list[asyncio.Future[int]] = []
    for number in range(1, n_batches + 1):
        records = b"".join(order_records(rng, per_batch))
        pending.append(
            bus.append(subject, encode_batch(Batch(GATEWAY, 1, number, START_NS, records)))
        )
        if len(pending) >= 256:
            await asyncio.gather(*pending)
            pending.clear()
    await asyncio.gather(*pending)
