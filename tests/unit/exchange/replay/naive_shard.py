"""A shard that a page of Python can check: LIMIT GTC and IOC, cancel by client order id.

It takes command records and returns event records, so that a replay meets the real bytes.
"""

from dataclasses import dataclass

from sunwise.contracts.exchange.codec import COMMAND_CODECS, EVENT_CODECS
from sunwise.contracts.exchange.records import (
    CommandKind,
    EventFlag,
    EventKind,
    ExpiryReason,
    Side,
    TimeInForce,
)
from sunwise.contracts.exchange.rejects import Reject


@dataclass
class Order:
    order_id: int
    account: int
    client_id: str
    side: int
    price: int
    lots: int
    executed: int = 0
    rests: bool = False

    @property
    def left(self) -> int:
        return self.lots - self.executed


class NaiveShard:
    def __init__(self):
        self.book: dict[tuple[int, str], Order] = {}  # in order of arrival
        self._prices: tuple[dict[int, list[Order]], ...] = ({}, {})
        self.taken_ids: set[tuple[int, str]] = set()
        self.last_order_id = 0
        self.trades: list[tuple[int, int, bool]] = []

    def apply(self, record: bytes) -> bytes:
        command = COMMAND_CODECS["order"].unpack(record)
        if command.kind == CommandKind.CANCEL:
            return self._cancel(command)
        assert (command.account, command.client_id) not in self.taken_ids, "client id used twice"
        self.taken_ids.add((command.account, command.client_id))
        return self._place(command)

    def levels(self, accounts: set[int]) -> dict[tuple[int, int], int]:
        found: dict[tuple[int, int], int] = {}
        for order in self.book.values():
            if order.account in accounts:
                key = (order.side, order.price)
                found[key] = found.get(key, 0) + order.left
        return found

    def remove(self, order: Order) -> None:
        del self.book[order.account, order.client_id]
        queue = self._prices[order.side][order.price]
        queue.remove(order)
        if not queue:
            del self._prices[order.side][order.price]

    def _cancel(self, command) -> bytes:
        order = self.book.get((command.account, command.target_client_id))
        if order is None:
            return EVENT_CODECS["order"].pack(kind=EventKind.REJECTED, reject=Reject.UNKNOWN_ORDER)
        self.remove(order)
        return event(EventKind.CANCELED, order)

    def _place(self, command) -> bytes:
        self.last_order_id += 1
        order = Order(
            self.last_order_id,
            command.account,
            command.client_id,
            command.side,
            command.price_ticks,
            command.qty_lots,
        )
        trades = b"".join(iter(lambda: self._match(order), b""))
        if not order.left:
            return event(EventKind.ACCEPTED, order, executed=0) + trades
        if command.time_in_force == TimeInForce.IOC:
            reason = ExpiryReason.IMMEDIATE_OR_CANCEL
            return (
                event(EventKind.ACCEPTED, order, executed=0)
                + trades
                + event(EventKind.EXPIRED, order, reject=reason)
            )
        accepted = event(EventKind.ACCEPTED, order, executed=0)
        order.rests = True
        self.book[order.account, order.client_id] = order
        self._prices[order.side].setdefault(order.price, []).append(order)
        return (
            accepted + trades + event(EventKind.RESTED, order)
            if trades
            else event(EventKind.ACCEPTED, order)
        )

    def _match(self, taker: Order) -> bytes:
        other = self._prices[1 - taker.side]
        best = (min if taker.side == Side.BUY else max)(other, default=taker.price)
        crosses = best <= taker.price if taker.side == Side.BUY else best >= taker.price
        if not taker.left or best not in other or not crosses:
            return b""
        maker = other[best][0]
        lots = min(taker.left, maker.left)
        taker.executed += lots
        maker.executed += lots
        if not maker.left:
            self.remove(maker)
        buyer_is_maker = maker.side == Side.BUY
        self.trades.append((maker.price, lots, buyer_is_maker))
        return EVENT_CODECS["trade"].pack(
            kind=EventKind.TRADE,
            flags=EventFlag.BUYER_IS_MAKER if buyer_is_maker else 0,
            taker_account=taker.account,
            taker_order_id=taker.order_id,
            maker_account=maker.account,
            maker_order_id=maker.order_id,
            price_ticks=maker.price,
            qty_lots=lots,
        )


def event(kind: EventKind, order: Order, *, executed: int | None = None, reject: int = 0) -> bytes:
    return EVENT_CODECS["order"].pack(
        kind=kind,
        flags=EventFlag.ON_BOOK if order.rests else 0,
        reject=reject,
        side=order.side,
        account=order.account,
        order_id=order.order_id,
        price_ticks=order.price,
        qty_lots=order.lots,
        executed_lots=order.executed if executed is None else executed,
        client_id=order.client_id,
    )
