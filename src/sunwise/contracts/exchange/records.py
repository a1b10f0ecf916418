"""The fixed-size records of the exchange's log: one table of fields for each kind.

A command record is 192 bytes, an event record 256 bytes, little-endian, no
hidden padding. Records of one stride share their first bytes and are laid over
each other: `kind` says which table reads the rest. The engine builds NumPy
dtypes from these tables, the gateways build `struct` formats, so there is one
truth and neither imports the other.

Rules of growth: a field keeps its name, place and meaning for ever; new fields
take the place of `room_*` bytes, which writers fill with zero. A change that
cannot keep this gets a new schema id, and the old table stays readable.

Kinds left free for what the layouts already have room for: commands 4 amend,
5 cancel-replace, 6 order list; events 6 amended, 7 list status.
"""

from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

SCHEMA_ID: Final = 1
COMMAND_STRIDE: Final = 192
EVENT_STRIDE: Final = 256
CLIENT_ID_BYTES: Final = 40  # 36 characters that Binance allows, padded with zeros to five words
NAME_BYTES: Final = 24  # a symbol's or asset's name in UTF-8, padded with zeros

HOUSE_ACCOUNT: Final = 0  # holds what was deposited and not yet credited to anybody
FEE_ACCOUNT: Final = 1  # receives every fee
FIRST_CLIENT_ACCOUNT: Final = 2


class Field(NamedTuple):
    """One field: its name, its type code and its unit or meaning.

    Codes: u1 u2 u4 i4 i8 are integers of that many bytes; cN are N bytes of
    zero-padded UTF-8; xN are N bytes kept free, always zero.
    """

    name: str
    code: str
    unit: str


_STRUCT: Final = {"u1": "B", "u2": "H", "u4": "I", "i4": "i", "i8": "q"}


def size(code: str) -> int:
    """Bytes of a field of this type code."""
    return int(code[1:])


class CommandKind(IntEnum):
    """What a command record asks for."""

    PLACE = 1
    CANCEL = 2
    CANCEL_ALL = 3
    OPEN_ACCOUNT = 16
    DEPOSIT = 17  # outside -> house
    WITHDRAW = 18  # house -> outside
    CREDIT = 19  # house -> account
    DEBIT = 20  # account -> house
    LIST_ASSET = 32
    LIST_SYMBOL = 33
    SET_SYMBOL_STATUS = 34
    CLOCK = 48
    RAISE_CAPACITY = 49
    ACTIVATE_RULES = 50
    # Read by the engine's service, never by its core:
    QUARANTINE = 51  # by the quarantine writer
    DISSENT = 52  # by the dissent writer: a replica computed something else than is stored
    SETTLE = 53  # by the dissent writer: what was said before is settled


class EventKind(IntEnum):
    """What an event record says has happened."""

    ACCEPTED = 1  # the order exists; funds are locked
    REJECTED = 2  # nothing changed; `reject` says why
    CANCELED = 3
    EXPIRED = 4  # `reject` holds the ExpiryReason
    TRIGGERED = 5  # a stop became a working order
    RESTED = 8  # what is left after trades (or a trigger) entered the book
    TRADE = 9
    PREVENTED = 10  # self-trade prevention: a match that did not happen
    ACCOUNT_OPENED = 16
    FUNDS_MOVED = 17  # deposit, withdraw, credit or debit
    ASSET_LISTED = 32
    SYMBOL_LISTED = 33
    SYMBOL_STATUS_SET = 34
    CAPACITY_RAISED = 49
    RULES_ACTIVATED = 50


class Side(IntEnum):
    """Which side of the book an order stands on."""

    BUY = 0
    SELL = 1


class OrderType(IntEnum):
    """How an order executes; 5-7 are kept for STOP_LOSS, TAKE_PROFIT and pegs."""

    LIMIT = 0
    MARKET = 1
    LIMIT_MAKER = 2
    STOP_LOSS_LIMIT = 3
    TAKE_PROFIT_LIMIT = 4


