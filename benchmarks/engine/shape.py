"""The exchange that a flow runs on: how large it is, its symbols, its accounts and their money."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from sunwise.contracts.exchange import log, records
from sunwise.contracts.exchange.records import COMMAND_STRIDE, CommandKind, RuleFlag
from sunwise.exchange.engine.core import Capacities, command_array

GATEWAY: Final = log.FIRST_GATEWAY_WRITER
FIRST_ACCOUNT: Final = records.FIRST_CLIENT_ACCOUNT
START_NS: Final = 1_767_225_600_000_000_000  # 2026-01-01
QUOTE_ASSET: Final = 0
_PRICES: Final = (6_000_000, 300_000, 15_000_000, 80_000)  # ticks; then over again
_WEIGHTS: Final = (8, 4, 3, 1)
_CREDIT_ATOMS: Final = 1 << 50
_DEPOSIT_ATOMS: Final = 1 << 62
_ID_START: Final = int.from_bytes(b"x-HNA2TX", "little")  # the prefix of a well-known client
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
_CLIENT_WORD: Final = records.offsets(records.ORDER_COMMAND)["client_id"] // 8
TARGET_WORD: Final = records.offsets(records.ORDER_COMMAND)["target_client_id"] // 8
CLIENT_WORDS: Final = slice(_CLIENT_WORD, _CLIENT_WORD + 5)
TARGET_WORDS: Final = slice(TARGET_WORD, TARGET_WORD + 5)


class Shape(NamedTuple):
    """What a flow is like."""

    n_commands: int  # measured, after the setup
    n_resting: int = 40_000  # orders on the books, kept near this
    n_accounts: int = 1_000
    n_symbols: int = 4
    seed: int = 1
    cancel_share: float = 0.4
    is_sparse: bool = False
    is_plain: bool = False
    n_assets_each: int = 5  # assets that each account is credited with
    is_remembering: bool = True  # REFUSE_RECENT_CLIENT_IDS

    @property
    def n_assets(self) -> int:
        """One quote asset and a base asset for each symbol."""
        return self.n_symbols + 1

    @property
    def n_filling(self) -> int:
        """Orders that fill the books before anything is measured."""
        return self.n_resting + self.n_resting // 8

    def capacities(self) -> Capacities:
        """Room for all of it, with some to spare."""
        n_orders = self.n_filling + self.n_commands
        open_orders = self.n_resting + self.n_resting // 4 + 10_000
        return Capacities(
            accounts=self.n_accounts + 16,
            balances=self.n_accounts * self.n_assets + 64,
            orders=open_orders,
            levels=open_orders,
            trie_nodes=2 * open_orders if self.is_sparse else open_orders,
            client_ids=n_orders if self.is_remembering else open_orders,
            symbols=self.n_symbols,
            assets=self.n_assets,
            account_symbols=min(self.n_accounts * self.n_symbols, open_orders) + 16,
            writers=8,
        )

    def n_rows(self, chunk: int) -> int:
        """Commands in all, with the clock's, at most."""
        orders = self.n_filling + self.n_commands
        own = 2 * self.n_assets + self.n_symbols + 1 + self.n_accounts * (1 + self.n_assets_each)
        return orders + orders // chunk + own + 8

    def first_prices(self) -> np.ndarray:
        """Ticks of each symbol's middle at the start."""
        return np.resize(np.array(_PRICES, np.float64), self.n_symbols)

    def symbol_weights(self) -> np.ndarray:
        """Share of the orders that each symbol gets."""
        weights = np.resize(np.array(_WEIGHTS, np.float64), self.n_symbols)
        return np.asarray(weights / weights.sum())


def chunks(count: int, size: int) -> Iterator[int]:
    """`count` in pieces of `size`, the last one shorter."""
    for start in range(0, count, size):
        yield min(size, count - start)


