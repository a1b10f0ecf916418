"""Order requests, decoded once: parameters in, one command record of 192 bytes out.

Which parameters go with which type of order: rest-api.md, "New order", table "Additional mandatory
parameters". What is not built yet is refused in Binance's words, never ignored.
"""

import secrets
import struct
from collections.abc import Callable
from typing import Annotated, Final

from msgspec import Struct

from sunwise.contracts.exchange.records import (
    ORDER_COMMAND,
    CommandFlag,
    CommandKind,
    OrderType,
    struct_format,
)
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.calls.parameters import (
    ChoiceRule,
    ClientId,
    Decimal,
    Flag,
    Id,
    IntegerRule,
    PreventionName,
    ResponseType,
    SideName,
    SymbolName,
    TimeInForceName,
)
from sunwise.exchange.gateway.wire.listings import Listing
from sunwise.money.rounding import notional_atoms

MIN_STRATEGY_TYPE: Final = 1_000_000
_INT32_MAX: Final = 2**31 - 1
# Plain ints: a member of an Enum costs a look-up in its class.
_PLACE: Final = int(CommandKind.PLACE)
_BY_QUOTE: Final = int(CommandFlag.BY_QUOTE)
_MARKET: Final = int(OrderType.MARKET)

# Types that Binance has and this exchange has not yet: known words, refused with their own message.
_NOT_BUILT: Final = {-1: "Stop loss", -2: "Take profit"}
_TYPES: Final = {kind.name: int(kind) for kind in OrderType} | {"STOP_LOSS": -1, "TAKE_PROFIT": -2}

pack_order: Final = struct.Struct(struct_format(ORDER_COMMAND)).pack
_PACKED: Final = (
    "kind, flags, side, order_type, time_in_force, stp, account, symbol, symbol_version, "
    "price_ticks, qty_lots, quote_atoms, stop_ticks, iceberg_lots, trailing_bips, peg_offset, "
    "order_id, expires_ns, client_id, target_client_id, strategy_id, list_leg, list_kind, "
    "strategy_type"
)
assert ", ".join(field.name for field in ORDER_COMMAND if field.code[0] != "x") == _PACKED, (
    "the record has changed: pack its fields anew"
)


_PEG_PRICE: Final = ChoiceRule(
    {"PRIMARY_PEG": "P", "MARKET_PEG": "M"}, errors.invalid_peg_price_type
)
_PEG_OFFSET: Final = ChoiceRule({"PRICE_LEVEL": "L"}, errors.invalid_peg_offset_type)
_RESTRICTION: Final = ChoiceRule(
    {
        "ONLY_NEW": int(CommandFlag.ONLY_NEW),
        "ONLY_PARTIALLY_FILLED": int(CommandFlag.ONLY_PARTIALLY_FILLED),
    },
    errors.invalid_cancel_restrictions,
)


class NewOrder(Struct, rename="camel", frozen=True, gc=False):
    """Parameters of POST order and order.place."""

    symbol: SymbolName
    side: SideName
    type: Annotated[int, ChoiceRule(_TYPES, errors.invalid_order_type)]
    time_in_force: TimeInForceName | None = None
    quantity: Decimal | None = None
    quote_order_qty: Decimal | None = None
    price: Decimal | None = None
    new_client_order_id: ClientId | None = None
    strategy_id: Id | None = None
    strategy_type: Annotated[int, IntegerRule(most=_INT32_MAX)] | None = None
    stop_price: Decimal | None = None
    trailing_delta: Id | None = None
    iceberg_qty: Decimal | None = None
    new_order_resp_type: ResponseType | None = None
    self_trade_prevention_mode: PreventionName | None = None
    peg_price_type: Annotated[str, _PEG_PRICE] | None = None
    peg_offset_value: Id | None = None
    peg_offset_type: Annotated[str, _PEG_OFFSET] | None = None


class TestOrder(NewOrder, rename="camel", frozen=True, gc=False):
    """Parameters of POST order/test and order.test."""

    compute_commission_rates: Flag = False


