"""Measures accounts, market data and history: `python -m benchmarks.read_models.run`."""

import gc
import shutil
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.engine.shape import Shape
from benchmarks.read_models.event_log import event_log, n_events
from benchmarks.report import Figure, publish
from sunwise.chassis.db import open_database
from sunwise.chassis.log.event_sequence import EventSequence
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import (
    CLOCK_WRITER,
    GENESIS_CHAIN,
    BatchFlag,
    EventMessage,
    decode_events,
    encode_events,
)
from sunwise.exchange.accounts import checkpoint as accounts_checkpoint
from sunwise.exchange.accounts.model import Accounts
from sunwise.exchange.history.model import History
from sunwise.exchange.history.store import HistoryStore
from sunwise.exchange.market_data import checkpoint as market_checkpoint
from sunwise.exchange.market_data.model import MarketData

Messages = list[EventMessage]
_encode: Final = msgspec.msgpack.Encoder().encode
_FLOW: Final = Shape(n_commands=150_000, n_resting=20_000, n_symbols=12)
_ONE_RUN: Final = 64  # messages that a reader hands over at once under load


def main() -> None:
    """Prints the table and writes the results."""
    messages, n_setup = event_log(_FLOW)
    setup, rest = messages[:n_setup], messages[n_setup:]
    figures = [
        Figure("events in the measured flow", n_events(rest), "events"),
        Figure("reader: check and decode", reader_rate(rest), "events/s"),
        *accounts_figures(setup, rest),
        *market_figures(setup, rest),
        *history_figures(setup, rest),
        *memory_figures(),
    ]
    publish(
        "read_models",
        """A realistic flow of 150,000 commands (makers, takers, cancels, stops; 12 symbols, 1,000
        accounts, 20,000 resting orders) in batches of 16, run through the engine; its event
        messages are then applied by each model alone on one core. Rates are events divided by CPU
        time of the process, which other work on the machine disturbs less than wall time; SQL is
        by wall time. 'live' includes building and encoding everything that would be published,
        in runs of 64 messages. Memory is what Python allocated, by tracemalloc.""",
        figures,
    )


def cpu_s(act: Callable[[], object]) -> float:
    """CPU time of the process while `act` runs."""
    gc.collect()
    started = time.process_time()
    act()
    return time.process_time() - started


def reader_rate(messages: Messages) -> float:
    """What the event reader does before a model sees a message: CRC, chain, header."""
    payloads = [encode_events(message) for message in messages]
    sequence = EventSequence()
    first = messages[0]
    sequence.position = Position(command_seq=first.command_seq - 1)
    sequence.chain = first.previous_chain

    def read() -> None:
        for payload in payloads:
            sequence.take(decode_events(payload))

    return n_events(messages) / cpu_s(read)


def accounts_figures(setup: Messages, rest: Messages) -> list[Figure]:
    """Replay, and live with every user event encoded."""
    figures = []
    for name, tells in (("replay", False), ("live", True)):
        model = Accounts()
        for message in setup:
            model.apply(message, tells=False)

        def run(model: Accounts = model, *, tells: bool = tells) -> None:
            for message in rest:
                for told in model.apply(message, tells=tells):
                    _encode(told)

        figures.append(Figure(f"accounts, {name}", n_events(rest) / cpu_s(run), "events/s"))
    data: list[bytes] = []
    seconds = cpu_s(lambda: data.append(accounts_checkpoint.save(model)))
    n_open = sum(len(held.open) for held in model.accounts.values())
    figures.append(Figure(f"accounts, checkpoint of {n_open:,} orders", seconds * 1e3, "ms"))
    return figures


def market_figures(setup: Messages, rest: Messages) -> list[Figure]:
    """Replay, and live with every feed encoded."""
    figures = []
    for name, tells in (("replay", False), ("live", True)):
        model = MarketData()
        for message in setup:
            model.apply(message, tells=False)
        model.feeds.forget_untold(model.markets)
        model.forget_stored(len(model.closed_rows))

        def run(model: MarketData = model, *, tells: bool = tells) -> None:
            for number, message in enumerate(rest):
                model.apply(message, tells=tells)
                if tells and number % _ONE_RUN == 0:
                    tell_all(model)

        target = ">= 50000"
        rate = n_events(rest) / cpu_s(run)
        figures.append(Figure(f"market data, {name}", rate, "events/s", target))
    model.forget_stored(len(model.closed_rows))
    seconds = cpu_s(lambda: market_checkpoint.save(model))
    figures.append(Figure("market data, checkpoint of 12 symbols", seconds * 1e3, "ms"))
    return figures


def tell_all(model: MarketData) -> None:
    """Everything that any feed has to tell, encoded."""
    feeds, time_ns = model.feeds, model.time_ns
    for publications in (
        feeds.take_live(time_ns),
        feeds.take_depth(time_ns),
        feeds.take_slow_depth(time_ns),
        feeds.take_candles(model.clock, longer=True),
        feeds.take_tickers(time_ns),
    ):
        for publication in publications:
            _encode(publication.events)


