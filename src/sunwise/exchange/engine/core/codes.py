"""The contract's numbers as plain integers, and the bounds of the engine's work.

Numba freezes module-level integers into machine code; members of an IntEnum it
treats as a type of their own.
"""

from typing import Final

from sunwise.contracts.exchange import records as wire

PLACE: Final = int(wire.CommandKind.PLACE)
CANCEL: Final = int(wire.CommandKind.CANCEL)
CANCEL_ALL: Final = int(wire.CommandKind.CANCEL_ALL)
OPEN_ACCOUNT: Final = int(wire.CommandKind.OPEN_ACCOUNT)
DEPOSIT: Final = int(wire.CommandKind.DEPOSIT)
WITHDRAW: Final = int(wire.CommandKind.WITHDRAW)
CREDIT: Final = int(wire.CommandKind.CREDIT)
DEBIT: Final = int(wire.CommandKind.DEBIT)
LIST_ASSET: Final = int(wire.CommandKind.LIST_ASSET)
LIST_SYMBOL: Final = int(wire.CommandKind.LIST_SYMBOL)
SET_SYMBOL_STATUS: Final = int(wire.CommandKind.SET_SYMBOL_STATUS)
CLOCK: Final = int(wire.CommandKind.CLOCK)
RAISE_CAPACITY: Final = int(wire.CommandKind.RAISE_CAPACITY)
ACTIVATE_RULES: Final = int(wire.CommandKind.ACTIVATE_RULES)

ACCEPTED: Final = int(wire.EventKind.ACCEPTED)
REJECTED: Final = int(wire.EventKind.REJECTED)
CANCELED: Final = int(wire.EventKind.CANCELED)
EXPIRED: Final = int(wire.EventKind.EXPIRED)
TRIGGERED: Final = int(wire.EventKind.TRIGGERED)
RESTED: Final = int(wire.EventKind.RESTED)
TRADE: Final = int(wire.EventKind.TRADE)
PREVENTED: Final = int(wire.EventKind.PREVENTED)
ACCOUNT_OPENED: Final = int(wire.EventKind.ACCOUNT_OPENED)
FUNDS_MOVED: Final = int(wire.EventKind.FUNDS_MOVED)
ASSET_LISTED: Final = int(wire.EventKind.ASSET_LISTED)
SYMBOL_LISTED: Final = int(wire.EventKind.SYMBOL_LISTED)
SYMBOL_STATUS_SET: Final = int(wire.EventKind.SYMBOL_STATUS_SET)
CAPACITY_RAISED: Final = int(wire.EventKind.CAPACITY_RAISED)
RULES_ACTIVATED: Final = int(wire.EventKind.RULES_ACTIVATED)

BUY: Final = int(wire.Side.BUY)
SELL: Final = int(wire.Side.SELL)

LIMIT: Final = int(wire.OrderType.LIMIT)
MARKET: Final = int(wire.OrderType.MARKET)
LIMIT_MAKER: Final = int(wire.OrderType.LIMIT_MAKER)
STOP_LOSS_LIMIT: Final = int(wire.OrderType.STOP_LOSS_LIMIT)
TAKE_PROFIT_LIMIT: Final = int(wire.OrderType.TAKE_PROFIT_LIMIT)

GTC: Final = int(wire.TimeInForce.GTC)
IOC: Final = int(wire.TimeInForce.IOC)
FOK: Final = int(wire.TimeInForce.FOK)

STP_NONE: Final = int(wire.SelfTradePrevention.NONE)
EXPIRE_TAKER: Final = int(wire.SelfTradePrevention.EXPIRE_TAKER)
EXPIRE_MAKER: Final = int(wire.SelfTradePrevention.EXPIRE_MAKER)
EXPIRE_BOTH: Final = int(wire.SelfTradePrevention.EXPIRE_BOTH)

TRADING: Final = int(wire.SymbolStatus.TRADING)
HALT: Final = int(wire.SymbolStatus.HALT)
CANCEL_ONLY: Final = int(wire.SymbolStatus.CANCEL_ONLY)

