"""Reject codes as plain integers, and the event that carries them.

The contract's file lists the rules in the order in which they are tried: the
kernels that check a command (`placing`, `canceling`, `funds`, `listing`) follow
it line by line, and test capacities last.
"""

from typing import Final

from sunwise.contracts.exchange.rejects import Reject

NONE: Final = int(Reject.NONE)
UNKNOWN_KIND: Final = int(Reject.UNKNOWN_KIND)
NOT_AUTHORISED: Final = int(Reject.NOT_AUTHORISED)
BAD_FIELD: Final = int(Reject.BAD_FIELD)
EXPIRED_COMMAND: Final = int(Reject.EXPIRED_COMMAND)
UNKNOWN_ACCOUNT: Final = int(Reject.UNKNOWN_ACCOUNT)
UNKNOWN_SYMBOL: Final = int(Reject.UNKNOWN_SYMBOL)
UNKNOWN_ASSET: Final = int(Reject.UNKNOWN_ASSET)
STALE_SYMBOL_VERSION: Final = int(Reject.STALE_SYMBOL_VERSION)
SYMBOL_HALTED: Final = int(Reject.SYMBOL_HALTED)
SYMBOL_CANCEL_ONLY: Final = int(Reject.SYMBOL_CANCEL_ONLY)
DUPLICATE_NAME: Final = int(Reject.DUPLICATE_NAME)
BAD_TERMS: Final = int(Reject.BAD_TERMS)
PRICE_FILTER: Final = int(Reject.PRICE_FILTER)
LOT_SIZE: Final = int(Reject.LOT_SIZE)
MARKET_LOT_SIZE: Final = int(Reject.MARKET_LOT_SIZE)
MIN_NOTIONAL: Final = int(Reject.MIN_NOTIONAL)
MAX_NOTIONAL: Final = int(Reject.MAX_NOTIONAL)
PERCENT_PRICE_BY_SIDE: Final = int(Reject.PERCENT_PRICE_BY_SIDE)
MAX_NUM_ORDERS: Final = int(Reject.MAX_NUM_ORDERS)
DUPLICATE_CLIENT_ID: Final = int(Reject.DUPLICATE_CLIENT_ID)
WOULD_TRIGGER_IMMEDIATELY: Final = int(Reject.WOULD_TRIGGER_IMMEDIATELY)
WOULD_TAKE: Final = int(Reject.WOULD_TAKE)
INSUFFICIENT_FUNDS: Final = int(Reject.INSUFFICIENT_FUNDS)
NO_LIQUIDITY: Final = int(Reject.NO_LIQUIDITY)
UNKNOWN_ORDER: Final = int(Reject.UNKNOWN_ORDER)
CANCEL_RESTRICTED: Final = int(Reject.CANCEL_RESTRICTED)
HOUSE_UNFUNDED: Final = int(Reject.HOUSE_UNFUNDED)
AMOUNT_OUT_OF_RANGE: Final = int(Reject.AMOUNT_OUT_OF_RANGE)
FUNDS_LOCKED_OR_MISSING: Final = int(Reject.FUNDS_LOCKED_OR_MISSING)
ACCOUNTS_FULL: Final = int(Reject.ACCOUNTS_FULL)
BALANCES_FULL: Final = int(Reject.BALANCES_FULL)
ORDERS_FULL: Final = int(Reject.ORDERS_FULL)
LEVELS_FULL: Final = int(Reject.LEVELS_FULL)
TRIE_NODES_FULL: Final = int(Reject.TRIE_NODES_FULL)
CLIENT_IDS_FULL: Final = int(Reject.CLIENT_IDS_FULL)
SYMBOLS_FULL: Final = int(Reject.SYMBOLS_FULL)
ASSETS_FULL: Final = int(Reject.ASSETS_FULL)
ACCOUNT_SYMBOLS_FULL: Final = int(Reject.ACCOUNT_SYMBOLS_FULL)
CAPACITY_NOT_RAISED: Final = int(Reject.CAPACITY_NOT_RAISED)