class TimeInForce(IntEnum):
    """How long an order works. MARKET and LIMIT_MAKER carry GTC and ignore it."""

    GTC = 0
    IOC = 1
    FOK = 2


class SelfTradePrevention(IntEnum):
    """What happens when an order meets another of the same account; the taker's mode rules."""

    NONE = 0
    EXPIRE_TAKER = 1
    EXPIRE_MAKER = 2
    EXPIRE_BOTH = 3


class SymbolStatus(IntEnum):
    """What a symbol lets through."""

    TRADING = 0
    HALT = 1  # nothing but queries
    CANCEL_ONLY = 2


class ExpiryReason(IntEnum):
    """Why an order, or what was left of it, expired (in `reject` of an EXPIRED event)."""

    IMMEDIATE_OR_CANCEL = 1
    FILL_OR_KILL = 2
    NO_LIQUIDITY = 3  # a MARKET order emptied the book
    SELF_TRADE_PREVENTION = 4
    FILL_CAP = 5  # more fills than one command may cause
    QUOTE_SPENT = 6  # a MARKET order by quoteOrderQty: what is left buys less than one lot
    PRICE_BOUND = 7  # kept for the price range execution rule; not used yet
    FUNDS_SPENT = 8  # a MARKET order that pays as it goes: what is free pays no further lot


class CommandFlag(IntFlag):
    """Bits of `flags` in a command record."""

    BY_QUOTE = 1  # MARKET by quoteOrderQty: `quote_atoms` rules, `qty_lots` is 0
    BY_CLIENT_ID = 2  # CANCEL names the order by `target_client_id`, else by `order_id`
    ALL_SYMBOLS = 4  # CANCEL_ALL over every symbol of the account
    ONLY_NEW = 8  # CANCEL unless something of the order is executed
    ONLY_PARTIALLY_FILLED = 16  # CANCEL only if something is; never beside ONLY_NEW


class EventFlag(IntFlag):
    """Bits of `flags` in an event record."""

    ON_BOOK = (
        1  # the order stands (ACCEPTED, RESTED) or stood (CANCELED, EXPIRED) in the public book
    )
    WORKING = 2  # not an untriggered stop
    FROM_TRIGGER = 4  # caused by a triggered stop, not by the command at `command_index`
    BUYER_IS_MAKER = 8  # TRADE, PREVENTED: the maker bought
    MORE = 16  # CANCEL_ALL stopped at its bound; send it again
    BY_QUOTE = 32  # the order was a MARKET order by quoteOrderQty


class RuleFlag(IntFlag):
    """Rules of the whole shard, set by ACTIVATE_RULES (the new set replaces the old)."""

    REFUSE_RECENT_CLIENT_IDS = (
        1  # a client order id stays taken for 24 h of log time after its order closed
    )


class Capacity(IntEnum):
    """What RAISE_CAPACITY can raise; never lowered, so that replay always fits."""

    ACCOUNTS = 0
    BALANCES = 1
    ORDERS = 2
    LEVELS = 3  # price levels over all symbols and sides
    TRIE_NODES = 4
    CLIENT_IDS = 5  # open orders' ids and those remembered for 24 h
    SYMBOLS = 6
    ASSETS = 7
    ACCOUNT_SYMBOLS = 8  # (account, symbol) pairs that hold open orders
    WRITERS = 9


def _fields(text: str) -> tuple[Field, ...]:
    """Fields from lines `name code unit...`."""
    return tuple(Field(*line.split(None, 2)) for line in text.splitlines() if line)


def _record(size_bytes: int, text: str) -> tuple[Field, ...]:
    """The fields of these lines, filled up to the record's size with room."""
    rows = _fields(text)
    room = size_bytes - sum(size(row.code) for row in rows)
    assert room >= 0, f"{rows[0].unit}: {-room} bytes too long"
    return (*rows, Field("room_end", f"x{room}", "zero")) if room else rows


