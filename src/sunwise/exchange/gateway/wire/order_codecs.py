"""Orders as Binance's JSON: answers to placing and canceling, and orders as queries list them.

Field order and conditional fields: rest-api.md, "Response - FULL" and "Conditional fields in Order
Responses". `unit_ns` is the length of a unit of time fields. Client order ids need no escaping:
their alphabet has nothing that JSON would escape.
"""

import struct
from typing import Any, Final

from sunwise.chassis.log.outcome import Outcome
from sunwise.contracts.exchange.accounts import OrderState, OrderStatus
from sunwise.contracts.exchange.codec import EVENT_CODECS, subset
from sunwise.contracts.exchange.records import (
    EVENT_STRIDE,
    ORDER_EVENT,
    TRADE_EVENT,
    EventFlag,
    EventKind,
    ExpiryReason,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from sunwise.exchange.gateway.errors import EXPIRY_REASONS
from sunwise.exchange.gateway.streams.codecs import SymbolText
from sunwise.exchange.gateway.wire.listings import Listing
from sunwise.exchange.gateway.wire.orders import Placing
from sunwise.money.decimal_text import format_scaled

TYPES: Final = {int(kind): kind.name for kind in OrderType}
SIDES: Final = {int(side): side.name for side in Side}
TIFS: Final = {int(tif): tif.name for tif in TimeInForce}
STP_MODES: Final = {int(mode): mode.name for mode in SelfTradePrevention}
STATUSES: Final = {
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.EXPIRED_IN_MATCH: "EXPIRED_IN_MATCH",
    OrderStatus.REJECTED: "REJECTED",
}

# Plain ints: a member of an Enum costs a look-up in its class.
_TRADED: Final = int(EventKind.TRADE)
_EXPIRED: Final = int(EventKind.EXPIRED)
_PREVENTED: Final = int(EventKind.PREVENTED)
_REJECTED: Final = int(EventKind.REJECTED)
_PREVENTION: Final = int(ExpiryReason.SELF_TRADE_PREVENTION)
_QUOTE_SPENT: Final = int(ExpiryReason.QUOTE_SPENT)
_ACCEPTED: Final = subset(ORDER_EVENT, "order_id", "working_ns").unpack_from
_CLOSED: Final = subset(ORDER_EVENT, "reject", "order_id").unpack_from
_TRADE: Final = subset(
    TRADE_EVENT, "taker_order_id", "price_ticks", "qty_lots", "quote_atoms", "trade_id",
    "taker_fee_atoms",
).unpack_from  # fmt: skip
_REJECT: Final = struct.Struct("<2xH").unpack_from


class Placed:
    """What became of one accepted order, within the command that placed it."""

    __slots__ = (
        "executed_lots", "executed_quote_atoms", "expiry_reason", "fills", "has_more", "order_id",
        "prevented_lots", "prevented_match_id", "status", "time_ns", "working_ns",
    )  # fmt: skip

    def __init__(self, placing: Placing, outcome: Outcome) -> None:
        """The outcome must be of an accepted order: `reject_of` is 0."""
        records = outcome.records
        self.order_id, self.working_ns = _ACCEPTED(records, 0)
        self.time_ns = outcome.time_ns
        self.fills: list[tuple[int, int, int, int]] = []
        self.executed_lots = self.executed_quote_atoms = 0
        self.expiry_reason = self.prevented_match_id = self.prevented_lots = 0
        self.status: int = OrderStatus.NEW
        self.has_more = len(records) > EVENT_STRIDE  # anything beyond being accepted
        if self.has_more:
            for at in range(EVENT_STRIDE, len(records), EVENT_STRIDE):
                self._take(records[at], records, at)
            self._judge(placing)

    def _take(self, kind: int, records: bytes, at: int) -> None:
        if kind == _TRADED:
            _, price, lots, atoms, trade_id, fee = _TRADE(records, at)
            self.executed_lots += lots
            self.executed_quote_atoms += atoms
            self.fills.append((price, lots, fee, trade_id))
        elif kind == _EXPIRED:
            reason, order_id = _CLOSED(records, at)
            if order_id == self.order_id:
                self.expiry_reason = reason
        elif kind == _PREVENTED:
            _, _, lots, _, match_id, _ = _TRADE(records, at)
            self.prevented_match_id = match_id
            self.prevented_lots += lots

    def _judge(self, placing: Placing) -> None:
        self.status = status_after(
            self.expiry_reason,
            executed_lots=self.executed_lots,
            is_filled=bool(placing.qty_lots) and self.executed_lots == placing.qty_lots,
        )
        if self.expiry_reason != _PREVENTION:
            self.prevented_match_id = self.prevented_lots = 0


def status_after(expiry_reason: int, *, executed_lots: int, is_filled: bool) -> int:
    """The OrderStatus of an order that traded so much and expired for this reason, or did not.

    An order by quoteOrderQty whose rest buys less than one lot is filled: Binance computes its
    quantity from the money, and that quantity has traded (rest-api.md, "New order").
    """
    if expiry_reason == _PREVENTION:
        return OrderStatus.EXPIRED_IN_MATCH
    if expiry_reason == _QUOTE_SPENT and executed_lots:
        return OrderStatus.FILLED
    if expiry_reason:
        return OrderStatus.EXPIRED
    if is_filled:
        return OrderStatus.FILLED
    return OrderStatus.PARTIALLY_FILLED if executed_lots else OrderStatus.NEW


def reject_of(outcome: Outcome) -> int:
    """Why the command was refused; 0 when it was not. A command without events has nothing to say."""
    records = outcome.records
    assert records, "an order command always has an event"
    if records[0] != _REJECTED:
        return 0
    reject: int = _REJECT(records)[0]
    return reject


def placed(placing: Placing, result: Placed, unit_ns: int) -> bytes:
    """Answer to a new order, in the form that it asked for."""
    listing, text = placing.listing, placing.listing.text
    time = result.time_ns // unit_ns
    head = (
        f'{{"symbol":"{text.name}","orderId":{result.order_id},"orderListId":-1,'
        f'"clientOrderId":"{placing.client_id}","transactTime":{time}'
    )
    if placing.response == "ACK":
        return f"{head}}}".encode()
    executed, spent, ending = listing.no_qty, listing.no_quote, ""
    if result.has_more:
        executed = text.qty(result.executed_lots)
        spent = text.quote(result.executed_quote_atoms)
        ending = _ending(result, text)
    lots = placing.qty_lots
    ordered = text.quote(placing.quote_atoms) if placing.quote_atoms else listing.no_quote
    body = (
        f'{head},"price":"{text.price(placing.price_ticks)}",'
        f'"origQty":"{text.qty(lots) if lots else executed}","executedQty":"{executed}",'
        f'"origQuoteOrderQty":"{ordered}","cummulativeQuoteQty":"{spent}",'
        f'"status":"{STATUSES[result.status]}","timeInForce":"{TIFS[placing.time_in_force]}",'
        f'"type":"{TYPES[placing.order_type]}","side":"{SIDES[placing.side]}",'
        f"{_conditional(placing, text)}"
        f'"workingTime":{result.working_ns // unit_ns if result.working_ns else -1},'
        f'"selfTradePreventionMode":"{STP_MODES[placing.stp]}"{ending}'
    )
    if placing.response == "RESULT":
        return f"{body}}}".encode()
    return f'{body},"fills":[{_fills(placing, result, listing)}]}}'.encode()


def _fills(placing: Placing, result: Placed, listing: Listing) -> str:
    if not result.fills:
        return ""
    text = listing.text
    is_buy = placing.side == Side.BUY
    name = listing.base_text if is_buy else listing.quote_text
    decimals = (listing.base if is_buy else listing.quote).decimals
    return ",".join(
        [
            f'{{"price":"{text.price(price)}","qty":"{text.qty(lots)}",'
            f'"commission":"{format_scaled(fee, decimals)}","commissionAsset":{name},'
            f'"tradeId":{trade_id}}}'
            for price, lots, fee, trade_id in result.fills
        ]
    )


def _conditional(placing: Placing, text: SymbolText) -> str:
    """Fields that only some orders have."""
    stop = f'"stopPrice":"{text.price(placing.stop_ticks)}",' if placing.stop_ticks else ""
    if placing.strategy_id or placing.strategy_type:
        return stop + _strategy(placing.strategy_id, placing.strategy_type)
    return stop


def _strategy(strategy_id: int, strategy_type: int) -> str:
    shown = f'"strategyId":{strategy_id},' if strategy_id else ""
    return f'{shown}"strategyType":{strategy_type},' if strategy_type else shown


def _ending(result: Placed, text: SymbolText) -> str:
    if result.prevented_match_id:
        return (
            f',"preventedMatchId":{result.prevented_match_id},'
            f'"preventedQuantity":"{text.qty(result.prevented_lots)}"'
        )
    if result.status == OrderStatus.EXPIRED:
        return f',"expiryReason":"{EXPIRY_REASONS[result.expiry_reason]}"'
    return ""


def canceled(listing: Listing, outcome: Outcome, unit_ns: int) -> list[str]:
    """The canceled orders of a CANCEL or CANCEL_ALL, each as an answer shows it."""
    events = EVENT_CODECS["order"]
    records, time = outcome.records, outcome.time_ns // unit_ns
    return [
        _canceled(events.unpack(records, at), listing.text, time)
        for at in range(0, len(records), EVENT_STRIDE)
        if records[at] == EventKind.CANCELED
    ]


def has_more(outcome: Outcome) -> bool:
    """Whether a CANCEL_ALL stopped at its bound with orders left."""
    flags = outcome.records[len(outcome.records) - EVENT_STRIDE + 1]
    return bool(flags & EventFlag.MORE)


def _canceled(event: Any, text: SymbolText, time: int) -> str:  # noqa: ANN401 - the codec's tuple
    stop = f'"stopPrice":"{text.price(event.stop_ticks)}",' if event.stop_ticks else ""
    return (
        f'{{"symbol":"{text.name}","origClientOrderId":"{event.client_id}",'
        f'"orderId":{event.order_id},"orderListId":-1,'
        f'"clientOrderId":"{event.request_client_id}","transactTime":{time},'
        f'"price":"{text.price(event.price_ticks)}","origQty":"{text.qty(event.qty_lots)}",'
        f'"executedQty":"{text.qty(event.executed_lots)}",'
        f'"origQuoteOrderQty":"{text.quote(event.quote_atoms)}",'
        f'"cummulativeQuoteQty":"{text.quote(event.executed_quote_atoms)}","status":"CANCELED",'
        f'"timeInForce":"{TIFS[event.time_in_force]}","type":"{TYPES[event.order_type]}",'
        f'"side":"{SIDES[event.side]}",{stop}'
        f"{_strategy(event.strategy_id, event.strategy_type)}"
        f'"selfTradePreventionMode":"{STP_MODES[event.stp]}"}}'
    )


def order(listing: Listing, state: OrderState, unit_ns: int) -> str:
    """An order as GET order, openOrders and allOrders list it."""
    text = listing.text
    by_quote_filled = state.by_quote and not state.qty_lots
    qty = state.executed_lots if by_quote_filled else state.qty_lots
    status = state.status
    if status == OrderStatus.EXPIRED:
        status = status_after(
            state.expiry_reason, executed_lots=state.executed_lots, is_filled=False
        )
    working = state.working_ns // unit_ns if state.working_ns else -1
    return (
        f'{{"symbol":"{text.name}","orderId":{state.order_id},"orderListId":-1,'
        f'"clientOrderId":"{state.client_id}","price":"{text.price(state.price_ticks)}",'
        f'"origQty":"{text.qty(qty)}","executedQty":"{text.qty(state.executed_lots)}",'
        f'"cummulativeQuoteQty":"{text.quote(state.executed_quote_atoms)}",'
        f'"status":"{STATUSES[status]}","timeInForce":"{TIFS[state.time_in_force]}",'
        f'"type":"{TYPES[state.order_type]}","side":"{SIDES[state.side]}",'
        f'"stopPrice":"{text.price(state.stop_ticks)}","icebergQty":"{text.qty(0)}",'
        f'"time":{state.accepted_ns // unit_ns},"updateTime":{state.updated_ns // unit_ns},'
        f'"isWorking":{"true" if state.is_working else "false"},"workingTime":{working},'
        f'"origQuoteOrderQty":"{text.quote(state.quote_atoms)}",'
        f"{_strategy(state.strategy_id, state.strategy_type)}"
        f'"selfTradePreventionMode":"{STP_MODES[state.stp]}"{_ending_of(state, status, text)}}}'
    )


def _ending_of(state: OrderState, status: int, text: SymbolText) -> str:
    if status == OrderStatus.EXPIRED_IN_MATCH and state.prevented_match_id:
        return (
            f',"preventedMatchId":{state.prevented_match_id},'
            f'"preventedQuantity":"{text.qty(state.prevented_lots)}"'
        )
    reason = EXPIRY_REASONS.get(state.expiry_reason) if status == OrderStatus.EXPIRED else None
    return f',"expiryReason":"{reason}"' if reason else ""
