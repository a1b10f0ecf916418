"""The state on one page: every record with its fields, units and sizes, and the State that holds them.

Links between records are places in an array (i4); place 0 of every pool is never
used, so that 0 means "none" and fresh memory needs no preparation. Times are ns
since 1970 of log time. Quantities are lots, prices ticks, money atoms (int64).

A field `name@other` is laid over `other`: a record is either in use or on its
pool's chain of free places, never both.

Order lists, icebergs, trailing stops and pegs will take a third line of 64 bytes
of the order record; the records of the log have room for them already. A snapshot
names a hash of these tables, and a newer layout is filled by replaying the log.
"""

import hashlib
from typing import Any, Final, NamedTuple

import numba
import numpy as np

from sunwise.contracts.exchange import records
from sunwise.contracts.exchange.records import Capacity, Field
from sunwise.exchange.engine.core.tables import Block, Table

_INTEGERS: Final = {"u1": "u1", "u2": "<u2", "u4": "<u4", "i4": "<i4", "i8": "<i8"}
_CACHE_LINE: Final = 64


def _size(code: str) -> int:
    return int(code[1:])


class _Columns:
    """Names, formats and offsets of a dtype in the making; fields may overlap."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.formats: list[Any] = []
        self.offsets: list[int] = []

    def add(self, name: str, code: str, offset: int) -> None:
        """One integer; text becomes words `name_0`, `name_1`...; room becomes nothing."""
        if code[0] == "c":
            for word in range(_size(code) // 8):
                self.add(f"{name}_{word}", "i8", offset + 8 * word)
        elif code[0] != "x":
            self.names.append(name)
            self.formats.append(_INTEGERS[code])
            self.offsets.append(offset)

    def dtype(self, size_bytes: int) -> np.dtype[Any]:
        """The record, with `words` laid over the whole of it."""
        self.names.append("words")
        self.formats.append(("<i8", (size_bytes // 8,)))
        self.offsets.append(0)
        columns: Any = {
            "names": self.names,
            "formats": self.formats,
            "offsets": self.offsets,
            "itemsize": size_bytes,
        }
        return np.dtype((np.record, columns))  # so that plain Python reads `row.field` too


def _wire(tables: dict[str, tuple[Field, ...]], stride: int) -> np.dtype[Any]:
    """All record tables of one stride in one dtype.

    Fields that every table has in the same place, and those of the order table,
    keep their names; those of another table are called `table_field`. `flags` is
    called `flag_bits`: NumPy's own records have flags already.
    """
    columns = _Columns()
    places = {name: records.offsets(table) for name, table in tables.items()}
    for name, table in tables.items():
        for field in table:
            offset = places[name][field.name]
            if name == "order":
                columns.add(field.name.replace("flags", "flag_bits"), field.code, offset)
            elif any(other.get(field.name) != offset for other in places.values()):
                columns.add(f"{name}_{field.name}", field.code, offset)
    return columns.dtype(stride)


def _record(size_bytes: int, text: str) -> np.dtype[Any]:
    """A record of the state from lines `name code meaning`; it must fill `size_bytes` exactly."""
    columns = _Columns()
    at: dict[str, int] = {}
    end = 0
    for row in text.strip().splitlines():
        name, code, *_ = row.split()
        name, _, under = name.partition("@")
        at[name] = at[under] if under else end
        assert code[0] == "x" or at[name] % min(8, _size(code)) == 0, f"{name} is not aligned"
        columns.add(name, code, at[name])
        end += 0 if under else _size(code)
    assert end == size_bytes, f"{text.strip().splitlines()[0]}...: {end} bytes, not {size_bytes}"
    return columns.dtype(size_bytes)


COMMAND: Final = _wire(records.COMMAND_TABLES, records.COMMAND_STRIDE)
EVENT: Final = _wire(records.EVENT_TABLES, records.EVENT_STRIDE)
EVENT_WORDS: Final = records.EVENT_STRIDE // 8

CONTROL: Final = _record(
    192,
    """