ORDER_COMMAND: Final = _record(
    COMMAND_STRIDE,
    """
kind u1 CommandKind: PLACE, CANCEL, CANCEL_ALL
flags u1 CommandFlag
side u1 Side
order_type u1 OrderType
time_in_force u1 TimeInForce
stp u1 SelfTradePrevention
room_header x2 zero
account i8 the account that acts
symbol i4 index of the symbol, from 0 in order of listing
symbol_version i4 version of the symbol under which ticks and lots were computed
price_ticks i8 limit price, ticks of the symbol; 0 for MARKET
qty_lots i8 quantity, lots of the symbol
quote_atoms i8 quoteOrderQty, atoms of the quote asset, with BY_QUOTE
stop_ticks i8 trigger price, ticks; 0 when it is no stop
iceberg_lots i8 visible quantity, lots; zero until icebergs are built
trailing_bips i4 trailing delta, 1/100 percent; zero until trailing stops are built
peg_offset i4 offset of a pegged price, levels; zero until pegs are built
order_id i8 CANCEL: the order, unless BY_CLIENT_ID
expires_ns i8 the command is refused when log time is later; ns since 1970, 0 for never
client_id c40 PLACE: the order's client order id; CANCEL: the id of this request
target_client_id c40 CANCEL with BY_CLIENT_ID: the order's client order id
strategy_id i8 kept and reported, no meaning here
list_leg u1 place in an order list; zero until lists are built
list_kind u1 kind of order list; zero until lists are built
room_list x2 zero
strategy_type i4 kept and reported, no meaning here
""",
)

FUNDS_COMMAND: Final = _record(
    COMMAND_STRIDE,
    """
kind u1 CommandKind: OPEN_ACCOUNT, DEPOSIT, WITHDRAW, CREDIT, DEBIT
flags u1 CommandFlag
room_header x6 zero
account i8 CREDIT, DEBIT: the client's account
asset i4 index of the asset, from 0 in order of listing
room_asset x4 zero
amount_atoms i8 above zero, atoms of the asset
expires_ns i8 as in ORDER_COMMAND
reference c40 the writer's own reference, kept in the event; empty for none
""",
)

ASSET_COMMAND: Final = _record(
    COMMAND_STRIDE,
    """
kind u1 CommandKind: LIST_ASSET
flags u1 CommandFlag
room_header x6 zero
room_account x8 zero
name c24 the asset's name, unique
decimals i4 an atom is 10**-decimals of the asset, 0 to 18
room_decimals x4 zero
""",
)

# What a symbol is made of: the same rows in the command that lists it and in the event that says so.
_SYMBOL_TERMS: Final = """
name c24 the symbol's name, unique
base_asset i4 index of the base asset
quote_asset i4 index of the quote asset
base_atoms_per_lot i8 one lot, atoms of the base asset
quote_atoms_per_tick_lot i8 price one tick times quantity one lot, atoms of the quote asset, at least 1
price_atoms_per_tick i8 one tick, atoms of the quote asset per whole unit of base
min_price_ticks i8 PRICE_FILTER; 1 or more
max_price_ticks i8 PRICE_FILTER; bounds every price
min_qty_lots i8 LOT_SIZE; 1 or more
max_qty_lots i8 LOT_SIZE; bounds every quantity
market_min_qty_lots i8 MARKET_LOT_SIZE
market_max_qty_lots i8 MARKET_LOT_SIZE
min_notional_atoms i8 NOTIONAL; 0 for none
max_notional_atoms i8 NOTIONAL; 0 for none
bid_multiplier_up_ppm i4 PERCENT_PRICE_BY_SIDE, millionths; 0 for none (all four)
bid_multiplier_down_ppm i4 as above
ask_multiplier_up_ppm i4 as above
ask_multiplier_down_ppm i4 as above
avg_price_mins i4 minutes of the average price in both filters, 0 (last price) to 5
max_num_orders i4 MAX_NUM_ORDERS for each account
maker_fee_ppm i4 of the received asset, millionths
taker_fee_ppm i4 of the received asset, millionths
notional_flags u1 bit 0: the minimum applies to MARKET, bit 1: the maximum does
status u1 SymbolStatus
"""
SYMBOL_TERMS: Final = _fields(_SYMBOL_TERMS)

