"""What events mean for the tables: orders whole or in part, fills. No SQL, no clock, no I/O.

Every event but TRADE carries its order whole. A trade carries what is executed of both orders: one
that was accepted since the last transaction is whole here and is brought up to date in memory; of
any other only those columns are written.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from sunwise.contracts.exchange.accounts import OrderState, OrderStatus, Position
from sunwise.contracts.exchange.codec import subset, text_of
from sunwise.contracts.exchange.log import EventMessage
from sunwise.contracts.exchange.records import (
    EVENT_STRIDE,
    ORDER_EVENT,
    SYMBOL_EVENT,
    TRADE_EVENT,
    EventFlag,
    EventKind,
    ExpiryReason,
)
from sunwise.exchange.history.tables import FillValues, OrderValues

_BUYER_IS_MAKER: Final = int(EventFlag.BUYER_IS_MAKER)
_COLUMN: Final = {name: place for place, name in enumerate(OrderState.__struct_fields__)}
_STATUS: Final = _COLUMN["status"]
_QTY_LOTS: Final = _COLUMN["qty_lots"]
_QUOTE_ATOMS: Final = _COLUMN["quote_atoms"]
_EXECUTED_LOTS: Final = _COLUMN["executed_lots"]
_EXECUTED_QUOTE: Final = _COLUMN["executed_quote_atoms"]
_IS_BY_QUOTE: Final = _COLUMN["by_quote"]
_UPDATED_NS: Final = _COLUMN["updated_ns"]
_WORKING: Final = int(EventFlag.WORKING)
_BY_QUOTE: Final = int(EventFlag.BY_QUOTE)

Records = bytes | memoryview
OrderKey = tuple[int, int]
"""(symbol, order id)."""


class OrderFields(NamedTuple):
    """What is read of an order's event."""

    kind: int
    flags: int
    reject: int
    symbol: int
    side: int
    order_type: int
    time_in_force: int
    stp: int
    account: int
    order_id: int
    price_ticks: int
    qty_lots: int
    quote_atoms: int
    stop_ticks: int
    executed_lots: int
    executed_quote_atoms: int
    accepted_ns: int
    working_ns: int
    client_id: bytes
    strategy_id: int
    strategy_type: int


class TradeFields(NamedTuple):
    """What is read of a TRADE."""

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


_ORDER: Final = subset(ORDER_EVENT, *OrderFields._fields)
_TRADE: Final = subset(TRADE_EVENT, *TradeFields._fields)
_PREVENTED: Final = subset(
    TRADE_EVENT, "symbol", "taker_order_id", "maker_order_id", "qty_lots", "trade_id"
)
_SYMBOL: Final = subset(SYMBOL_EVENT, "symbol", "base_asset", "quote_asset")


class Executed(NamedTuple):
    """The columns of an order that a trade changed."""

    executed_lots: int
    executed_quote_atoms: int
    updated_ns: int


class Changes(NamedTuple):
    """What one transaction writes. No order is in two of its lists."""

    orders: list[OrderValues]
    executed: list[tuple[OrderKey, Executed]]
    fills: list[FillValues]
    symbol_assets: list[tuple[int, int, int]]

    @property
    def n_rows(self) -> int:
        """Rows in all of them."""
        return sum(len(rows) for rows in self)


