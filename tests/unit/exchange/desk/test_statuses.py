"""The operator halts a symbol and resumes it: what the desk says, and what orders meet then."""

import asyncio
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.bus.streams import shard_streams
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.errors import Permanent
from sunwise.chassis.log import LogWriter
from sunwise.chassis.nats_server import OPERATOR
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.exchange.codec import COMMAND_CODECS, unpack_events
from sunwise.contracts.exchange.desk import (
    AccountPlan,
    AssetTerms,
    GetListed,
    Listed,
    Provision,
    Provisioned,
    SymbolTerms,
    desk_subject,
)
from sunwise.contracts.exchange.log import FIRST_GATEWAY_WRITER
from sunwise.contracts.exchange.records import CommandKind, EventKind, SymbolStatus
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.clock.service import run_clock
from sunwise.exchange.clock.ticking import ClockSettings
from sunwise.exchange.desk.service import Desk
from sunwise.exchange.engine.core import Capacities
from sunwise.exchange.engine.service import EngineService, EngineSettings
from sunwise.exchange.engine.snapshot_schedule import write_inline

GENESIS = Capacities(
    accounts=16, balances=64, orders=100, levels=100, trie_nodes=100, client_ids=100, symbols=2,
    assets=4, account_symbols=64, writers=8,
)  # fmt: skip
MARKET = Provision(
    assets=[AssetTerms(name="BTC", decimals=8), AssetTerms(name="USDT", decimals=8)],
    symbols=[
        SymbolTerms(
            name="BTCUSDT", base="BTC", quote="USDT", tick="0.01", lot="0.00001",
            max_price="1000000", max_qty="9000",
        )
    ],
    accounts=[AccountPlan(reference="alice", floor_atoms={"USDT": 10**12})],
)  # fmt: skip


class Operated:
    """A desk, the engine behind it, and a gateway's writer."""

    def __init__(self, folder, clock):
        self._folder = folder
        self._clock = clock
        self._server = SimulatedServer(seed=1)
        self._sent = 0

    @asynccontextmanager
    async def open(self):
        for spec in shard_streams("0"):
            await self._bus(OPERATOR).ensure_stream(spec)
        engine = await EngineService.open(
            self._bus("engine"), folder=self._folder, settings=EngineSettings(), genesis=GENESIS,
            write=write_inline,
        )  # fmt: skip
        ticking = run_clock(self._bus("clock"), self._clock, ClockSettings(shard="0"))
        running = [asyncio.create_task(each) for each in (engine.run(), ticking)]
        await asyncio.sleep(0.3)  # a CLOCK comes first
        desk = await Desk.open(self._bus("admin"), shard="0", clock=self._clock)
        self._orders = await LogWriter.open(
            self._bus("g16"), shard="0", writer=FIRST_GATEWAY_WRITER, clock=self._clock
        )
        self.account = (await self.ask(MARKET)).accounts["alice"]
        yield self
        for closing in (self._orders, desk):
            await closing.close()
        for task in running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _bus(self, user):
        return SimulatedBus(self._server, user=user)

    async def ask(self, request):
        answer = await self._bus("asker").request(
            desk_subject("0"), msgspec.msgpack.encode(request)
        )
        return msgspec.msgpack.decode(answer, type=Provisioned | Listed)

    async def set_status(self, status, *, symbol="BTCUSDT"):
        await self.ask(Provision(statuses={symbol: status}))

    async def symbol(self):
        [symbol] = (await self.ask(GetListed())).symbols
        return symbol

    async def order(self):
        """The reject of a bid sent now under the symbol's version of now; None when it is taken."""
        self._sent += 1
        outcome = await self._orders.submit(
            COMMAND_CODECS["order"].pack(
                kind=CommandKind.PLACE, account=self.account, price_ticks=100_000, qty_lots=1_000,
                symbol_version=(await self.symbol()).version, client_id=f"c{self._sent}",
            )
        )  # fmt: skip
        event = unpack_events(outcome.records)[0]
        return Reject(event.reject) if event.kind == EventKind.REJECTED else None


@pytest.fixture
def operate(tmp_path):
    def run(body):
        clock = SimulatedClock()

        async def main():
            async with Operated(tmp_path, clock).open() as operated:
                await body(operated)

        run_simulated(main, clock)

    return run


def test_orders_are_refused_while_a_symbol_is_halted_and_taken_once_it_is_resumed(operate):
    async def body(operated):
        assert await operated.order() is None
        await operated.set_status(SymbolStatus.HALT)
        assert (await operated.symbol()).status == SymbolStatus.HALT
        assert await operated.order() == Reject.SYMBOL_HALTED
        await operated.set_status(SymbolStatus.TRADING)
        assert (await operated.symbol()).status == SymbolStatus.TRADING
        assert await operated.order() is None

    operate(body)


def test_a_status_that_holds_already_changes_nothing(operate):
    async def body(operated):
        await operated.set_status(SymbolStatus.HALT)
        before = await operated.symbol()
        await operated.set_status(SymbolStatus.HALT)
        assert await operated.symbol() == before
        await operated.ask(Provision(symbols=MARKET.symbols))
        assert await operated.symbol() == before

    operate(body)


def test_the_status_of_a_symbol_that_is_not_listed_is_refused_by_name(operate):
    async def body(operated):
        with pytest.raises(Permanent, match="Symbol ETHUSDT is not listed"):
            await operated.set_status(SymbolStatus.TRADING, symbol="ETHUSDT")

    operate(body)


def test_an_unknown_status_is_refused(operate):
    async def body(operated):
        before = await operated.symbol()
        with pytest.raises(Permanent, match="The engine refused it"):
            await operated.set_status(9)
        assert await operated.symbol() == before

    operate(body)