SYMBOL_COMMAND: Final = _record(
    COMMAND_STRIDE,
    """
kind u1 CommandKind: LIST_SYMBOL (all fields), SET_SYMBOL_STATUS (symbol, status)
flags u1 CommandFlag
room_header x2 zero
symbol i4 SET_SYMBOL_STATUS: the symbol
"""
    + _SYMBOL_TERMS,
)

CONTROL_COMMAND: Final = _record(
    COMMAND_STRIDE,
    """
kind u1 CommandKind: CLOCK, RAISE_CAPACITY, ACTIVATE_RULES, QUARANTINE, DISSENT, SETTLE
flags u1 CommandFlag
room_header x6 zero
wall_ns i8 CLOCK: the clock writer's time, ns since 1970
attested_seq i8 CLOCK: command position of the newest event its writer saw; 0 for none. DISSENT: of the event message in EVT that differs. SETTLE: of the first one that was taken out of EVT and computed again; 0 for none
attested_part i4 CLOCK, DISSENT, SETTLE: part of that event message
capacity i4 RAISE_CAPACITY: Capacity
attested_chain_0 i8 CLOCK, DISSENT: the chain at that event as EVT holds it, first eight bytes
attested_chain_1 i8 CLOCK, DISSENT: the chain at that event as EVT holds it, last eight bytes
limit i8 RAISE_CAPACITY: the new limit
rules i8 ACTIVATE_RULES: RuleFlag
quarantined_seq i8 QUARANTINE: the batch of CMD that is skipped
quarantined_symbol i4 QUARANTINE: index of the symbol that is halted in its place, plus 1; 0 for none
room_quarantined x4 zero
quarantined_build c24 QUARANTINE: of the engine core that the batch breaks
replica i4 DISSENT: number of the replica that computed something else
room_dissent x4 zero
dissenting_build c24 DISSENT: of that replica's engine core
""",
)

_EVENT_HEADER: Final = """
kind u1 EventKind
flags u1 EventFlag
reject u2 Reject of a REJECTED event, ExpiryReason of an EXPIRED one
command_index i4 place of the cause in its batch, from 0
"""

ORDER_EVENT: Final = _record(
    EVENT_STRIDE,
    _EVENT_HEADER
    + """
symbol i4 index of the symbol
side u1 Side
order_type u1 OrderType
time_in_force u1 TimeInForce
stp u1 SelfTradePrevention
account i8 whose order
order_id i8 from 1, rising for each symbol; 0 when refused
price_ticks i8 limit price
qty_lots i8 quantity as ordered; 0 with BY_QUOTE
quote_atoms i8 quoteOrderQty with BY_QUOTE
stop_ticks i8 trigger price or 0
executed_lots i8 filled so far, after this event
executed_quote_atoms i8 filled so far, atoms of quote
update_id i8 the symbol's book update this event made; 0 when the public book did not change
free_atoms i8 after this event, of the asset the order locks (quote for BUY, base for SELL)
locked_atoms i8 after this event, of the same asset
accepted_ns i8 log time at which the order was accepted
working_ns i8 log time at which it began to work; 0 for an untriggered stop
client_id c40 the order's client order id
request_client_id c40 CANCELED by request, REJECTED cancel: the id of that request
strategy_id i8 as ordered
strategy_type i4 as ordered
trailing_bips i4 zero until trailing stops are built
iceberg_lots i8 zero until icebergs are built
list_id i8 zero until lists are built
""",
)

