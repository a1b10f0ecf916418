"""Whether the exchange did what was recorded, read from the stored events of the replay's commands.

Nothing here knows what the mirror intended: the book is rebuilt from events, the expectation comes
from the recorded frames, and the two are compared after every depth update.
"""

import struct
from typing import Final, NamedTuple

from msgspec import Struct

from sunwise.contracts.exchange.codec import field_offset
from sunwise.contracts.exchange.records import (
    CLIENT_ID_BYTES,
    EVENT_STRIDE,
    ORDER_EVENT,
    TRADE_EVENT,
    EventFlag,
    EventKind,
    Side,
)
from sunwise.exchange.replay.mirror import LevelKey
from sunwise.exchange.replay.recorded_book import LevelChange

_REJECT: Final = struct.Struct("<H")
_LONG: Final = struct.Struct("<q")
_REJECT_AT: Final = field_offset(ORDER_EVENT, "reject")
_SIDE_AT: Final = field_offset(ORDER_EVENT, "side")
_ORDER_AT: Final = field_offset(ORDER_EVENT, "order_id")
_PRICE_AT: Final = field_offset(ORDER_EVENT, "price_ticks")
_LOTS_AT: Final = field_offset(ORDER_EVENT, "qty_lots")
_CLIENT_AT: Final = field_offset(ORDER_EVENT, "client_id")
_EXECUTED_AT: Final = field_offset(ORDER_EVENT, "executed_lots")
_TRADE_PRICE_AT: Final = field_offset(TRADE_EVENT, "price_ticks")
_TRADE_LOTS_AT: Final = field_offset(TRADE_EVENT, "qty_lots")
_MAKER_ORDER_AT: Final = field_offset(TRADE_EVENT, "maker_order_id")

_ENTERED: Final = {EventKind.ACCEPTED, EventKind.RESTED}
_LEFT: Final = {EventKind.CANCELED, EventKind.EXPIRED}


class Print(Struct, frozen=True, gc=False):
    """A trade as the tape shows it."""

    price_ticks: int
    qty_lots: int
    buyer_is_maker: bool


class Applied(Struct, gc=False):
    """What the events of one command of the replay say."""

    prints: list[Print]
    reject: int = 0
    """records.Reject when the command was refused."""
    foreign_trades: int = 0
    """Trades with an order that is not the replay's."""


class Resting(NamedTuple):
    """An order of the replay in the book."""

    key: LevelKey
    lots: int
    order_no: int


class StoredOrders:
    """The replay's resting orders of one symbol, by level, as the stored events tell it."""

    def __init__(self) -> None:
        self.lots: dict[LevelKey, int] = {}
        """Quantity of each level, lots; levels without an order are absent."""
        self.touched: set[LevelKey] = set()
        """Levels that changed since the caller last cleared this set."""
        self._orders: dict[int, Resting] = {}

    def apply(self, records: bytes) -> Applied:
        """Takes in the events of one command of the replay."""
        applied = Applied([])
        for at in range(0, len(records), EVENT_STRIDE):
            kind, flags = records[at], records[at + 1]
            if kind == EventKind.TRADE:
                self._traded(records, at, applied)
            elif kind in _ENTERED and flags & EventFlag.ON_BOOK:
                self._enter(records, at)
            elif kind in _LEFT and flags & EventFlag.ON_BOOK:
                self.reduce(_long(records, at + _ORDER_AT), None)
            elif kind == EventKind.REJECTED:
                applied.reject = int(_REJECT.unpack_from(records, at + _REJECT_AT)[0])
        return applied

    def reduce(self, order_id: int, lots: int | None) -> Resting | None:
        """Takes `lots` off a resting order (all of it when None); the order as it was, or None."""
        found = self._orders.pop(order_id, None)
        if found is None:
            return None
        key = found.key
        taken = found.lots if lots is None else lots
        if found.lots > taken:
            self._orders[order_id] = found._replace(lots=found.lots - taken)
        remaining = self.lots[key] - taken
        if remaining:
            self.lots[key] = remaining
        else:
            del self.lots[key]
        self.touched.add(key)
        return found

    def _enter(self, records: bytes, at: int) -> None:
        key = (records[at + _SIDE_AT], _long(records, at + _PRICE_AT))
        left = _long(records, at + _LOTS_AT) - _long(records, at + _EXECUTED_AT)
        number = order_no_of(records[at + _CLIENT_AT : at + _CLIENT_AT + CLIENT_ID_BYTES])
        self._orders[_long(records, at + _ORDER_AT)] = Resting(key, left, number)
        self.lots[key] = self.lots.get(key, 0) + left
        self.touched.add(key)

    def _traded(self, records: bytes, at: int, applied: Applied) -> None:
        lots = _long(records, at + _TRADE_LOTS_AT)
        maker = self.reduce(_long(records, at + _MAKER_ORDER_AT), lots)
        applied.foreign_trades += maker is None
        buyer_is_maker = bool(records[at + 1] & EventFlag.BUYER_IS_MAKER)
        applied.prints.append(Print(_long(records, at + _TRADE_PRICE_AT), lots, buyer_is_maker))


class BookComparison:
    """The recorded book beside the stored one; finds the differences in time with the changes."""

    def __init__(self) -> None:
        self.stored = StoredOrders()
        self.different: set[LevelKey] = set()
        """Levels whose quantity here is not the recorded one, as of the last comparison."""
        self._recorded: dict[LevelKey, int] = {}

    def after_update(self, changes: list[LevelChange]) -> bool:
        """Whether, after a depth update that made `changes`, every recorded level is equal."""
        for side, price, lots in changes:
            if lots:
                self._recorded[side, price] = lots
            else:
                self._recorded.pop((side, price), None)
            self._compare((side, price))
        for key in self.stored.touched:
            self._compare(key)
        self.stored.touched.clear()
        return not self.different

    def stored_levels(self, side: Side) -> list[tuple[int, int]]:
        """Price and lots of each stored level of one side, best first."""
        levels = [(price, lots) for (of, price), lots in self.stored.lots.items() if of == side]
        return sorted(levels, reverse=side is Side.BUY)

    def _compare(self, key: LevelKey) -> None:
        if self._recorded.get(key) == self.stored.lots.get(key):
            self.different.discard(key)
        else:
            self.different.add(key)


def client_order_id(token: bytes, order_no: int) -> bytes:
    """The client order id of a replay's order; `token` tells one replay from another."""
    return b"%s-%d" % (token, order_no)


def order_no_of(client_id: bytes) -> int:
    """The number within `client_order_id`, from an event's zero-padded field."""
    return int(client_id.rstrip(b"\0").rpartition(b"-")[2])


def _long(records: bytes, at: int) -> int:
    return int(_LONG.unpack_from(records, at)[0])