IMMEDIATE_OR_CANCEL: Final = int(wire.ExpiryReason.IMMEDIATE_OR_CANCEL)
FILL_OR_KILL: Final = int(wire.ExpiryReason.FILL_OR_KILL)
BOOK_EMPTY: Final = int(wire.ExpiryReason.NO_LIQUIDITY)
SELF_TRADE_PREVENTION: Final = int(wire.ExpiryReason.SELF_TRADE_PREVENTION)
FILL_CAP: Final = int(wire.ExpiryReason.FILL_CAP)
QUOTE_SPENT: Final = int(wire.ExpiryReason.QUOTE_SPENT)
FUNDS_SPENT: Final = int(wire.ExpiryReason.FUNDS_SPENT)

BY_QUOTE: Final = int(wire.CommandFlag.BY_QUOTE)
BY_CLIENT_ID: Final = int(wire.CommandFlag.BY_CLIENT_ID)
ALL_SYMBOLS: Final = int(wire.CommandFlag.ALL_SYMBOLS)
ONLY_NEW: Final = int(wire.CommandFlag.ONLY_NEW)
ONLY_PARTIALLY_FILLED: Final = int(wire.CommandFlag.ONLY_PARTIALLY_FILLED)
RESTRICTIONS: Final = ONLY_NEW | ONLY_PARTIALLY_FILLED  # a CANCEL has one of them at most

ON_BOOK: Final = int(wire.EventFlag.ON_BOOK)
WORKING: Final = int(wire.EventFlag.WORKING)
FROM_TRIGGER: Final = int(wire.EventFlag.FROM_TRIGGER)
BUYER_IS_MAKER: Final = int(wire.EventFlag.BUYER_IS_MAKER)
MORE: Final = int(wire.EventFlag.MORE)
WAS_BY_QUOTE: Final = int(wire.EventFlag.BY_QUOTE)

REFUSE_RECENT_CLIENT_IDS: Final = int(wire.RuleFlag.REFUSE_RECENT_CLIENT_IDS)
ALL_RULES: Final = REFUSE_RECENT_CLIENT_IDS

HOUSE_ACCOUNT: Final = wire.HOUSE_ACCOUNT
FEE_ACCOUNT: Final = wire.FEE_ACCOUNT
FIRST_CLIENT_ACCOUNT: Final = wire.FIRST_CLIENT_ACCOUNT

# Books of a symbol: in odd ones the lowest price is the best. A stop waits in STOP_UP until the
# last price has risen to its stop price, in STOP_DOWN until it has fallen to it.
BID: Final = 0
ASK: Final = 1
STOP_DOWN: Final = 2
STOP_UP: Final = 3
NO_BID: Final = 0  # below every price
NO_ASK: Final = 2**62  # above every price

# Whose batch is at work.
NOBODY: Final = 0
CLOCK_CLASS: Final = 1
ADMIN_CLASS: Final = 2
GATEWAY_CLASS: Final = 3

# Bounds of the work that one command can cause.
MAX_FILLS: Final = 512  # trades and prevented matches of one taker
MAX_CANCELS: Final = 512  # orders that one CANCEL_ALL ends
MAX_TRIGGERS: Final = 8  # stops triggered before each command
# A taker's ACCEPTED or TRIGGERED, two events for each match (PREVENTED and EXPIRED), its own end.
MAX_EVENTS: Final = 2 * MAX_FILLS + 2

# Bounds of money: two of these still add up within 64 bits.
MAX_ATOMS: Final = 2**62
MAX_PRICE_TICKS: Final = 2**42 - 1  # seven digits of the trie; a price times a million fits 62 bits
MAX_DECIMALS: Final = 18
PPM: Final = 1_000_000
MAX_MULTIPLIER_PPM: Final = 1_000 * PPM

SECOND_NS: Final = 1_000_000_000
MAX_CLOCK_STEP_NS: Final = 60 * SECOND_NS  # what one CLOCK can move time
CLOCK_LEAD_NS: Final = SECOND_NS  # how far a batch's own time may run ahead of the last CLOCK
CLIENT_ID_MEMORY_NS: Final = 24 * 3600 * SECOND_NS
BUCKET_NS: Final = 10 * SECOND_NS
BUCKETS_PER_MINUTE: Final = 6
MAX_AVERAGE_MINS: Final = 5
