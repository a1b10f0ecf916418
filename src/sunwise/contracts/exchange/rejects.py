"""Why the engine refuses a command: one code for each rule, in ranges by area.

Precedence: a command that breaks several rules gets the *first* code in the
order in which this file lists them, except that capacities are checked last,
just before acceptance. The gateway maps each code to Binance's code and message
in one table (`exchange/gateway/errors.py`).
"""

from enum import IntEnum


class Reject(IntEnum):
    """Codes in `reject` of a REJECTED event."""

    NONE = 0

    # 1-19: the command itself
    UNKNOWN_KIND = 1
    NOT_AUTHORISED = 2  # this writer may not send this kind
    BAD_FIELD = 3  # a field is outside of its range: a gateway's fault, never a user's
    EXPIRED_COMMAND = 4  # log time passed `expires_ns` before the command was reached

    # 20-39: who and what
    UNKNOWN_ACCOUNT = 20
    UNKNOWN_SYMBOL = 21
    UNKNOWN_ASSET = 22
    STALE_SYMBOL_VERSION = 23  # ticks and lots were computed under older terms: decode again
    SYMBOL_HALTED = 24
    SYMBOL_CANCEL_ONLY = 25
    DUPLICATE_NAME = 26  # an asset or symbol of this name is listed
    BAD_TERMS = 27  # a symbol's terms contradict each other or could overflow

    # 40-59: filters, in Binance's order
    PRICE_FILTER = 40
    LOT_SIZE = 41
    MARKET_LOT_SIZE = 42
    MIN_NOTIONAL = 43  # NOTIONAL, below the minimum
    MAX_NOTIONAL = 44  # NOTIONAL, above the maximum
    PERCENT_PRICE_BY_SIDE = 45
    MAX_NUM_ORDERS = 46

    # 60-79: the order against ids, book and money
    DUPLICATE_CLIENT_ID = 60  # open, or closed within the last 24 h where that rule is on
    WOULD_TRIGGER_IMMEDIATELY = 61
    WOULD_TAKE = 62  # LIMIT_MAKER would match
    INSUFFICIENT_FUNDS = 63
    NO_LIQUIDITY = 64  # MARKET with an empty other side, nothing done

    # 80-89: cancels
    UNKNOWN_ORDER = 80
    CANCEL_RESTRICTED = 81  # executed already with ONLY_NEW, not yet with ONLY_PARTIALLY_FILLED

    # 90-99: funds
    HOUSE_UNFUNDED = 90  # a credit needs a deposit first: money never appears from nothing
    AMOUNT_OUT_OF_RANGE = 91
    FUNDS_LOCKED_OR_MISSING = 92  # a debit or withdrawal beyond what is free

    # 100-119: capacities (raise them; each raises an alert)
    ACCOUNTS_FULL = 100
    BALANCES_FULL = 101
    ORDERS_FULL = 102
    LEVELS_FULL = 103
    TRIE_NODES_FULL = 104
    CLIENT_IDS_FULL = 105
    SYMBOLS_FULL = 106
    ASSETS_FULL = 107
    ACCOUNT_SYMBOLS_FULL = 108
    CAPACITY_NOT_RAISED = 109  # RAISE_CAPACITY must raise, within the machine's limit