class Table:
    """Command records, filled from the front."""

    def __init__(self, n_rows: int) -> None:
        self.rows = np.asarray(command_array(bytes(n_rows * COMMAND_STRIDE)))
        self.end = 0

    def add(self, kind: CommandKind, count: int) -> np.ndarray:
        """The next `count` records, zero but for their kind."""
        rows = self.rows[self.end : self.end + count]
        assert len(rows) == count, "the table is too short for its flow"
        rows["kind"] = kind
        self.end += count
        return rows


def name_orders(rows: np.ndarray, numbers: np.ndarray) -> None:
    """Client order ids of 24 characters, as scattered as random ones, different for each number."""
    mixed = (numbers.astype(np.uint64) * _ODD).astype(">u8")
    nibbles = mixed.view(np.uint8).reshape(-1, 8)
    digits = np.stack([nibbles >> 4, nibbles & 15], axis=-1).reshape(-1, 16)
    text = np.frombuffer(b"0123456789abcdef", np.uint8)[digits]
    rows["words"][:, _CLIENT_WORD] = _ID_START
    rows["words"][:, _CLIENT_WORD + 1 : _CLIENT_WORD + 3] = text.view("<i8")


def setup(shape: Shape, table: Table) -> None:
    """Rules, assets, symbols, accounts and their money: what an administrator sends first."""
    if shape.is_remembering:
        table.add(CommandKind.ACTIVATE_RULES, 1)["control_rules"] = (
            RuleFlag.REFUSE_RECENT_CLIENT_IDS
        )
    for number in range(shape.n_assets):
        row = table.add(CommandKind.LIST_ASSET, 1)
        row["asset_name_0"] = int.from_bytes(b"AS%03d" % number, "little")
        row["asset_decimals"] = 8
        deposit = table.add(CommandKind.DEPOSIT, 1)
        deposit["funds_asset"], deposit["funds_amount_atoms"] = number, _DEPOSIT_ATOMS
    for number in range(shape.n_symbols):
        _list_symbol(table, number)
    table.add(CommandKind.OPEN_ACCOUNT, shape.n_accounts)
    for asset in range(shape.n_assets_each):
        rows = table.add(CommandKind.CREDIT, shape.n_accounts)
        rows["funds_account"] = FIRST_ACCOUNT + np.arange(shape.n_accounts)
        rows["funds_asset"] = asset
        rows["funds_amount_atoms"] = min(_CREDIT_ATOMS, _DEPOSIT_ATOMS // (shape.n_accounts + 1))


def _list_symbol(table: Table, number: int) -> None:
    """Terms like Binance's BTCUSDT: tick 0.01, lot 0.00001, prices 0.2 to 5 times the average."""
    row = table.add(CommandKind.LIST_SYMBOL, 1)
    terms = {
        "name_0": int.from_bytes(b"SY%03d" % number, "little"),
        "base_asset": number + 1,
        "quote_asset": QUOTE_ASSET,
        "base_atoms_per_lot": 1_000,
        "quote_atoms_per_tick_lot": 10,
        "price_atoms_per_tick": 1_000_000,
        "min_price_ticks": 1,
        "max_price_ticks": 100_000_000,
        "min_qty_lots": 1,
        "max_qty_lots": 900_000_000,
        "market_min_qty_lots": 1,
        "market_max_qty_lots": 10_000_000,
        "min_notional_atoms": 10_000_000,
        "max_notional_atoms": 900_000_000_000_000_000,
        "bid_multiplier_up_ppm": 5_000_000,
        "bid_multiplier_down_ppm": 200_000,
        "ask_multiplier_up_ppm": 5_000_000,
        "ask_multiplier_down_ppm": 200_000,
        "avg_price_mins": 5,
        "max_num_orders": 1_000_000,
        "maker_fee_ppm": 1_000,
        "taker_fee_ppm": 1_000,
        "notional_flags": 1,
    }
    for field, value in terms.items():
        row[f"symbol_{field}"] = value
