"""What a client is told when something is refused: Binance's codes, HTTP statuses and messages.

One table for the engine's refusals, one function for each refusal of the edge. Messages are
Binance's own, word for word (errors.md of the API docs, 2026-07-21).
"""

from typing import Final

from sunwise.contracts.exchange.records import ExpiryReason
from sunwise.contracts.exchange.rejects import Reject


class ApiError(Exception):
    """A refusal in Binance's terms."""

    def __init__(self, code: int, message: str, *, status: int = 400, after_s: int = 0) -> None:
        super().__init__(message)
        self.code: Final = code
        self.message: Final = message
        self.status: Final = status
        """HTTP status."""
        self.after_s: Final = after_s
        """Seconds for Retry-After; 0 for no such header."""


# ---- the edge: transport, key, time ----


def not_found() -> ApiError:
    """No endpoint has this path."""
    return ApiError(-1020, "This operation is not supported.", status=404)


def method_not_allowed() -> ApiError:
    """The path exists, with other methods."""
    return ApiError(-1020, "This operation is not supported.", status=405)


def retired() -> ApiError:
    """Binance had it once."""
    return ApiError(-1016, "This service is no longer available.", status=410)


def invalid_listen_key() -> ApiError:
    """No such key, or not of this account."""
    return ApiError(-1125, "This listenKey does not exist.")


def bad_key_format() -> ApiError:
    """No API key was sent, or something that cannot be one."""
    return ApiError(-2014, "API-key format invalid.", status=401)


def rejected_key() -> ApiError:
    """The key is unknown, or may not do this, or not from this address."""
    return ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)


def bad_signature() -> ApiError:
    """The signature is not that of the payload under this key."""
    return ApiError(-1022, "Signature for this request is not valid.")


def too_late() -> ApiError:
    """The request took longer than its recvWindow."""
    return ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")


def too_early() -> ApiError:
    """The client's clock is ahead."""
    return ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def too_much_weight(limit: int, interval: str, after_s: int) -> ApiError:
    """The address has used its request weight."""
    return ApiError(
        -1003,
        f"Too much request weight used; current limit is {limit} request weight per {interval}. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        status=429,
        after_s=after_s,
    )


def too_many_requests(limit: int, interval: str, after_s: int) -> ApiError:
    """The address has sent too many requests, whatever their weight."""
    return ApiError(
        -1003,
        f"Too many requests; current limit is {limit} requests per {interval}. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        status=429,
        after_s=after_s,
    )


def banned(until_ms: int, after_s: int) -> ApiError:
    """The address did not back off."""
    return ApiError(
        -1003,
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans.",
        status=418,
        after_s=after_s,
    )


def too_many_orders(limit: int, interval: str, after_s: int) -> ApiError:
    """The account has placed too many orders that did not trade."""
    return ApiError(
        -1015,
        f"Too many new orders; current limit is {limit} orders per {interval}.",
        status=429,
        after_s=after_s,
    )


# ---- the edge: parameters ----


def illegal(name: str, legal_range: str) -> ApiError:
    """A value has characters that it may not have."""
    return ApiError(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal_range}'."
    )


def illegal_somewhere() -> ApiError:
    """The query or body cannot be decoded."""
    return ApiError(-1100, "Illegal characters found in a parameter.")


def too_many_parameters(expected: int, received: int) -> ApiError:
    """More parameters than the endpoint has."""
    return ApiError(-1101, f"Too many parameters; expected '{expected}' and received '{received}'.")


def duplicate_values() -> ApiError:
    """A parameter was sent twice."""
    return ApiError(-1101, "Duplicate values for a parameter detected.")


def too_many_values(name: str, limit: int) -> ApiError:
    """A list is too long."""
    return ApiError(
        -1101,
        f"Too many values sent for parameter '{name}', maximum allowed up to {limit}.",
    )


def missing(name: str) -> ApiError:
    """A mandatory parameter is not there."""
    return ApiError(
        -1102,
        f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
    )


def missing_either(one: str, other: str) -> ApiError:
    """One of two parameters must be there."""
    return ApiError(-1102, f"Param '{one}' or '{other}' must be sent, but both were empty/null!")


def too_great(name: str, limit: int) -> ApiError:
    """A value is beyond its bound."""
    return ApiError(-1102, f"'{name}' contains unexpected value. Cannot be greater than {limit}.")


def unread(read: int, sent: int) -> ApiError:
    """The endpoint does not know one of the parameters."""
    return ApiError(
        -1104,
        f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.",
    )


def empty(name: str) -> ApiError:
    """A parameter has no value."""
    return ApiError(-1105, f"Parameter '{name}' was empty.")


