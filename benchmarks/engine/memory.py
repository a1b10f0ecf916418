"""How much memory a million open orders and a million accounts take: run in a process of its own.

`python -m benchmarks.engine.memory ORDERS ACCOUNTS ASSETS` prints JSON. Every
account is credited with each asset, and every order is open when memory is read.
"""

import json
import sys
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.engine.flow import BATCH_ROW
from benchmarks.engine.numba_core import NumbaCore
from benchmarks.engine.shape import (
    FIRST_ACCOUNT,
    GATEWAY,
    START_NS,
    Shape,
    Table,
    chunks,
    name_orders,
    setup,
)
from sunwise.contracts.exchange import log
from sunwise.contracts.exchange.records import CommandKind, EventFlag, EventKind, Side
from sunwise.exchange.engine.core import event_buffer, warm_up

_CHUNK: Final = 4096
_CREDIT_ATOMS: Final = 1 << 40


class Filling:
    """A core that is filled piece by piece, so that the commands themselves take no memory."""

    def __init__(self, shape: Shape) -> None:
        self.engine = NumbaCore(shape.capacities())
        self.out = event_buffer(2 * _CHUNK)
        self._counts: dict[int, int] = {}

    def send(self, writer: int, table: Table) -> np.ndarray:
        """Applies what is in the table; the events."""
        self._counts[writer] = self._counts.get(writer, 0) + 1
        row = (writer, 1, self._counts[writer], START_NS, 0, table.end)
        n_events = self.engine.apply(table.rows, np.array([row], BATCH_ROW), self.out)
        return np.asarray(self.out[:n_events])


def fill(shape: Shape) -> Filling:
    """A core with the shape's accounts, money and open orders."""
    filling = Filling(shape)
    table = Table(1)
    table.add(CommandKind.CLOCK, 1)["control_wall_ns"] = START_NS
    filling.send(log.CLOCK_WRITER, table)
    table = Table(64)
    setup(shape._replace(n_accounts=0), table)
    filling.send(log.ADMIN_WRITER, table)
    accounts = FIRST_ACCOUNT + np.arange(shape.n_accounts)
    for part in np.array_split(accounts, -(-shape.n_accounts // _CHUNK)):
        table = Table(len(part) * (1 + shape.n_assets_each))
        table.add(CommandKind.OPEN_ACCOUNT, len(part))
        for asset in range(shape.n_assets_each):
            rows = table.add(CommandKind.CREDIT, len(part))
            rows["funds_account"], rows["funds_asset"] = part, asset
            rows["funds_amount_atoms"] = _CREDIT_ATOMS
        for start in range(0, table.end, _CHUNK):
            filling.send(log.ADMIN_WRITER, _piece(table, start))
    _place_orders(filling, shape)
    return filling


def _piece(table: Table, start: int) -> Table:
    piece = Table(min(_CHUNK, table.end - start))
    piece.add(CommandKind.CREDIT, len(piece.rows))
    piece.rows["words"] = table.rows["words"][start : start + len(piece.rows)]
    return piece


def _place_orders(filling: Filling, shape: Shape) -> None:
    """Orders on both sides at falling density from the touch, none of which trades."""
    rng = np.random.default_rng(shape.seed)
    n_placed = n_open = 0
    for count in chunks(shape.n_resting, _CHUNK):
        table = Table(count)
        rows = table.add(CommandKind.PLACE, count)
        number = n_placed + np.arange(count)
        name_orders(rows, number)
        rows["symbol_version"] = 1
        rows["account"] = FIRST_ACCOUNT + number % shape.n_accounts
        rows["symbol"] = rng.integers(0, shape.n_symbols, count)
        rows["side"] = rng.integers(0, 2, count)
        rows["qty_lots"] = rng.integers(20, 1000, count)
        mid = shape.first_prices()[rows["symbol"]]
        away = np.minimum(8 * (1 - rng.random(count)) ** (-1 / 0.6), mid * 0.5).astype(np.int64)
        rows["price_ticks"] = mid + np.where(rows["side"] == Side.BUY, -away, away)
        events = filling.send(GATEWAY, table)
        is_open = (events["kind"] == EventKind.ACCEPTED) & (events["flag_bits"] & EventFlag.ON_BOOK)
        n_placed += count
        n_open += int(is_open.sum())
    assert n_open == shape.n_resting, f"{n_open} orders are open, not {shape.n_resting}"


def resident_bytes() -> int:
    """Memory of this process that is in RAM now."""
    status = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def main(orders: str, accounts: str, assets: str) -> None:
    """Fills a core and prints what its process holds."""
    shape = Shape(
        0,
        n_resting=int(orders),
        n_accounts=int(accounts),
        n_symbols=int(assets) - 1,
        n_assets_each=int(assets),
    )
    warm_up()
    before = resident_bytes()
    filling = fill(shape)
    after = resident_bytes()
    filling.engine.core.audit()
    print(json.dumps({"before_bytes": before, "after_bytes": after}))


if __name__ == "__main__":
    main(*sys.argv[1:])
