"""`sunwise replay FILE...`: an exchange whose market is a recording of Binance's."""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

import click
import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.log import EventReader, LogWriter, WriterSettings
from sunwise.cli.exchange import SHARD, Exchange, ExchangeSettings
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.grants import REPLAY_WRITER
from sunwise.cli.replay_output import ProgressBar, tell
from sunwise.cli.replay_plan import RESTING, TAKING, plan_for
from sunwise.cli.stopping import told_to_stop
from sunwise.cli.terminal import Terminal
from sunwise.cli.up import tell_addresses
from sunwise.contracts.exchange import accounts, history, market_data
from sunwise.contracts.exchange.catalog import Symbol
from sunwise.contracts.exchange.market_data import Depth, GetDepth, MarketReply
from sunwise.contracts.exchange.records import Side
from sunwise.exchange.replay.recording import Recording, scan
from sunwise.exchange.replay.replayer import Instrument, ReplayAccounts, Replayer
from sunwise.exchange.replay.report import ReplayReport
from sunwise.exchange.replay.session import MAX_IN_FLIGHT, ReplaySession

_LOG_PATIENCE_S: Final = 60.0
_MOST_LEVELS: Final = 5_000  # what market data tells of one side
_FASTEST: Final = 100_000
_READERS_PATIENCE_S: Final = 120.0


class NotAsStored(Permanent):
    """Market data tells another book than the log's own events."""


def _read_speed(_ctx: click.Context, _param: click.Parameter, value: str) -> float | None:
    """Recorded seconds a second; None for `max`."""
    if value == "max":
        return None
    try:
        speed = float(value)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= _FASTEST:
        raise click.BadParameter(f"{value!r} is neither `max` nor a number above 0.")
    return speed


@click.command("replay")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--speed", default="1", show_default=True, callback=_read_speed, help="N or max.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="A fresh data folder to keep; a temporary one when not given.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--rest-port", default=7070, show_default=True, help="0: any free one.")
@click.option("--ws-port", default=7071, show_default=True, help="0: any free one.")
@click.option("--stay", is_flag=True, help="Keep the exchange running after the last frame.")
@told_in_one_sentence
def command(
    *,
    files: tuple[Path, ...],
    speed: float | None,
    data: Path | None,
    host: str,
    rest_port: int,
    ws_port: int,
    stay: bool,
) -> None:
    """Replay recorded Binance spot FILES (plain or .gz) while your own bot trades inside.

    Depth changes become orders and trades become takers, so that the book here equals the recorded
    one after each update and prints the recorded trades.
    """
    terminal = Terminal()
    with terminal.waiting("Reading the recording ..."):
        recording = scan(list(files))
    with ExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sunwise-replay-")))
        settings = ExchangeSettings(
            data=data.absolute() / "exchange", host=host, rest_port=rest_port, ws_port=ws_port
        )
        exchange = Exchange(settings, plan_for(recording), report=terminal.say, liquidity=False)
        report = asyncio.run(_replay(exchange, recording, terminal, speed=speed, stay=stay))
    if report is not None and not report.is_exact and not report.foreign_trades:
        sys.exit(1)


async def _replay(
    exchange: Exchange,
    recording: Recording,
    terminal: Terminal,
    *,
    speed: float | None,
    stay: bool,
) -> ReplayReport | None:
    async with told_to_stop() as stop:
        try:
            with terminal.waiting("Starting the exchange ..."):
                running = await exchange.start()
            terminal.say("The exchange is up; your bot may trade inside the recording.")
            tell_addresses(running, terminal)
            work = asyncio.create_task(
                replay_on(exchange, recording, speed=speed, terminal=terminal)
            )
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
                return None
            report = work.result()
            tell(report, terminal)
            if stay:
                terminal.say("The market stands still now. Ctrl-C stops everything.")
                await stop.wait()
            return report
        finally:
            await exchange.stop()


