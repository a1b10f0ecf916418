"""Engines run against each other on one flow: in turns, each from a fresh state, best of several."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from benchmarks.engine.flow import Flow
from sunwise.contracts.exchange.records import EventKind
from sunwise.exchange.engine.core import Capacities


class Contestant(Protocol):
    """An engine as the race drives it."""

    def apply(self, commands: np.ndarray, batch: np.ndarray, out: np.ndarray) -> int:
        """Applies one BATCH_ROW of commands; the number of events now in `out`."""

    def run(self, commands: np.ndarray, batches: np.ndarray, out: np.ndarray) -> int:
        """Applies all batches over the same buffer; its CPU time in ns."""

    def close(self) -> None:
        """Gives the memory back."""


class Lap(NamedTuple):
    """What is raced over: the part of a flow after its setup, in batches of one size."""

    flow: Flow
    capacities: Capacities
    batch_size: int
    n_commands: int  # at most so many of the flow's measured commands
    out: np.ndarray

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        """The batches of the setup, and those that are measured."""
        rows = self.flow.batches(self.batch_size)
        start = self.flow.setup_end()
        rows = rows[rows["first"] < start + self.n_commands]
        return rows[rows["first"] < start], rows[rows["first"] >= start]


Makers = dict[str, Callable[[Capacities], Contestant]]


def race(makers: Makers, lap: Lap, rounds: int) -> dict[str, float]:
    """CPU ns per command of each engine: the best of these rounds, taken in turns."""
    before, measured = lap.split()
    n_commands = int((measured["end"] - measured["first"]).sum())
    best = dict.fromkeys(makers, float("inf"))
    for _ in range(rounds):
        for name, make in makers.items():
            engine = make(lap.capacities)
            engine.run(lap.flow.commands, before, lap.out)
            cpu_ns = engine.run(lap.flow.commands, measured, lap.out)
            best[name] = min(best[name], cpu_ns / n_commands)
            engine.close()
    return best


def event_digest(engine: Contestant, lap: Lap) -> str:
    """BLAKE2b over every event of the whole flow, setup included, in the lap's batches."""
    digest = hashlib.blake2b(digest_size=16)
    for row in lap.flow.batches(lap.batch_size):
        n_events = engine.apply(lap.flow.commands, np.array([row]), lap.out)
        digest.update(lap.out[:n_events].tobytes())
    engine.close()
    return digest.hexdigest()


def trades_so_far(engine: Contestant, lap: Lap) -> tuple[np.ndarray, np.ndarray]:
    """Number of trades, and their lots, up to and with each command of the flow (no stops in it)."""
    n_trades = np.zeros(len(lap.flow.commands), np.int64)
    lots = np.zeros(len(lap.flow.commands), np.int64)
    for row in lap.flow.batches(lap.batch_size):
        events = np.asarray(lap.out[: engine.apply(lap.flow.commands, np.array([row]), lap.out)])
        trades = events[events["kind"] == EventKind.TRADE]
        places = row["first"] + trades["command_index"]
        np.add.at(n_trades, places, 1)
        np.add.at(lots, places, trades["trade_qty_lots"])
    engine.close()
    return np.cumsum(n_trades), np.cumsum(lots)