def not_required(name: str) -> ApiError:
    """A parameter does not go with this type of order."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def overflow(name: str) -> ApiError:
    """A number does not fit 64 bits."""
    return ApiError(-1108, f"Parameter '{name}' overflowed.")


def too_precise(name: str) -> ApiError:
    """A number has more decimals than its asset."""
    return ApiError(-1111, f"Parameter '{name}' has too much precision.")


def invalid_tif() -> ApiError:
    """No such timeInForce."""
    return ApiError(-1115, "Invalid timeInForce.")


def invalid_order_type() -> ApiError:
    """No such type of order."""
    return ApiError(-1116, "Invalid orderType.")


def invalid_side() -> ApiError:
    """Neither BUY nor SELL."""
    return ApiError(-1117, "Invalid side.")


def invalid_interval() -> ApiError:
    """No such kline interval."""
    return ApiError(-1120, "Invalid interval.")


def invalid_symbol() -> ApiError:
    """Nothing of this name is listed."""
    return ApiError(-1121, "Invalid symbol.")


def invalid_symbol_status() -> ApiError:
    """No such trading status."""
    return ApiError(-1122, "Invalid symbolStatus.")


def invalid_peg_price_type() -> ApiError:
    """Neither PRIMARY_PEG nor MARKET_PEG."""
    return ApiError(-1210, "Invalid pegPriceType.")


def invalid_peg_offset_type() -> ApiError:
    """Anything but PRICE_LEVEL."""
    return ApiError(-1211, "Invalid pegOffsetType.")


def status_mismatch() -> ApiError:
    """The symbol is in another status than the one asked for."""
    return ApiError(-1220, "The symbol's status does not match the requested symbolStatus.")


def interval_too_big(hours: int) -> ApiError:
    """The times startTime and endTime are too far apart."""
    return ApiError(-1127, f"More than {hours} hours between startTime and endTime.")


def bad_combination() -> ApiError:
    """Optional parameters that do not go together."""
    return ApiError(-1128, "Combination of optional parameters invalid.")


def invalid(name: str) -> ApiError:
    """A value that this parameter does not take."""
    return ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")


def bad_strategy_type() -> ApiError:
    """Strategy types below a million are Binance's own."""
    return ApiError(-1134, "strategyType was less than 1000000.")


def invalid_json(name: str) -> ApiError:
    """A list that is not JSON."""
    return ApiError(-1135, f"JSON sent for parameter '{name}' is not valid")


def invalid_ticker_type() -> ApiError:
    """Neither FULL nor MINI."""
    return ApiError(-1139, "Invalid ticker type.")


def invalid_cancel_restrictions() -> ApiError:
    """Neither ONLY_NEW nor ONLY_PARTIALLY_FILLED."""
    return ApiError(-1145, "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED.")


def duplicate_symbols() -> ApiError:
    """A symbol stands twice in a list."""
    return ApiError(-1151, "Symbol is present multiple times in the list.")


def invalid_time_unit() -> ApiError:
    """X-MBX-TIME-UNIT is neither."""
    return ApiError(
        -1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
    )


# ---- orders ----


def rejected_order(message: str) -> ApiError:
    """A new order is refused."""
    return ApiError(-2010, message)


def rejected_cancel(message: str = "Unknown order sent.") -> ApiError:
    """A cancel is refused."""
    return ApiError(-2011, message)


def no_such_order() -> ApiError:
    """A query for an order that is not there."""
    return ApiError(-2013, "Order does not exist.")


def ids_disagree() -> ApiError:
    """The ids orderId and origClientOrderId name different orders."""
    return ApiError(-2039, "Client order ID is not correct for this order ID.")


def filter_failure(name: str) -> ApiError:
    """An order does not pass a filter of its symbol."""
    return ApiError(-1013, f"Filter failure: {name}")


# ---- inside ----


def internal() -> ApiError:
    """Something is wrong here, and nothing was done."""
    return ApiError(
        -1001, "Internal error; unable to process your request. Please try again.", status=503
    )


def unknown_outcome() -> ApiError:
    """The order may have been placed; the client must ask."""
    return ApiError(
        -1007,
        "Timeout waiting for response from backend server. "
        "Send status unknown; execution status unknown.",
        status=504,
    )


def overloaded(detail: str = "") -> ApiError:
    """Nothing was done because there is no room for it now."""
    return ApiError(
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes."
        + (f" ({detail})" if detail else ""),
        status=503,
        after_s=1,
    )


_CLOSED: Final = ApiError(-1013, "Market is closed.")
_FULL: Final = overloaded("a capacity of the exchange is used up; nothing was done")