class CancelOrder(Struct, rename="camel", frozen=True, gc=False):
    """Parameters of DELETE order and order.cancel."""

    symbol: SymbolName
    order_id: Id | None = None
    orig_client_order_id: ClientId | None = None
    new_client_order_id: ClientId | None = None
    cancel_restrictions: Annotated[int, _RESTRICTION] | None = None


class CancelOpenOrders(Struct, rename="camel", frozen=True, gc=False):
    """Parameters of DELETE openOrders and openOrders.cancelAll."""

    symbol: SymbolName


class Placing(Struct, gc=False):
    """A new order as decoded, and its record."""

    record: bytes
    listing: Listing
    side: int
    order_type: int
    time_in_force: int
    stp: int
    price_ticks: int
    qty_lots: int
    quote_atoms: int
    stop_ticks: int
    client_id: str
    response: str
    strategy_id: int = 0
    strategy_type: int = 0


def new_id() -> str:
    """A client order id for a request that brings none: 22 characters, never the same twice."""
    return secrets.token_urlsafe(16)


def decode_new(order: NewOrder, listing: Listing, *, account: int, expires_ns: int) -> Placing:
    """The order as the engine takes it. Raises ApiError with the first mistake."""
    kind = order.type
    check = _CHECKS.get(kind)
    if check is None:
        raise errors.rejected_order(f"{_NOT_BUILT[kind]} orders are not supported for this symbol.")
    check(order)
    if order.iceberg_qty or order.trailing_delta is not None or order.peg_price_type:
        _refuse_unbuilt(order, listing)
    if order.strategy_type is not None and order.strategy_type < MIN_STRATEGY_TYPE:
        raise errors.bad_strategy_type()
    price = listing.ticks("price", order.price) if order.price else 0
    qty = listing.lots("quantity", order.quantity) if order.quantity else 0
    stop = listing.ticks("stopPrice", order.stop_price) if order.stop_price else 0
    quote = _quote_atoms(order, listing) if order.quote_order_qty else 0
    tif, stp = order.time_in_force or 0, order.self_trade_prevention_mode or 0
    client_id = order.new_client_order_id or new_id()
    strategy_id, strategy_type = order.strategy_id or 0, order.strategy_type or 0
    symbol = listing.symbol
    record = pack_order(
        _PLACE, _BY_QUOTE if quote else 0, order.side, kind, tif, stp,
        account, symbol.index, symbol.version, price, qty, quote, stop, 0, 0, 0, 0,
        expires_ns, client_id.encode(), b"", strategy_id, 0, 0, strategy_type,
    )  # fmt: skip
    return Placing(
        record, listing, order.side, kind, tif, stp, price, qty, quote, stop, client_id,
        order.new_order_resp_type or ("FULL" if kind <= _MARKET else "ACK"),
        strategy_id, strategy_type,
    )  # fmt: skip


def cancel_record(
    listing: Listing,
    *,
    account: int,
    expires_ns: int,
    order_id: int = 0,
    target: str = "",
    restriction: int = 0,
    request_id: str,
) -> bytes:
    """A CANCEL by order id, or by client order id when `target` is given.

    `restriction`: ONLY_NEW, ONLY_PARTIALLY_FILLED or 0 for none.
    """
    by_name = CommandFlag.BY_CLIENT_ID if target else 0
    return pack_order(
        CommandKind.CANCEL, by_name | restriction, 0, 0, 0, 0,
        account, listing.symbol.index, listing.symbol.version, 0, 0, 0, 0, 0, 0, 0,
        0 if target else order_id, expires_ns, request_id.encode(), target.encode(), 0, 0, 0, 0,
    )  # fmt: skip


def cancel_all_record(listing: Listing, *, account: int, expires_ns: int, request_id: str) -> bytes:
    """A CANCEL_ALL of one symbol."""
    return pack_order(
        CommandKind.CANCEL_ALL, 0, 0, 0, 0, 0,
        account, listing.symbol.index, listing.symbol.version, 0, 0, 0, 0, 0, 0, 0, 0,
        expires_ns, request_id.encode(), b"", 0, 0, 0, 0,
    )  # fmt: skip