def history_figures(setup: Messages, rest: Messages) -> list[Figure]:
    """The model alone, and into SQLite."""
    model = History({})
    for message in setup:
        model.apply(message)
    model.take_changes()

    def run() -> None:
        for message in rest:
            model.apply(message)
        model.take_changes()

    figures = [Figure("history, model alone", n_events(rest) / cpu_s(run), "events/s")]
    folder = Path(tempfile.mkdtemp(prefix="sunwise-bench-"))
    try:
        figures += stored_figures(folder, setup, rest)
    finally:
        shutil.rmtree(folder)
    return figures


def stored_figures(folder: Path, setup: Messages, rest: Messages) -> list[Figure]:
    """Rows into a SQLite file, a transaction for each run of messages."""
    engine = open_database(folder / "history.db")
    store, model = HistoryStore(engine, reader="bench"), History({})
    for message in setup:
        model.apply(message)
    store.write(model.take_changes(), None)
    n_rows, started, cpu = 0, time.perf_counter(), time.process_time()
    for start in range(0, len(rest), _ONE_RUN):
        for message in rest[start : start + _ONE_RUN]:
            model.apply(message)
        changes = model.take_changes()
        n_rows += changes.n_rows
        store.write(changes, None)
    wall_s, cpu = time.perf_counter() - started, time.process_time() - cpu
    engine.dispose()
    return [
        Figure("history, SQLite", n_events(rest) / wall_s, "events/s"),
        Figure("history, SQLite", n_rows / wall_s, "rows/s"),
        Figure("history, SQLite, CPU for a row", cpu / n_rows * 1e6, "us"),
        Figure("history, bytes on disk for a row", disk_bytes(folder) / n_rows, "bytes"),
    ]


def disk_bytes(folder: Path) -> int:
    """Size of the database without its journal."""
    return (folder / "history.db").stat().st_size


def memory_figures() -> list[Figure]:
    """What 100,000 open orders take, and 1,000 symbols: listed only, and traded for a day."""
    shape = Shape(n_commands=1_000, n_resting=100_000, n_accounts=1_000, n_symbols=12)
    messages, _ = event_log(shape, batch=256)
    accounts = Accounts(closed_limit=1_024)
    held = allocated(lambda: [accounts.apply(message, tells=False) for message in messages])
    n_open = sum(len(account.open) for account in accounts.accounts.values())
    figures = [Figure("accounts, memory for 100,000 open orders", held / n_open * 1e5, "bytes")]
    wide = Shape(n_commands=1_000, n_resting=20_000, n_accounts=100, n_symbols=1_000)
    messages, _ = event_log(wide._replace(n_assets_each=2), batch=256)
    market = MarketData()
    held = allocated(lambda: [market.apply(message, tells=False) for message in messages])
    levels = sum(len(m.book.bids.lots) + len(m.book.asks.lots) for m in market.markets)
    figures.append(Figure("market data, memory for 1,000 symbols, fresh", held, "bytes"))
    figures.append(Figure("market data, levels in them", levels, "levels"))
    figures.append(
        Figure("market data, memory for 1,000 symbols, traded for a day", 1_000 * a_day(), "bytes")
    )
    figures.append(Figure("market data, a quiet second of 1,000 symbols", quiet_ms(market), "ms"))
    return figures


def quiet_ms(market: MarketData) -> float:
    """CPU time of a second in which every symbol's candle of a second closes empty and is told."""
    for traded in market.markets:
        traded.first_ns, traded.candles.last_ticks = market.time_ns, 100
    market.feeds.forget_untold(market.markets)

    def quiet_seconds() -> None:
        for number in range(20):
            seq, time_ns = market.position.command_seq + 1, market.time_ns + 10**9
            place = (seq, 0, BatchFlag.LAST, CLOCK_WRITER, 1, number, time_ns)
            market.apply(EventMessage(*place, GENESIS_CHAIN, GENESIS_CHAIN, b""))
            for publication in market.feeds.take_live(time_ns):
                _encode(publication.events)

    return cpu_s(quiet_seconds) / 20 * 1e3


def allocated(act: Callable[[], object]) -> int:
    """Bytes that Python holds after `act` and did not before."""
    gc.collect()
    tracemalloc.start()
    act()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held


def a_day() -> int:
    """Bytes of one symbol's rings when it has traded in every second of a day."""
    model = MarketData()
    market = model.add_market(0, 1, 5)

    def trade() -> None:
        market.first_ns = 0
        for second in range(86_400):
            time_ns = second * 10**9
            row = (second + 1, 1_000, 1, 1_000, time_ns, False)
            model.time_ns = time_ns
            if time_ns >= model.clock.second_ends_ns:
                model._end_intervals()  # noqa: SLF001 - as `apply` does, without its events
                model.forget_stored(len(model.closed_rows))
            market.tape.add(row, taker_order_id=second + 1, tells=False)
            market.candles.add(row[:4], buyer_is_maker=False)

    return allocated(trade)


if __name__ == "__main__":
    main()