class History:
    """Gathers what to write of the events it is given."""

    def __init__(self, assets_of: dict[int, tuple[int, int]]) -> None:
        self.assets_of = assets_of  # symbol -> its base and quote asset
        self.position = Position(command_seq=0)
        self.time_ns = 0
        self.is_between_batches = True
        self._orders: dict[OrderKey, list[int | str | bool]] = {}  # in the order of the columns
        self._executed: dict[OrderKey, Executed] = {}
        self._fills: list[FillValues] = []
        self._symbol_assets: list[tuple[int, int, int]] = []
        # What kept an order from a match, until its end in the same batch says what it came to.
        self._prevented: dict[OrderKey, tuple[int, int]] = {}
        self._handlers: dict[int, Callable[[Records, int], None]] = {
            EventKind.ACCEPTED: self._take_order,
            EventKind.RESTED: self._take_order,
            EventKind.TRIGGERED: self._take_order,
            EventKind.CANCELED: self._take_order,
            EventKind.EXPIRED: self._take_order,
            EventKind.TRADE: self._take_trade,
            EventKind.PREVENTED: self._take_prevented,
            EventKind.SYMBOL_LISTED: self._take_symbol,
        }

    def apply(self, message: EventMessage) -> None:
        """Takes the next event message."""
        self.time_ns = message.time_ns
        records, handlers = message.records, self._handlers
        for at in range(0, len(records), EVENT_STRIDE):
            handler = handlers.get(records[at])
            if handler is not None:
                handler(records, at)
        self.position = Position(command_seq=message.command_seq, part=message.part)
        self.is_between_batches = message.is_last
        if message.is_last:
            self._prevented.clear()

    def take_changes(self) -> Changes:
        """What the events since the last call have changed."""
        changes = Changes(
            orders=[tuple(row) for row in self._orders.values()],
            executed=list(self._executed.items()),
            fills=self._fills,
            symbol_assets=self._symbol_assets,
        )
        self._orders, self._executed = {}, {}
        self._fills, self._symbol_assets = [], []
        return changes

    def _take_order(self, records: Records, at: int) -> None:
        event = OrderFields._make(_ORDER.unpack_from(records, at))
        key = (event.symbol, event.order_id)
        status, reason = _status(event)
        prevented = (0, 0)
        if status == OrderStatus.EXPIRED_IN_MATCH:
            prevented = self._prevented[key]
        self._executed.pop(key, None)
        self._orders[key] = [
            event.account,
            event.symbol,
            event.order_id,
            text_of(event.client_id),
            event.side,
            event.order_type,
            event.time_in_force,
            event.stp,
            status,
            event.price_ticks,
            event.qty_lots,
            event.quote_atoms,
            event.stop_ticks,
            event.executed_lots,
            event.executed_quote_atoms,
            bool(event.flags & _WORKING),
            bool(event.flags & _BY_QUOTE),
            event.accepted_ns,
            self.time_ns,
            event.working_ns,
            reason,
            event.strategy_id,
            event.strategy_type,
            *prevented,
        ]

    def _take_trade(self, records: Records, at: int) -> None:
        event = TradeFields._make(_TRADE.unpack_from(records, at))
        taker = Executed(event.taker_executed_lots, event.taker_executed_quote_atoms, self.time_ns)
        maker = Executed(event.maker_executed_lots, event.maker_executed_quote_atoms, self.time_ns)
        self._execute((event.symbol, event.taker_order_id), taker)
        self._execute((event.symbol, event.maker_order_id), maker)
        self._add_fill(event, is_maker=False)
        self._add_fill(event, is_maker=True)

    def _execute(self, key: OrderKey, executed: Executed) -> None:
        row = self._orders.get(key)
        if row is None:
            self._executed[key] = executed
            return
        row[_EXECUTED_LOTS] = executed.executed_lots
        row[_EXECUTED_QUOTE] = executed.executed_quote_atoms
        row[_UPDATED_NS] = executed.updated_ns
        if row[_IS_BY_QUOTE]:
            is_filled = executed.executed_quote_atoms == row[_QUOTE_ATOMS]
        else:
            is_filled = executed.executed_lots == row[_QTY_LOTS]
        row[_STATUS] = OrderStatus.FILLED if is_filled else OrderStatus.PARTIALLY_FILLED

    def _add_fill(self, event: TradeFields, *, is_maker: bool) -> None:
        base, quote = self.assets_of[event.symbol]
        is_buyer = is_maker == bool(event.flags & _BUYER_IS_MAKER)
        self._fills.append(
            (
                event.maker_account if is_maker else event.taker_account,
                event.symbol,
                event.trade_id,
                event.maker_order_id if is_maker else event.taker_order_id,
                event.price_ticks,
                event.qty_lots,
                event.quote_atoms,
                event.maker_fee_atoms if is_maker else event.taker_fee_atoms,
                base if is_buyer else quote,
                self.time_ns,
                is_buyer,
                is_maker,
            )
        )

    def _take_prevented(self, records: Records, at: int) -> None:
        symbol, taker, maker, lots, match_id = _PREVENTED.unpack_from(records, at)
        self._prevented[symbol, taker] = self._prevented[symbol, maker] = (match_id, lots)

    def _take_symbol(self, records: Records, at: int) -> None:
        symbol, base, quote = _SYMBOL.unpack_from(records, at)
        self.assets_of[symbol] = (base, quote)
        self._symbol_assets.append((symbol, base, quote))


def _status(event: OrderFields) -> tuple[int, int]:
    """(status, expiry reason) of an order after its event, which is not a trade."""
    if event.kind == EventKind.CANCELED:
        return OrderStatus.CANCELED, 0
    if event.kind != EventKind.EXPIRED:
        return (OrderStatus.PARTIALLY_FILLED if event.executed_lots else OrderStatus.NEW), 0
    if event.reject == ExpiryReason.SELF_TRADE_PREVENTION:
        return OrderStatus.EXPIRED_IN_MATCH, event.reject
    if event.reject == ExpiryReason.QUOTE_SPENT and event.executed_lots:
        return OrderStatus.FILLED, 0  # it traded all it could
    return OrderStatus.EXPIRED, event.reject