def check_filters(placing: Placing) -> None:
    """What the engine would say of price, quantity and value alone. Raises ApiError -1013."""
    terms = placing.listing.symbol
    is_market = placing.order_type == OrderType.MARKET
    prices = [] if is_market else [placing.price_ticks]
    if placing.order_type in (OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT):
        prices.append(placing.stop_ticks)
    if not all(terms.min_price_ticks <= ticks <= terms.max_price_ticks for ticks in prices):
        raise errors.filter_failure("PRICE_FILTER")
    if placing.quote_atoms:
        return
    if not terms.min_qty_lots <= placing.qty_lots <= terms.max_qty_lots:
        raise errors.filter_failure("LOT_SIZE")
    if is_market:
        if not terms.market_min_qty_lots <= placing.qty_lots <= terms.market_max_qty_lots:
            raise errors.filter_failure("MARKET_LOT_SIZE")
        return
    atoms = notional_atoms(placing.price_ticks, placing.qty_lots, terms.quote_atoms_per_tick_lot)
    most = terms.max_notional_atoms
    if atoms < terms.min_notional_atoms or (most and atoms > most):
        raise errors.filter_failure("NOTIONAL")


def _quote_atoms(order: NewOrder, listing: Listing) -> int:
    atoms = listing.quote_atoms("quoteOrderQty", order.quote_order_qty or "")
    if not atoms:
        raise errors.filter_failure("NOTIONAL")
    return atoms


def _need(name: str, value: object) -> None:
    if value is None:
        raise errors.missing(name)


def _forbid(name: str, value: object) -> None:
    if value is not None:
        raise errors.not_required(name)


def _check_limit(order: NewOrder) -> None:
    _need("timeInForce", order.time_in_force)
    _check_priced(order)
    _forbid("stopPrice", order.stop_price)


def _check_priced(order: NewOrder) -> None:
    _need("quantity", order.quantity)
    if order.price is None and not order.peg_price_type:
        raise errors.missing("price")
    _forbid("quoteOrderQty", order.quote_order_qty)


def _check_limit_maker(order: NewOrder) -> None:
    _check_priced(order)
    _forbid("timeInForce", order.time_in_force)
    _forbid("stopPrice", order.stop_price)


def _check_market(order: NewOrder) -> None:
    if order.quantity is None and order.quote_order_qty is None:
        raise errors.missing_either("quantity", "quoteOrderQty")
    if order.quantity is not None and order.quote_order_qty is not None:
        raise errors.bad_combination()
    _forbid("price", order.price)
    _forbid("timeInForce", order.time_in_force)
    _forbid("stopPrice", order.stop_price)


def _check_stop_limit(order: NewOrder) -> None:
    _need("timeInForce", order.time_in_force)
    _check_priced(order)
    if order.stop_price is None and order.trailing_delta is None:
        raise errors.missing_either("stopPrice", "trailingDelta")


_CHECKS: Final[dict[int, Callable[[NewOrder], None]]] = {
    OrderType.LIMIT: _check_limit,
    OrderType.MARKET: _check_market,
    OrderType.LIMIT_MAKER: _check_limit_maker,
    OrderType.STOP_LOSS_LIMIT: _check_stop_limit,
    OrderType.TAKE_PROFIT_LIMIT: _check_stop_limit,
}


def _refuse_unbuilt(order: NewOrder, listing: Listing) -> None:
    """Modifiers that the records have room for and the engine does not know yet."""
    if order.iceberg_qty and listing.lots("icebergQty", order.iceberg_qty):
        raise errors.rejected_order("Iceberg orders are not supported for this symbol.")
    if order.trailing_delta is not None:
        raise errors.rejected_order("Trailing stop orders are not supported for this symbol.")
    if order.peg_price_type:
        raise errors.rejected_order("Pegged orders are not supported for this symbol.")