_REJECTS: Final[dict[int, ApiError]] = {
    Reject.UNKNOWN_KIND: ApiError(-1000, "An unknown error occurred while processing the request."),
    Reject.NOT_AUTHORISED: ApiError(-1002, "You are not authorized to execute this request."),
    Reject.BAD_FIELD: ApiError(-1000, "An unknown error occurred while processing the request."),
    Reject.EXPIRED_COMMAND: too_late(),
    Reject.UNKNOWN_ACCOUNT: rejected_order("This action is disabled on this account."),
    Reject.UNKNOWN_SYMBOL: invalid_symbol(),
    Reject.STALE_SYMBOL_VERSION: internal(),
    Reject.SYMBOL_HALTED: _CLOSED,
    Reject.SYMBOL_CANCEL_ONLY: _CLOSED,
    Reject.PRICE_FILTER: filter_failure("PRICE_FILTER"),
    Reject.LOT_SIZE: filter_failure("LOT_SIZE"),
    Reject.MARKET_LOT_SIZE: filter_failure("MARKET_LOT_SIZE"),
    Reject.MIN_NOTIONAL: filter_failure("NOTIONAL"),
    Reject.MAX_NOTIONAL: filter_failure("NOTIONAL"),
    Reject.PERCENT_PRICE_BY_SIDE: filter_failure("PERCENT_PRICE_BY_SIDE"),
    Reject.MAX_NUM_ORDERS: filter_failure("MAX_NUM_ORDERS"),
    Reject.DUPLICATE_CLIENT_ID: rejected_order("Duplicate order sent."),
    Reject.WOULD_TRIGGER_IMMEDIATELY: rejected_order("Order would trigger immediately."),
    Reject.WOULD_TAKE: rejected_order("Order would immediately match and take."),
    Reject.INSUFFICIENT_FUNDS: rejected_order(
        "Account has insufficient balance for requested action."
    ),
    Reject.NO_LIQUIDITY: rejected_order(
        "Order book liquidity is less than symbol minimum quantity."
    ),
    Reject.UNKNOWN_ORDER: rejected_cancel(),
    Reject.CANCEL_RESTRICTED: rejected_cancel("Order was not canceled due to cancel restrictions."),
    Reject.ACCOUNTS_FULL: _FULL,
    Reject.BALANCES_FULL: _FULL,
    Reject.ORDERS_FULL: _FULL,
    Reject.LEVELS_FULL: _FULL,
    Reject.TRIE_NODES_FULL: _FULL,
    Reject.CLIENT_IDS_FULL: _FULL,
    Reject.ACCOUNT_SYMBOLS_FULL: _FULL,
}
_NEVER_A_CLIENTS: Final = {
    # What only the operator's own commands can meet: listing, funds, capacities.
    Reject.NONE, Reject.UNKNOWN_ASSET, Reject.DUPLICATE_NAME, Reject.BAD_TERMS,
    Reject.HOUSE_UNFUNDED, Reject.AMOUNT_OUT_OF_RANGE, Reject.FUNDS_LOCKED_OR_MISSING,
    Reject.SYMBOLS_FULL, Reject.ASSETS_FULL, Reject.CAPACITY_NOT_RAISED,
}  # fmt: skip
assert _REJECTS.keys() | _NEVER_A_CLIENTS == set(Reject), (
    "an order could be refused for a reason that no client can be told"
)


def of_reject(reject: int) -> ApiError:
    """The refusal that a client sees for one of the engine's."""
    known = _REJECTS.get(reject)
    assert known is not None, "a refusal that no client's command can cause"
    return ApiError(known.code, known.message, status=known.status, after_s=known.after_s)


EXPIRY_REASONS: Final[dict[int, str]] = {
    ExpiryReason.IMMEDIATE_OR_CANCEL: "UNFILLED_IOC_QUANTITY_EXPIRED",
    ExpiryReason.FILL_OR_KILL: "UNFILLED_FOK_ORDER_EXPIRED",
    ExpiryReason.NO_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
    ExpiryReason.FILL_CAP: "EXCHANGE_CANCELED",
    ExpiryReason.QUOTE_SPENT: "INSUFFICIENT_LIQUIDITY",
    ExpiryReason.PRICE_BOUND: "EXECUTION_RULE_PRICE_RANGE_EXCEEDED",
    ExpiryReason.FUNDS_SPENT: "EXCHANGE_CANCELED",  # Binance refuses such an order before it trades
}
"""Binance's word for each reason; self-trade prevention has a status of its own instead."""
assert {*EXPIRY_REASONS, ExpiryReason.SELF_TRADE_PREVENTION} == set(ExpiryReason), (
    "an order could expire for a reason that no client can be told"
)
