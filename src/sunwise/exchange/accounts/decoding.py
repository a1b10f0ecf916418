"""The fields of event records that this service reads, and nothing else of them."""

from typing import Final, NamedTuple

from sunwise.contracts.exchange.codec import subset, text_of
from sunwise.contracts.exchange.records import (
    FUNDS_EVENT,
    ORDER_EVENT,
    SYMBOL_EVENT,
    TRADE_EVENT,
)

Records = bytes | memoryview


class OrderFields(NamedTuple):
    """Of ACCEPTED, CANCELED, EXPIRED, TRIGGERED and RESTED."""

    flags: int
    reject: int
    symbol: int
    side: int
    account: int
    order_id: int
    executed_lots: int
    executed_quote_atoms: int
    free_atoms: int
    locked_atoms: int
    working_ns: int


class TradeFields(NamedTuple):
    """Of TRADE."""

    flags: int
    symbol: int
    taker_account: int
    taker_order_id: int
    maker_account: int
    maker_order_id: int
    price_ticks: int
    qty_lots: int
    quote_atoms: int
    trade_id: int
    taker_fee_atoms: int
    maker_fee_atoms: int
    taker_executed_lots: int
    taker_executed_quote_atoms: int
    maker_executed_lots: int
    maker_executed_quote_atoms: int
    taker_base_free_atoms: int
    taker_base_locked_atoms: int
    taker_quote_free_atoms: int
    taker_quote_locked_atoms: int
    maker_base_free_atoms: int
    maker_base_locked_atoms: int
    maker_quote_free_atoms: int
    maker_quote_locked_atoms: int


class PreventedFields(NamedTuple):
    """Of PREVENTED."""

    symbol: int
    taker_order_id: int
    maker_order_id: int
    price_ticks: int
    qty_lots: int
    quote_atoms: int
    trade_id: int


class FundsFields(NamedTuple):
    """Of FUNDS_MOVED and ACCOUNT_OPENED."""

    command_kind: int
    asset: int
    account: int
    amount_atoms: int
    free_atoms: int
    locked_atoms: int
    house_free_atoms: int


class SymbolFields(NamedTuple):
    """Of SYMBOL_LISTED."""

    symbol: int
    base_asset: int
    quote_asset: int


_ORDER: Final = subset(ORDER_EVENT, *OrderFields._fields)
_TRADE: Final = subset(TRADE_EVENT, *TradeFields._fields)
_PREVENTED: Final = subset(TRADE_EVENT, *PreventedFields._fields)
_FUNDS: Final = subset(FUNDS_EVENT, *FundsFields._fields)
_SYMBOL: Final = subset(SYMBOL_EVENT, *SymbolFields._fields)
_REQUEST: Final = subset(ORDER_EVENT, "request_client_id")


def order_fields(records: Records, at: int) -> OrderFields:
    """The order event at byte `at`."""
    return OrderFields._make(_ORDER.unpack_from(records, at))


def trade_fields(records: Records, at: int) -> TradeFields:
    """The trade at byte `at`."""
    return TradeFields._make(_TRADE.unpack_from(records, at))


def prevented_fields(records: Records, at: int) -> PreventedFields:
    """The prevented match at byte `at`."""
    return PreventedFields._make(_PREVENTED.unpack_from(records, at))


def funds_fields(records: Records, at: int) -> FundsFields:
    """The movement of funds, or the opening of an account, at byte `at`."""
    return FundsFields._make(_FUNDS.unpack_from(records, at))


def symbol_fields(records: Records, at: int) -> SymbolFields:
    """The listed symbol at byte `at`."""
    return SymbolFields._make(_SYMBOL.unpack_from(records, at))


def request_client_id(records: Records, at: int) -> str:
    """The id of the request that canceled the order at byte `at`."""
    (text,) = _REQUEST.unpack_from(records, at)
    return text_of(text)