now_ns i8 log time of the batch at work
clock_ns i8 what the clock writer said last, by bounded steps; 0 before its first word
average_bucket i8 bucket of the average price that log time falls into
command_index i8 place in its batch of the command at work
n_events i8 events written since the buffer was drained
drained i8 stops triggered before the command at work, to MAX_TRIGGERS
rules i8 RuleFlag
writer_class i4 whose batch is at work, from NOBODY to GATEWAY
n_accounts i4 accounts open; the next account's number
n_assets i4 assets listed
n_symbols i4 symbols listed
trigger_first i4 symbol, plus one, whose crossed stops are triggered next
trigger_last i4 symbol, plus one, at the end of that queue
remembered_first i4 client id that has been closed longest
remembered_last i4 client id that was closed last
reserved_levels i4 levels that untriggered stops will need on the book
reserved_nodes i4 trie nodes that they will need
cause_flag i4 FROM_TRIGGER while a stop is triggered, else 0
room x12
seed_0 i8 secret of the hash tables, the replica's own; not part of what the state means
seed_1 i8
seed_2 i8
seed_3 i8
seed_4 i8
seed_5 i8
room_end x32
""",
)

POOL: Final = _record(
    16,
    """
free i4 first place of the chain of places given back
high_water i4 highest place ever taken
live i4 places in use
room x4
""",
)

WRITER: Final = _record(
    32,
    """
writer i8 number of the writer
epoch i8 newest epoch it was heard in
batch_no i8 last batch of that epoch that was applied
room x8
""",
)

ASSET: Final = _record(
    64,
    """
name c24 unique
deposited_atoms i8 deposits less withdrawals: equals the sum of all balances
decimals i4 an atom is 10**-decimals
house_balance i4 place of the house's balance
fee_balance i4 place of the fee account's balance
room x20
""",
)

_TERMS: Final = "\n".join(" ".join(field) for field in records.SYMBOL_TERMS)
WHOLE_TERM_WORDS: Final = sum(_size(field.code) for field in records.SYMBOL_TERMS) // 8

SYMBOL: Final = _record(
    320,
    _TERMS
    + """
room_terms x6
last_order_id i8 order id given last
last_trade_id i8 trade id given last
last_prevented_id i8 count of prevented matches
last_update_id i8 update id of the public book
last_price_ticks i8 price of the last trade; 0 before the first
trigger_low_ticks i8 lowest trade price since stops began to wait for their turn
trigger_high_ticks i8 highest trade price since then
symbol_version i4 rises with each change of terms or status
top_shift i4 shift of a price's highest digit of 6 bits
fee_base_balance i4 place of the fee account's balance of the base asset
fee_quote_balance i4 place of the fee account's balance of the quote asset
trigger_next i4 symbol, plus one, behind this one in the trigger queue
is_triggering i4 IN_QUEUE, WAITS_FOR_TRADING or 0
average_ticks i8 average price, 0 when it must be computed anew
average_bucket i8 newest bucket of the ring
window_lots_high i8 lots traded in the window, in units of 2**31
window_lots_low i8 and the rest of each trade's
window_notional_high i8 ticks times lots traded in the window, in units of 2**31
window_notional_low i8 and the rest of each trade's
room_end x32
""",
)

BUCKET: Final = _record(
    32,
    """
lots_high i8 as in the symbol's window
lots_low i8
notional_high i8
notional_low i8
""",
)

BOOK: Final = _record(
    32,
    """
best_ticks i8 price of the best level; NO_BID or NO_ASK when there is none
best_level i4 place of the best level
root i4 trie node of the highest digit; stays for ever
top_shift i4 shift of that digit
room x12
""",
)

LEVEL: Final = _record(
    32,
    """
price_ticks i8
qty_lots i8 open quantity of the whole queue
first i4 order that came first
last i4 order that came last
node i4 trie node of the lowest digit
book i4 symbol x 4 + side of BID, ASK, STOP_DOWN, STOP_UP
next_free@first i4
""",
)

NODE: Final = _record(
    16,
    """
bits i8 bit d set: digit d has a child
parent i4 node of the next higher digit; 0 at the root
room x4
next_free@parent i4
""",
)

ACCOUNT: Final = _record(
    16,
    """
first_symbol i4 first of the account's symbols with open orders (place in account_symbols)
last_symbol i4 last of them
room x8
""",
)

BALANCE: Final = _record(
    32,
    """