TRADE_EVENT: Final = _record(
    EVENT_STRIDE,
    _EVENT_HEADER
    + """
symbol i4 index of the symbol
room_header x4 zero
taker_account i8 account of the incoming order
taker_order_id i8 the incoming order
maker_account i8 account of the resting order
maker_order_id i8 the resting order
price_ticks i8 the maker's price
qty_lots i8 quantity traded, or prevented
quote_atoms i8 price times quantity, atoms of quote
trade_id i8 from 1 without gaps for each symbol; of PREVENTED: the prevented match's own count
update_id i8 the symbol's book update this trade made; 0 for PREVENTED
taker_fee_atoms i8 of the asset the taker received
maker_fee_atoms i8 of the asset the maker received
taker_executed_lots i8 filled so far, after this trade
taker_executed_quote_atoms i8 filled so far, atoms of quote
maker_executed_lots i8 filled so far, after this trade
maker_executed_quote_atoms i8 filled so far, atoms of quote
taker_base_free_atoms i8 after this trade
taker_base_locked_atoms i8 after this trade
taker_quote_free_atoms i8 after this trade
taker_quote_locked_atoms i8 after this trade
maker_base_free_atoms i8 after this trade
maker_base_locked_atoms i8 after this trade
maker_quote_free_atoms i8 after this trade
maker_quote_locked_atoms i8 after this trade
""",
)

FUNDS_EVENT: Final = _record(
    EVENT_STRIDE,
    _EVENT_HEADER
    + """
command_kind u4 CommandKind of the cause
asset i4 index of the asset
account i8 the client's account; HOUSE_ACCOUNT for DEPOSIT and WITHDRAW
amount_atoms i8 what moved
free_atoms i8 the account's, after
locked_atoms i8 the account's, after
house_free_atoms i8 the house's, after
deposited_atoms i8 deposits less withdrawals of the asset, after
reference c40 as in the command
""",
)

ASSET_EVENT: Final = _record(
    EVENT_STRIDE,
    _EVENT_HEADER
    + """
asset i4 index given to the asset
decimals i4 an atom is 10**-decimals
name c24 the asset's name
""",
)

SYMBOL_EVENT: Final = _record(
    EVENT_STRIDE,
    _EVENT_HEADER
    + """
symbol i4 index given to the symbol
symbol_version i4 rises with every change of its terms or status
"""
    + _SYMBOL_TERMS,
)

CONTROL_EVENT: Final = _record(
    EVENT_STRIDE,
    _EVENT_HEADER
    + """
capacity i4 Capacity raised
room_header x4 zero
limit i8 its new limit
rules i8 RuleFlag in force
""",
)

COMMAND_TABLES: Final = {
    "order": ORDER_COMMAND,
    "funds": FUNDS_COMMAND,
    "asset": ASSET_COMMAND,
    "symbol": SYMBOL_COMMAND,
    "control": CONTROL_COMMAND,
}
EVENT_TABLES: Final = {
    "order": ORDER_EVENT,
    "trade": TRADE_EVENT,
    "funds": FUNDS_EVENT,
    "asset": ASSET_EVENT,
    "symbol": SYMBOL_EVENT,
    "control": CONTROL_EVENT,
}


def offsets(table: tuple[Field, ...]) -> dict[str, int]:
    """Byte offset of each field from the record's start."""
    at, places = 0, {}
    for field in table:
        places[field.name] = at
        at += size(field.code)
    return places


def struct_format(table: tuple[Field, ...]) -> str:
    """The `struct` format of one record: little-endian, unpadded, a value a field but for room."""
    return "<" + "".join(_struct_code(field.code) for field in table)


def _struct_code(code: str) -> str:
    return f"{code[1:]}{'s' if code[0] == 'c' else 'x'}" if code[0] in "cx" else _STRUCT[code]


def _check(tables: dict[str, tuple[Field, ...]], stride: int) -> None:
    """Every record fills its stride and keeps its integers aligned."""
    for name, table in tables.items():
        places = offsets(table)
        assert sum(size(field.code) for field in table) == stride, f"{name}: not {stride} bytes"
        for field in table:
            alignment = 1 if field.code[0] == "x" else min(8, size(field.code))
            assert places[field.name] % alignment == 0, f"{name}.{field.name} is not aligned"


_check(COMMAND_TABLES, COMMAND_STRIDE)
_check(EVENT_TABLES, EVENT_STRIDE)
