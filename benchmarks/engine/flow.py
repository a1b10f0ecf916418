"""Flows of orders: seeded, as large as wanted, with cancels of orders that are really open.

A flow is made with an engine in the loop: what it says is open decides what the
next commands cancel. Every engine then gets the same commands, and because each
one says the same, it makes no difference which engine was in the loop.

Limit prices stand off the touch by a power law with exponent 0.6, as measured on
real books (Bouchaud, Mézard and Potters, "Statistical properties of stock order
books", 2002); three in a hundred stand anywhere from half to twice the price.
The number of resting orders is kept near what is asked for.

Used by the engine's benchmark and by the test that holds core and C++ together.
"""

from typing import Final, NamedTuple, Protocol

import numpy as np

from benchmarks.engine.shape import (
    CLIENT_WORDS,
    FIRST_ACCOUNT,
    GATEWAY,
    START_NS,
    TARGET_WORDS,
    Shape,
    Table,
    chunks,
    name_orders,
    setup,
)
from sunwise.contracts.exchange import log
from sunwise.contracts.exchange.records import (
    CommandFlag,
    CommandKind,
    EventFlag,
    EventKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

CHUNK: Final = 4096  # commands between two words of the clock
CLOCK_STEP_NS: Final = 100_000_000
BATCH_ROW: Final = np.dtype(
    [(name, "<i8") for name in ("writer", "epoch", "batch_no", "batch_ns", "first", "end")]
)
_STP: Final = list(SelfTradePrevention)


class Engine(Protocol):
    """What takes commands and says what has happened."""

    def apply(self, commands: np.ndarray, batch: np.ndarray, out: np.ndarray) -> int:
        """Applies the batch [first, end) of `commands`; the number of events now in `out`."""


class Flow(NamedTuple):
    """Commands in their order, and who sent which of them when."""

    commands: np.ndarray
    sections: np.ndarray  # BATCH_ROW without epoch and number: one writer's run of commands
    n_setup: int  # sections at the front that list, fund and fill the book
    target: np.ndarray  # of a PLACE its own place in `commands`, of a CANCEL its order's; else -1

    def batches(self, size: int) -> np.ndarray:
        """All sections cut into batches of at most `size` commands, numbered for each writer."""
        rows = []
        numbers: dict[int, int] = {}
        for writer, _, _, batch_ns, first, end in self.sections.tolist():
            for start in range(first, end, size):
                numbers[writer] = numbers.get(writer, 0) + 1
                rows.append((writer, 1, numbers[writer], batch_ns, start, min(start + size, end)))
        return np.array(rows, BATCH_ROW)

    def setup_end(self) -> int:
        """Place of the first command after the setup."""
        return int(self.sections["end"][self.n_setup - 1])


class Writing:
    """A flow in the making: rows are filled in, applied, and what is open is kept."""

    def __init__(self, shape: Shape, engine: Engine, out: np.ndarray) -> None:
        self.shape = shape
        self.rng = np.random.default_rng(shape.seed)
        self.table = Table(shape.n_rows(CHUNK))
        self.commands = self.table.rows
        self.target = np.full(len(self.commands), -1, np.int64)
        self.live = np.empty(0, np.int64)  # places in `commands` of open orders
        self.mid = shape.first_prices()
        self._is_open = np.zeros(len(self.commands), bool)
        self._order_id = np.zeros(len(self.commands), np.int64)
        self._place_of = [np.zeros(len(self.commands), np.int64) for _ in range(shape.n_symbols)]
        self._engine = engine
        self._out = out
        self._sections: list[tuple[int, ...]] = []
        self._n_setup = 0
        self._now_ns = START_NS

    def send(self, writer: int, first: int) -> None:
        """Applies what was filled in from `first` on, in batches that fit the buffer."""
        end = self.table.end
        count = 1 + sum(row[0] == writer for row in self._sections)
        self._sections.append((writer, 1, count, self._now_ns, first, end))
        row = np.array(self._sections[-1:], BATCH_ROW)
        n_events = self._engine.apply(self.commands, row, self._out)
        if writer == GATEWAY:
            self._follow(np.asarray(self._out[:n_events]), first)

    def tick(self) -> None:
        """The clock's word."""
        self._now_ns += CLOCK_STEP_NS
        first = self.table.end
        self.table.add(CommandKind.CLOCK, 1)["control_wall_ns"] = self._now_ns
        self.send(log.CLOCK_WRITER, first)

    def end_setup(self) -> None:
        """What follows is measured."""
        self._n_setup = len(self._sections)

    def finish(self) -> Flow:
        """The flow."""
        end = self.table.end
        sections = np.array(self._sections, BATCH_ROW)
        return Flow(self.commands[:end], sections, self._n_setup, self.target[:end])

    def order_ids(self, places: np.ndarray) -> np.ndarray:
        """The ids that the engine gave to the orders placed there."""
        return self._order_id[places]

    def _follow(self, events: np.ndarray, first: int) -> None:
        """Keeps which orders are open, by their place in `commands`."""
        kind, flags = events["kind"], events["flag_bits"]
        accepted = events[kind == EventKind.ACCEPTED]
        places = first + accepted["command_index"].astype(np.int64)
        self._order_id[places] = accepted["order_id"]
        for number, place_of in enumerate(self._place_of):
            own = accepted["symbol"] == number
            place_of[accepted["order_id"][own]] = places[own]
        waits = (kind == EventKind.ACCEPTED) & (flags & EventFlag.WORKING == 0)
        rests = (flags & EventFlag.ON_BOOK != 0) & (kind <= EventKind.RESTED)
        ends = (kind == EventKind.CANCELED) | (kind == EventKind.EXPIRED)
        opened = self._places(events[(rests | waits) & ~ends], "order_id")
        self._is_open[opened] = True
        self._is_open[self._places(events[ends], "order_id")] = False
        trades = events[kind == EventKind.TRADE]
        for side in ("maker", "taker"):
            places = self._places(trades, f"trade_{side}_order_id")
            done = trades[f"trade_{side}_executed_lots"] == self.commands["qty_lots"][places]
            self._is_open[places[done]] = False
        live = np.concatenate([self.live, opened])
        self.live = live[self._is_open[live]]

    def _places(self, events: np.ndarray, field: str) -> np.ndarray:
        places = np.empty(len(events), np.int64)
        for number, place_of in enumerate(self._place_of):
            own = events["symbol"] == number
            places[own] = place_of[events[field][own]]
        return places


def realistic(shape: Shape, engine: Engine, out: np.ndarray) -> Flow:
    """A day's mix over several symbols: makers near the touch, takers, cancels, a few stops."""
    return _made(shape, engine, out)


def sparse(shape: Shape, engine: Engine, out: np.ndarray) -> Flow:
    """The adversary's book: each order on a level of its own, anywhere from 0.2 to 5 times the price.

    Nothing trades; orders are added and canceled at random.
    """
    return _made(shape._replace(is_sparse=True), engine, out)


def plain(shape: Shape, engine: Engine, out: np.ndarray) -> Flow:
    """As `realistic`, with nothing in it that other matching engines do not know."""
    return _made(shape._replace(is_plain=True), engine, out)


def _made(shape: Shape, engine: Engine, out: np.ndarray) -> Flow:
    writing = Writing(shape, engine, out)
    writing.tick()
    setup(shape, writing.table)
    writing.send(log.ADMIN_WRITER, 1)
    for count in chunks(shape.n_filling, CHUNK):
        writing.tick()
        _write_chunk(writing, count, n_cancels=0)
    writing.end_setup()
    for count in chunks(shape.n_commands, CHUNK):
        writing.tick()
        surplus = len(writing.live) - shape.n_resting
        wanted = int(shape.cancel_share * count + surplus * 0.5)
        n_cancels = min(max(wanted, count // 10), count * 8 // 10, len(writing.live))
        _write_chunk(writing, count, n_cancels)
    return writing.finish()


def _write_chunk(writing: Writing, count: int, n_cancels: int) -> None:
    """One section of a gateway: new orders with cancels among them, in random order."""
    rng = writing.rng
    first = writing.table.end
    rows = writing.table.add(CommandKind.PLACE, count)
    is_cancel = np.zeros(count, bool)
    is_cancel[rng.choice(count, n_cancels, replace=False)] = True
    rows["symbol_version"] = 1
    places = first + np.arange(count)
    writing.target[places] = places
    name_orders(rows, places)
    _fill_orders(writing, rows)
    victims = rng.choice(writing.live, n_cancels, replace=False)
    _fill_cancels(writing, first + np.flatnonzero(is_cancel), victims)
    writing.send(GATEWAY, first)


def _fill_orders(writing: Writing, rows: np.ndarray) -> None:
    shape, rng, count = writing.shape, writing.rng, len(rows)
    symbol = rng.choice(shape.n_symbols, count, p=shape.symbol_weights())
    rows["symbol"] = symbol
    rows["account"] = FIRST_ACCOUNT + rng.integers(0, shape.n_accounts, count)
    rows["side"] = rng.integers(0, 2, count)
    rows["qty_lots"] = np.minimum(rng.lognormal(6, 1.2, count).astype(np.int64) + 20, 1_000_000)
    writing.mid += rng.normal(0, 12, shape.n_symbols)
    mid = writing.mid[symbol].astype(np.int64)
    away = _sparse_distance(rng, mid, rows["side"]) if shape.is_sparse else _distance(rng, mid)
    rows["price_ticks"] = mid + np.where(rows["side"] == Side.BUY, -away, away)
    if shape.is_plain:
        _vary_plain_types(rng, rows)
    elif not shape.is_sparse:
        rows["stp"] = rng.choice(_STP, count, p=[0.7, 0.1, 0.1, 0.1])
        _vary_types(rng, rows, mid)


def _distance(rng: np.random.Generator, mid: np.ndarray) -> np.ndarray:
    """Ticks from the middle to a limit price, below zero when it crosses."""
    count = len(mid)
    tail = 8 * (1 - rng.random(count)) ** (-1 / 0.6) - 7
    away = np.minimum(tail, mid * 0.5)
    crosses = rng.random(count) < 0.1
    away[crosses] = -rng.integers(0, 25, crosses.sum())
    is_far = rng.random(count) < 0.03
    away[is_far] = rng.random(is_far.sum()) * mid[is_far] * 0.5
    return away.astype(np.int64)


def _sparse_distance(rng: np.random.Generator, mid: np.ndarray, side: np.ndarray) -> np.ndarray:
    span = np.where(side == Side.BUY, 0.8, 4.0)
    return 1000 + (rng.random(len(mid)) * span * (mid - 2000)).astype(np.int64)


def _vary_plain_types(rng: np.random.Generator, rows: np.ndarray) -> None:
    """Limit orders, with some IOC and some that take at market: what every engine knows."""
    draw = rng.random(len(rows))
    rows["time_in_force"][draw < 0.04] = TimeInForce.IOC
    is_market = (draw >= 0.04) & (draw < 0.12)
    rows["order_type"][is_market] = OrderType.MARKET
    rows["price_ticks"][is_market] = 0


def _vary_types(rng: np.random.Generator, rows: np.ndarray, mid: np.ndarray) -> None:
    """Eight in a hundred take at market, some make only, some are IOC, FOK or stops."""
    draw = rng.random(len(rows))
    rows["order_type"][draw < 0.06] = OrderType.LIMIT_MAKER
    rows["time_in_force"][(draw >= 0.06) & (draw < 0.09)] = TimeInForce.IOC
    rows["time_in_force"][(draw >= 0.09) & (draw < 0.11)] = TimeInForce.FOK
    is_market = (draw >= 0.11) & (draw < 0.19)
    by_quote = (draw >= 0.17) & (draw < 0.19)
    is_stop = (draw >= 0.19) & (draw < 0.20)
    rows["order_type"][is_market] = OrderType.MARKET
    rows["price_ticks"][is_market] = 0
    rows["quote_atoms"][by_quote] = (rows["qty_lots"] * mid * 10)[by_quote]
    rows["qty_lots"][by_quote] = 0
    rows["flag_bits"][by_quote] = CommandFlag.BY_QUOTE
    is_loss = rng.random(len(rows)) < 0.5
    rises = (rows["side"] == Side.BUY) == is_loss
    ahead = rng.integers(20, 400, len(rows))
    stop_type = np.where(is_loss, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
    rows["order_type"][is_stop] = stop_type[is_stop]
    rows["stop_ticks"][is_stop] = (mid + np.where(rises, ahead, -ahead))[is_stop]


def _fill_cancels(writing: Writing, at: np.ndarray, victims: np.ndarray) -> None:
    """Half name the order by its id, half by its client order id."""
    commands, words = writing.commands, writing.commands["words"]
    requests = words[at, CLIENT_WORDS]
    words[at] = 0
    words[at, CLIENT_WORDS] = requests
    commands["kind"][at] = CommandKind.CANCEL
    for field in ("account", "symbol"):
        commands[field][at] = commands[field][victims]
    by_id = writing.rng.random(len(at)) < 0.5
    commands["order_id"][at[by_id]] = writing.order_ids(victims[by_id])
    named = ~by_id
    commands["flag_bits"][at[named]] = CommandFlag.BY_CLIENT_ID
    words[at[named], TARGET_WORDS] = words[victims[named], CLIENT_WORDS]
    writing.target[at] = victims