account i8
asset i4
room x4
free_atoms i8
locked_atoms i8 backs open orders
""",
)

# Two cache lines. The first holds what a trade needs of its maker.
ORDER: Final = _record(
    128,
    """
next i4 order behind this one in its level
prev i4 order before this one
level i4 level it stands in; 0 while it trades
account i4
base_balance i4 place of the owner's balance of the base asset
quote_balance i4 place of the owner's balance of the quote asset
symbol i4
side u1
order_type u1
time_in_force u1
stp u1
order_id i8 0 in a free place
qty_lots i8 as ordered; 0 by quote
executed_lots i8
executed_quote_atoms i8
price_ticks i8 0 for MARKET
stop_ticks i8 0 when it is no stop
accepted_ns i8
working_ns i8 0 for an untriggered stop
strategy_id i8
strategy_type i4
client_id i4 place of its client order id; 0 for none
account_symbol i4 list of open orders that it is in; 0 when it is not open
list_next i4 next younger order in that list
list_prev i4 next older one
by_quote i4 1 for MARKET by quoteOrderQty
quote_atoms@stop_ticks i8 quoteOrderQty: a MARKET order has no stop
next_free@next i4
""",
)

# One cache line.
CLIENT_ID: Final = _record(
    64,
    """
client_id c40
account i4 0 in a free place
symbol i4
order i4 the open order; 0 once it is closed
next i4 next younger in the queue of closed ones
closed_ns i8 log time at which the order closed
next_free@next i4
""",
)

ACCOUNT_SYMBOL: Final = _record(
    40,
    """