async def replay_on(
    exchange: Exchange,
    recording: Recording,
    *,
    speed: float | None,
    terminal: Terminal | None = None,
) -> ReplayReport:
    """Replays on a started exchange; the report, its final books checked against market data.

    Raises Interrupted when the log cannot be written, NotAsStored when market data's final book
    is not that of the log's own events though nobody else has traded.
    """
    clock = SystemClock()
    bus = await exchange.connect("replay")
    symbols = {each.name: each for each in (await exchange.operator.listed()).symbols}
    replayer = Replayer(
        [_instrument(symbols[name], recording) for name in recording.symbols],
        ReplayAccounts(resting=exchange.accounts[RESTING], taking=exchange.accounts[TAKING]),
        token=f"r{clock.now_ns() // 1_000_000:x}",
    )
    writer = await LogWriter.open(
        bus,
        shard=SHARD,
        writer=REPLAY_WRITER,
        clock=clock,
        settings=WriterSettings(deadline_s=_LOG_PATIENCE_S, max_waiting=2 * MAX_IN_FLIGHT),
    )
    session = ReplaySession(replayer, writer, writer_number=REPLAY_WRITER, clock=clock)
    reader = await EventReader.open(bus, shard=SHARD, handler=session.on_event)
    try:
        with ProgressBar(recording, terminal) as bar:
            report = await session.run(
                recording.in_order(),
                speed=speed,
                on_progress=bar.move,
                keep_up=partial(_wait_for_readers, bus),
            )
    finally:
        await reader.close()
        await writer.close()
    if not report.foreign_trades:
        await _check_final_books(bus, replayer, symbols)
    return report


def _instrument(symbol: Symbol, recording: Recording) -> Instrument:
    recorded = recording.symbols[symbol.name]
    return Instrument(
        name=symbol.name,
        index=symbol.index,
        version=symbol.version,
        price_decimals=recorded.price_decimals,
        lot_decimals=recorded.quantity_decimals,
    )


async def _wait_for_readers(bus: Bus) -> None:
    """Returns once the read models have applied all that was stored when this was called.

    A replay at full speed would run away from them: whoever trades inside it asks them.
    """
    questions: list[tuple[str, msgspec.Struct]] = [
        (market_data.query_subject(SHARD), market_data.GetDepth(symbol=0, limit=1)),
        (accounts.query_subject(SHARD), accounts.GetBalances(account=0)),
        (history.query_subject(SHARD), history.GetFills(account=0, symbol=0, limit=1)),
    ]
    await asyncio.gather(*[_ask_patiently(bus, *question) for question in questions])


async def _ask_patiently(bus: Bus, subject: str, question: msgspec.Struct) -> bytes:
    deadline_s = asyncio.get_running_loop().time() + _READERS_PATIENCE_S
    while True:
        try:
            return await bus.request(subject, msgspec.msgpack.encode(question), timeout_s=10.0)
        except Retryable as fault:
            if asyncio.get_running_loop().time() > deadline_s:
                raise
            await asyncio.sleep(min(fault.after_s, 1.0))


async def _check_final_books(bus: Bus, replayer: Replayer, symbols: dict[str, Symbol]) -> None:
    """Market data, which follows the same events by code of its own, must see the same books."""
    decoder = msgspec.msgpack.Decoder(MarketReply)
    for name, each in replayer.symbols.items():
        query = GetDepth(symbol=symbols[name].index, limit=_MOST_LEVELS)
        payload = await _ask_patiently(bus, market_data.query_subject(SHARD), query)
        depth = decoder.decode(payload)
        assert isinstance(depth, Depth), "market data answered another question"
        for side, levels in ((Side.BUY, depth.bids), (Side.SELL, depth.asks)):
            if levels != each.comparison.stored_levels(side)[:_MOST_LEVELS]:
                raise NotAsStored(
                    f"{name}: market data's final {side.name} levels are not those of the log."
                )