account i4
symbol i4
first i4 oldest open order
last i4 youngest open order
count i4 open orders; 0 in a free place
base_balance i4 place of the account's balance of the base asset
quote_balance i4 place of the account's balance of the quote asset
next i4 next of the account's symbols
prev i4 the one before
room x4
next_free@next i4
""",
)


class Capacities(NamedTuple):
    """How much the state holds; each can be raised while running, none lowered."""

    accounts: int = 10_000
    balances: int = 40_000
    orders: int = 100_000
    levels: int = 100_000
    trie_nodes: int = 100_000
    client_ids: int = 1_000_000
    symbols: int = 64
    assets: int = 64
    account_symbols: int = 50_000
    writers: int = 64


# What RAISE_CAPACITY may ask for: places are i4, and a table's memory must be thinkable.
MAX_CAPACITIES: Final = Capacities(
    accounts=2**27,
    balances=2**28,
    orders=2**27,
    levels=2**26,
    trie_nodes=2**24,
    client_ids=2**28,
    symbols=2**16,
    assets=2**16,
    account_symbols=2**27,
    writers=2**16,
)


class State(NamedTuple):
    """Everything the engine knows: arrays of the records above, and nothing else."""

    control: np.ndarray  # one record
    pools: np.ndarray  # by POOL_*
    writers: np.ndarray  # in order of first appearance
    assets: np.ndarray  # by asset
    symbols: np.ndarray  # by symbol
    books: np.ndarray  # by symbol x 4 + side
    buckets: np.ndarray  # by symbol x AVERAGE_RING + bucket
    accounts: np.ndarray  # by account
    balances: np.ndarray
    balance_index: np.ndarray
    orders: np.ndarray
    order_index: np.ndarray
    levels: np.ndarray
    nodes: np.ndarray
    children: np.ndarray  # by node x 64 + digit: a node, or a level below the lowest digit
    client_ids: np.ndarray
    client_index: np.ndarray
    account_symbols: np.ndarray
    account_symbol_index: np.ndarray


# Names of the arrays, their record and the capacity that sizes them.
RECORDS: Final = {
    "control": CONTROL,
    "pools": POOL,
    "writers": WRITER,
    "assets": ASSET,
    "symbols": SYMBOL,
    "books": BOOK,
    "buckets": BUCKET,
    "accounts": ACCOUNT,
    "balances": BALANCE,
    "balance_index": np.dtype("<i8"),
    "orders": ORDER,
    "order_index": np.dtype("<i8"),
    "levels": LEVEL,
    "nodes": NODE,
    "children": np.dtype("<i4"),
    "client_ids": CLIENT_ID,
    "client_index": np.dtype("<i8"),
    "account_symbols": ACCOUNT_SYMBOL,
    "account_symbol_index": np.dtype("<i8"),
}

# The same, as kernels are compiled for them.
STATE_KIND: Final = Block("State", RECORDS)
COMMANDS_KIND: Final = Table("commands", COMMAND)
EVENTS_KIND: Final = Table("events", EVENT)
WORDS_KIND: Final = Table("words", np.dtype("<i8"))
INTEGER_KIND: Final = numba.int64

POOL_BALANCES: Final = 0
POOL_ORDERS: Final = 1
POOL_LEVELS: Final = 2
POOL_NODES: Final = 3
POOL_CLIENT_IDS: Final = 4
POOL_ACCOUNT_SYMBOLS: Final = 5
N_POOLS: Final = 6
BOOKS_PER_SYMBOL: Final = 4
AVERAGE_RING: Final = 32  # buckets kept for each symbol: 5 minutes and the one at work
DIGITS: Final = 64  # children of a trie node


def lengths(capacities: Capacities) -> dict[str, int]:
    """Number of records in each array. Pools have one more: place 0 is never used."""
    sizes = capacities
    return {
        "control": 1,
        "pools": N_POOLS,
        "writers": sizes.writers,
        "assets": sizes.assets,
        "symbols": sizes.symbols,
        "books": sizes.symbols * BOOKS_PER_SYMBOL,
        "buckets": sizes.symbols * AVERAGE_RING,
        "accounts": sizes.accounts,
        "balances": sizes.balances + 1,
        "balance_index": _slots(sizes.balances),
        "orders": sizes.orders + 1,
        "order_index": _slots(sizes.orders),
        "levels": sizes.levels + 1,
        "nodes": sizes.trie_nodes + 1,
        "children": (sizes.trie_nodes + 1) * DIGITS,
        "client_ids": sizes.client_ids + 1,
        "client_index": _slots(sizes.client_ids),
        "account_symbols": sizes.account_symbols + 1,
        "account_symbol_index": _slots(sizes.account_symbols),
    }


def _slots(capacity: int) -> int:
    """Slots of a hash table that is at most half full: a power of two."""
    return max(64, 1 << (2 * capacity - 1).bit_length())


def empty_array(dtype: np.dtype[Any], length: int) -> np.ndarray:
    """Zeros that begin on a cache line."""
    raw = np.zeros(length * dtype.itemsize + _CACHE_LINE, np.uint8)
    start = -raw.ctypes.data % _CACHE_LINE
    return raw[start : start + length * dtype.itemsize].view(dtype)


def empty_state(capacities: Capacities) -> State:
    """A State of zeros: `door.Core` opens the house and fee accounts in it."""
    arrays = {name: empty_array(RECORDS[name], n) for name, n in lengths(capacities).items()}
    return State(**arrays)


def capacities_of(state: State) -> Capacities:
    """What the arrays of `state` hold."""
    return Capacities(
        accounts=len(state.accounts),
        balances=len(state.balances) - 1,
        orders=len(state.orders) - 1,
        levels=len(state.levels) - 1,
        trie_nodes=len(state.nodes) - 1,
        client_ids=len(state.client_ids) - 1,
        symbols=len(state.symbols),
        assets=len(state.assets),
        account_symbols=len(state.account_symbols) - 1,
        writers=len(state.writers),
    )


def layout_hash() -> str:
    """Hash of every table above: a snapshot of another layout must not be read as this one."""
    text = repr([(name, str(dtype)) for name, dtype in RECORDS.items()])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


assert [name.lower() for name in Capacity.__members__] == list(Capacities._fields)
assert tuple(RECORDS) == State._fields
# Terms are copied by words; the two single bytes at their end by name.
assert [field.code for field in records.SYMBOL_TERMS[-2:]] == ["u1", "u1"]
assert dict(COMMAND.fields or {})["symbol_name_0"][1] == 8
assert dict(EVENT.fields or {})["symbol_name_0"][1] == 16
assert dict(SYMBOL.fields or {})["name_0"][1] == 0
